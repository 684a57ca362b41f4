/* Reads the gradient column of op.def: text to nodes. */
#ifndef RNNC_TRANSFORM_GRADIENT_RULE_H
#define RNNC_TRANSFORM_GRADIENT_RULE_H

#include "graph/graph.h"

/* Adds a node computed from `edges`, with the shape and time that follow from them; its equation is that of `like`. */
struct edge build_operation(struct graph *graph, enum op op, const struct edge *edges, int count,
                            const struct node *like);

/* True if operand `k` of an operation receives a gradient: conditions, ids and operands of comparisons do not. */
bool operand_has_gradient(enum op op, int k);

/* Builds, by the rule of op.def, the gradient of operand `k` of `reader` when the reader's result has received `g`.
 * False if the rule says that it receives nothing. */
bool build_gradient(struct graph *graph, int reader, int k, struct edge g, struct edge *result);

#endif
