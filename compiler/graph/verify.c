#include "graph/verify.h"
#include "base/arena.h"
#include "graph/graph.h"

static bool node_is_there(const struct graph *graph, int id) { return id >= 0 && id < graph->node_count; }

static bool range_is_inside(const struct node *source, const struct edge *edge)
{
    return edge->begin >= 0 && edge->length >= 1 && edge->begin <= node_units(source) - edge->length;
}

static const char *verify_init(const struct graph *graph, int reader, const struct edge *edge, struct arena *scratch)
{
    if (!node_is_there(graph, edge->init))
        return arena_printf(scratch, "%%%d reads init %%%d, which is not there", reader, edge->init);
    if (graph->nodes[edge->init]->time > TIME_SEQUENCE)
        return arena_printf(scratch, "%%%d has an init that changes with time", reader);
    int units = node_units(graph->nodes[edge->init]);
    if (units != 1 && units != node_units(graph->nodes[edge->node]))
        return arena_printf(scratch, "%%%d has an init of another size than %%%d", reader, edge->node);
    if (!edge->delay)
        return arena_printf(scratch, "%%%d has an init without a delay", reader);
    return NULL;
}

static const char *verify_edge(const struct graph *graph, int reader, const struct edge *edge, struct arena *scratch)
{
    const struct node *node = graph->nodes[reader];
    if (!node_is_there(graph, edge->node))
        return arena_printf(scratch, "%%%d reads %%%d, which is not there", reader, edge->node);
    const struct node *source = graph->nodes[edge->node];
    if (!range_is_inside(source, edge))
        return arena_printf(scratch, "%%%d reads units out of the range of %%%d", reader, edge->node);
    if (source->time != TIME_FRAME && edge->delay)
        return arena_printf(scratch, "%%%d reads %%%d, which has no frames, with a delay", reader, edge->node);
    if (!time_has_streams(source->time) && !edge_is_whole(graph, edge))
        return arena_printf(scratch, "%%%d reads a part of static %%%d without a view", reader, edge->node);
    if (source->time > node->time && !op_is_over_time(node->op))
        return arena_printf(scratch, "%%%d exists before its operand %%%d", reader, edge->node);
    if (node->time == TIME_CALL && time_has_streams(source->time) && !op_is_over_time(node->op))
        return arena_printf(scratch, "%%%d is one for all streams, its operand %%%d is not", reader, edge->node);
    return edge->init == NO_NODE ? NULL : verify_init(graph, reader, edge, scratch);
}

static const char *verify_node(const struct graph *graph, int id, struct arena *scratch)
{
    const struct node *node = graph->nodes[id];
    const struct op_info *info = op_info(node->op);
    if (node->replaced_by != NO_NODE)
        return arena_printf(scratch, "%%%d was replaced but not swept away", id);
    if (node->count < info->least || (info->most >= 0 && node->count != info->most))
        return arena_printf(scratch, "%%%d has %d operands", id, node->count);
    if (info->training && !graph->trains)
        return arena_printf(scratch, "%%%d (%s) is of training alone", id, info->id);
    for (int k = 0; k < node->count; k++) {
        const char *wrong = verify_edge(graph, id, &node->edges[k], scratch);
        if (wrong)
            return wrong;
    }
    if (node->time != op_result_time(node->op, node->time))
        return arena_printf(scratch, "%%%d (%s) is of %s time", id, info->id, time_name(node->time));
    if (time_has_streams(node->time) && node->shape.rank > 1)
        return arena_printf(scratch, "%%%d is a matrix that changes with time", id);
    if (!operands_fit(graph, node))
        return arena_printf(scratch, "%%%d (%s) has operands that do not fit", id, info->id);
    return NULL;
}

static const char *verify_output(const struct graph *graph, const struct graph_output *output, struct arena *scratch)
{
    const struct edge *edge = &output->edge;
    if (!node_is_there(graph, edge->node))
        return arena_printf(scratch, "output %s reads %%%d, which is not there", output->name, edge->node);
    if (edge->delay || edge->init != NO_NODE || !edge_is_whole(graph, edge))
        return arena_printf(scratch, "output %s is not all of %%%d at its own frame", output->name, edge->node);
    if (shape_size(&output->shape) != edge->length || output->time != graph->nodes[edge->node]->time)
        return arena_printf(scratch, "output %s has another shape or time than %%%d", output->name, edge->node);
    return NULL;
}

/* Verifies that a node that has sunk has one reader, which can have it in a register. */
static const char *verify_sunk(const struct graph *graph, struct arena *scratch)
{
    int *readers = ARENA_ARRAY(scratch, int, graph->node_count + 1);
    const char *wrong = NULL;
    for (int i = 0; i < graph->output_count; i++)
        readers[graph->outputs[i].edge.node] += 2; /* an output is no reader of that kind */
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            bool register_read = !edge->delay && graph->nodes[i]->time == TIME_FRAME &&
                                 node_works_by_units(graph->nodes[i]) && edge_is_whole(graph, edge) &&
                                 node_units(graph->nodes[i]) == node_units(graph->nodes[edge->node]);
            readers[edge->node] += register_read ? 1 : 2;
        }
    for (int i = 0; i < graph->node_count && !wrong; i++)
        if (graph->nodes[i]->sunk && (readers[i] != 1 || !node_works_by_units(graph->nodes[i])))
            wrong = arena_printf(scratch, "%%%d has sunk, but not to one reader", i);
    return wrong;
}

const char *graph_verify(const struct graph *graph, struct arena *scratch)
{
    const char *wrong = NULL;
    for (int i = 0; i < graph->node_count && !wrong; i++)
        wrong = verify_node(graph, i, scratch);
    for (int i = 0; i < graph->output_count && !wrong; i++)
        wrong = verify_output(graph, &graph->outputs[i], scratch);
    if (!wrong)
        wrong = verify_sunk(graph, scratch);
    if (!wrong && !graph_order(graph, scratch))
        wrong = "a cycle has no delay";
    return wrong;
}
