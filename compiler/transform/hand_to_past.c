/* The adjoint of the past: of the frames before the first of a call, which the call before it has computed.
 *
 * Frame j of a reader with delay d reads frame j - d of v. So frame -k of v receives what the reader hands back at its
 * frame d - k, which is picked out of all frames; and the last frames of v receive, beside what this call's readers
 * hand back, the adjoint of what the next call reads, which the caller gives.
 *
 *   v'[-k]      sum over readers of  sum_over_time(where(at_first, g[t+(d-k)], 0))
 *   v' receives where(at_last[t+(k-1)], given[k], 0)
 *
 * A past that is longer than the call is in part still there after it: rnn_finish_past of the runtime hands that on. An
 * initial value that stands in the past has received its gradient where it is read, by OP_outside. */
#include <string.h>

#include "base/arena.h"
#include "transform/adjoint.h"
#include "transform/gradient_rule.h"

static struct edge mark(struct differentiating *d, enum op op)
{
    graph_add_node(d->graph, op, (struct shape){0}, TIME_FRAME, 0, d->like);
    return edge_to(d->graph, d->graph->node_count - 1);
}

/* Returns where(condition, value, 0). */
static struct edge selected(struct differentiating *d, struct edge condition, struct edge value)
{
    const struct edge operands[] = {condition, value, edge_to(d->graph, graph_add_number(d->graph, 0))};
    return build_operation(d->graph, OP_where, operands, 3, d->like);
}

/* Returns the value at frame `number` of the call, 0 in streams that end before. */
static struct edge at_frame(struct differentiating *d, struct edge value, int number)
{
    value.delay = -number;
    const struct edge first = selected(d, mark(d, OP_at_first), value);
    return build_operation(d->graph, OP_sum_over_time, &first, 1, d->like);
}

void hand_to_past(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *matrix)
{
    if (!d->pasts || read->delay < 1)
        return;
    struct received_past *past = &d->pasts[read->node];
    if (!past->of)
        past->of = ARENA_ARRAY(d->scratch, struct received, PAST_MOST);
    past->frames = read->delay > past->frames ? read->delay : past->frames;
    for (int k = 1; k <= read->delay && k <= PAST_MOST; k++) {
        struct edge own = at_frame(d, value, read->delay - k);
        if (matrix)
            own = adjoint_product(d, *matrix, own);
        own = adjoint_padded(d, read, own);
        struct received *received = &past->of[k - 1];
        ARENA_PUSH(d->scratch, received->edges, received->count, received->capacity, own);
    }
}

/* Adds the input that gives the adjoint of a frame that the call leaves, and hands it to that frame. */
static void add_given(struct differentiating *d, int id, int k, const char *name, long place)
{
    struct graph *graph = d->graph;
    const struct node *node = graph->nodes[id];
    graph->inputs[graph->input_count] = (struct graph_input){
        .name = name, .shape = node->shape, .time = TIME_SEQUENCE, .prediction = -1, .of_past = true, .past = place};
    struct node *given = graph_add_node(graph, OP_input, node->shape, TIME_SEQUENCE, 0, node);
    const struct edge adjoint = edge_to(graph, graph->node_count - 1);
    given->input = graph->input_count++;
    graph->target_count++;
    given->name = name;
    struct edge last = mark(d, OP_at_last);
    last.delay = -(k - 1);
    adjoint_receive(d, id, selected(d, last, adjoint));
}

/* Adds the output that is the adjoint of a frame of the past. */
static void add_output(struct differentiating *d, int id, const struct received *received, const char *name, long place,
                       int *capacity)
{
    struct graph *graph = d->graph;
    const struct node *node = graph->nodes[id];
    struct node *adjoint = graph_add_node(graph, OP_copy, node->shape, TIME_SEQUENCE, 1, node);
    const struct edge edge = edge_to(graph, graph->node_count - 1);
    adjoint->name = name;
    adjoint->edges[0] = adjoint_sum(d, received, node->shape, TIME_SEQUENCE);
    const struct graph_output output = {.name = name,
                                        .edge = edge,
                                        .shape = node->shape,
                                        .time = TIME_SEQUENCE,
                                        .input = -1,
                                        .of_past = true,
                                        .past = place};
    ARENA_PUSH(graph->arena, graph->outputs, graph->output_count, *capacity, output);
}

static const char *frame_name(struct graph *graph, const char *what, const struct graph_past *past, int k)
{
    return past->frames == 1 ? arena_printf(graph->arena, "d_%s_%s", what, past->name)
                             : arena_printf(graph->arena, "d_%s_%s_%d", what, past->name, k);
}

/* Returns a name of a part of an equation that no other past has. */
static const char *name_of_part(struct graph *graph, const char *equation)
{
    const char *name = arena_printf(graph->arena, "part_of_%s", equation);
    for (int number = 2, i = 0; i < graph->past_count; i++)
        if (strcmp(graph->pasts[i].name, name) == 0) {
            name = arena_printf(graph->arena, "part_%d_of_%s", number++, equation);
            i = -1;
        }
    return name;
}

/* Names the past of a value that has no name by the equation that it stands in, and shows its expression. */
static void name_part(struct graph *graph, const struct node *node, struct graph_past *past)
{
    const struct node_origin *origin = node->origin;
    past->name = name_of_part(graph, origin ? origin_equation(graph->arena, origin) : graph->name);
    past->shown = origin && origin->expression
                      ? origin_shown(graph->arena, origin)
                      : arena_printf(graph->arena, "a part of %s", origin ? origin->path : graph->name);
}

static void add_past(struct differentiating *d, int id, int *capacity)
{
    struct graph *graph = d->graph;
    const struct node *node = d->like = graph->nodes[id];
    const long units = shape_size(&node->shape);
    struct graph_past past = {.name = node->name,
                              .shown = node->name,
                              .equation = node->equation,
                              .frames = d->pasts[id].frames,
                              .shape = node->shape,
                              .begin = graph->past_numbers};
    if (!node->name)
        name_part(graph, node, &past);
    graph->pasts[graph->past_count++] = past;
    for (int k = 1; k <= past.frames && k <= PAST_MOST; k++) {
        add_given(d, id, k, frame_name(graph, "end", &past, k), graph->past_numbers);
        add_output(d, id, &d->pasts[id].of[k - 1], frame_name(graph, "begin", &past, k), graph->past_numbers, capacity);
        graph->past_numbers += units;
    }
}

void add_pasts(struct differentiating *d, int *output_capacity)
{
    struct graph *graph = d->graph;
    int frames = 0, pasts = 0;
    for (int i = 0; i < d->count; i++) {
        frames += d->pasts[i].frames < PAST_MOST ? d->pasts[i].frames : PAST_MOST;
        pasts += d->pasts[i].frames > 0;
    }
    struct graph_input *inputs = ARENA_ARRAY(graph->arena, struct graph_input, graph->input_count + frames + 1);
    for (int i = 0; i < graph->input_count; i++)
        inputs[i] = graph->inputs[i];
    graph->inputs = inputs;
    graph->pasts = ARENA_ARRAY(graph->arena, struct graph_past, pasts + 1);
    for (int i = 0; i < d->count; i++)
        if (d->pasts[i].frames)
            add_past(d, i, output_capacity);
}
