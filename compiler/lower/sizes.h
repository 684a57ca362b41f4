/* Sizes with a name in the program. */
#ifndef RNNC_LOWER_SIZES_H
#define RNNC_LOWER_SIZES_H

#include "graph/graph.h"
#include "sema/program.h"

/* Collects the sizes. Those that rows of parameters are declared with come first: if a number has two names, units are
 * called by that one. */
void collect_sizes(struct arena *arena, const struct program *program, struct graph *graph);

#endif
