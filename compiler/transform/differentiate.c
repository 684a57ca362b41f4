/* differentiate: the adjoint graph (Hwang and Sung 2015, section 3.3; Werbos 1990).
 *
 * Every node v that lies between a parameter and a loss gets an adjoint: a node of v's shape and time that holds the
 * derivative of the loss by v. It is the sum of what v's readers hand back. A reader that reads v with a delay of d
 * frames hands back at frame t what it received at frame t + d: an edge with delay d becomes one with delay -d, and
 * reads 0 out of range. So a cycle of the program is a cycle of the adjoint graph that runs the other way, and all that
 * is not in a cycle there runs for many frames at once as anywhere else.
 *
 *   y = W @ x[t-d]    hands back  W^T @ y'[t+d] to x;  sum over frames and streams of y' x[t-d]^T to W
 *   y = f(a, b)       what the rule of f in op.def says
 *   y = a[t-d], init  also hands back, to init, the sum over the frames that read out of range
 *
 * The adjoint of a static value is of call time: it exists when all frames have been through. */
#include "base/arena.h"
#include "graph/graph.h"
#include "transform/dependence.h"
#include "transform/gradient_rule.h"
#include "transform/stop_zeros.h"
#include "transform/transform.h"

/* What readers hand back to one node. */
struct received {
    int node; /* the adjoint; NO_NODE: gradients are added where the parameters are */
    struct edge *edges;
    int count, capacity;
};

struct differentiating {
    struct graph *graph;
    struct arena *scratch;
    int count;                 /* of nodes before any adjoint */
    bool *active;              /* by node: between what is differentiated by and a loss */
    struct received *received; /* by node */
    const struct node *like;   /* the node whose operands are in hand */
    const bool *unbounded;     /* by node, see stop_zeros.h */
};

/* Whether a call can be a window of a longer sequence: all that is needed of what lies before it is the past of its
 * values. */
static bool graph_carries(const struct graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        if (op_is_over_time(node->op) && !(node->op == OP_seed && node->time == TIME_FRAME))
            return false;
        for (int k = 0; k < node->count; k++)
            if (node->edges[k].delay < 0)
                return false;
    }
    return true;
}

/* ---- nodes ---- */

static struct edge operation1(struct differentiating *d, enum op op, struct edge a)
{
    return build_operation(d->graph, op, &a, 1, d->like);
}

/* A node with one operand whose shape and time do not follow from it. */
static struct edge reshaped(struct differentiating *d, enum op op, struct edge a, struct shape shape,
                            enum value_time time)
{
    struct node *node = graph_add_node(d->graph, op, shape, time, 1, d->like);
    node->edges[0] = a;
    return edge_to(d->graph, d->graph->node_count - 1);
}

static struct edge viewed(struct differentiating *d, int source, struct shape shape, struct view view)
{
    const struct node *node = d->graph->nodes[source];
    if (node->op == OP_view && shape.rank == 2 && node->shape.rank == 2 && shape.dim[0] == node->shape.dim[1] &&
        view.stride[0] == 1) { /* a transpose of a view */
        view = (struct view){node->view.offset, {node->view.stride[1], node->view.stride[0]}};
        source = node->edges[0].node;
    }
    struct edge edge = reshaped(d, OP_view, edge_to(d->graph, source), shape, d->graph->nodes[source]->time);
    d->graph->nodes[edge.node]->view = view;
    return edge;
}

static struct edge transposed(struct differentiating *d, int matrix)
{
    const struct shape *shape = &d->graph->nodes[matrix]->shape;
    return viewed(d, matrix, (struct shape){2, {shape->dim[1], shape->dim[0]}}, (struct view){0, {1, shape->dim[1]}});
}

static struct edge product(struct differentiating *d, struct edge matrix, struct edge x)
{
    struct shape shape = {1, {d->graph->nodes[matrix.node]->shape.dim[0]}};
    struct node *node = graph_add_node(d->graph, OP_product, shape, d->graph->nodes[x.node]->time, 2, d->like);
    node->edges[0] = matrix;
    node->edges[1] = x;
    return edge_to(d->graph, d->graph->node_count - 1);
}

/* A matrix of call time: a product of two, or a sum over all frames. */
static struct edge matrix(struct differentiating *d, enum op op, struct edge a, struct edge b, int rows, int columns)
{
    struct node *node = graph_add_node(d->graph, op, (struct shape){2, {rows, columns}}, TIME_CALL, 2, d->like);
    node->edges[0] = a;
    node->edges[1] = b;
    return edge_to(d->graph, d->graph->node_count - 1);
}

/* ---- handing back ---- */

static void receive(struct differentiating *d, int node, struct edge edge)
{
    struct received *received = &d->received[node];
    ARENA_PUSH(d->scratch, received->edges, received->count, received->capacity, edge);
}

static struct edge as_units(struct differentiating *d, struct edge value, int units)
{
    enum value_time time = d->graph->nodes[value.node]->time;
    if (value.length == units)
        return value;
    if (units == 1)
        return operation1(d, OP_sum, value);
    return reshaped(d, OP_copy, value, (struct shape){1, {units}}, time);
}

/* A part of a value: 0 in the other units. */
static struct edge padded(struct differentiating *d, const struct edge *read, struct edge value)
{
    const struct node *source = d->graph->nodes[read->node];
    if (edge_is_whole(d->graph, read))
        return value;
    struct edge pad = reshaped(d, OP_pad, value, source->shape, d->graph->nodes[value.node]->time);
    d->graph->nodes[pad.node]->begin = read->begin;
    return pad;
}

static struct edge total(struct differentiating *d, struct edge value)
{
    const struct node *node = d->graph->nodes[value.node];
    struct shape shape = edge_is_whole(d->graph, &value) ? node->shape : (struct shape){1, {value.length}};
    return time_has_streams(node->time) ? reshaped(d, OP_total, value, shape, TIME_CALL) : value;
}

/* To a static value. */
static void hand_to_static(struct differentiating *d, int node, struct edge value)
{
    const struct shape *shape = &d->graph->nodes[node]->shape;
    value = total(d, value);
    if (value.length > 1 && shape_size(shape) == 1)
        value = operation1(d, OP_sum, value);
    else if (value.length == 1 && shape_size(shape) > 1)
        value = reshaped(d, OP_copy, value, *shape, TIME_CALL);
    receive(d, node, value);
}

static void hand_to_sequence(struct differentiating *d, int node, struct edge value)
{
    if (d->graph->nodes[value.node]->time == TIME_FRAME)
        value = operation1(d, OP_sum_over_time, value);
    receive(d, node, value);
}

/* To the initial value of a read, where the read is out of range. */
static void hand_to_init(struct differentiating *d, const struct edge *read, struct edge value)
{
    if (read->init == NO_NODE || !d->active[read->init])
        return;
    const struct node *init = d->graph->nodes[read->init];
    value = as_units(d, value, read->length);
    struct edge sum = operation1(d, OP_outside, value);
    d->graph->nodes[sum.node]->delay = read->delay;
    if (node_units(init) > 1)
        sum = padded(d, read, sum);
    else
        sum = as_units(d, sum, 1);
    if (init->time == TIME_STATIC)
        hand_to_static(d, read->init, sum);
    else
        receive(d, read->init, sum);
}

/* `value` is what the source of `read` receives at the reader's frame; `delayed`, where not NULL, the same at its own.
 */
static void hand_back(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *delayed)
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
        own = padded(d, read, own);
        hand_to_sequence(d, read->node, own);
        return;
    }
    if (d->graph->nodes[own.node]->time != TIME_FRAME)
        own = reshaped(d, OP_copy, own, (struct shape){source->shape.rank, {own.length}}, TIME_FRAME);
    if (!delayed)
        own.delay = -read->delay;
    receive(d, read->node, padded(d, read, own));
}

static struct stopping stopping(const struct differentiating *d)
{
    return (struct stopping){d->graph, d->scratch, d->unbounded, d->count, d->like};
}

/* ---- operations without a rule in op.def ---- */

static void hand_product(struct differentiating *d, const struct node *node, struct edge g)
{
    const struct edge *w = &node->edges[0], *x = &node->edges[1];
    const struct shape shape = d->graph->nodes[w->node]->shape;
    int rows = shape.dim[0], columns = shape.dim[1];
    if (d->active[w->node]) {
        const struct stopping at = stopping(d);
        struct edge gradient, column = g, operand = stop_zero_columns(&at, g, *x);
        if (node->time == TIME_STATIC)
            column = viewed(d, g.node, (struct shape){2, {rows, 1}}, (struct view){0, {1, 1}});
        if (d->graph->nodes[x->node]->op == OP_number)
            gradient = matrix(d, OP_mul, column, operand, rows, columns);
        else if (node->time == TIME_STATIC)
            gradient = matrix(d, OP_matmul, column,
                              viewed(d, operand.node, (struct shape){2, {1, columns}}, (struct view){0, {columns, 1}}),
                              rows, columns);
        else
            gradient = matrix(d, OP_outer, g, operand, rows, columns);
        receive(d, w->node, gradient);
    }
    bool init = x->init != NO_NODE && d->active[x->init];
    if (!d->active[x->node] && !init)
        return;
    struct edge transpose = transposed(d, w->node), later = g;
    later.delay = -x->delay;
    struct edge own = product(d, transpose, later), value = init ? product(d, transpose, g) : own;
    hand_back(d, x, value, &own);
}

static void hand_matmul(struct differentiating *d, const struct node *node, struct edge g)
{
    int a = node->edges[0].node, b = node->edges[1].node;
    const struct shape left = d->graph->nodes[a]->shape, right = d->graph->nodes[b]->shape;
    if (d->active[a])
        receive(d, a, matrix(d, OP_matmul, g, transposed(d, b), left.dim[0], left.dim[1]));
    if (d->active[b])
        receive(d, b, matrix(d, OP_matmul, transposed(d, a), g, right.dim[0], right.dim[1]));
}

static void hand_concat(struct differentiating *d, const struct node *node, struct edge g)
{
    for (int k = 0, at = 0; k < node->count; at += node->edges[k++].length) {
        struct edge part = g;
        part.begin = at;
        part.length = node->edges[k].length;
        if (node->time == TIME_STATIC && d->active[node->edges[k].node])
            part = viewed(d, g.node, (struct shape){1, {part.length}}, (struct view){at, {1}});
        if (node->time != TIME_STATIC || d->active[node->edges[k].node])
            hand_back(d, &node->edges[k], part, NULL);
    }
}

static void hand_view(struct differentiating *d, const struct node *node, struct edge g)
{
    int source = node->edges[0].node;
    if (!d->active[source])
        return;
    struct edge whole = reshaped(d, OP_unview, g, d->graph->nodes[source]->shape, TIME_CALL);
    d->graph->nodes[whole.node]->view = node->view;
    receive(d, source, whole);
}

static void hand_embed(struct differentiating *d, const struct node *node, struct edge g)
{
    const struct shape *table = &d->graph->nodes[node->edges[0].node]->shape;
    if (d->active[node->edges[0].node]) {
        struct edge ids = node->edges[1];
        g.delay = -ids.delay;
        ids.delay = 0;
        receive(d, node->edges[0].node, matrix(d, OP_rows, ids, g, table->dim[0], table->dim[1]));
    }
}

typedef void hand(struct differentiating *d, const struct node *node, struct edge g);

static hand *const special_hands[OP_COUNT] = {[OP_product] = hand_product,
                                              [OP_matmul] = hand_matmul,
                                              [OP_concat] = hand_concat,
                                              [OP_view] = hand_view,
                                              [OP_embed] = hand_embed};

static bool edge_is_active(const struct differentiating *d, const struct edge *edge)
{
    return d->active[edge->node] || (edge->init != NO_NODE && d->active[edge->init]);
}

static void hand_by_rule(struct differentiating *d, int id, struct edge g)
{
    const struct stopping at = stopping(d);
    for (int k = 0; k < d->graph->nodes[id]->count; k++) {
        struct edge read = d->graph->nodes[id]->edges[k], value;
        int first = d->graph->node_count;
        if (!edge_is_active(d, &read) || !build_gradient(d->graph, id, k, g, &value))
            continue;
        if (d->unbounded[id])
            value = stop_zeros(&at, first, g, value);
        hand_back(d, &read, value, NULL);
    }
}

static void hand_to_operands(struct differentiating *d, int id)
{
    const struct node *node = d->like = d->graph->nodes[id];
    if (!node->count || d->received[id].node == NO_NODE)
        return;
    struct edge g = edge_to(d->graph, d->received[id].node);
    if (op_info(node->op)->special_gradient)
        special_hands[node->op](d, node, g);
    else
        hand_by_rule(d, id, g);
}

/* ---- adjoints ---- */

/* A parameter, or a part of one. */
static bool is_parameter(const struct graph *graph, int id)
{
    const struct node *node = graph->nodes[id];
    return node->op == OP_parameter || (node->op == OP_view && graph->nodes[node->edges[0].node]->op == OP_parameter);
}

/* "h1.c" -> "h1.d_c" */
static const char *adjoint_name(struct graph *graph, const char *name)
{
    const char *last = name;
    for (const char *c = name; c && *c; c++)
        if (*c == '.')
            last = c + 1;
    return name ? arena_printf(graph->arena, "%.*sd_%s", (int)(last - name), name, last) : NULL;
}

static void add_adjoints(struct differentiating *d)
{
    for (int i = 0; i < d->count; i++) {
        const struct node *node = d->graph->nodes[i];
        d->received[i].node = NO_NODE;
        if (!d->active[i] || is_parameter(d->graph, i))
            continue;
        enum value_time time = node->time == TIME_STATIC ? TIME_CALL : node->time;
        struct node *adjoint = graph_add_node(d->graph, OP_copy, node->shape, time, 1, node);
        adjoint->name = adjoint_name(d->graph, node->name);
        d->received[i].node = d->graph->node_count - 1;
    }
}

/* What a node has received, added up, is its adjoint. */
static void add_up(struct differentiating *d, int id)
{
    struct received *received = &d->received[id];
    struct node *adjoint = d->graph->nodes[received->node];
    d->like = d->graph->nodes[id];
    struct edge sum = edge_to(d->graph, graph_add_number(d->graph, 0));
    for (int i = 0; i < received->count; i++) {
        if (i == 0) {
            sum = received->edges[0];
            continue;
        }
        struct node *add = graph_add_node(d->graph, OP_add, adjoint->shape, adjoint->time, 2, d->like);
        add->edges[0] = sum;
        add->edges[1] = received->edges[i];
        sum = edge_to(d->graph, d->graph->node_count - 1);
    }
    adjoint->edges[0] = sum;
}

static struct view whole_view(const struct shape *shape)
{
    struct view view = {0};
    long stride = 1;
    for (int i = shape->rank - 1; i >= 0; stride *= shape->dim[i--])
        view.stride[i] = stride;
    return view;
}

static void push_output(struct graph *graph, struct graph_output output, int *capacity)
{
    ARENA_PUSH(graph->arena, graph->outputs, graph->output_count, *capacity, output);
}

/* What a parameter, or a part of one, has received is added where the parameter's gradient is. */
static void add_gradient(struct differentiating *d, int id, int *capacity)
{
    const struct node *node = d->graph->nodes[id];
    const struct received *received = &d->received[id];
    if (!received->count)
        return;
    int parameter = node->op == OP_view ? node->edges[0].node : id;
    struct node *gradient = graph_add_node(d->graph, OP_gradient, node->shape, TIME_CALL, received->count, node);
    gradient->parameter = d->graph->nodes[parameter]->parameter;
    gradient->view = node->op == OP_view ? node->view : whole_view(&node->shape);
    for (int i = 0; i < received->count; i++)
        gradient->edges[i] = received->edges[i];
    struct edge edge = edge_to(d->graph, d->graph->node_count - 1);
    push_output(d->graph, (struct graph_output){"gradient", edge, node->shape, TIME_CALL, -1}, capacity);
}

void differentiate(struct graph *graph, bool by_inputs, struct arena *scratch)
{
    struct differentiating d = {.graph = graph, .scratch = scratch, .count = graph->node_count};
    graph->carries = graph_carries(graph);
    graph->by_inputs = by_inputs;
    const bool *dependent = find_dependent(graph, by_inputs, scratch), *needed = find_needed_by_losses(graph, scratch);
    d.active = ARENA_ARRAY(scratch, bool, d.count + 1);
    d.received = ARENA_ARRAY(scratch, struct received, d.count + 1);
    d.unbounded = find_unbounded(graph, scratch);
    for (int i = 0; i < d.count; i++)
        d.active[i] = dependent[i] && needed[i];
    add_adjoints(&d);
    for (int i = 0; i < graph->output_count; i++) {
        int seed = graph->outputs[i].edge.node;
        d.like = graph->nodes[seed];
        hand_back(&d, &d.like->edges[0], edge_to(graph, seed), NULL);
    }
    for (int i = 0; i < d.count; i++)
        if (d.active[i])
            hand_to_operands(&d, i);
    int capacity = graph->output_count;
    struct graph_output *outputs = ARENA_ARRAY(graph->arena, struct graph_output, capacity + 1);
    for (int i = 0; i < capacity; i++)
        outputs[i] = graph->outputs[i];
    graph->outputs = outputs;
    for (int i = 0; i < d.count; i++) {
        const struct node *node = graph->nodes[i];
        if (d.active[i] && d.received[i].node != NO_NODE)
            add_up(&d, i);
        else if (d.active[i])
            add_gradient(&d, i, &capacity);
        if (d.active[i] && node->op == OP_input)
            push_output(graph,
                        (struct graph_output){adjoint_name(graph, node->name), edge_to(graph, d.received[i].node),
                                              node->shape, node->time, node->input},
                        &capacity);
    }
    graph_sweep(graph);
    simplify(graph, scratch);
}
