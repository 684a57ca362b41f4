/* Readers of each node: the edges of the graph turned round. */
#ifndef RNNC_ANALYSIS_USES_H
#define RNNC_ANALYSIS_USES_H

#include "graph/graph.h"

/* One edge seen from its source. reader is a node id, or -1 - k for output k; init tells that the source is the edge's
 * initial value and not what it reads. */
struct use {
    int reader;
    struct edge *edge;
    bool init;
};

struct uses {
    int version;      /* of the graph */
    const int *begin; /* uses of node i: use[begin[i]] .. use[begin[i + 1] - 1], by reader */
    const struct use *use;
};

/* Returns the number of the output that is a reader. */
static inline int use_output(const struct use *use) { return -1 - use->reader; }

struct uses find_uses(const struct graph *graph, struct arena *arena);

static inline int uses_count(const struct uses *uses, int node) { return uses->begin[node + 1] - uses->begin[node]; }

#endif
