/* The caches of the cores that this process may use, and which of the cores share them. */
#ifndef RNN_TOOLS_CACHES_H
#define RNN_TOOLS_CACHES_H

#include <stdbool.h>

#include "base/machine.h"

/* Sets cores, and bytes and sharing of all levels; a level that the machine lacks is like the one before it. */
bool caches_find(struct machine *machine, const char **error);

#endif
