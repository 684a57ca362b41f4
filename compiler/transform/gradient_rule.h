/* The gradient column of op.def: text to nodes. */
#ifndef RNNC_TRANSFORM_GRADIENT_RULE_H
#define RNNC_TRANSFORM_GRADIENT_RULE_H

#include "graph/graph.h"

/* A node computed from `edges`, with the shape and time that follow from them; its equation is that of `like`. */
struct edge build_operation(struct graph *graph, enum op op, const struct edge *edges, int count,
                            const struct node *like);

/* Whether operand `k` of an operation receives anything: a condition, an id or what is only compared does not. */
bool operand_has_gradient(enum op op, int k);

/* What operand `k` of `reader` receives when the reader's result has received `g`: built by the rule of op.def. False
 * where the rule says that it receives nothing. */
bool build_gradient(struct graph *graph, int reader, int k, struct edge g, struct edge *result);

#endif
