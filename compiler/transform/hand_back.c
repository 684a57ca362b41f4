/* Hands gradients back from a reader to the values that it has read. */
#include "base/arena.h"
#include "transform/adjoint.h"
#include "transform/gradient_rule.h"

static struct edge operation1(struct differentiating *d, enum op op, struct edge a)
{
    return build_operation(d->graph, op, &a, 1, d->like);
}

static struct edge as_units(struct differentiating *d, struct edge value, int units)
{
    enum value_time time = d->graph->nodes[value.node]->time;
    if (value.length == units)
        return value;
    if (units == 1)
        return operation1(d, OP_sum, value);
    return adjoint_reshape(d, OP_copy, value, (struct shape){1, {units}}, time);
}

static bool is_number(const struct graph *graph, const struct edge *edge, double number)
{
    const struct node *node = graph->nodes[edge->node];
    return node->op == OP_number && node->number == number;
}

/* True for g * layernorm(a, 1, 0) of frames, what the rule of layernorm hands back to its gain. */
static bool is_for_gain(const struct graph *graph, const struct node *node)
{
    const struct node *column = graph->nodes[node->edges[1].node];
    return column->op == OP_layernorm && is_number(graph, &column->edges[1], 1) &&
           is_number(graph, &column->edges[2], 0) && graph->nodes[column->edges[0].node]->time == TIME_FRAME &&
           graph->nodes[node->edges[0].node]->time == TIME_FRAME && node->edges[0].length == column->edges[0].length;
}

/* before:   %5 = layernorm %1, 1, 0      after:   %7 = total_normalized %2, %1
 *           %6 = mul %2, %5
 *           %7 = total %6
 * The sum normalizes columns as it goes, and neither they nor the products are stored. */
static struct edge total_for_gain(struct differentiating *d, const struct node *product)
{
    const struct edge g = product->edges[0], a = d->graph->nodes[product->edges[1].node]->edges[0];
    struct node *sum =
        graph_add_node(d->graph, OP_total_normalized, (struct shape){1, {g.length}}, TIME_CALL, 2, d->like);
    sum->edges[0] = g;
    sum->edges[1] = a;
    return edge_to(d->graph, d->graph->node_count - 1);
}

static struct edge total(struct differentiating *d, struct edge value)
{
    const struct node *node = d->graph->nodes[value.node];
    if (node->op == OP_mul && edge_is_whole(d->graph, &value) && is_for_gain(d->graph, node))
        return total_for_gain(d, node);
    struct shape shape = edge_is_whole(d->graph, &value) ? node->shape : (struct shape){1, {value.length}};
    return time_has_streams(node->time) ? adjoint_reshape(d, OP_total, value, shape, TIME_CALL) : value;
}

/* Hands `value` back to a static value. */
static void hand_to_static(struct differentiating *d, int node, struct edge value)
{
    const struct shape *shape = &d->graph->nodes[node]->shape;
    value = total(d, value);
    if (value.length > 1 && shape_size(shape) == 1)
        value = operation1(d, OP_sum, value);
    else if (value.length == 1 && shape_size(shape) > 1)
        value = adjoint_reshape(d, OP_copy, value, *shape, TIME_CALL);
    adjoint_receive(d, node, value);
}

static void hand_to_sequence(struct differentiating *d, int node, struct edge value)
{
    if (d->graph->nodes[value.node]->time == TIME_FRAME)
        value = operation1(d, OP_sum_over_time, value);
    adjoint_receive(d, node, value);
}

/* Hands back to the initial value of a read the sum over the frames that read out of range. */
static void hand_to_init(struct differentiating *d, const struct edge *read, struct edge value)
{
    if (read->init == NO_NODE || !d->active[read->init])
        return;
    const struct node *init = d->graph->nodes[read->init];
    value = as_units(d, value, read->length);
    struct edge sum = operation1(d, OP_outside, value);
    d->graph->nodes[sum.node]->delay = read->delay;
    if (node_units(init) > 1)
        sum = adjoint_padded(d, read, sum);
    else
        sum = as_units(d, sum, 1);
    if (init->time == TIME_STATIC)
        hand_to_static(d, read->init, sum);
    else
        adjoint_receive(d, read->init, sum);
}

/* Hands `value` back to the source of `read`, at the frame of the reader; `delayed`, if not NULL, is the same value at
 * the source's own frame. */
void hand_back(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *delayed)
{
    const struct node *source = d->graph->nodes[read->node];
    if (source->time == TIME_STATIC) {
        if (d->active[read->node])
            hand_to_static(d, read->node, value);
        return;
    }
    hand_to_init(d, read, value);
    if (!d->active[read->node])
        return;
    struct edge own = delayed ? *delayed : as_units(d, value, read->length);
    if (source->time == TIME_SEQUENCE) {
        own = adjoint_padded(d, read, own);
        hand_to_sequence(d, read->node, own);
        return;
    }
    if (d->graph->nodes[own.node]->time != TIME_FRAME)
        own = adjoint_reshape(d, OP_copy, own, (struct shape){source->shape.rank, {own.length}}, TIME_FRAME);
    if (!delayed) {
        hand_to_past(d, read, own, NULL);
        own.delay = -read->delay;
    }
    adjoint_receive(d, read->node, adjoint_padded(d, read, own));
}
