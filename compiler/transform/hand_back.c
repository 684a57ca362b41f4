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

static struct edge total(struct differentiating *d, struct edge value)
{
    const struct node *node = d->graph->nodes[value.node];
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
