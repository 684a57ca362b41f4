/* The order of nodes: ONNX asks for each behind those that it reads, but tools that put a Cast before a graph leave it
 * at the end of the file, and ONNX Runtime reads that. */
#include "base/arena.h"
#include "base/map.h"
#include "import/onnx_graph.h"

/* A node, and how far it has been gone through. */
struct visit {
    Onnx__NodeProto *node;
    size_t next;         /* of its inputs */
    struct visit *above; /* the node that waits for this one */
    bool begun;
};

/* Adds a node to those in order, behind all that it reads and that are not yet there; but a circle stays one. */
static void add_with_givers(Onnx__GraphProto *graph, size_t *done, const struct map *givers, struct visit *visit)
{
    visit->begun = true;
    while (visit) {
        if (visit->next == visit->node->n_input) {
            graph->node[(*done)++] = visit->node;
            visit = visit->above;
            continue;
        }
        struct visit *giver = map_get(givers, visit->node->input[visit->next++]);
        if (!giver || giver->begun)
            continue;
        giver->begun = true;
        giver->above = visit;
        visit = giver;
    }
}

void onnx_order_nodes(struct arena *arena, Onnx__GraphProto *graph)
{
    struct visit *visits = ARENA_ARRAY(arena, struct visit, graph->n_node + 1);
    struct map givers;
    size_t done = 0;
    map_init(&givers, arena);
    for (size_t i = 0; i < graph->n_node; i++) {
        Onnx__NodeProto *node = graph->node[i];
        visits[i] = (struct visit){.node = node};
        for (size_t k = 0; k < node->n_output; k++)
            if (*node->output[k] && !map_get(&givers, node->output[k]))
                map_put(&givers, node->output[k], &visits[i]);
    }
    for (size_t i = 0; i < graph->n_node; i++)
        if (!visits[i].begun)
            add_with_givers(graph, &done, &givers, &visits[i]);
}
