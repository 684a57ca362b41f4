/* What a node costs for one frame of one stream. */
#ifndef RNNC_ANALYSIS_COST_H
#define RNNC_ANALYSIS_COST_H

#include "graph/graph.h"

double node_flops(const struct graph *graph, const struct node *node);

/* Weights that one evaluation reads. */
double node_weights(const struct graph *graph, const struct node *node);

#endif
