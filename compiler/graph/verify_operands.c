/* Checks that operands fit an operation, and that a node's attributes fit the graph. */
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

/* True if the operands from `first` on are as long as the result, or have one unit. */
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

static const struct shape *operand_shape(const struct graph *graph, const struct node *node, int k)
{
    return &graph->nodes[node->edges[k].node]->shape;
}

static bool is_scalar(const struct graph *graph, const struct node *node)
{
    (void)graph;
    return node_units(node) == 1;
}

static bool is_dot(const struct graph *graph, const struct node *node)
{
    return is_scalar(graph, node) && node->edges[0].length == node->edges[1].length;
}

/* True if a product may read its weights in its storage: they are of a parameter, and for int8, which has a scale for
 * each row of that, made of its rows. */
static bool weights_can_be_stored(const struct graph *graph, const struct node *node)
{
    int weights = node->edges[0].node;
    return node->op != OP_product || node->storage == PRECISION_F32 ||
           (node_is_of_parameter(graph, weights) &&
            (node->storage != PRECISION_INT8 || node_rows_begin(graph, weights) >= 0));
}

static bool is_product(const struct graph *graph, const struct node *node)
{
    const struct shape *weights = operand_shape(graph, node, 0);
    return weights->dim[0] == node_units(node) && weights->dim[1] == node->edges[1].length &&
           weights_can_be_stored(graph, node);
}

static bool is_refine(const struct graph *graph, const struct node *node)
{
    return is_product(graph, node) && node->edges[2].length == node_units(node);
}

/* True for A @ B and for svd, which is A @ B of its factors. */
static bool is_matmul(const struct graph *graph, const struct node *node)
{
    const struct shape *a = operand_shape(graph, node, 0), *b = operand_shape(graph, node, 1);
    return a->rank == 2 && b->rank == 2 && a->dim[1] == b->dim[0] && is_of_shape(node, a->dim[0], b->dim[1]);
}

static bool is_cp(const struct graph *graph, const struct node *node)
{
    const struct shape *a = operand_shape(graph, node, 0), *b = operand_shape(graph, node, 1);
    const struct shape *c = operand_shape(graph, node, 2);
    return a->rank == 2 && b->rank == 2 && c->rank == 2 && a->dim[1] == b->dim[1] && a->dim[1] == c->dim[1] &&
           shape_equal(&node->shape, &(struct shape){3, {a->dim[0], b->dim[0], c->dim[0]}});
}

/* True for a parameter that is rounded, or a matrix of its rows, whose scales in int8 are those of the whole ones. */
static bool is_rounded(const struct graph *graph, const struct node *node)
{
    int source = node->edges[0].node;
    return node_is_of_parameter(graph, source) && node_rows_begin(graph, source) >= 0 &&
           shape_equal(&node->shape, operand_shape(graph, node, 0));
}

static bool is_concat(const struct graph *graph, const struct node *node)
{
    (void)graph;
    int total = 0;
    for (int k = 0; k < node->count; k++)
        total += node->edges[k].length;
    return total == node_units(node);
}

static bool is_row(const struct graph *graph, const struct node *node)
{
    return operand_shape(graph, node, 0)->dim[1] == node_units(node);
}

static bool is_as_long_as_logits(const struct graph *graph, const struct node *node)
{
    (void)graph;
    return node->edges[0].length == node_units(node);
}

/* True for a seed, of a loss or, of a graph `of_outputs`, of an output of any length. */
static bool is_seed(const struct graph *graph, const struct node *node)
{
    const bool fits = graph->of_outputs ? node->edges[1].length == 1 : operands_are_as_long(node);
    return is_scalar(graph, node) && fits && time_has_streams(node->time);
}

static bool is_outer(const struct graph *graph, const struct node *node)
{
    (void)graph;
    return is_of_shape(node, node->edges[0].length, node->edges[1].length);
}

/* Ids are read at the frame whose row is added. */
static bool is_rows(const struct graph *graph, const struct node *node)
{
    (void)graph;
    return is_of_shape(node, node->shape.dim[0], node->edges[1].length) && !node->edges[0].delay;
}

static bool is_gradient(const struct graph *graph, const struct node *node)
{
    (void)graph;
    return operands_are_as_long(node);
}

typedef bool shape_test(const struct graph *graph, const struct node *node);

/* The shapes that op.def calls special; without an entry a node may have any, as leaves do. */
static shape_test *const special_shapes[OP_COUNT] = {
    [OP_dot] = is_dot,        [OP_product] = is_product,
    [OP_matmul] = is_matmul,  [OP_svd] = is_matmul,
    [OP_cp] = is_cp,          [OP_concat] = is_concat,
    [OP_embed] = is_row,      [OP_cross_entropy] = is_scalar,
    [OP_ctc] = is_scalar,     [OP_at_first] = is_scalar,
    [OP_at_last] = is_scalar, [OP_length] = is_scalar,
    [OP_id] = is_scalar,      [OP_ctc_slope] = is_as_long_as_logits,
    [OP_seed] = is_seed,      [OP_outer] = is_outer,
    [OP_rows] = is_rows,      [OP_gradient] = is_gradient,
    [OP_round] = is_rounded,  [OP_refine] = is_refine,
};

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
        return !special_shapes[node->op] || special_shapes[node->op](graph, node);
    }
    return false;
}

/* ---- attributes ---- */

/* True if the least and the greatest element that a view shows are elements of its source. */
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
    case HOLDS_STORAGE:
        return node->storage >= (node->op == OP_product ? PRECISION_F32 : PRECISION_F16) &&
               node->storage < PRECISION_COUNT;
    case HOLDS_PART:
        return is_place(node->parameter, graph->parameter_count) &&
               view_is_inside(&node->view, &node->shape, &graph->parameters[node->parameter].shape);
    case HOLDS_DROPOUT:
        return node->dropout >= 0 && node->number >= 0 && node->number < 1;
    case HOLDS_BEGIN:
        return node->begin >= 0 && node->begin <= node_units(node) - node->edges[0].length;
    case HOLDS_DELAY:
        return node->delay != 0;
    case HOLDS_COUNT:
        return node->refined > 0 && node->refined <= node_units(node);
    case HOLDS_LOSS:
        return node->loss >= 0;
    }
    return false;
}

bool operands_fit(const struct graph *graph, const struct node *node)
{
    return operands_can_be_read(graph, node) && shape_fits(graph, node) && held_fits(graph, node);
}
