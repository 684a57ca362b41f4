/* Finds the frames at which a loss counts: those where the ids that it is computed from, by cross_entropy, are not all
 * -1. A value gathered over time is computed from all the frames that it gathers. */
#include "lower/counts.h"

#include "base/arena.h"
#include "graph/graph.h"

/* By node: the node that is 1 where one of the node's ids is there, else 0; NO_NODE for one without ids. */
struct counting {
    struct graph *graph;
    int *there;
};

static int add_scalar(struct counting *counting, enum op op, const struct node *like, struct edge a, struct edge b)
{
    struct graph *graph = counting->graph;
    enum value_time first = graph->nodes[a.node]->time, second = graph->nodes[b.node]->time;
    bool gathers = op_info(op)->class == OP_CLASS_OVER_TIME;
    enum value_time time = op_result_time(op, first > second ? first : second);
    struct node *node = graph_add_node(graph, op, (struct shape){0}, time, gathers ? 1 : 2, like);
    node->origin = like->origin;
    node->edges[0] = a;
    if (!gathers)
        node->edges[1] = b;
    return graph->node_count - 1;
}

static void join(struct counting *counting, const struct node *like, int *there, int other)
{
    struct graph *graph = counting->graph;
    if (other == NO_NODE)
        return;
    *there =
        *there == NO_NODE ? other : add_scalar(counting, OP_max, like, edge_to(graph, *there), edge_to(graph, other));
}

static int find_there(struct counting *counting, const struct node *node)
{
    struct graph *graph = counting->graph;
    int there = NO_NODE;
    for (int k = 0; k < node->count; k++)
        if (!node->edges[k].delay)
            join(counting, node, &there, counting->there[node->edges[k].node]);
    if (node->op == OP_cross_entropy) {
        struct edge zero = edge_to(graph, graph_add_number(graph, 0));
        join(counting, node, &there, add_scalar(counting, OP_le, node, zero, node->edges[1]));
    }
    if (there == NO_NODE || !op_is_over_time(node->op) || node->op == OP_seed)
        return there;
    enum op gathering = op_info(node->op)->one_frame ? node->op : OP_max_over_time;
    return add_scalar(counting, gathering, node, edge_to(graph, there), edge_to(graph, there));
}

void lower_counts(struct graph *graph, struct arena *scratch)
{
    struct counting counting = {graph, ARENA_ARRAY(scratch, int, graph->node_count + 1)};
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        counting.there[i] = find_there(&counting, node);
        if (node->op == OP_seed && counting.there[i] != NO_NODE)
            node->edges[1] = edge_to(graph, counting.there[i]);
    }
}
