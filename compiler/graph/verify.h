/* Declarations shared by the files of the verifier. */
#ifndef RNNC_GRAPH_VERIFY_H
#define RNNC_GRAPH_VERIFY_H

#include "graph/graph.h"

/* True if a node's operands are of the kind and length that op.def asks for, and its attributes name things that exist.
 * Edges are known to be right by themselves. */
bool operands_fit(const struct graph *graph, const struct node *node);

#endif
