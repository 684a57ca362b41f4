/* The cost of a node for one frame of one stream. */
#ifndef RNNC_ANALYSIS_COST_H
#define RNNC_ANALYSIS_COST_H

#include "graph/graph.h"

double node_flops(const struct graph *graph, const struct node *node);

/* Returns the number of weights that one evaluation of the node reads. */
double node_weights(const struct graph *graph, const struct node *node);

/* Returns the storage in which it reads them. */
enum precision node_weight_storage(const struct graph *graph, const struct node *node);

#endif
