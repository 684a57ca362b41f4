/* legalise: copies that the schedule needs. The last transform, because simplify would take them out again. */
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
        if (op_info(node->op)->class != OP_CLASS_COLUMN && node->op != OP_cross_entropy)
            continue;
        int units = node->edges[0].length;
        bool has_id = node->op == OP_cross_entropy || node->op == OP_cross_entropy_slope;
        for (int k = 0; k < node->count - has_id; k++) {
            struct edge *edge = &node->edges[k];
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

struct past {
    int init; /* what frames before the start read */
    int copy; /* the node that readers with this init read */
};

/* A value has one past, and so one initial value: where readers of one node bring different ones, all but the first
 * read a copy. */
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

/* before:   %2 = embed E, %x[t-1]    after:   %3 = embed E, %x
 *                                             %2 = copy %3[t-1]
 * Before the first frame an id reads as -1, whose row is 0: what the copy reads there by itself. An id as a number is -1. */
static void delay_after_ids(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        if ((node->op != OP_embed && node->op != OP_id) || !node->edges[node->count - 1].delay)
            continue;
        struct node *now = graph_add_node(graph, node->op, node->shape, node->time, node->count, node);
        for (int k = 0; k < node->count; k++)
            now->edges[k] = node->edges[k];
        now->edges[node->count - 1].delay = 0;
        struct edge edge = edge_to(graph, graph->node_count - 1);
        edge.delay = node->edges[node->count - 1].delay;
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
    /* From frames, whatever its operand is: what is gathered, and the losses of frames. */
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

/* Products over time read as products over units do: parts, delays and inputs. */
static void copy_operands_over_time(struct graph *graph)
{
    for (int i = 0, count = graph->node_count; i < count; i++) {
        struct node *node = graph->nodes[i];
        if (!op_is_over_time(node->op) || node->op == OP_outer || node->op == OP_rows)
            continue;
        copy_operand_over_time(graph, node, 0);
        bool counts = node->op == OP_seed && graph->nodes[node->edges[1].node]->op != OP_number;
        if (counts)
            copy_operand_over_time(graph, node, 1);
    }
}

void legalise(struct graph *graph, struct arena *scratch)
{
    delay_after_ids(graph);
    align_column_operands(graph);
    copy_operands_over_time(graph);
    separate_initial_values(graph, scratch);
    graph_sweep(graph);
}
