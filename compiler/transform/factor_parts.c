/* before:   %3 = product W, %1               after:   %6 = view W, rows 0..n         %7 = view W, rows n..2n
 *           %4 = tanh %3[0:n]                         %8 = product %6, %1            %9 = product %7, %1
 *           %5 = sigmoid %3[n:2n]                     %4 = tanh %8                   %5 = sigmoid %9
 *
 * and so for every elementwise node in the place of the product: parts go towards the operands as far as nodes are read
 * in parts only.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/factor.h"

/* A read of a node. Readings of nodes that have been taken apart no longer count. */
struct reading {
    int reader; /* node id, or NO_NODE for an output */
    struct edge *edge;
    bool init; /* the node is the edge's initial value */
    int next;  /* of the same source, -1 ends */
};

struct parting {
    struct graph *graph;
    const struct machine *machine;
    struct arena *scratch;
    struct reading *readings;
    int reading_count, reading_capacity;
    int node_count; /* number of nodes that may be taken apart: those that existed before any part was made */
    int *first;     /* their first readings */
    bool *apart;    /* which of them have been taken apart */
    int *open;      /* a stack of nodes to visit */
    int open_count, open_capacity;
    const struct edge **edges; /* of the node in hand, by range */
    int edge_count, edge_capacity;
};

/* ---- readings ---- */

static void add_reading(struct parting *parting, int source, struct reading reading)
{
    if (source == NO_NODE || source >= parting->node_count)
        return;
    reading.next = parting->first[source];
    parting->first[source] = parting->reading_count;
    ARENA_PUSH(parting->scratch, parting->readings, parting->reading_count, parting->reading_capacity, reading);
}

static void add_readings(struct parting *parting, int reader, struct edge *edges, int count)
{
    for (int k = 0; k < count; k++) {
        add_reading(parting, edges[k].node, (struct reading){.reader = reader, .edge = &edges[k]});
        add_reading(parting, edges[k].init, (struct reading){.reader = reader, .edge = &edges[k], .init = true});
    }
}

static bool reading_counts(const struct parting *parting, const struct reading *reading)
{
    return reading->reader == NO_NODE || reading->reader >= parting->node_count || !parting->apart[reading->reader];
}

static int compare_ranges(const void *a, const void *b)
{
    const struct edge *x = *(const struct edge *const *)a, *y = *(const struct edge *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

/* True if a node is only read in parts that do not overlap, so that taking it apart computes nothing twice. Leaves the
 * edges that read it in parting->edges. */
static bool node_is_read_in_parts(struct parting *parting, int id)
{
    const struct graph *graph = parting->graph;
    parting->edge_count = 0;
    for (int r = parting->first[id]; r >= 0; r = parting->readings[r].next) {
        const struct reading *reading = &parting->readings[r];
        const struct edge *edge = reading->edge;
        if (!reading_counts(parting, reading))
            continue;
        if (reading->init || reading->reader == NO_NODE || edge_is_whole(graph, edge) ||
            (edge->init != NO_NODE && graph->nodes[edge->init]->time != TIME_STATIC))
            return false;
        ARENA_PUSH(parting->scratch, parting->edges, parting->edge_count, parting->edge_capacity, edge);
    }
    const struct edge **edges = parting->edges;
    if (parting->edge_count)
        qsort(edges, (size_t)parting->edge_count, sizeof *edges, compare_ranges);
    int parts = 0, least = INT_MAX;
    for (int i = 0; i < parting->edge_count; i++) {
        if (i && compare_ranges(&edges[i - 1], &edges[i]) == 0)
            continue;
        if (i && edges[i]->begin < edges[i - 1]->begin + edges[i - 1]->length)
            return false;
        parts++;
        least = edges[i]->length < least ? edges[i]->length : least;
    }
    return parts > 0 && factor_parts_are_worth_it(parting->machine, parts, least);
}

/* ---- parts ---- */

static bool node_can_be_parted(const struct node *node)
{
    return node->time == TIME_FRAME && (op_info(node->op)->class == OP_CLASS_ELEMENTWISE || node->op == OP_product);
}

/* Returns an edge to units begin .. begin + length of what `edge` reads. A scalar that spreads is every part of
 * itself. */
static struct edge edge_part(struct graph *graph, struct edge edge, int begin, int length)
{
    if (edge.length == 1)
        return edge;
    if (graph->nodes[edge.node]->time == TIME_STATIC)
        return edge_to(graph, factor_add_vector_part(graph, edge.node, begin, length));
    edge.begin += begin;
    edge.length = length;
    return edge;
}

/* Adds units begin .. begin + length of an elementwise node or a product as a node of their own. */
static int add_node_part(struct parting *parting, int id, int begin, int length)
{
    struct graph *graph = parting->graph;
    const struct node *whole = graph->nodes[id];
    struct edge *edges = ARENA_ARRAY(graph->arena, struct edge, whole->count);
    for (int k = 0; k < whole->count; k++) {
        if (whole->op != OP_product)
            edges[k] = edge_part(graph, whole->edges[k], begin, length);
        else if (k == 0) {
            int weight = whole->edges[k].node, columns = graph->nodes[weight]->shape.dim[1];
            edges[k] = edge_to(graph, factor_add_matrix_part(graph, weight, begin, length, 0, columns));
        } else
            edges[k] = whole->edges[k];
    }
    struct shape shape = {1, {length}};
    struct node *part = graph_add_node(graph, whole->op, shape, whole->time, whole->count, whole);
    part->edges = edges;
    return graph->node_count - 1;
}

/* Makes an edge read a part. The initial value of a delayed read follows its range. */
static void move_edge_to_part(struct graph *graph, struct edge *edge, int part)
{
    if (edge->init != NO_NODE && node_units(graph->nodes[edge->init]) > 1)
        edge->init = factor_add_vector_part(graph, edge->init, edge->begin, edge->length);
    edge->node = part;
    edge->begin = 0;
}

static int compare_named_parts(const void *a, const void *b)
{
    const struct named_part *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->equation.begin != y->equation.begin)
        return x->equation.begin < y->equation.begin ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Gives parts that are values of the program their names; of several, the first in the program. Both `begins` and, once
 * sorted, the names are in ascending order. */
static void name_parts(struct graph *graph, struct node *whole, const int *begins, const int *parts, int count)
{
    if (whole->part_count)
        qsort(whole->parts, (size_t)whole->part_count, sizeof *whole->parts, compare_named_parts);
    for (int i = 0, p = 0; i < whole->part_count; i++) {
        const struct named_part *named = &whole->parts[i];
        while (p < count && begins[p] < named->begin)
            p++;
        if (p == count || begins[p] != named->begin)
            continue;
        struct node *part = graph->nodes[parts[p]];
        if (part->name || node_units(part) != named->length)
            continue;
        part->name = named->name;
        part->origin = named->origin;
        part->equation = named->equation;
    }
}

/* Returns the part that begins at `begin`; begins are in ascending order. */
static int find_part(const int *begins, const int *parts, int count, int begin)
{
    int low = 0;
    while (count > 1) {
        int half = count / 2;
        if (begins[low + half] <= begin)
            low += half;
        count -= half;
    }
    return parts[low];
}

/* Replaces a node by its parts. A node may read its own past, so its parts read it too until every edge has been
 * moved. */
static void take_node_apart(struct parting *parting, int id)
{
    struct graph *graph = parting->graph;
    int *begins = ARENA_ARRAY(parting->scratch, int, parting->edge_count), count = 0;
    int *parts = ARENA_ARRAY(parting->scratch, int, parting->edge_count);
    for (int i = 0; i < parting->edge_count; i++) {
        const struct edge *edge = parting->edges[i];
        if (count && begins[count - 1] == edge->begin)
            continue;
        begins[count] = edge->begin;
        parts[count++] = add_node_part(parting, id, edge->begin, edge->length);
    }
    name_parts(graph, graph->nodes[id], begins, parts, count);
    parting->apart[id] = true;
    for (int p = 0; p < count; p++)
        add_readings(parting, parts[p], graph->nodes[parts[p]]->edges, graph->nodes[parts[p]]->count);
    for (int r = parting->first[id]; r >= 0; r = parting->readings[r].next) {
        struct reading *reading = &parting->readings[r];
        if (reading_counts(parting, reading))
            move_edge_to_part(graph, reading->edge, find_part(begins, parts, count, reading->edge->begin));
    }
}

/* Puts sources back on the stack: those visited before, through delayed edges, may now be read in parts only. */
static void open_sources(struct parting *parting, int id)
{
    const struct node *node = parting->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        int source = node->edges[k].node;
        if (source > id && source < parting->node_count && !parting->apart[source])
            ARENA_PUSH(parting->scratch, parting->open, parting->open_count, parting->open_capacity, source);
    }
}

/* Goes from the readers towards the operands, so that the parts of a sum become sums of parts. */
bool factor_parts(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    struct parting parting = {.graph = graph, .machine = machine, .scratch = scratch, .node_count = graph->node_count};
    parting.first = ARENA_ARRAY(scratch, int, graph->node_count + 1);
    parting.apart = ARENA_ARRAY(scratch, bool, graph->node_count + 1);
    for (int i = 0; i < parting.node_count; i++) {
        parting.first[i] = -1;
        ARENA_PUSH(scratch, parting.open, parting.open_count, parting.open_capacity, i);
    }
    for (int i = 0; i < parting.node_count; i++)
        add_readings(&parting, i, graph->nodes[i]->edges, graph->nodes[i]->count);
    for (int i = 0; i < graph->output_count; i++)
        add_readings(&parting, NO_NODE, &graph->outputs[i].edge, 1);
    bool changed = false;
    while (parting.open_count) {
        int id = parting.open[--parting.open_count];
        if (parting.apart[id] || !node_can_be_parted(graph->nodes[id]) || !node_is_read_in_parts(&parting, id))
            continue;
        take_node_apart(&parting, id);
        open_sources(&parting, id);
        changed = true;
    }
    graph_sweep(graph);
    return changed;
}
