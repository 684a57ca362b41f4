/* before:   %3 = concat %1[t-1], %2          after:   %5 = view W, columns 0..n      %6 = view W, columns n..
 *           %4 = product W, %3                        %7 = product %5, %1[t-1]       %8 = product %6, %2
 *                                                     %4 = add %7, %8
 */
#include <limits.h>

#include "base/arena.h"
#include "base/scc.h"
#include "graph/graph.h"
#include "transform/factor.h"

static bool is_move(const struct node *node) { return node->op == OP_concat || node->op == OP_copy; }

/* Finds the nodes, by id, that are in the end made of themselves by moves alone, as u in u = concat(x, u[0:n][t-1]).
 * Reading through such a concat leads to the same concat, a frame earlier: it would not end, or only after as many
 * steps as there are units. So it stays. */
static bool *find_circular_moves(const struct graph *graph, struct arena *scratch)
{
    int n = graph->node_count, edges = 0, count;
    for (int i = 0; i < n; i++)
        edges += graph->nodes[i]->count;
    int *begin = ARENA_ARRAY(scratch, int, n + 1), *target = ARENA_ARRAY(scratch, int, edges + 1);
    edges = 0;
    for (int i = 0; i < n; i++) {
        const struct node *node = graph->nodes[i];
        begin[i] = edges;
        for (int k = 0; is_move(node) && k < node->count; k++)
            if (is_move(graph->nodes[node->edges[k].node]))
                target[edges++] = node->edges[k].node;
    }
    begin[n] = edges;
    const int *component = scc_find(scratch, n, begin, target, &count);
    bool *circular = ARENA_ARRAY(scratch, bool, n + 1);
    for (int i = 0; i < n; i++)
        for (int e = begin[i]; e < begin[i + 1]; e++)
            circular[i] |= component[target[e]] == component[i];
    return circular;
}

/* True for a concat that may be read through. Nodes added since `circular` was computed are no concats. */
static bool is_open_concat(const struct graph *graph, const bool *circular, int id)
{
    const struct node *node = graph->nodes[id];
    return node->op == OP_concat && node->time == TIME_FRAME && !circular[id];
}

/* Finds the operand of a concat as the product would have read it. False if the initial values cannot be taken
 * apart. */
static bool read_concat_operand(struct graph *graph, const struct edge *through, const struct edge *operand, int at,
                                struct edge *result)
{
    *result = *operand;
    if (!through->delay)
        return true;
    if (operand->delay) {
        return through->init == NO_NODE && operand->init == NO_NODE && (through->delay > 0) == (operand->delay > 0) &&
               !__builtin_add_overflow(operand->delay, through->delay, &result->delay);
    }
    if (through->init != NO_NODE && node_units(graph->nodes[through->init]) > 1) {
        if (graph->nodes[through->init]->time != TIME_STATIC || !edge_is_whole(graph, operand))
            return false;
        result->init = factor_add_vector_part(graph, through->init, at, operand->length);
    } else {
        result->init = through->init;
    }
    result->delay = through->delay;
    return graph->nodes[operand->node]->time == TIME_FRAME;
}

/* The operands of its concat that a product reads, each with the first of its columns. */
struct pieces {
    struct edge *edges;
    int *columns;
    int count;
};

/* Finds the pieces of `x`. False if an operand cannot be read without the concat, or if the pieces would be too
 * small. */
static bool find_pieces(struct graph *graph, const struct machine *machine, const struct edge *x, struct pieces *pieces)
{
    const struct node *concat = graph->nodes[x->node];
    pieces->edges = ARENA_ARRAY(graph->arena, struct edge, concat->count);
    pieces->columns = ARENA_ARRAY(graph->arena, int, concat->count);
    pieces->count = 0;
    int least = INT_MAX;
    for (int i = 0, at = 0; i < concat->count; at += concat->edges[i++].length) {
        int begin = at > x->begin ? at : x->begin, end = at + concat->edges[i].length;
        if (end > x->begin + x->length)
            end = x->begin + x->length;
        if (begin >= end)
            continue;
        struct edge piece;
        if (!read_concat_operand(graph, x, &concat->edges[i], at, &piece))
            return false;
        if (end - begin != piece.length && graph->nodes[piece.node]->time == TIME_STATIC) {
            piece = edge_to(graph, factor_add_vector_part(graph, piece.node, begin - at, end - begin));
        } else {
            piece.begin += begin - at;
            piece.length = end - begin;
        }
        pieces->columns[pieces->count] = begin - x->begin;
        pieces->edges[pieces->count++] = piece;
        least = end - begin < least ? end - begin : least;
    }
    return factor_parts_are_worth_it(machine, pieces->count, least);
}

static int add_product_of_piece(struct graph *graph, const struct node *product, const struct edge *piece, int column)
{
    int weight = product->edges[0].node, rows = node_units(product);
    int part = factor_add_matrix_part(graph, weight, 0, rows, column, piece->length);
    enum value_time time = graph->nodes[piece->node]->time;
    struct node *term = graph_add_node(graph, OP_product, product->shape, time, 2, product);
    term->edges[0] = edge_to(graph, part);
    term->edges[1] = *piece;
    return graph->node_count - 1;
}

static bool factor_product_of_concat(struct graph *graph, const struct machine *machine, const bool *circular, int id)
{
    const struct node *product = graph->nodes[id];
    const struct edge *x = &product->edges[1];
    struct pieces pieces;
    if (!is_open_concat(graph, circular, x->node) || !find_pieces(graph, machine, x, &pieces))
        return false;
    int sum = add_product_of_piece(graph, product, &pieces.edges[0], pieces.columns[0]);
    for (int i = 1; i < pieces.count; i++) {
        int term = add_product_of_piece(graph, product, &pieces.edges[i], pieces.columns[i]);
        struct node *add = graph_add_node(graph, OP_add, product->shape, product->time, 2, product);
        add->edges[0] = edge_to(graph, sum);
        add->edges[1] = edge_to(graph, term);
        sum = graph->node_count - 1;
    }
    if (graph->nodes[sum]->time != product->time) { /* all of it is static, but its readers expect frames */
        struct node *copy = graph_add_node(graph, OP_copy, product->shape, product->time, 1, product);
        copy->edges[0] = edge_to(graph, sum);
        sum = graph->node_count - 1;
    }
    graph_replace(graph, id, sum);
    return true;
}

/* Products added on the way are visited too: concats may be nested. */
bool factor_products_of_concats(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    const bool *circular = find_circular_moves(graph, scratch);
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_product && graph->nodes[i]->time == TIME_FRAME)
            changed |= factor_product_of_concat(graph, machine, circular, i);
    graph_sweep(graph);
    return changed;
}

/* Makes `edge`, if it is a part within one operand of a concat, read that operand. True if it does. */
static bool read_through_concat(struct graph *graph, const bool *circular, struct edge *edge)
{
    const struct node *concat = graph->nodes[edge->node];
    if (!is_open_concat(graph, circular, edge->node) || edge_is_whole(graph, edge))
        return false;
    int at = 0, j = 0;
    while (at + concat->edges[j].length <= edge->begin)
        at += concat->edges[j++].length;
    struct edge operand;
    if (edge->begin + edge->length > at + concat->edges[j].length || edge->init != NO_NODE ||
        !read_concat_operand(graph, edge, &concat->edges[j], at, &operand) ||
        graph->nodes[operand.node]->time == TIME_STATIC)
        return false;
    operand.begin += edge->begin - at;
    operand.length = edge->length;
    *edge = operand;
    return true;
}

/* Moves each edge through all nested concats at once: one a round would take as many rounds. */
bool factor_parts_of_concats(struct graph *graph, struct arena *scratch)
{
    const bool *circular = find_circular_moves(graph, scratch);
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            while (read_through_concat(graph, circular, &graph->nodes[i]->edges[k]))
                changed = true;
    return changed;
}
