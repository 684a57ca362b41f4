/* Sizes that the program has names for. */
#ifndef RNNC_LOWER_SIZES_H
#define RNNC_LOWER_SIZES_H

#include "graph/graph.h"
#include "sema/program.h"

/* Those that rows of parameters are declared with come first: with two names for one number, units are called by
 * theirs. */
void collect_sizes(struct arena *arena, const struct program *program, struct graph *graph);

#endif
