#include "explain_memory.h"

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

/* ---- code ---- */

/* Returns how many kernels with products and how many exponentials and the like there are: most of the code. */
static int count_code(const struct schedule *schedule)
{
    int count = 0;
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            if (schedule->regions[r].kind == REGION_STATIC)
                continue;
            count += kernel->kind == KERNEL_PANEL;
            for (int i = 0; i < kernel->node_count; i++)
                count += op_is_transcendental(schedule->graph->nodes[kernel->nodes[i]]->op);
        }
    return count;
}

/* Fitted to examples that gcc 12 compiled for a Cortex-M4 with -O2: most are within a quarter of what `size` finds, one
 * within a third. */
enum { CODE_LEAST = 4000, CODE_EACH = 1100, STACK_LEAST = 512 };

static void explain_packed(const struct schedule *schedule, struct arena *arena, struct text *out)
{
    const size_t memory = packed_bytes(schedule, NULL),
                 constants = packed_bytes(schedule, statics_read_by_calls(schedule, arena));
    text_printf(out, "    %10zu bytes of packed weights", schedule->graph->parameter_count ? memory : constants);
    if (!schedule->graph->parameter_count)
        text_puts(out, ": constants, as there are no parameters\n");
    else if (constants == memory)
        text_puts(out, ": constants with --weights, else memory\n");
    else
        text_printf(out, " in memory; as constants, with --weights, %zu\n", constants);
}

size_t explain_packed_bytes(const struct schedule *schedule) { return packed_bytes(schedule, NULL); }

void explain_memory(const struct schedule *schedule, struct arena *arena, struct text *out)
{
    const int frames = 100;
    text_puts(out, "\nwithout a runtime, in plain C, for one stream:\n");
    explain_packed(schedule, arena, out);
    text_printf(out, "    %10zu bytes of state\n", state_bytes(schedule, 1));
    text_printf(out, "    %10zu bytes of work for _run with 1 frame, %zu with %d%s\n", work_bytes(schedule, 1),
                work_bytes(schedule, (size_t)frames), frames,
                plan_of_call(schedule, CALL_STEP) ? "; _step needs none" : "");
    text_printf(out, "    %10zu bytes of stack, about: twice the sums of a batch of columns, and %d\n",
                2 * sum_bytes(schedule) + STACK_LEAST, STACK_LEAST);
    text_printf(out, "    %10d bytes of code, about: an estimate for a Cortex-M4 and gcc -O2, to a third\n",
                CODE_LEAST + CODE_EACH * count_code(schedule));
}
