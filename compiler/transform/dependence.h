/* Finds the nodes on the way from a parameter (or input) to a loss: those have adjoints. */
#ifndef RNNC_TRANSFORM_DEPENDENCE_H
#define RNNC_TRANSFORM_DEPENDENCE_H

#include "graph/graph.h"

/* Returns by node whether it depends on a parameter (`by_inputs`: or on an input of real numbers), at any delay. */
const bool *find_dependent(const struct graph *graph, bool by_inputs, struct arena *scratch);

/* Returns by node whether a loss depends on it in a way that has a derivative. Outputs are the seeds of losses. */
const bool *find_needed_by_losses(const struct graph *graph, struct arena *scratch);

#endif
