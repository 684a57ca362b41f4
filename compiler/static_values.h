/* Values of static time, which packing computes once from the weights, computed by the compiler. */
#ifndef RNNC_STATIC_VALUES_H
#define RNNC_STATIC_VALUES_H

struct arena;
struct graph;

/* Returns the values of all static nodes, by node: each contiguous, row by row; NULL for other nodes. weights: all
 * parameters, one after the other. */
const double *const *static_values(struct arena *arena, const struct graph *graph, const double *weights);

#endif
