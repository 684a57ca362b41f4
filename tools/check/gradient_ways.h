/* Inside the check of gradients: the ways to call that the contract says are the same. */
#ifndef RNN_TOOLS_GRADIENT_WAYS_H
#define RNN_TOOLS_GRADIENT_WAYS_H

#include "check/gradient_measures.h"

/* Returns the data of some streams. */
void **streams_of(const struct gradients *gradients, const rnn_tensor *tensors, int count, void *const data[],
                  int first, int streams);

/* Compares streams together with each alone. */
bool gradients_check_alone(struct gradients *gradients, const char **error);
/* Checks truncated backpropagation; only for networks that need not see whole sequences. */
bool gradients_check_windows(struct gradients *gradients, const char **error);
/* The same of a vjp: compares what it gives for the frames of a second window. */
bool gradients_check_second_window(struct gradients *gradients, const char **error);
/* The same, where gradients go through states: compares those of several windows with those of all frames at once.
 * Adjoints of pasts that have none are refused. */
bool gradients_check_pasts(struct gradients *gradients, const char **error);
/* Compares streams together with the same streams in two calls that an exchange joins (see rnn_exchange). */
bool gradients_check_parts(struct gradients *gradients, const char **error);

#endif
