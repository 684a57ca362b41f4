/* legalise: copies that the schedule needs. The last transform, because simplify would take them out again. */
#include <string.h>

#include "analysis/uses.h"
#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

/* before:   %2 = sum %1[3:9]       after:   %3 = copy %1[3:9]
 *                                           %2 = sum %3
 * An operation on a whole column reads it from its first, aligned unit. */
static void align_column_operands(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count; k++) {
            struct edge *edge = &node->edges[k];
            int units = node->edges[0].length;
            if (op_reads(node->op, k) != READS_COLUMN)
                continue;
            if (node->op == OP_refine) /* its operands have lengths of their own */
                units = edge->length;
            bool spreads = edge->length != units;
            if (!spreads && edge->begin == 0 && graph->nodes[edge->node]->op != OP_number)
                continue;
            struct shape shape = {1, {units}};
            enum value_time time = graph->nodes[edge->node]->time;
            struct node *copy = graph_add_node(graph, OP_copy, shape, time, 1, node);
            copy->edges[0] = *edge;
            *edge = edge_to(graph, graph->node_count - 1);
        }
    }
}

/* before:   frame %2 = product W, sequence %1       after:   frame %3 = copy %1
 *                                                            frame %2 = product W, %3
 * A product reads as many columns as it makes; a value of sequences has one for each stream. */
static void give_products_columns(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count; k++) {
            struct edge *edge = &node->edges[k];
            if (op_reads(node->op, k) != READS_VECTOR || node->time != TIME_FRAME ||
                graph->nodes[edge->node]->time == TIME_FRAME)
                continue;
            struct node *copy = graph_add_node(graph, OP_copy, (struct shape){1, {edge->length}}, TIME_FRAME, 1, node);
            copy->edges[0] = *edge;
            *edge = edge_to(graph, graph->node_count - 1);
        }
    }
}

struct past {
    int init; /* the initial value: a node, or NO_NODE */
    int copy; /* the node that readers with this init read */
};

/* Gives each value one past, and so one initial value: of readers with different ones, all but the first read a
 * copy. */
static void separate_initial_values(struct graph *graph, struct arena *scratch)
{
    struct uses uses = find_uses(graph, scratch);
    int count = graph->node_count;
    for (int i = 0; i < count; i++) {
        struct past *known = NULL;
        int known_count = 0, capacity = 0;
        for (int u = uses.begin[i]; u < uses.begin[i + 1]; u++) {
            struct edge *edge = uses.use[u].edge;
            if (uses.use[u].init || !edge->delay)
                continue;
            int k = 0;
            while (k < known_count && known[k].init != edge->init)
                k++;
            if (k == known_count)
                ARENA_PUSH(scratch, known, known_count, capacity, ((struct past){edge->init, i}));
            if (k == 0)
                continue;
            if (known[k].copy == i) {
                const struct node *source = graph->nodes[i];
                struct node *node = graph_add_node(graph, OP_copy, source->shape, source->time, 1, source);
                node->edges[0] = edge_to(graph, i);
                known[k].copy = graph->node_count - 1;
            }
            edge->node = known[k].copy;
        }
    }
}

/* Rows are looked up where their ids are, and then read later.
 *
 * before:   %2 = embed E, %x[t-1]    after:   %3 = embed E, %x
 *                                             %2 = copy %3[t-1]
 * Before the first frame an id reads as -1, whose row is 0: what the copy reads there by itself. An id as a number is
 * -1. */
void delay_after_ids(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        int k = node->count - 1; /* ids are the last operands of those that read them at one frame */
        if (k < 0 || op_reads(node->op, k) != READS_ID || !node->edges[k].delay)
            continue;
        struct node *now = graph_add_node(graph, node->op, node->shape, node->time, node->count, node);
        memcpy(now->edges, node->edges, (size_t)node->count * sizeof *now->edges);
        now->edges[k].delay = 0;
        struct edge edge = edge_to(graph, graph->node_count - 1);
        edge.delay = node->edges[k].delay;
        if (node->op == OP_id)
            edge.init = graph_add_number(graph, -1);
        node->op = OP_copy;
        node->count = 1;
        node->edges[0] = edge;
    }
}

/* before:   %2 = last %1[t-1]      after:   %3 = copy %1[t-1]
 *                                           %2 = last %3
 * What is gathered over time is gathered from whole frames in memory. */
static void copy_operand_over_time(struct graph *graph, struct node *node, int k)
{
    struct edge *edge = &node->edges[k];
    const struct node *source = graph->nodes[edge->node];
    /* Readers of frames, whatever their operand's time: operations over time, and losses of frames. */
    bool reads_frames = (node->op == OP_seed ? TIME_FRAME : TIME_SEQUENCE) == node->time;
    bool fits = source->time == TIME_FRAME || (!reads_frames && source->time == TIME_SEQUENCE);
    if (!edge->delay && edge_is_whole(graph, edge) && source->op != OP_input && fits)
        return;
    struct shape shape = edge->length == 1 ? (struct shape){0} : (struct shape){1, {edge->length}};
    enum value_time time = reads_frames || source->time == TIME_STATIC ? TIME_FRAME : source->time;
    struct node *copy = graph_add_node(graph, OP_copy, shape, time, 1, node);
    copy->edges[0] = *edge;
    *edge = edge_to(graph, graph->node_count - 1);
}

/* A loss all of whose frames count says so with a number, which needs no frames. */
static void copy_operands_over_time(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count; k++) {
            enum operand_reading reading = op_reads(node->op, k);
            bool counts_all = node->op == OP_seed && k == 1 && graph->nodes[node->edges[1].node]->op == OP_number;
            if ((reading == READS_FRAMES || reading == READS_ALL_FRAMES) && !counts_all)
                copy_operand_over_time(graph, node, k);
        }
    }
}

/* Adds what `weights`, a view, shows of a parameter, and returns it. */
static int add_view_of_parameter(struct graph *graph, const struct node *weights, int parameter)
{
    struct node *view = graph_add_node(graph, OP_view, weights->shape, TIME_STATIC, 1, weights);
    view->view = weights->view;
    view->name = weights->name;
    view->edges[0] = edge_to(graph, parameter);
    return graph->node_count - 1;
}

/* before:   %3 = round %1 to f16          after:   %5 = view %1
 *           %4 = view %3                           %6 = product %5, %2 in f16
 *           %6 = product %4, %2
 * A product of frames or sequences reads parameters in their storage. int8 has a scale for each row of a parameter, so
 * that other parts than of rows are rounded and packed as plain numbers. */
static void read_stored_weights(struct graph *graph, struct arena *scratch)
{
    int count = graph->node_count;
    int *stored = ARENA_ARRAY(scratch, int, count + 1); /* by view of a rounded parameter: 1 + that of the parameter */
    for (int i = 0; i < count; i++) {
        struct node *product = graph->nodes[i];
        if (product->op != OP_product || !time_has_streams(product->time))
            continue;
        int weights = product->edges[0].node;
        const struct node *node = graph->nodes[weights];
        const struct node *rounded = node->op == OP_view ? graph->nodes[node->edges[0].node] : node;
        if (rounded->op != OP_round || (rounded->storage == PRECISION_INT8 && node_rows_begin(graph, weights) < 0))
            continue;
        if (node->op == OP_view && !stored[weights])
            stored[weights] = 1 + add_view_of_parameter(graph, node, rounded->edges[0].node);
        product->storage = rounded->storage;
        product->edges[0].node = node->op == OP_view ? stored[weights] - 1 : rounded->edges[0].node;
    }
}

/* before:   %3 = round %1 to f16          after:   %6 = round %1 to f16
 *           %4 = embed %3, %2                      %4 = embed %6, %2
 *           %5 = tanh %3                           %5 = tanh %3
 *
 *           %7 = view %3                           %9 = view %1
 *           %8 = refine %7, ...                    %10 = round %9 to f16
 *                                                  %8 = refine %10, ...
 * Tables of rows are kept in their storage, and so apart from what others read. */
static void separate_tables(struct graph *graph, struct arena *scratch)
{
    int count = graph->node_count;
    int *table = ARENA_ARRAY(scratch, int, count + 1); /* by node that is rounded: 1 + the same as a table */
    for (int i = 0; i < count; i++) {
        struct node *reader = graph->nodes[i];
        if (op_reads(reader->op, 0) != READS_ROWS)
            continue;
        int id = reader->edges[0].node;
        const struct node *node = graph->nodes[id];
        const struct node *rounded = node->op == OP_view ? graph->nodes[node->edges[0].node] : node;
        if (rounded->op != OP_round || node_rows_begin(graph, id) < 0)
            continue;
        if (!table[id]) {
            int source = rounded->edges[0].node;
            if (node->op == OP_view)
                source = add_view_of_parameter(graph, node, source);
            struct node *rows = graph_add_node(graph, OP_round, node->shape, TIME_STATIC, 1, node);
            rows->storage = rounded->storage;
            rows->edges[0] = edge_to(graph, source);
            table[id] = graph->node_count;
        }
        reader->edges[0].node = table[id] - 1;
    }
}

void legalise(struct graph *graph, struct arena *scratch)
{
    read_stored_weights(graph, scratch);
    separate_tables(graph, scratch);
    delay_after_ids(graph);
    align_column_operands(graph);
    give_products_columns(graph);
    copy_operands_over_time(graph);
    separate_initial_values(graph, scratch);
    graph_sweep(graph);
}
