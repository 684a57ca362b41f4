/* `rnn check --row`: the line of a network in a table of networks. */
#ifndef RNN_TOOLS_ROW_H
#define RNN_TOOLS_ROW_H

#include "check/check.h"

/* Prints one line, its columns separated by tabs: name, parameters, flops for a frame, microseconds for a frame (one
 * stream, one thread, many frames a call; the best of several calls), the largest error of all outputs. Measures on the
 * data of the check. False, with a sentence, if there is no memory or a call fails. */
bool row_print(const struct check *check, const char **error);

#endif
