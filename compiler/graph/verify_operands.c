/* Whether operands fit an operation, and what a node says beside them fits the graph. */
#include "graph/graph.h"
#include "graph/verify.h"

/* ---- operands by themselves ---- */

static bool is_static_matrix(const struct node *node) { return node->time == TIME_STATIC && node->shape.rank == 2; }

static bool operand_can_be_read(const struct graph *graph, const struct node *node, int k)
{
    const struct edge *edge = &node->edges[k];
    const struct node *source = graph->nodes[edge->node];
    switch (op_reads(node->op, k)) {
    case READS_UNITS:
    case READS_COLUMN:
    case READS_VECTOR:
    case READS_PART:
    case READS_FRAMES:
    case READS_ANY_FRAMES:
        return true;
    case READS_NUMBER:
    case READS_ID:
    case READS_LABELS:
        return edge->length == 1;
    case READS_WEIGHTS:
    case READS_ROWS:
        return is_static_matrix(source);
    case READS_STRIDES:
        return !time_has_streams(source->time);
    case READS_ALL_FRAMES:
        return source->time == TIME_FRAME;
    }
    return false;
}

static bool operands_can_be_read(const struct graph *graph, const struct node *node)
{
    for (int k = 0; k < node->count; k++)
        if (!operand_can_be_read(graph, node, k))
            return false;
    return true;
}

/* ---- operands and result ---- */

/* The operands from `first` on are as long as the result, or have one unit. */
static bool operands_spread(const struct node *node, int first)
{
    int units = node_units(node);
    for (int i = first; i < node->count; i++)
        if (node->edges[i].length != units && node->edges[i].length != 1)
            return false;
    return true;
}

static bool operands_are_as_long(const struct node *node)
{
    for (int i = 0; i < node->count; i++)
        if (node->edges[i].length != node_units(node))
            return false;
    return true;
}

static bool is_of_shape(const struct node *node, int rows, int columns)
{
    return node->shape.rank == 2 && node->shape.dim[0] == rows && node->shape.dim[1] == columns;
}

/* The shapes that op.def calls special. Leaves have any. */
static bool special_shape_fits(const struct graph *graph, const struct node *node)
{
    const struct edge *edges = node->edges;
    const struct shape *first = node->count > 0 ? &graph->nodes[edges[0].node]->shape : NULL;
    const struct shape *second = node->count > 1 ? &graph->nodes[edges[1].node]->shape : NULL;
    int units = node_units(node), total = 0;
    for (int i = 0; i < node->count; i++)
        total += edges[i].length;
    if (node->op == OP_product)
        return first->dim[0] == units && first->dim[1] == edges[1].length;
    if (node->op == OP_cp) {
        const struct shape *third = &graph->nodes[edges[2].node]->shape;
        return first->rank == 2 && second->rank == 2 && third->rank == 2 && first->dim[1] == second->dim[1] &&
               first->dim[1] == third->dim[1] &&
               shape_equal(&node->shape, &(struct shape){3, {first->dim[0], second->dim[0], third->dim[0]}});
    }
    if (node->op == OP_matmul || node->op == OP_svd)
        return first->rank == 2 && second->rank == 2 && first->dim[1] == second->dim[0] &&
               is_of_shape(node, first->dim[0], second->dim[1]);
    if (node->op == OP_outer)
        return is_of_shape(node, edges[0].length, edges[1].length);
    if (node->op == OP_rows)
        return is_of_shape(node, node->shape.dim[0], edges[1].length) && !edges[0].delay;
    if (node->op == OP_embed)
        return first->dim[1] == units;
    if (node->op == OP_concat)
        return total == units;
    if (node->op == OP_ctc_slope)
        return edges[0].length == units;
    if (node->op == OP_gradient)
        return operands_are_as_long(node);
    if (node->op == OP_dot)
        return units == 1 && edges[0].length == edges[1].length;
    if (node->op == OP_seed)
        return units == 1 && edges[0].length == 1 && edges[1].length == 1 && time_has_streams(node->time);
    bool scalar = op_info(node->op)->class == OP_CLASS_LOSS || node->op == OP_id || node->op == OP_at_first ||
                  node->op == OP_at_last || node->op == OP_length;
    return !scalar || units == 1;
}

static bool shape_fits(const struct graph *graph, const struct node *node)
{
    switch (op_info(node->op)->shape) {
    case SHAPE_SPREAD:
        return op_is_over_time(node->op) ? operands_are_as_long(node) : operands_spread(node, 0);
    case SHAPE_VECTOR:
        return node->edges[0].length == node_units(node) && operands_spread(node, 1);
    case SHAPE_REDUCE:
        return node_units(node) == 1;
    case SHAPE_SPECIAL:
        return special_shape_fits(graph, node);
    }
    return false;
}

/* ---- what is said beside operands ---- */

/* The least and the greatest element that a view shows must be elements of what it is a view of. */
static bool view_is_inside(const struct view *view, const struct shape *shown, const struct shape *whole)
{
    long least = view->offset, greatest = view->offset;
    for (int i = 0; i < shown->rank; i++) {
        long reach = (shown->dim[i] - 1) * view->stride[i];
        least += reach < 0 ? reach : 0;
        greatest += reach > 0 ? reach : 0;
    }
    return least >= 0 && greatest < shape_size(whole);
}

static bool is_place(int place, int count) { return place >= 0 && place < count; }

static bool held_fits(const struct graph *graph, const struct node *node)
{
    const struct shape *operand = node->count ? &graph->nodes[node->edges[0].node]->shape : NULL;
    switch (op_info(node->op)->holds) {
    case HOLDS_NOTHING:
    case HOLDS_NUMBER:
        return true;
    case HOLDS_PARAMETER:
        return is_place(node->parameter, graph->parameter_count);
    case HOLDS_INPUT:
        return is_place(node->input, graph->input_count);
    case HOLDS_VIEW: /* of the operand; an unview is the other way round */
        return node->op == OP_view ? view_is_inside(&node->view, &node->shape, operand)
                                   : view_is_inside(&node->view, operand, &node->shape);
    case HOLDS_PART:
        return is_place(node->parameter, graph->parameter_count) &&
               view_is_inside(&node->view, &node->shape, &graph->parameters[node->parameter].shape);
    case HOLDS_DROPOUT:
        return node->dropout >= 0 && node->number >= 0 && node->number < 1;
    case HOLDS_BEGIN:
        return node->begin >= 0 && node->begin <= node_units(node) - node->edges[0].length;
    case HOLDS_DELAY:
        return node->delay != 0;
    case HOLDS_LOSS:
        return node->loss >= 0;
    }
    return false;
}

bool operands_fit(const struct graph *graph, const struct node *node)
{
    return operands_can_be_read(graph, node) && shape_fits(graph, node) && held_fits(graph, node);
}
