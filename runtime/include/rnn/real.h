/* rnn_real: the number type of a whole network. */
#ifndef RNN_REAL_H
#define RNN_REAL_H

#ifdef RNN_REAL_DOUBLE
/* For gradient checks. Every file that shares a network's data is then compiled with -DRNN_REAL_DOUBLE. Calls that take
 * numbers have other names in double, so that files compiled otherwise do not link; users of a network's descriptor
 * compare rnn_model.real_size. */
typedef double rnn_real;
#else
typedef float rnn_real;
#endif

#endif
