/* before:   %1 = copy %0[t-1]      after:   %3 = tanh %0[t-1]
 *           %2 = copy %1
 *           %3 = tanh %2
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

/* ---- copies ---- */

/* True for a copy that changes nothing but the frame and the range; one that spreads a scalar is an operation. */
static bool is_plain_copy(const struct graph *graph, int id)
{
    const struct node *node = graph->nodes[id];
    return node->op == OP_copy && node->edges[0].length == node_units(node);
}

/* Finds copies that are in the end copies of themselves, as in a = b[t-1], b = a[t-1]: they have no source to read. */
static bool *find_circular_copies(const struct graph *graph, struct arena *scratch)
{
    bool *circular = ARENA_ARRAY(scratch, bool, graph->node_count + 1);
    int *walk = ARENA_ARRAY(scratch, int, graph->node_count + 1); /* 1 + the node from which a walk came by; 0: none */
    for (int i = 0; i < graph->node_count; i++) {
        int id = i;
        for (; is_plain_copy(graph, id) && !walk[id]; id = graph->nodes[id]->edges[0].node)
            walk[id] = i + 1;
        if (walk[id] == i + 1)
            for (; !circular[id]; id = graph->nodes[id]->edges[0].node)
                circular[id] = true;
    }
    return circular;
}

/* Makes `edge` read through the copy that it points at, if that means the same: out of range, both the copy's and the
 * reader's initial value must be reproduced. False if it does not. */
static bool read_through_copy(const struct graph *graph, const bool *circular, struct edge *edge)
{
    if (!is_plain_copy(graph, edge->node) || circular[edge->node])
        return false;
    const struct edge *inner = &graph->nodes[edge->node]->edges[0];
    struct edge outer = *edge;
    outer.node = inner->node;
    outer.begin += inner->begin;
    if (outer.delay == 0) {
        outer.delay = inner->delay;
        outer.init = inner->init;
    } else if (inner->delay == 0) {
        bool partial = !edge_is_whole(graph, inner);
        if (outer.init != NO_NODE && partial && node_units(graph->nodes[outer.init]) > 1)
            return false;
    } else {
        if ((outer.delay > 0) != (inner->delay > 0) || outer.init != NO_NODE || inner->init != NO_NODE ||
            __builtin_add_overflow(outer.delay, inner->delay, &outer.delay))
            return false;
    }
    if (!time_has_streams(graph->nodes[outer.node]->time) && !edge_is_whole(graph, &outer))
        return false;
    if (graph->nodes[outer.node]->time != TIME_FRAME && outer.delay) /* 0 out of range, else the same at every frame */
        return false;
    *edge = outer;
    return true;
}

/* Makes an output read through a copy. An output is a whole node at the same frame, so only copies of such nodes
 * qualify; not of static ones, since callers get values of their own sequence. False if it does not. */
static bool read_output_through_copy(const struct graph *graph, const bool *circular, struct edge *edge)
{
    if (!is_plain_copy(graph, edge->node))
        return false;
    const struct edge *inner = &graph->nodes[edge->node]->edges[0];
    return !inner->delay && edge_is_whole(graph, inner) &&
           graph->nodes[inner->node]->time == graph->nodes[edge->node]->time &&
           read_through_copy(graph, circular, edge);
}

/* True if the copy makes frames of a value that has none: a sum over frames counts each of them. */
static bool copy_gives_frames(const struct graph *graph, const struct edge *edge)
{
    const struct node *copy = graph->nodes[edge->node];
    return copy->time == TIME_FRAME && copy->count && graph->nodes[copy->edges[0].node]->time != TIME_FRAME;
}

static bool read_edges_through_copies(struct graph *graph, struct arena *scratch)
{
    const bool *circular = find_circular_copies(graph, scratch);
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++) {
        bool sums = graph->trains && op_is_over_time(graph->nodes[i]->op);
        for (int k = 0; k < graph->nodes[i]->count; k++)
            while (!(sums && copy_gives_frames(graph, &graph->nodes[i]->edges[k])) &&
                   read_through_copy(graph, circular, &graph->nodes[i]->edges[k]))
                changed = true;
    }
    for (int i = 0; i < graph->output_count; i++)
        while (read_output_through_copy(graph, circular, &graph->outputs[i].edge))
            changed = true;
    return changed;
}

static void add_part_name(struct graph *graph, struct node *node, struct named_part part)
{
    ARENA_PUSH(graph->arena, node->parts, node->part_count, node->part_capacity, part);
}

/* Hands names on from copies to their sources: a whole copy at the same frame its name; a copy of a part the name of
 * the part; both the names of their own parts. */
static void hand_names_on(struct graph *graph)
{
    for (int i = graph->node_count - 1; i >= 0; i--) {
        struct node *copy = graph->nodes[i];
        if (!is_plain_copy(graph, i) || copy->edges[0].delay)
            continue;
        const struct edge *edge = &copy->edges[0];
        struct node *source = graph->nodes[edge->node];
        struct named_part own = {edge->begin, edge->length, copy->name, copy->origin, copy->equation};
        if (copy->name && !edge_is_whole(graph, edge)) {
            add_part_name(graph, source, own);
        } else if (copy->name && !source->name && source->op != OP_number) {
            source->name = copy->name;
            source->origin = copy->origin;
            source->equation = copy->equation;
        }
        for (int p = 0; p < copy->part_count; p++) {
            struct named_part part = copy->parts[p];
            part.begin += edge->begin;
            add_part_name(graph, source, part);
        }
        copy->part_count = 0;
    }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Computes an operation of numbers; NaN: it has no finite result, or is left for the kernels to compute. */
static double compute_numbers(enum op op, const double *v)
{
    static const struct {
        enum op op;
        double (*of)(double);
    } functions[] = {{OP_tanh, tanh}, {OP_sigmoid, sigmoid}, {OP_exp, exp},  {OP_log, log},    {OP_sqrt, sqrt},
                     {OP_sin, sin},   {OP_cos, cos},         {OP_abs, fabs}, {OP_floor, floor}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].op == op)
            return functions[i].of(v[0]);
    const double results[] = {v[0] + v[1], v[0] - v[1], v[0] * v[1], v[0] / v[1], -v[0]};
    static const enum op ops[] = {OP_add, OP_sub, OP_mul, OP_div, OP_neg};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i] == op)
            return results[i];
    return NAN;
}

static bool fold_numbers(const struct graph *graph, struct node *node)
{
    double v[2] = {0, 0};
    if (node->count < 1 || node->count > 2 || node->shape.rank)
        return false;
    for (int i = 0; i < node->count; i++) {
        const struct node *operand = graph->nodes[node->edges[i].node];
        if (operand->op != OP_number)
            return false;
        v[i] = operand->number;
    }
    double result = compute_numbers(node->op, v);
    if (!isfinite(result))
        return false;
    node->number = result;
    node->op = OP_number;
    node->time = TIME_STATIC;
    node->count = 0;
    node->name = NULL;
    return true;
}

/* Composes a view of a view into one: each stride of the outer one must be a step along one dimension of the inner
 * one. */
static bool compose_views(const struct graph *graph, struct node *outer)
{
    const struct node *inner = graph->nodes[outer->edges[0].node];
    if (outer->op != OP_view || inner->op != OP_view)
        return false;
    int rank = inner->shape.rank;
    long step[SHAPE_MAX_RANK], start[SHAPE_MAX_RANK], rest = outer->view.offset, size = 1;
    for (int d = rank - 1; d >= 0; d--) {
        step[d] = size;
        size *= inner->shape.dim[d];
    }
    struct view view = {.offset = inner->view.offset};
    for (int d = 0; d < rank; d++) {
        start[d] = rest / step[d];
        rest %= step[d];
        view.offset += start[d] * inner->view.stride[d];
    }
    for (int i = 0; i < outer->shape.rank; i++) {
        int d = 0;
        while (d < rank && !(outer->view.stride[i] == step[d] && start[d] + outer->shape.dim[i] <= inner->shape.dim[d]))
            d++;
        if (d == rank)
            return false;
        view.stride[i] = inner->view.stride[d];
    }
    outer->view = view;
    outer->edges[0] = inner->edges[0];
    return true;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

static uint64_t hash_node(const struct node *node)
{
    uint64_t hash = hash_bytes(14695981039346656037u, &node->op, sizeof node->op);
    for (int i = 0; i < node->count; i++) {
        const struct edge *edge = &node->edges[i];
        int key[] = {edge->node, edge->delay, edge->init, edge->begin, edge->length};
        hash = hash_bytes(hash, key, sizeof key);
    }
    hash = hash_bytes(hash, &node->number, sizeof node->number);
    hash = hash_bytes(hash, &node->view.offset, sizeof node->view.offset);
    return hash_bytes(hash, &node->which, sizeof node->which);
}

static bool node_equal(const struct node *a, const struct node *b)
{
    if (a->op != b->op || a->count != b->count || a->time != b->time || !shape_equal(&a->shape, &b->shape) ||
        memcmp(&a->number, &b->number, sizeof a->number) != 0 || a->which != b->which ||
        memcmp(&a->view, &b->view, sizeof a->view) != 0)
        return false;
    for (int i = 0; i < a->count; i++)
        if (!edge_equal(&a->edges[i], &b->edges[i]))
            return false;
    return true;
}

/* Gives every set of equal nodes one member. Nodes are in topological order, so operands have been shared before. */
static bool share_equal_nodes(struct graph *graph, struct arena *scratch)
{
    size_t size = 16;
    while (size < 2 * (size_t)graph->node_count)
        size *= 2;
    int *table = ARENA_ARRAY(scratch, int, size); /* node id + 1 */
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count; k++) {
            node->edges[k].node = graph_resolve(graph, node->edges[k].node);
            node->edges[k].init = graph_resolve(graph, node->edges[k].init);
        }
        size_t slot = hash_node(node) & (size - 1);
        while (table[slot] && !node_equal(graph->nodes[table[slot] - 1], node))
            slot = (slot + 1) & (size - 1);
        if (table[slot]) {
            graph_replace(graph, i, table[slot] - 1);
            changed = true;
        } else {
            table[slot] = i + 1;
        }
    }
    return changed;
}

/* True for a view that shows all of its source in the source's own order. */
static bool view_is_identity(const struct graph *graph, const struct node *node)
{
    const struct node *source = graph->nodes[node->edges[0].node];
    if (node->op != OP_view || node->view.offset || !shape_equal(&node->shape, &source->shape))
        return false;
    long stride = 1;
    for (int i = node->shape.rank - 1; i >= 0; i--) {
        if (node->view.stride[i] != stride)
            return false;
        stride *= node->shape.dim[i];
    }
    return true;
}

void simplify(struct graph *graph, struct arena *scratch)
{
    bool changed = true;
    while (changed) {
        hand_names_on(graph);
        changed = read_edges_through_copies(graph, scratch);
        for (int i = 0; i < graph->node_count; i++) {
            struct node *node = graph->nodes[i];
            changed |= fold_numbers(graph, node);
            if (node->op == OP_view) {
                while (compose_views(graph, node))
                    changed = true;
                if (view_is_identity(graph, node))
                    graph_replace(graph, i, node->edges[0].node);
            }
        }
        changed |= share_equal_nodes(graph, scratch);
        graph_sweep(graph);
    }
}
