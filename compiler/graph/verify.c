#include "base/arena.h"
#include "graph/graph.h"

static const char *verify_edge(const struct graph *graph, int reader, const struct edge *edge, struct arena *scratch)
{
    const struct node *node = graph->nodes[reader];
    if (edge->node < 0 || edge->node >= graph->node_count)
        return arena_printf(scratch, "%%%d reads %%%d, which is not there", reader, edge->node);
    const struct node *source = graph->nodes[edge->node];
    if (edge->begin < 0 || edge->length < 1 || edge->begin > node_units(source) - edge->length)
        return arena_printf(scratch, "%%%d reads units out of the range of %%%d", reader, edge->node);
    if (source->time != TIME_FRAME && edge->delay)
        return arena_printf(scratch, "%%%d reads %%%d, which has no frames, with a delay", reader, edge->node);
    if (source->time == TIME_STATIC && !edge_is_whole(graph, edge))
        return arena_printf(scratch, "%%%d reads a part of static %%%d without a view", reader, edge->node);
    if (source->time > node->time && op_info(node->op)->class != OP_CLASS_OVER_TIME)
        return arena_printf(scratch, "%%%d exists before its operand %%%d", reader, edge->node);
    if (edge->init != NO_NODE) {
        if (edge->init < 0 || edge->init >= graph->node_count)
            return arena_printf(scratch, "%%%d reads init %%%d, which is not there", reader, edge->init);
        if (graph->nodes[edge->init]->time == TIME_FRAME)
            return arena_printf(scratch, "%%%d has an init that changes with time", reader);
        int units = node_units(graph->nodes[edge->init]);
        if (units != 1 && units != node_units(source))
            return arena_printf(scratch, "%%%d has an init of another size than %%%d", reader, edge->node);
        if (!edge->delay)
            return arena_printf(scratch, "%%%d has an init without a delay", reader);
    }
    return NULL;
}

/* The lengths that each operation takes. */
static const char *verify_operands(const struct graph *graph, int id, struct arena *scratch)
{
    const struct node *node = graph->nodes[id];
    const struct op_info *info = op_info(node->op);
    int units = node_units(node), total = 0;
    if (info->most >= 0 && node->count != info->most)
        return arena_printf(scratch, "%%%d has %d operands", id, node->count);
    for (int i = 0; i < node->count; i++) {
        int length = node->edges[i].length;
        total += length;
        if (info->shape == SHAPE_SPREAD && length != units && length != 1)
            return arena_printf(scratch, "%%%d has an operand of %d units", id, length);
    }
    if (node->op == OP_concat && total != units)
        return arena_printf(scratch, "%%%d joins %d units", id, total);
    if (node->op == OP_product) {
        const struct node *weight = graph->nodes[node->edges[0].node];
        if (weight->time != TIME_STATIC || weight->shape.rank != 2 || weight->shape.dim[0] != units ||
            weight->shape.dim[1] != node->edges[1].length)
            return arena_printf(scratch, "%%%d is a product of shapes that do not fit", id);
    }
    if (node->time != TIME_STATIC && node->shape.rank > 1)
        return arena_printf(scratch, "%%%d is a matrix that changes with time", id);
    return NULL;
}

const char *graph_verify(const struct graph *graph, struct arena *scratch)
{
    for (int i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i]->replaced_by != NO_NODE)
            return arena_printf(scratch, "%%%d was replaced but not swept away", i);
        const char *wrong = NULL;
        for (int k = 0; k < graph->nodes[i]->count && !wrong; k++)
            wrong = verify_edge(graph, i, &graph->nodes[i]->edges[k], scratch);
        if (!wrong)
            wrong = verify_operands(graph, i, scratch);
        if (wrong)
            return wrong;
    }
    return graph_order(graph, scratch) ? NULL : "a cycle has no delay";
}
