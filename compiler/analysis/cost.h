/* What a node costs for one frame of one stream. */
#ifndef RNNC_ANALYSIS_COST_H
#define RNNC_ANALYSIS_COST_H

#include "graph/graph.h"

double node_flops(const struct graph *graph, const struct node *node);

/* Bytes of weights that one evaluation reads, in single precision. */
double node_weight_bytes(const struct graph *graph, const struct node *node);

#endif
