/* Reports of failures in one statement: return rnn_fail(error, RNN_ERROR_FILE, "...", ...). */
#ifndef RNN_SRC_STATUS_H
#define RNN_SRC_STATUS_H

#include "rnn/model.h"

/* Fills *error and returns `status`. A text that is too long is cut. */
rnn_status rnn_fail(rnn_error *error, rnn_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sets *error to success, and returns RNN_OK. */
rnn_status rnn_succeed(rnn_error *error);

#endif
