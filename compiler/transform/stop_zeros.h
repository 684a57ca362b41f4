/* A zero that flows back stops, whatever the slope that it meets.
 *
 * A rule of op.def multiplies what a result has received by a slope. Where what was received is 0, as on the side of a
 * `where` that is not taken, and the slope is infinite or NaN, the product would be NaN. Values and slopes are infinite
 * or NaN at the edge of a domain (sqrt(0), log(-1), 1 / 0, an exp that overflows), and so is all that is computed from
 * them. What a reader hands back to such a value is selected:
 *
 *   before:   %9 = g / %v            after:   %9 = where(g, g / %v, 0)
 *
 * Other gradients pay nothing. Inputs and parameters are taken to be finite, and so are static matrices and values made
 * by products and sums alone. */
#ifndef RNNC_TRANSFORM_STOP_ZEROS_H
#define RNNC_TRANSFORM_STOP_ZEROS_H

#include "graph/graph.h"

/* Returns by node whether its value may be infinite or NaN, or at the edge of a domain. */
const bool *find_unbounded(const struct graph *graph, struct arena *scratch);

/* Context of stop_zeros: the slopes that may be infinite or NaN. */
struct stopping {
    struct graph *graph;
    struct arena *scratch;
    const bool *unbounded; /* by node, of those before `count` */
    int count;
    const struct node *like; /* the reader whose rule was applied */
};

/* Returns `value`, which the rule has made of the nodes from `first` on, with 0 wherever `g` is 0. */
struct edge stop_zeros(const struct stopping *stopping, int first, struct edge g, struct edge value);

/* Returns the operand of a product whose result has received `g`, with all units 0 where all of `g` is 0. Products over
 * frames (OP outer) leave such columns out by themselves. */
struct edge stop_zero_columns(const struct stopping *stopping, struct edge g, struct edge operand);

#endif
