#include "explain_memory.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "graph/graph.h"
#include "schedule/access.h"
#include "schedule/plan.h"

#define RNN_PLAIN_C
#include "rnn/call.h"
#include "rnn/stored.h"

/* ---- packed weights ---- */

/* Returns the bytes of NAME_packed, which has a number in front of weights that are all bytes; with the static values
 * for which `kept` is true (NULL: all). */
static size_t packed_bytes(const struct schedule *schedule, const bool *kept)
{
    const struct graph *graph = schedule->graph;
    size_t bytes = 0;
    bool numbers = false;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        if (schedule->buffers[i].storage != STORE_STATIC || (kept && !kept[i]))
            continue;
        const bool table = value_is_stored_table(schedule, i);
        numbers |= !table;
        if (table)
            bytes += (RNN_STORED_TABLE((rnn_storage)node->storage, node->shape.dim[0], node->shape.dim[1]) + 3) / 4 * 4;
        else
            bytes += (size_t)node_units(node) * sizeof(rnn_real);
    }
    for (int p = 0; p < schedule->panel_count; p++) {
        const struct packed_matrix *panels = &schedule->panels[p];
        numbers |= panels->operand.storage == PRECISION_F32;
        bytes += RNN_STORED((rnn_storage)panels->operand.storage, panels->kernel->panel_rows, panels->operand.row_count,
                            panels->kernel->units, panels->operand.x.length);
    }
    return numbers && bytes ? bytes : bytes + sizeof(rnn_real);
}

/* ---- values ---- */

/* A call: the columns of a block, of all frames, and of one frame. */
struct columns {
    size_t block, whole, frame;
    bool rings; /* in a state: long pasts are rings */
};

/* Returns the numbers of the columns of a value. */
static size_t numbers_of_value(const struct schedule *schedule, int id, const struct columns *columns)
{
    const struct buffer *buffer = &schedule->buffers[id];
    const struct node *node = schedule->graph->nodes[id];
    const bool ring = columns->rings && past_is_ring(schedule, id);
    const size_t outside = (size_t)(ring ? 2 * buffer->past - 1 : buffer->past + buffer->future) * columns->frame;
    size_t count = buffer->storage == STORE_SEQUENCE ? columns->whole + outside : columns->block + outside;
    if (buffer->storage == STORE_FRAME)
        count = (size_t)(buffer->group > 1 ? buffer->group : 1) * columns->frame;
    if (node_gathers(node)) /* what has been gathered so far; sums have twice the digits */
        count += columns->frame * (op_info(node->op)->adds ? 2 : 1);
    return count * (size_t)node_units(node) + ring; /* and the position of the ring */
}

static size_t value_bytes(const struct schedule *schedule, const struct columns *columns)
{
    size_t numbers = RNN_LANES;
    for (int i = 0; i < schedule->graph->node_count; i++)
        if (buffer_is_value(&schedule->buffers[i]))
            numbers += numbers_of_value(schedule, i, columns);
    return RNN_ROUND(numbers * sizeof(rnn_real));
}

static size_t state_bytes(const struct schedule *schedule, size_t streams)
{
    const struct columns columns = {streams, streams, streams, true};
    return rnn_state_head((int)streams) +
           (plan_of_call(schedule, CALL_RUN)->carries ? value_bytes(schedule, &columns) : 0);
}

static size_t work_bytes(const struct schedule *schedule, size_t frames)
{
    const struct columns columns = {RNN_MIN(frames, (size_t)schedule->block_frames), frames, 1, false};
    return rnn_call_size(1, 0) + value_bytes(schedule, &columns);
}

/* Returns the bytes of a batch's sums, of the kernel that has the most. */
static size_t sum_bytes(const struct schedule *schedule)
{
    size_t most = 0;
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            if (kernel->kind != KERNEL_PANEL || schedule->regions[r].kind == REGION_STATIC)
                continue;
            const int rows = kernel->accumulator_count * RNN_SIDE(kernel->panel_rows, kernel->units);
            const size_t bytes = (size_t)RNN_BATCH_OF(rows) * (size_t)rows * sizeof(rnn_vec);
            most = RNN_MAX(most, bytes);
        }
    return most;
}

/* ---- code and stack ---- */

/* The parts of the code, without those of the static region, which packs weights. */
struct code_parts {
    int panels;         /* kernels with products: loops over panels and columns */
    int transcendental; /* exponentials and the like, which are inlined */
    int simple;         /* all other operations */
    int operands;       /* calls of products */
    int narrow;         /* those with weights in fewer than 32 bits, which become floats */
    int shapes;         /* rows of a product, in a storage: functions of their own */
};

static void count_kernel(const struct schedule *schedule, const struct kernel *kernel, struct code_parts *parts,
                         uint64_t *shapes)
{
    parts->panels += kernel->kind == KERNEL_PANEL;
    for (int i = 0; i < kernel->node_count; i++) {
        const bool transcendental = op_is_transcendental(schedule->graph->nodes[kernel->nodes[i]]->op);
        parts->transcendental += transcendental;
        parts->simple += !transcendental;
    }
    for (int i = 0; i < kernel->operand_count; i++) {
        const struct operand *operand = &kernel->operands[i];
        const int rows = RNN_MIN(operand->row_count * RNN_SIDE(kernel->panel_rows, kernel->units), 63);
        parts->operands++;
        parts->narrow += operand->storage != PRECISION_F32;
        parts->shapes += !(shapes[operand->storage] >> rows & 1);
        shapes[operand->storage] |= (uint64_t)1 << rows;
    }
}

static struct code_parts count_code(const struct schedule *schedule)
{
    struct code_parts parts = {0};
    uint64_t shapes[PRECISION_COUNT] = {0};
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++)
            if (schedule->regions[r].kind != REGION_STATIC)
                count_kernel(schedule, &schedule->regions[r].kernels[k], &parts, shapes);
    return parts;
}

/* Returns the bytes of all calls but _pack. Fitted to 62 networks, 26 of them with weights in f16, bf16 or int8 or with
 * factors, that gcc 12 compiled for a Cortex-M4 with -O2: from a tenth less than the functions have to a third
 * more, and once half more. -Os makes them smaller, to three quarters. Scans are compiled a second time for the one
 * stream of _step. */
static size_t code_bytes(const struct schedule *schedule)
{
    const struct code_parts parts = count_code(schedule);
    const bool steps = plan_of_call(schedule, CALL_STEP) != NULL;
    return 1700 + (size_t)parts.panels * (steps ? 750 : 400) + (size_t)parts.transcendental * (steps ? 720 : 400) +
           (size_t)parts.simple * 96 + (size_t)parts.operands * 460 + (size_t)parts.narrow * 290 +
           (size_t)parts.shapes * 1030;
}

/* Bytes that calls hold beside sums: at most 684 in those networks, with -O2 and -Os; this leaves room for others. */
enum { STACK_LEAST = 1024 };

/* Returns the bytes of weights as constants. */
static size_t explain_packed(const struct schedule *schedule, struct arena *arena, struct text *out)
{
    const size_t memory = packed_bytes(schedule, NULL),
                 constants = packed_bytes(schedule, statics_read_by_calls(schedule, arena));
    const bool parameters = schedule->graph->parameter_count;
    text_printf(out, "    %10zu bytes of packed weights", parameters ? memory : constants);
    if (!parameters)
        text_puts(out, ": constants, as there are no parameters\n");
    else if (constants == memory)
        text_puts(out, ": constants with --weights, else memory\n");
    else
        text_printf(out, " in memory; as constants, with --weights, %zu\n", constants);
    return constants;
}

size_t explain_packed_bytes(const struct schedule *schedule) { return packed_bytes(schedule, NULL); }

void explain_memory(const struct schedule *schedule, struct arena *arena, struct text *out)
{
    const int frames = 100;
    text_puts(out, "\nwithout a runtime, in plain C, for one stream:\n");
    const size_t constants = explain_packed(schedule, arena, out), code = code_bytes(schedule);
    text_printf(out, "    %10zu bytes of state\n", state_bytes(schedule, 1));
    text_printf(out, "    %10zu bytes of work for _run with 1 frame, %zu with %d%s\n", work_bytes(schedule, 1),
                work_bytes(schedule, (size_t)frames), frames,
                plan_of_call(schedule, CALL_STEP) ? "; _step needs none" : "");
    text_printf(out,
                "    %10zu bytes of stack at most, with optimisation: twice the sums of a batch of columns, and %d\n",
                2 * sum_bytes(schedule) + STACK_LEAST, STACK_LEAST);
    text_printf(out, "    %10zu bytes of code, about: an estimate for a Cortex-M4 and gcc -O2\n", code);
    text_printf(out, "    %10zu bytes of code and constants, about%s\n", code + constants,
                schedule->graph->parameter_count ? ", with --weights" : "");
}
