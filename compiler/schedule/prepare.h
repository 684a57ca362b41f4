/* What split-regions does to the graph before it splits it. */
#ifndef RNNC_SCHEDULE_PREPARE_H
#define RNNC_SCHEDULE_PREPARE_H

#include "graph/graph.h"

/* Adds copies so that: operations on columns and over time read aligned, whole columns; every node is read with one
 * initial value; ids are read without delay. */
void prepare_graph(struct graph *graph, struct arena *scratch);

#endif
