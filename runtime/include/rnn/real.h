/* rnn_real: the number type of a whole network, float, or double where the file is compiled with -DRNN_REAL_DOUBLE (for
 * gradient checks; every file that shares a network's data must then be compiled so). The calls of a network that take
 * numbers have other names in double, so that files compiled otherwise do not link; users of its descriptor compare
 * rnn_model.real_size. */
#ifndef RNN_REAL_H
#define RNN_REAL_H

#ifdef RNN_REAL_DOUBLE
typedef double rnn_real;
#else
typedef float rnn_real;
#endif

#endif
