/* Verifies buffers: each value is stored where its readers look for it, for as long as they read it. */
#include "base/arena.h"
#include "schedule/verify.h"

static const struct region *region_of(const struct verifying *verifying, int id)
{
    int region = verifying->schedule->region_of[id];
    return region < 0 ? NULL : &verifying->schedule->regions[region];
}

static const struct buffer *buffer_of(const struct verifying *verifying, int id)
{
    return &verifying->schedule->buffers[id];
}

static const char *fail(const struct verifying *verifying, int id, const char *what)
{
    return arena_printf(verifying->scratch, "%%%d (%s) %s", id, storage_name(buffer_of(verifying, id)->storage), what);
}

static bool region_is_scan(const struct region *region)
{
    return region && (region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN);
}

/* ---- storage of operands ---- */

/* True if a parameter, or a part of one, can be read in place: by strides, or as a column if its elements are
 * contiguous. A part of a part needs its source stored. */
static bool value_can_be_read_in_place(const struct node *value, const struct node *reader,
                                       enum operand_reading reading)
{
    bool part = value->op == OP_view;
    if (value->op != OP_parameter && !part)
        return false;
    if (!node_is_once(reader) || (part && reader->op == OP_view))
        return reading == READS_WEIGHTS;
    bool column = reading == READS_UNITS || reading == READS_PART;
    return reading == READS_WEIGHTS || reading == READS_STRIDES || reading == READS_VECTOR ||
           (column && (!part || view_is_contiguous(&value->view, &value->shape)));
}

/* True if the memory of a value is as this edge's kernel reads it; the value is not in a register. */
static bool storage_fits_reading(const struct verifying *verifying, const struct edge *edge,
                                 enum operand_reading reading, int length, enum value_time time)
{
    const struct node *source = verifying->graph->nodes[edge->node];
    enum storage storage = buffer_of(verifying, edge->node)->storage;
    bool number = source->op == OP_number;
    bool padded = storage != STORE_NONE && storage != STORE_INPUT;
    bool whole = edge_is_whole(verifying->graph, edge) && !edge->delay;
    switch (reading) {
    case READS_UNITS:
        return number || padded;
    case READS_COLUMN:
        return padded && edge->begin == 0 && edge->length == length;
    case READS_NUMBER:
    case READS_PART:
        return number || storage != STORE_NONE;
    case READS_VECTOR:
        return storage != STORE_NONE || (number && !time_has_streams(time));
    case READS_WEIGHTS:
    case READS_ROWS:
        return storage == STORE_STATIC;
    case READS_STRIDES:
        return number || (storage != STORE_NONE && !time_has_streams(source->time));
    case READS_ID:
    case READS_LABELS:
        return storage == STORE_INPUT && whole;
    case READS_FRAMES:
        return padded && whole;
    case READS_ANY_FRAMES:
        return storage != STORE_NONE;
    case READS_ALL_FRAMES:
        return storage == STORE_SEQUENCE && whole;
    }
    return false;
}

static const char *verify_operand(const struct verifying *verifying, int id, const struct use *use)
{
    const struct node *reader = verifying->graph->nodes[use->reader];
    int k = (int)(use->edge - reader->edges);
    enum operand_reading reading = op_reads(reader->op, k);
    const struct node *source = verifying->graph->nodes[id];
    bool counts_all = reader->op == OP_seed && k == 1 && source->op == OP_number;
    if (counts_all || !region_of(verifying, use->reader) || use_stays_in_kernel(verifying, id, use->reader, use->edge))
        return NULL;
    bool in_place =
        buffer_of(verifying, id)->storage == STORE_NONE && value_can_be_read_in_place(source, reader, reading);
    int length = reader->op == OP_refine ? use->edge->length : reader->edges[0].length;
    if (!in_place && !storage_fits_reading(verifying, use->edge, reading, length, reader->time))
        return arena_printf(verifying->scratch, "%%%d cannot read %%%d where it is stored: %s", use->reader, id,
                            storage_name(buffer_of(verifying, id)->storage));
    return NULL;
}

/* ---- past and future ---- */

static const char *verify_range(const struct verifying *verifying, int id, const struct edge *edge)
{
    const struct buffer *buffer = buffer_of(verifying, id);
    if (edge->delay > buffer->past || -edge->delay > buffer->future)
        return fail(verifying, id,
                    arena_printf(verifying->scratch, "is read %d frames back, but keeps %d and %d ahead", edge->delay,
                                 buffer->past, buffer->future));
    if (edge->delay && edge->init != buffer->init)
        return fail(verifying, id, "is read with another initial value than it keeps");
    return NULL;
}

/* Verifies that an initial value is stored, or is a number. */
static const char *verify_init(const struct verifying *verifying, int id)
{
    const struct buffer *buffer = buffer_of(verifying, id);
    if (buffer->init == NO_NODE || verifying->graph->nodes[buffer->init]->op == OP_number)
        return NULL;
    enum value_time time = verifying->graph->nodes[buffer->init]->time;
    if (buffer_of(verifying, buffer->init)->storage != (time == TIME_SEQUENCE ? STORE_FRAME : STORE_STATIC))
        return fail(verifying, id,
                    arena_printf(verifying->scratch, "begins with %%%d, which is not stored", buffer->init));
    return NULL;
}

/* ---- lifetimes ---- */

/* True if a read finds its frame in a buffer of one frame, or of those that a scan does at a time: only its scan reads
 * it, and, if it is overwritten in place, nobody reads the frame before after the new one is written. */
static bool frame_is_still_there(const struct verifying *verifying, int id, const struct use *use)
{
    const struct schedule *schedule = verifying->schedule;
    const struct region *region = region_of(verifying, id);
    if (use->reader < 0 || use->init || region_of(verifying, use->reader) != region)
        return false;
    if (!use->edge->delay)
        return true;
    const struct kernel *reader = schedule->kernel_of[use->reader], *writer = schedule->kernel_of[id];
    struct edge same_frame = *use->edge;
    same_frame.delay = 0;
    return use->edge->delay == (region->reversed ? -1 : 1) && buffer_of(verifying, id)->in_place &&
           (reader->phase < writer->phase || use_stays_in_kernel(verifying, id, use->reader, &same_frame));
}

/* Returns the section in which a node is computed, or given values are read by a reader; outputs take part in the first
 * section. */
static int section_of(const struct verifying *verifying, int id)
{
    const struct schedule *schedule = verifying->schedule;
    int region = id < 0 ? NOT_PLACED : schedule->region_of[id];
    return region < 0 ? NO_SECTION : schedule->section_of[region];
}

/* True if a use of a given value is in the section of all others. */
static bool reads_with_all_others(const struct verifying *verifying, int id, const struct use *use)
{
    const struct uses *uses = &verifying->schedule->uses;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++)
        if (section_of(verifying, uses->use[u].reader) != section_of(verifying, use->reader) &&
            (uses->use[u].reader >= 0 || section_of(verifying, use->reader) > 0))
            return false;
    return true;
}

/* True if a read finds its frames in a block: it is of the same pass and section, and does not need all frames. */
static bool block_is_still_there(const struct verifying *verifying, int id, const struct use *use)
{
    if (use->reader < 0)
        return !verifying->graph->trains || verifying->graph->outputs[use_output(use)].forward;
    if (use->init)
        return false;
    const struct node *reader = verifying->graph->nodes[use->reader];
    const struct region *region = region_of(verifying, id), *there = region_of(verifying, use->reader);
    bool together = region ? section_of(verifying, id) == section_of(verifying, use->reader)
                           : reads_with_all_others(verifying, id, use);
    return region_has_frames(there) && (!region || region->pass == there->pass) && together &&
           op_reads(reader->op, (int)(use->edge - reader->edges)) != READS_ALL_FRAMES;
}

static const char *verify_use(const struct verifying *verifying, int id, const struct use *use)
{
    enum storage storage = buffer_of(verifying, id)->storage;
    const struct node *node = verifying->graph->nodes[id];
    const char *wrong = use->init ? NULL : verify_range(verifying, id, use->edge);
    if (wrong)
        return wrong;
    bool there = true;
    if (storage == STORE_FRAME && node->time == TIME_FRAME)
        there = frame_is_still_there(verifying, id, use);
    else if (storage == STORE_BLOCK)
        there = block_is_still_there(verifying, id, use);
    else if (storage == STORE_INPUT)
        there = !use->init && !use->edge->delay;
    else if (storage == STORE_GRADIENT)
        there = use->reader == buffer_of(verifying, id)->target && edge_is_whole(verifying->graph, use->edge);
    if (!there)
        return fail(verifying, id,
                    use->reader < 0 ? "is not there when an output wants it"
                                    : arena_printf(verifying->scratch, "is not there when %%%d reads it", use->reader));
    if (use->reader < 0 && storage == STORE_NONE && node->op != OP_gradient)
        return fail(verifying, id, "is an output");
    return use->reader < 0 || use->init ? NULL : verify_operand(verifying, id, use);
}

/* ---- storage ---- */

/* True if a value of this time and origin can be stored in this way, with the frames before and behind that it
 * keeps. */
static bool storage_fits_node(const struct verifying *verifying, int id)
{
    const struct schedule *schedule = verifying->schedule;
    const struct node *node = verifying->graph->nodes[id];
    const struct buffer *buffer = buffer_of(verifying, id);
    const struct region *region = region_of(verifying, id);
    bool ranges = buffer->past || buffer->future;
    switch (buffer->storage) {
    case STORE_NONE:
        return !ranges;
    case STORE_STATIC:
        return node->time == TIME_STATIC && !ranges;
    case STORE_INPUT:
        return node->op == OP_input && !ranges;
    case STORE_FRAME:
        if (node->time == TIME_SEQUENCE)
            return !ranges;
        return node->time == TIME_FRAME && region_is_scan(region) && buffer->group >= region->group &&
               ranges == buffer->in_place && !(verifying->graph->trains && buffer->past) &&
               (!ranges ||
                (region->group == 1 && buffer->past == !region->reversed && buffer->future == region->reversed));
    case STORE_BLOCK: /* carried from block to block, possible in a single pass only */
        return node->time == TIME_FRAME && !buffer->future && !(buffer->past && schedule->whole_sequence);
    case STORE_SEQUENCE:
        return node->time == TIME_FRAME && (schedule->whole_sequence || schedule->section_count);
    case STORE_LATE:
        return node->time == TIME_CALL && !ranges;
    case STORE_GRADIENT:
        return node->time == TIME_CALL && op_is_over_time(node->op) && uses_count(&schedule->uses, id) == 1 &&
               buffer->target >= 0 && verifying->graph->nodes[buffer->target]->op == OP_gradient && !ranges;
    }
    return false;
}

static const char *verify_buffer(const struct verifying *verifying, int id)
{
    const struct uses *uses = &verifying->schedule->uses;
    if (!storage_fits_node(verifying, id))
        return fail(verifying, id, "cannot be stored like that");
    const char *wrong = verify_init(verifying, id);
    for (int u = uses->begin[id]; u < uses->begin[id + 1] && !wrong; u++)
        wrong = verify_use(verifying, id, &uses->use[u]);
    return wrong;
}

const char *verify_buffers(struct verifying *verifying)
{
    const char *wrong = NULL;
    for (int i = 0; i < verifying->graph->node_count && !wrong; i++)
        wrong = verify_buffer(verifying, i);
    if (!wrong && verifying->schedule->block_frames < 1)
        wrong = "a block has no frames";
    return wrong;
}
