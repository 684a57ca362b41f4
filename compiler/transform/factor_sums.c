/* before:   %5 = add %W_x, %U_h        after:   %7 = add %b, %W_x          outside the cycle
 *           %6 = add %5, %b                     %6 = add %7, %U_h          inside
 *
 * Addition is taken to be associative, which moves a result by rounding only: the sum of a gate is ordered so that
 * static values come first, then those of the whole sequence, then what lies outside the sum's own cycle, then what
 * lies inside; among the last two, products before the rest, because a product can start from the sum before it.
 */
#include "analysis/components.h"
#include "analysis/uses.h"
#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

struct summand {
    struct edge edge;
    bool negative;
    int rank; /* sort key, see rank_summand */
};

struct sums {
    struct graph *graph;
    struct uses uses;
    struct components components;
    bool *inner;              /* an addition that only serves another one of the same sum */
    struct summand *summands; /* of the sum in hand */
    int count;
    bool leans_left; /* it is ((a + b) + c) + d and not a + (b + (c + d)) */
};

static bool is_addition(const struct node *node) { return node->op == OP_add || node->op == OP_sub; }

/* True for an addition whose only reader is another addition of the same size, at the same frame. */
static bool is_inner_addition(const struct sums *sums, int id)
{
    const struct graph *graph = sums->graph;
    if (!is_addition(graph->nodes[id]) || uses_count(&sums->uses, id) != 1)
        return false;
    const struct use *use = &sums->uses.use[sums->uses.begin[id]];
    return use->reader >= 0 && !use->init && !use->edge->delay && edge_is_whole(graph, use->edge) &&
           is_addition(graph->nodes[use->reader]) &&
           node_units(graph->nodes[use->reader]) == node_units(graph->nodes[id]) &&
           graph->nodes[use->reader]->time == TIME_FRAME;
}

enum { RANK_STATIC, RANK_SEQUENCE, RANK_OUTSIDE_PRODUCT, RANK_OUTSIDE, RANK_INSIDE_PRODUCT, RANK_INSIDE, RANK_COUNT };

static int rank_summand(const struct sums *sums, int root, const struct edge *edge)
{
    const struct node *source = sums->graph->nodes[edge->node];
    bool product = source->op == OP_product && !edge->delay;
    if (source->time == TIME_STATIC)
        return RANK_STATIC;
    if (source->time == TIME_SEQUENCE)
        return RANK_SEQUENCE;
    int component = sums->components.of[root];
    bool inside = sums->components.component[component].cyclic && sums->components.of[edge->node] == component;
    if (inside)
        return product ? RANK_INSIDE_PRODUCT : RANK_INSIDE;
    return product ? RANK_OUTSIDE_PRODUCT : RANK_OUTSIDE;
}

/* Collects the leaves of the sum below `root`, left to right, with an explicit stack: sums may be long. */
static void collect_summands(struct sums *sums, int root, struct arena *scratch)
{
    struct pending {
        struct edge edge;
        bool negative, right; /* right: the second operand of an addition */
    } *stack = NULL;
    int depth = 0, stack_capacity = 0, capacity = 0;
    sums->summands = NULL;
    sums->count = 0;
    sums->leans_left = true;
    ARENA_PUSH(scratch, stack, depth, stack_capacity, ((struct pending){edge_to(sums->graph, root), false, false}));
    while (depth) {
        struct pending top = stack[--depth];
        const struct node *node = sums->graph->nodes[top.edge.node];
        if (!top.edge.delay && (top.edge.node == root || sums->inner[top.edge.node])) {
            bool negative = top.negative != (node->op == OP_sub);
            sums->leans_left &= !top.right;
            ARENA_PUSH(scratch, stack, depth, stack_capacity, ((struct pending){node->edges[1], negative, true}));
            ARENA_PUSH(scratch, stack, depth, stack_capacity, ((struct pending){node->edges[0], top.negative, false}));
            continue;
        }
        struct summand summand = {top.edge, top.negative, rank_summand(sums, root, &top.edge)};
        ARENA_PUSH(scratch, sums->summands, sums->count, capacity, summand);
    }
}

/* True if the summands are in order already. Static ones come first then, and their partial sums are static. */
static bool sum_is_in_order(const struct sums *sums)
{
    for (int i = 1; i < sums->count; i++)
        if (sums->summands[i].rank < sums->summands[i - 1].rank)
            return false;
    return sums->leans_left;
}

static struct edge add_pair(struct sums *sums, const struct summand *a, const struct summand *b,
                            const struct node *like)
{
    struct graph *graph = sums->graph;
    int units = a->edge.length > b->edge.length ? a->edge.length : b->edge.length;
    enum value_time time_a = graph->nodes[a->edge.node]->time, time_b = graph->nodes[b->edge.node]->time;
    struct shape shape = {like->shape.rank, {units}};
    if (units == 1)
        shape.rank = 0;
    if (shape_size(&like->shape) == 1)
        shape = like->shape;
    struct node *node =
        graph_add_node(graph, b->negative ? OP_sub : OP_add, shape, time_a > time_b ? time_a : time_b, 2, like);
    node->edges[0] = a->edge;
    node->edges[1] = b->edge;
    return edge_to(graph, graph->node_count - 1);
}

static void rebuild_sum(struct sums *sums, int root, struct arena *scratch)
{
    struct summand *sorted = ARENA_ARRAY(scratch, struct summand, sums->count);
    int count = 0;
    for (int rank = 0; rank < RANK_COUNT; rank++)
        for (int negative = 0; negative < 2; negative++)
            for (int i = 0; i < sums->count; i++)
                if (sums->summands[i].rank == rank && sums->summands[i].negative == (bool)negative)
                    sorted[count++] = sums->summands[i];
    struct graph *graph = sums->graph;
    const struct node *like = graph->nodes[root];
    struct summand sum = sorted[0];
    if (sum.negative) { /* only where every static summand is subtracted */
        struct shape shape = graph->nodes[sum.edge.node]->shape;
        if (sum.edge.length != shape_size(&shape))
            shape = (struct shape){1, {sum.edge.length}};
        struct node *negated = graph_add_node(graph, OP_neg, shape, graph->nodes[sum.edge.node]->time, 1, like);
        negated->edges[0] = sum.edge;
        sum = (struct summand){edge_to(graph, graph->node_count - 1), false, sum.rank};
    }
    for (int i = 1; i < count; i++)
        sum.edge = add_pair(sums, &sum, &sorted[i], like);
    graph_replace(graph, root, sum.edge.node);
}

void factor_sums(struct graph *graph, struct arena *scratch)
{
    struct sums sums = {
        .graph = graph, .uses = find_uses(graph, scratch), .components = find_components(graph, scratch, scratch)};
    int count = graph->node_count;
    sums.inner = ARENA_ARRAY(scratch, bool, count + 1);
    for (int i = 0; i < count; i++)
        sums.inner[i] = is_inner_addition(&sums, i);
    for (int i = 0; i < count; i++) {
        const struct node *node = graph->nodes[i];
        if (!is_addition(node) || sums.inner[i] || node->time != TIME_FRAME)
            continue;
        collect_summands(&sums, i, scratch);
        if (!sum_is_in_order(&sums))
            rebuild_sum(&sums, i, scratch);
    }
    graph_sweep(graph);
    simplify(graph, scratch);
}
