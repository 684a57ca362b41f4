/* The instructions that a network is compiled for here: --target, of those that this machine's processor has. */
#ifndef RNN_TOOLS_LEVEL_H
#define RNN_TOOLS_LEVEL_H

#include <argp.h>

/* Ends the program with status 2 where this machine cannot run the target, or there is none of that name. */
void level_check(struct argp_state *state, const char *name);

/* Returns the option of the C compiler for a target that has been checked, or for this processor where it is NULL. */
const char *level_option(const char *name);

#endif
