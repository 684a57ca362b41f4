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

/* Whether the operands are as long as the rule of op.def wants them. */
static bool lengths_follow_rule(const struct node *node)
{
    int units = node_units(node);
    switch (op_info(node->op)->shape) {
    case SHAPE_SPREAD:
        for (int i = 0; i < node->count; i++)
            if (node->edges[i].length != units && node->edges[i].length != 1)
                return false;
        return true;
    case SHAPE_VECTOR:
        for (int i = 0; i < node->count; i++)
            if (node->edges[i].length != units && (i == 0 || node->edges[i].length != 1))
                return false;
        return true;
    case SHAPE_REDUCE:
        return units == 1;
    case SHAPE_SPECIAL:
        return true;
    }
    return false;
}

/* The least and the greatest element that a view shows must be elements of its source. */
static bool view_is_inside(const struct node *view, const struct node *source)
{
    long least = view->view.offset, greatest = view->view.offset;
    for (int i = 0; i < view->shape.rank; i++) {
        long reach = (view->shape.dim[i] - 1) * view->view.stride[i];
        least += reach < 0 ? reach : 0;
        greatest += reach > 0 ? reach : 0;
    }
    return !time_has_streams(source->time) && least >= 0 && greatest < shape_size(&source->shape);
}

static bool is_matrix(const struct node *node) { return !time_has_streams(node->time) && node->shape.rank == 2; }

/* The rules that op.def calls special. */
static bool operands_fit(const struct graph *graph, const struct node *node)
{
    int units = node_units(node), total = 0;
    const struct edge *edges = node->edges;
    const struct node *first = node->count > 0 ? graph->nodes[edges[0].node] : NULL;
    const struct node *second = node->count > 1 ? graph->nodes[edges[1].node] : NULL;
    if (node->op == OP_product)
        return is_matrix(first) && first->shape.dim[0] == units && first->shape.dim[1] == edges[1].length;
    if (node->op == OP_matmul)
        return is_matrix(first) && is_matrix(second) && first->shape.dim[1] == second->shape.dim[0] &&
               shape_equal(&node->shape, &(struct shape){2, {first->shape.dim[0], second->shape.dim[1]}});
    if (node->op == OP_dot)
        return units == 1 && edges[0].length == edges[1].length;
    if (node->op == OP_embed)
        return is_matrix(first) && first->shape.dim[1] == units && edges[1].length == 1;
    if (node->op == OP_view)
        return view_is_inside(node, first);
    if (node->op == OP_parameter)
        return node->parameter >= 0 && node->parameter < graph->parameter_count;
    if (node->op == OP_input)
        return node->input >= 0 && node->input < graph->input_count;
    for (int i = 0; i < node->count; i++)
        total += edges[i].length;
    return node->op != OP_concat || total == units;
}

static const char *verify_node(const struct graph *graph, int id, struct arena *scratch)
{
    const struct node *node = graph->nodes[id];
    const struct op_info *info = op_info(node->op);
    if (node->replaced_by != NO_NODE)
        return arena_printf(scratch, "%%%d was replaced but not swept away", id);
    if (node->count < info->least || (info->most >= 0 && node->count != info->most))
        return arena_printf(scratch, "%%%d has %d operands", id, node->count);
    for (int k = 0; k < node->count; k++) {
        const char *wrong = verify_edge(graph, id, &node->edges[k], scratch);
        if (wrong)
            return wrong;
    }
    if (node->time != op_result_time(node->op, node->time))
        return arena_printf(scratch, "%%%d (%s) is of %s time", id, info->id, time_name(node->time));
    if (time_has_streams(node->time) && node->shape.rank > 1)
        return arena_printf(scratch, "%%%d is a matrix that changes with time", id);
    if (!lengths_follow_rule(node) || !operands_fit(graph, node))
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

const char *graph_verify(const struct graph *graph, struct arena *scratch)
{
    const char *wrong = NULL;
    for (int i = 0; i < graph->node_count && !wrong; i++)
        wrong = verify_node(graph, i, scratch);
    for (int i = 0; i < graph->output_count && !wrong; i++)
        wrong = verify_output(graph, &graph->outputs[i], scratch);
    if (!wrong && !graph_order(graph, scratch))
        wrong = "a cycle has no delay";
    return wrong;
}
