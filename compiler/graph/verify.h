/* What the files of the verifier share. */
#ifndef RNNC_GRAPH_VERIFY_H
#define RNNC_GRAPH_VERIFY_H

#include "graph/graph.h"

/* Whether a node's operands are what its operation reads, as long as op.def wants them, and what the node says beside
 * them is there. Edges are known to be right by themselves. */
bool operands_fit(const struct graph *graph, const struct node *node);

#endif
