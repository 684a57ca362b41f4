/* Storages: parameters rounded to the numbers that an inference network holds of them. */
#ifndef RNN_TOOLS_STORAGE_H
#define RNN_TOOLS_STORAGE_H

#include "network/network.h"

/* Rounds x[rows, n] as packed weights of that storage are. False if a number that becomes int8 is not finite as a
 * float, or would not be when it is read. */
bool storage_round(double *x, long rows, long n, enum precision storage);

/* Rounds the parameters of a network of the options' program, in place: a training network with them computes what the
 * inference network does. Needs the program in a file where it has storages. False with *error, or with NULL there if
 * all has been reported. */
bool storage_round_parameters(const struct network_options *options, const rnn_model *model, void *parameters,
                              const char **error);

#endif
