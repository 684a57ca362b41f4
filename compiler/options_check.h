/* Inside the command line of rnnc: how options depend on each other. */
#ifndef RNNC_OPTIONS_CHECK_H
#define RNNC_OPTIONS_CHECK_H

#include <argp.h>

#include "options.h"

/* Called when all options have been read: ends the process if they do not go together. */
void options_check(struct argp_state *state, const struct options *options, struct arena *arena);

#endif
