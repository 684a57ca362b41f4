#include "schedule/access.h"

#include "base/arena.h"

bool access_is_contiguous(const struct access *access) { return view_is_contiguous(&access->view, &access->shape); }

bool sum_is_made_in_gradient(const struct schedule *schedule, int id)
{
    const struct graph *graph = schedule->graph;
    const struct use *use = &schedule->uses.use[schedule->uses.begin[id]];
    return op_is_over_time(graph->nodes[id]->op) && !time_has_streams(graph->nodes[id]->time) &&
           uses_count(&schedule->uses, id) == 1 && use->reader >= 0 && graph->nodes[use->reader]->op == OP_gradient;
}

/* True if this use can read the value in place. A part of a part has no view of its own: the outer one is stored. A
 * value that is treated as one column must have contiguous elements. */
static bool use_allows_place(const struct graph *graph, const struct node *node, const struct use *use)
{
    const struct node *reader = use->reader < 0 || use->init ? NULL : graph->nodes[use->reader];
    if (!reader || (node->op == OP_view && reader->op == OP_view))
        return false;
    bool contiguous = node->op == OP_parameter || view_is_contiguous(&node->view, &node->shape);
    switch (op_reads(reader->op, (int)(use->edge - reader->edges))) {
    case READS_WEIGHTS:
    case READS_STRIDES:
        return true;
    case READS_VECTOR:
        return node_is_once(reader);
    case READS_UNITS:
    case READS_PART:
        return node_is_once(reader) && contiguous;
    case READS_COLUMN:
    case READS_NUMBER:
    case READS_ROWS:
    case READS_ID:
    case READS_LABELS:
    case READS_FRAMES:
    case READS_ANY_FRAMES:
    case READS_ALL_FRAMES:
        break;
    }
    return false;
}

bool value_is_stored_table(const struct schedule *schedule, int id)
{
    const struct graph *graph = schedule->graph;
    bool table = graph->nodes[id]->op == OP_round && uses_count(&schedule->uses, id) > 0;
    for (int u = schedule->uses.begin[id]; u < schedule->uses.begin[id + 1] && table; u++) {
        const struct use *use = &schedule->uses.use[u];
        const struct node *reader = use->reader < 0 || use->init ? NULL : graph->nodes[use->reader];
        table = reader && op_reads(reader->op, (int)(use->edge - reader->edges)) == READS_ROWS;
    }
    return table;
}

bool value_is_read_in_place(const struct schedule *schedule, int id)
{
    const struct node *node = schedule->graph->nodes[id];
    if (node->op != OP_parameter && node->op != OP_view)
        return false;
    for (int u = schedule->uses.begin[id]; u < schedule->uses.begin[id + 1]; u++)
        if (!use_allows_place(schedule->graph, node, &schedule->uses.use[u]))
            return false;
    return true;
}

/* Fills in the place of a value that is the same for all frames and streams: its storage, or, for a parameter or a part
 * of one that is read in place, the parameter. */
static void find_only_column(const struct schedule *schedule, int id, struct access *access)
{
    const struct node *node = schedule->graph->nodes[id];
    const struct buffer *buffer = &schedule->buffers[id];
    access->column = COLUMN_ONLY;
    access->padded = true;
    if (buffer->storage == STORE_GRADIENT || node->op == OP_gradient) {
        const struct node *gradient = buffer->storage == STORE_GRADIENT ? schedule->graph->nodes[buffer->target] : node;
        access->place = PLACE_GRADIENT;
        access->member = gradient->parameter;
        access->padded = false;
        access->view = gradient->view;
        access->shape = gradient->shape;
    } else if (buffer->storage == STORE_STATIC || buffer->storage == STORE_LATE) {
        access->place = buffer->storage == STORE_STATIC ? PLACE_PACKED : PLACE_VALUES;
        access->member = id;
    } else if (node->op == OP_parameter) {
        access->place = PLACE_PARAMETERS;
        access->member = node->parameter;
        access->padded = false;
    } else if (node->op == OP_view) {
        find_only_column(schedule, node->edges[0].node, access);
        access->view = node->view;
    }
}

struct access access_of_node(const struct schedule *schedule, const struct region *region, int node)
{
    struct edge edge = edge_to(schedule->graph, node);
    return access_of_edge(schedule, region, &edge);
}

struct access access_of_edge(const struct schedule *schedule, const struct region *region, const struct edge *edge)
{
    const struct node *node = schedule->graph->nodes[edge->node];
    int units = node_units(node);
    struct access access = {.member = edge->node,
                            .units = units,
                            .length = edge->length,
                            .shape = node->shape,
                            .view = view_of_all(&node->shape)};
    bool several = region && (region->kind == REGION_FRAMES || region->group > 1);
    switch (schedule->buffers[edge->node].storage) {
    case STORE_NONE:
    case STORE_STATIC:
    case STORE_LATE:
    case STORE_GRADIENT:
        find_only_column(schedule, edge->node, &access);
        break;
    case STORE_FRAME:
        access.place = PLACE_VALUES;
        access.column = several && node->time == TIME_SEQUENCE ? COLUMN_OF_FRAMES : COLUMN_STREAM;
        access.padded = true;
        break;
    case STORE_INPUT:
    case STORE_BLOCK:
    case STORE_SEQUENCE:
        access.place = PLACE_VALUES;
        access.column = COLUMN_FRAME;
        access.delay = edge->delay;
        access.padded = schedule->buffers[edge->node].storage != STORE_INPUT;
    }
    access.view.offset += edge->begin;
    access.aligned = access.padded && access.view.offset == 0;
    return access;
}

struct access access_of_source(const struct schedule *schedule, int id)
{
    const struct node *node = schedule->graph->nodes[id];
    struct access access = {.units = node_units(node), .length = node_units(node), .shape = node->shape};
    if (node->op == OP_parameter) {
        access.place = PLACE_PARAMETERS;
        access.member = node->parameter;
        access.view = view_of_all(&node->shape);
    } else {
        access = access_of_node(schedule, NULL, node->edges[0].node);
        access.shape = node->shape;
        access.view = node->view;
        access.aligned = false;
    }
    return access;
}

static void mark_static(const struct schedule *schedule, const struct edge *edge, bool *read)
{
    if (edge->node == NO_NODE)
        return;
    const struct access access = access_of_edge(schedule, NULL, edge);
    if (access.place == PLACE_PACKED)
        read[access.member] = true;
}

/* Marks what a kernel reads. Products of packed matrices are not among its nodes. */
static void mark_statics_of_kernel(const struct schedule *schedule, const struct kernel *kernel, bool *read)
{
    for (int i = 0; i < kernel->node_count; i++) {
        const struct node *node = schedule->graph->nodes[kernel->nodes[i]];
        for (int k = 0; k < node->count; k++)
            mark_static(schedule, &node->edges[k], read);
    }
    for (int i = 0; i < kernel->accumulator_count; i++)
        mark_static(schedule, &kernel->accumulators[i].start, read);
    for (int i = 0; i < kernel->operand_count; i++)
        mark_static(schedule, &kernel->operands[i].x, read);
}

static void mark_static_node(const struct schedule *schedule, int id, bool *read)
{
    if (id == NO_NODE)
        return;
    const struct edge edge = edge_to(schedule->graph, id);
    mark_static(schedule, &edge, read);
}

bool *statics_read_by_calls(const struct schedule *schedule, struct arena *arena)
{
    const struct graph *graph = schedule->graph;
    bool *read = ARENA_ARRAY(arena, bool, graph->node_count + 1);
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count && schedule->regions[r].kind != REGION_STATIC; k++)
            mark_statics_of_kernel(schedule, &schedule->regions[r].kernels[k], read);
    for (int i = 0; i < graph->node_count; i++)
        mark_static_node(schedule, schedule->buffers[i].init, read);
    for (int i = 0; i < graph->output_count; i++)
        mark_static(schedule, &graph->outputs[i].edge, read);
    return read;
}
