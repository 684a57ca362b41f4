/* assign-buffers: the storage of each value, the past that it keeps, and the length of a block. */
#include "base/arena.h"
#include "base/machine.h"
#include "schedule/access.h"

struct assigning {
    struct schedule *schedule;
    const struct graph *graph;
    struct arena *arena, *scratch;
    const struct uses *uses;
};

static bool use_is_fused(const struct assigning *assigning, int id, const struct use *use)
{
    const struct schedule *schedule = assigning->schedule;
    return use->reader >= 0 && schedule->kernel_of[use->reader] == schedule->kernel_of[id] &&
           !edge_needs_all_units(assigning->graph, assigning->graph->nodes[use->reader], use->edge);
}

/* True if a read of the frame before (in a reversed scan, after) is over when the value is overwritten: its kernel is
 * of an earlier phase, or reads unit by unit in the kernel that writes. Regions of several frames at a time never read
 * the neighbouring frame. */
static bool neighbour_can_be_overwritten(const struct assigning *assigning, int id, const struct use *use)
{
    const struct schedule *schedule = assigning->schedule;
    const struct region *region = &schedule->regions[schedule->region_of[id]];
    int step = region->reversed ? -1 : 1;
    if (use->reader < 0 || use->edge->delay != step || schedule->region_of[use->reader] != schedule->region_of[id])
        return false;
    return use_is_fused(assigning, id, use) || schedule->kernel_of[use->reader]->phase < schedule->kernel_of[id]->phase;
}

static void widen_range(struct buffer *buffer, const struct edge *edge)
{
    if (edge->delay)
        buffer->init = edge->init;
    if (edge->delay > buffer->past)
        buffer->past = edge->delay;
    if (-edge->delay > buffer->future)
        buffer->future = -edge->delay;
}

/* Returns the way in which a use, not that of an initial value, reads. */
static enum operand_reading use_reading(const struct assigning *assigning, const struct use *use)
{
    const struct node *reader = assigning->graph->nodes[use->reader];
    return op_reads(reader->op, (int)(use->edge - reader->edges));
}

static bool outlives_pass(const struct assigning *assigning, int id)
{
    const struct graph *graph = assigning->graph;
    bool outlives = op_is_over_time(graph->nodes[id]->op);
    for (int u = assigning->uses->begin[id]; u < assigning->uses->begin[id + 1]; u++) {
        const struct use *use = &assigning->uses->use[u];
        outlives |= use->reader < 0 ? !graph->outputs[use_output(use)].forward
                                    : !use->init && use_reading(assigning, use) == READS_ALL_FRAMES;
    }
    return outlives;
}

static void assign_computed(struct assigning *assigning, int id)
{
    struct schedule *schedule = assigning->schedule;
    const struct region *region = &schedule->regions[schedule->region_of[id]];
    struct buffer *buffer = &schedule->buffers[id];
    bool scans = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    bool outside = false, elsewhere = false, overwritten = true;
    buffer->group = region->group > 1 ? region->group : 1;
    for (int u = assigning->uses->begin[id]; u < assigning->uses->begin[id + 1]; u++) {
        const struct use *use = &assigning->uses->use[u];
        bool leaves = use->reader < 0 || schedule->region_of[use->reader] != schedule->region_of[id];
        widen_range(buffer, use->init ? &(struct edge){0} : use->edge);
        if (!use->init && use->edge->delay)
            overwritten &= neighbour_can_be_overwritten(assigning, id, use);
        outside |= leaves || (!scans && !use_is_fused(assigning, id, use));
        elsewhere |=
            use->reader >= 0 && leaves && schedule->regions[schedule->region_of[use->reader]].pass != region->pass;
        if (!use_is_fused(assigning, id, use) && buffer->storage == STORE_NONE)
            buffer->storage = STORE_FRAME;
    }
    if (assigning->graph->nodes[id]->time == TIME_SEQUENCE)
        return;
    buffer->crosses = value_crosses_sections(schedule, id) && !elsewhere;
    /* Gradients of inputs are read when the call ends; values carried from call to call may be needed as of
     * any frame; and values made of all frames at once need all their frames. */
    if (assigning->graph->trains && (buffer->past || outlives_pass(assigning, id))) {
        buffer->storage = STORE_SEQUENCE;
        buffer->crosses = false;
        return;
    }
    bool ranges = buffer->past || buffer->future;
    if (elsewhere || buffer->crosses || (schedule->whole_sequence && ranges && (outside || !(scans && overwritten))))
        buffer->storage = STORE_SEQUENCE;
    else if (outside || (ranges && !(scans && overwritten)))
        buffer->storage = STORE_BLOCK;
    else if (ranges) {
        buffer->storage = STORE_FRAME;
        buffer->in_place = true;
    }
}

/* True if an input can be read in the caller's memory: single units of it only. Columns of the caller are neither
 * aligned nor padded, and have no frames out of range. */
static bool reads_where_the_caller_has_it(enum operand_reading reading)
{
    return reading == READS_VECTOR || reading == READS_ID || reading == READS_LABELS || reading == READS_ANY_FRAMES;
}

static void assign_input(struct assigning *assigning, int id)
{
    struct buffer *buffer = &assigning->schedule->buffers[id];
    bool once = assigning->graph->nodes[id]->time == TIME_SEQUENCE;
    bool all_frames = assigning->schedule->whole_sequence || value_crosses_sections(assigning->schedule, id);
    buffer->storage = STORE_INPUT;
    for (int u = assigning->uses->begin[id]; u < assigning->uses->begin[id + 1]; u++) {
        const struct use *use = &assigning->uses->use[u];
        if (use->init) {
            buffer->storage = STORE_FRAME;
            continue;
        }
        widen_range(buffer, use->edge);
        if (use->edge->delay || (use->reader >= 0 && !reads_where_the_caller_has_it(use_reading(assigning, use))))
            buffer->storage = once ? STORE_FRAME : all_frames ? STORE_SEQUENCE : STORE_BLOCK;
    }
}

/* True if a value without frames and streams needs no memory: its kernel keeps it in registers, or it is read in
 * place. */
static bool lives_in_place(const struct assigning *assigning, int id)
{
    const struct node *node = assigning->graph->nodes[id];
    if (node->op == OP_parameter || node->op == OP_view)
        return value_is_read_in_place(assigning->schedule, id);
    for (int u = assigning->uses->begin[id]; u < assigning->uses->begin[id + 1]; u++)
        if (assigning->uses->use[u].init || !use_is_fused(assigning, id, &assigning->uses->use[u]))
            return false;
    return true;
}

/* Stores a value of call time in the work of the call, or, if it is a sum that is only added to a gradient, in the
 * gradient. */
static void assign_late(struct assigning *assigning, int id)
{
    const struct node *node = assigning->graph->nodes[id];
    struct buffer *buffer = &assigning->schedule->buffers[id];
    if (node->op == OP_gradient)
        return;
    if (sum_is_made_in_gradient(assigning->schedule, id)) {
        buffer->storage = STORE_GRADIENT;
        buffer->target = assigning->uses->use[assigning->uses->begin[id]].reader;
    } else if (!lives_in_place(assigning, id))
        buffer->storage = STORE_LATE;
}

/* Stores lengths and ends of sequences, which a call gives, for all frames. */
static void assign_given(struct assigning *assigning, int id)
{
    struct buffer *buffer = &assigning->schedule->buffers[id];
    buffer->storage = assigning->graph->nodes[id]->time == TIME_FRAME ? STORE_SEQUENCE : STORE_FRAME;
    for (int u = assigning->uses->begin[id]; u < assigning->uses->begin[id + 1]; u++)
        widen_range(buffer, assigning->uses->use[u].edge);
}

/* Stores a static value if it outlives its kernel; a parameter or view if a reader cannot read it in place. */
static void assign_static(struct assigning *assigning, int id)
{
    if (assigning->graph->nodes[id]->op != OP_number && !lives_in_place(assigning, id))
        assigning->schedule->buffers[id].storage = STORE_STATIC;
}

/* ---- blocks ---- */

enum {
    BLOCK_STEP = 24,         /* columns: whole tiles of most kernels, see rnn/panel.h */
    BLOCK_MOST = 384,        /* columns: with so many, work done once for a block is negligible */
    BLOCK_OF_PRODUCTS = 192, /* columns: each block adds to gradients as large as the weights, between two barriers */
};

/* Returns the columns that a block has at least. */
static int find_columns_least(const struct assigning *assigning)
{
    const int least = machine_columns_least(assigning->schedule->options.machine);
    for (int i = 0; i < assigning->graph->node_count; i++)
        if (assigning->graph->nodes[i]->op == OP_outer && least < BLOCK_OF_PRODUCTS)
            return BLOCK_OF_PRODUCTS;
    return least > BLOCK_STEP ? least : BLOCK_STEP;
}

/* Returns the frames of a block: its values should stay in the second-level cache, but weights should be read
 * seldom. */
static int choose_block_frames(const struct assigning *assigning)
{
    const struct machine *machine = assigning->schedule->options.machine;
    if (assigning->schedule->options.block_frames)
        return assigning->schedule->options.block_frames;
    double bytes = 0;
    for (int i = 0; i < assigning->graph->node_count; i++)
        if (assigning->schedule->buffers[i].storage == STORE_BLOCK || assigning->schedule->buffers[i].crosses)
            bytes += (double)machine->real_bytes * (node_units(assigning->graph->nodes[i]) + machine->lanes_most - 1);
    double frames = (double)machine_block_bytes(machine) / (bytes + 1);
    const int least = find_columns_least(assigning);
    if (frames < least)
        return least;
    return frames > BLOCK_MOST ? BLOCK_MOST : (int)frames / BLOCK_STEP * BLOCK_STEP;
}

void assign_buffers(struct schedule *schedule, struct arena *arena, struct arena *scratch)
{
    const struct graph *graph = schedule->graph;
    graph_expect_fresh(graph, schedule->uses.version, "a schedule");
    struct assigning assigning = {schedule, graph, arena, scratch, &schedule->uses};
    schedule->buffers = ARENA_ARRAY(arena, struct buffer, graph->node_count + 1);
    for (int i = 0; i < graph->node_count; i++) {
        schedule->buffers[i].init = NO_NODE;
        schedule->buffers[i].group = 1;
        const struct node *node = graph->nodes[i];
        if (node->time == TIME_CALL)
            assign_late(&assigning, i);
        else if (node->time == TIME_STATIC)
            assign_static(&assigning, i);
        else if (op_info(node->op)->class == OP_CLASS_LEAF && node->op != OP_input)
            assign_given(&assigning, i);
        else if (graph->nodes[i]->op == OP_input)
            assign_input(&assigning, i);
        else
            assign_computed(&assigning, i);
    }
    name_values(schedule, arena, scratch);
    schedule->block_frames = choose_block_frames(&assigning);
}
