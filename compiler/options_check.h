/* Inside the command line of rnnc: what the options have to do with each other. */
#ifndef RNNC_OPTIONS_CHECK_H
#define RNNC_OPTIONS_CHECK_H

#include <argp.h>

#include "options.h"

/* When all options have been read: ends the process where they do not go together. */
void options_check(struct argp_state *state, const struct options *options, struct arena *arena);

/* How the C file will find its header. */
const char *options_header_name(const struct options *options);

#endif
