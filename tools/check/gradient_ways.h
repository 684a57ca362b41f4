/* Inside the check of gradients: the ways to call that the contract says are the same. */
#ifndef RNN_TOOLS_GRADIENT_WAYS_H
#define RNN_TOOLS_GRADIENT_WAYS_H

#include "check/gradient_measures.h"

/* Compares streams together with each alone. */
bool gradients_check_alone(struct gradients *gradients, const char **error);
/* Checks truncated backpropagation; only for networks that need not see whole sequences. */
bool gradients_check_windows(struct gradients *gradients, const char **error);

#endif
