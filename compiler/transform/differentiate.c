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
#include "transform/adjoint.h"
#include "transform/dependence.h"
#include "transform/gradient_rule.h"
#include "transform/stop_zeros.h"
#include "transform/transform.h"

const struct node *find_whole(const struct graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        if (op_is_over_time(node->op) && !node_is_loss_of_frames(node))
            return node;
        for (int k = 0; k < node->count; k++)
            if (node->edges[k].delay < 0)
                return node;
    }
    return NULL;
}

static void add_adjoints(struct differentiating *d)
{
    for (int i = 0; i < d->count; i++) {
        const struct node *node = d->graph->nodes[i];
        d->received[i].node = NO_NODE;
        if (!d->active[i] || node_is_of_parameter(d->graph, i))
            continue;
        enum value_time time = node->time == TIME_STATIC ? TIME_CALL : node->time;
        struct node *adjoint = graph_add_node(d->graph, OP_copy, node->shape, time, 1, node);
        adjoint->name = adjoint_name(d->graph, node->name);
        d->received[i].node = d->graph->node_count - 1;
    }
}

/* Returns the number of an edge that a node has received and that is of a part from unit `begin` on, at the node's own
 * time; -1 if there is none. */
static int find_part_from(const struct differentiating *d, const struct received *received, int begin)
{
    const enum value_time time = d->graph->nodes[received->node]->time;
    for (int i = 0; i < received->count; i++) {
        const struct node *pad = d->graph->nodes[received->edges[i].node];
        if (pad->op == OP_pad && pad->begin == begin && pad->time == time && !received->edges[i].delay)
            return i;
    }
    return -1;
}

/* before:   %5 = pad %3, 0            after:   %7 = concat %3, %4
 *           %6 = pad %4, 4
 *           received %5, %6                    received %7
 * Puts the gradients of parts that follow each other, and make the whole, side by side instead of adding them up, each
 * with zeros around it. */
static void join_parts(struct differentiating *d, struct received *received)
{
    const struct node *adjoint = d->graph->nodes[received->node];
    const int units = node_units(adjoint);
    int *parts = ARENA_ARRAY(d->scratch, int, received->count + 1), count = 0, end = 0;
    for (int part; end < units && (part = find_part_from(d, received, end)) >= 0; count++) {
        parts[count] = part;
        end += d->graph->nodes[received->edges[part].node]->edges[0].length;
    }
    if (end != units || count < 2)
        return;
    struct node *concat = graph_add_node(d->graph, OP_concat, adjoint->shape, adjoint->time, count, d->like);
    for (int k = 0; k < count; k++)
        concat->edges[k] = d->graph->nodes[received->edges[parts[k]].node]->edges[0];
    received->edges[parts[0]] = edge_to(d->graph, d->graph->node_count - 1);
    bool *taken = ARENA_ARRAY(d->scratch, bool, received->count + 1);
    for (int k = 1; k < count; k++)
        taken[parts[k]] = true;
    int left = 0;
    for (int i = 0; i < received->count; i++)
        if (!taken[i])
            received->edges[left++] = received->edges[i];
    received->count = left;
}

/* Adds up the gradients that a node has received: its adjoint. */
static void add_up(struct differentiating *d, int id)
{
    struct node *adjoint = d->graph->nodes[d->received[id].node];
    d->like = d->graph->nodes[id];
    join_parts(d, &d->received[id]);
    adjoint->edges[0] = adjoint_sum(d, &d->received[id], adjoint->shape, adjoint->time);
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

/* Adds the gradients that a parameter, or a part of one, has received to the parameter's gradient. */
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
    push_output(
        d->graph,
        (struct graph_output){.name = "gradient", .edge = edge, .shape = node->shape, .time = TIME_CALL, .input = -1},
        capacity);
}

/* Hands its adjoint, which the caller gives, to an output of the program, at the frames that count: elsewhere it may be
 * anything. The seed, which says where, reads the output so that all adjoints wait for all outputs. */
static void seed_output(struct differentiating *d, int number, int *capacity)
{
    struct graph *graph = d->graph;
    const struct graph_output output = graph->outputs[number];
    const struct node *like = d->like = graph->nodes[output.edge.node];
    struct node *seed = graph_add_node(graph, OP_seed, (struct shape){0}, output.time, 2, like);
    const struct edge counts = edge_to(graph, graph->node_count - 1);
    seed->loss = number;
    seed->edges[0] = output.edge;
    seed->edges[1] = edge_to(graph, graph_add_number(graph, 1));
    struct node *given = graph_add_node(graph, OP_input, output.shape, output.time, 0, like);
    const struct edge adjoint = edge_to(graph, graph->node_count - 1);
    given->input = graph->input_count - graph->target_count + number;
    given->name = graph->inputs[given->input].name;
    const struct edge operands[] = {counts, adjoint, edge_to(graph, graph_add_number(graph, 0))};
    hand_back(d, &output.edge, build_operation(graph, OP_where, operands, 3, like), NULL);
    push_output(graph,
                (struct graph_output){.name = "counts", .edge = counts, .shape = {0}, .time = output.time, .input = -1},
                capacity);
}

void differentiate(struct graph *graph, bool by_inputs, bool of_pasts, struct arena *scratch)
{
    graph->carries = !find_whole(graph);
    graph->by_inputs = by_inputs;
    graph->of_pasts = of_pasts && graph->carries;
    if (graph->of_pasts)
        delay_after_ids(graph);
    struct differentiating d = {.graph = graph, .scratch = scratch, .count = graph->node_count};
    const bool *dependent = find_dependent(graph, by_inputs, scratch), *needed = find_needed_by_losses(graph, scratch);
    d.active = ARENA_ARRAY(scratch, bool, d.count + 1);
    d.received = ARENA_ARRAY(scratch, struct received, d.count + 1);
    d.pasts = graph->of_pasts ? ARENA_ARRAY(scratch, struct received_past, d.count + 1) : NULL;
    d.unbounded = find_unbounded(graph, scratch);
    for (int i = 0; i < d.count; i++)
        d.active[i] = dependent[i] && needed[i];
    add_adjoints(&d);
    const int count = graph->output_count;
    int capacity = count;
    struct graph_output *outputs = ARENA_ARRAY(graph->arena, struct graph_output, capacity + 1);
    for (int i = 0; i < count; i++)
        outputs[i] = graph->outputs[i];
    graph->outputs = outputs;
    for (int i = 0; i < count; i++)
        if (graph->of_outputs)
            seed_output(&d, i, &capacity);
        else {
            int seed = graph->outputs[i].edge.node;
            d.like = graph->nodes[seed];
            hand_back(&d, &d.like->edges[0], edge_to(graph, seed), NULL);
        }
    for (int i = 0; i < d.count; i++)
        if (d.active[i])
            hand_to_operands(&d, i);
    if (d.pasts)
        add_pasts(&d, &capacity);
    for (int i = 0; i < d.count; i++) {
        const struct node *node = graph->nodes[i];
        if (d.active[i] && d.received[i].node != NO_NODE)
            add_up(&d, i);
        else if (d.active[i])
            add_gradient(&d, i, &capacity);
        if (d.active[i] && node->op == OP_input)
            push_output(graph,
                        (struct graph_output){.name = adjoint_name(graph, node->name),
                                              .edge = edge_to(graph, d.received[i].node),
                                              .shape = node->shape,
                                              .time = node->time,
                                              .input = node->input},
                        &capacity);
    }
    graph_sweep(graph);
    simplify(graph, scratch);
}
