/* find-components: strongly connected components over all edges, delayed ones too, and their kinds.
 *
 * Hwang and Sung 2015 (arXiv:1503.02852), section 3: what lies outside every cycle need not wait for the past, and runs
 * for many frames at once; a component with a cycle runs frame after frame; the condensation is a pipeline.
 *
 * A node that has sunk is in the component of its reader. */
#ifndef RNNC_ANALYSIS_COMPONENTS_H
#define RNNC_ANALYSIS_COMPONENTS_H

#include "graph/graph.h"

struct component {
    int node_count;
    bool cyclic;      /* some node reads itself, at whatever distance */
    bool elementwise; /* cyclic, and unit i of every node needs only unit i of the others: every unit is a recurrence
                         by itself */
    bool reversed;    /* cyclic: it reads ahead, so it runs from the last frame to the first */
    int delay;        /* cyclic: the smallest distance, in frames, of a delayed edge inside */
    int stage;        /* place in the pipeline: frames regions of stage s run before the cyclic components of stage s,
                         which run before everything of stage s + 1 */
};

struct components {
    int version; /* of the graph */
    int count;
    const int *of; /* by node; static nodes too. An edge goes from a higher or equal number's component to its source */
    struct component *component; /* in topological order: sources first */
    const int *member, *begin;   /* nodes of component c: member[begin[c]] .. member[begin[c + 1] - 1] */
};

/* True if unit i of the reader needs units of the source beside unit i, so that all of them must be computed before
 * it. */
bool edge_needs_all_units(const struct graph *graph, const struct node *reader, const struct edge *edge);

struct components find_components(const struct graph *graph, struct arena *arena, struct arena *scratch);

/* --dump-after=find-components: a line for each node but numbers. */
void components_print(const struct graph *graph, const struct components *components, struct text *out);

#endif
