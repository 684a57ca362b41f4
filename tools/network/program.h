/* The checked program of a network, as rnnc has it too. */
#ifndef RNN_TOOLS_PROGRAM_H
#define RNN_TOOLS_PROGRAM_H

#include "network/network.h"

/* Checks the source with the options' definitions, top and forms. NULL if it is wrong, which has been reported. */
const struct program *program_check(const struct network_options *options, const struct source *source);

/* The same, and says nothing. */
bool program_is_right(const struct network_options *options, const struct source *source);

#endif
