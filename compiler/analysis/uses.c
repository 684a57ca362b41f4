#include "analysis/uses.h"

#include "base/arena.h"

struct filling {
    int *next;
    struct use *use; /* NULL while counting */
};

static void add_use(struct filling *filling, int source, int reader, struct edge *edge, bool init)
{
    if (source == NO_NODE)
        return;
    if (filling->use)
        filling->use[filling->next[source]] = (struct use){reader, edge, init};
    filling->next[source]++;
}

static void visit_edges(const struct graph *graph, struct filling *filling)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            struct edge *edge = &graph->nodes[i]->edges[k];
            add_use(filling, edge->node, i, edge, false);
            add_use(filling, edge->init, i, edge, true);
        }
    for (int k = 0; k < graph->output_count; k++) {
        struct edge *edge = &graph->outputs[k].edge;
        add_use(filling, edge->node, -1 - k, edge, false);
        add_use(filling, edge->init, -1 - k, edge, true);
    }
}

struct uses find_uses(const struct graph *graph, struct arena *arena)
{
    int n = graph->node_count;
    int *begin = ARENA_ARRAY(arena, int, n + 1);
    struct filling filling = {.next = ARENA_ARRAY(arena, int, n + 1)};
    visit_edges(graph, &filling);
    for (int i = 0, total = 0; i <= n; i++) {
        int count = i < n ? filling.next[i] : 0;
        begin[i] = filling.next[i] = total;
        total += count;
    }
    filling.use = ARENA_ARRAY(arena, struct use, begin[n] + 1);
    visit_edges(graph, &filling);
    return (struct uses){graph->version, begin, filling.use};
}
