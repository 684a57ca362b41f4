/* The frames at which losses count. */
#ifndef RNNC_LOWER_COUNTS_H
#define RNNC_LOWER_COUNTS_H

struct arena;
struct graph;

/* Gives each seed the node that says at which frames its loss counts, unless it counts everywhere. The graph is in
 * topological order. */
void lower_counts(struct graph *graph, struct arena *scratch);

#endif
