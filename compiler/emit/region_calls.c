/* The body of a region's function: the calls of its kernels, with what goes before and behind each. */
#include "emit/region.h"

#include <string.h>

#include "emit/calls.h"

/* Writes the arguments of a kernel's call, in the region's variables, each behind a separator. */
static void write_kernel_arguments(struct emitter *emitter, const struct region *region, unsigned uses,
                                   const char *separator)
{
    if (region_is_shared(region) && uses & (VAR_share | VAR_first | VAR_columns | VAR_end))
        use_variables(emitter, VAR_share);
    bool scan = region->kind == REGION_SCAN, shared = region_is_shared(region);
    for (int v = 0; v < VARIABLE_COUNT; v++) {
        if (!(uses >> v & 1))
            continue;
        const char *name = variable_name((enum variable_number)v);
        if (v == NUMBER_frame && !scan)
            name = "0";
        else if (v == NUMBER_columns && shared)
            name = "rnn_share_columns(&share)";
        else if (v == NUMBER_columns && scan && region->group == 1)
            name = "streams";
        else if (v == NUMBER_share)
            name = "&share";
        else if (v == NUMBER_first && shared)
            name = region->kind == REGION_ELEMENTWISE_SCAN ? "units.first" : "share.columns.first";
        else if (v == NUMBER_end && shared)
            name = "units.end";
        text_printf(emitter->out, "%s%s", separator, name);
        separator = ", ";
    }
}

/* Writes, in front of a kernel with weights in int8, the rounding of its columns. Threads share the columns, whatever
 * else they share. */
static void write_rounding(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    const char *indent = region->kind == REGION_SCAN ? "        " : "    ";
    const unsigned uses = emitter->rounding_uses[region - emitter->schedule->regions][kernel - region->kernels];
    if (!uses)
        return;
    text_printf(emitter->out, "%s%s(", indent, rounding_name(emitter, region, kernel));
    write_kernel_arguments(emitter, region, uses, "");
    text_puts(emitter->out, ");\n");
    if (region_is_shared(region))
        text_printf(emitter->out, "%srnn_meet(&share);\n", indent);
}

static void write_panel_loop(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
                             unsigned uses)
{
    struct text *out = emitter->out;
    bool scan = region->kind == REGION_SCAN, turns = region->turns;
    const char *indent = scan ? "        " : "    ", *counter = turns ? "i" : "panel";
    const char *rows = arena_printf(emitter->arena, "%d", kernel->accumulator_count);
    const char *panels =
        arena_printf(emitter->arena, "RNN_PANELS(%d, %s)", kernel->panel_rows, kernel_size(emitter, kernel));
    write_panels_head(emitter, region, indent, counter, panels);
    if (turns)
        text_printf(out, "%s    const int panel = %s & 1 ? %s : i; /* to and fro */\n", indent,
                    region->group > 1 ? arena_printf(emitter->arena, "(t / %d)", region->group) : "t",
                    last_panels(emitter, region, panels));
    text_printf(out, "%s    RNN_FOR_BATCHES", indent);
    if (region_is_shared(region))
        text_puts(out, "_IN(share.batches.first, share.batches.end, ");
    else
        text_printf(out, "(%s, ", scan && region->group == 1 ? "streams" : "columns");
    text_printf(out, "%s, %s", kernel_batch(emitter, kernel, rows), kernel_name(emitter, region, kernel));
    write_kernel_arguments(emitter, region, uses & ~(unsigned)(VAR_first | VAR_columns), ", ");
    text_printf(out, ")\n%s}\n", indent);
}

bool kernel_runs(const struct emitter *emitter, const struct kernel *kernel)
{
    return kernel->kind != KERNEL_OVER_TIME || !node_waits_for_all_frames(emitter->graph->nodes[kernel->nodes[0]]);
}

void write_kernel_call(struct emitter *emitter, const struct region *region, const struct kernel *kernel, unsigned uses)
{
    if (!kernel_runs(emitter, kernel))
        return;
    if (kernel->kind == KERNEL_PANEL) {
        write_rounding(emitter, region, kernel);
        write_panel_loop(emitter, region, kernel, uses);
        return;
    }
    const bool by_one = region_is_shared(region) && kernel->kind == KERNEL_OVER_TIME && !(uses & VAR_share);
    if (by_one) {
        use_variables(emitter, VAR_share);
        text_puts(emitter->out, "    rnn_barrier(&share);\n    if (share.thread == 0)\n    ");
    }
    text_printf(emitter->out, "%s%s(", region->kind == REGION_SCAN ? "        " : "    ",
                kernel_name(emitter, region, kernel));
    write_kernel_arguments(emitter, region, uses, "");
    text_puts(emitter->out, by_one ? ");\n    rnn_barrier(&share);\n" : ");\n");
}

/* Writes, behind a kernel that completes a part of a gradient in the last block, that the caller hears of it. */
static void write_told_part(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct gradient_part part;
    if (kernel->kind != KERNEL_OVER_TIME || !sum_completes_part(emitter->schedule, kernel->nodes[0], &part))
        return;
    const bool backward = pass_is_backward(region->pass), shared = region_is_shared(region);
    use_variables(emitter, VAR_values | (backward ? 0 : VAR_frames) | (shared ? VAR_share : 0));
    text_printf(emitter->out, "    rnn_tell_part(values->window, %s, %s, %d, %ld, %ld);\n",
                backward ? "values->done == 0" : "values->done + frames == values->window->frames",
                shared ? "&share" : "&rnn_alone", part.parameter, part.first, part.count);
}

/* Writes, in front of a kernel that reads units of the phases before, that threads wait for each other. */
static void write_phase(struct emitter *emitter, const struct region *region, int k)
{
    if (!region_is_shared(region) || k == 0 || region->kernels[k].phase == region->kernels[k - 1].phase)
        return;
    use_variables(emitter, VAR_share);
    text_puts(emitter->out, region->kind == REGION_SCAN ? "        rnn_meet(&share);\n" : "    rnn_barrier(&share);\n");
}

/* Writes the head of a scan's loop: a frame, or a group of frames, at a time. */
static void write_frame_loop(struct emitter *emitter, const struct region *region)
{
    struct text *out = emitter->out;
    if (region->group == 1)
        text_printf(out, "    for (int t = %s) {\n",
                    region->reversed ? "frames - 1; t >= 0; t--" : "0; t < frames; t++");
    else if (region->reversed)
        text_printf(
            out,
            "    for (int t = frames, count; t > 0;) {\n        count = RNN_MIN(%d, t); /* frames at a time */\n"
            "        t -= count;\n",
            region->group);
    else
        text_printf(out,
                    "    for (int t = 0, count; t < frames; t += count) {\n"
                    "        count = RNN_MIN(%d, frames - t); /* frames at a time */\n",
                    region->group);
    if (region->group > 1 && emitter->function.used & VAR_columns)
        text_puts(out, "        const int columns = count * streams;\n");
    if (emitter->function.used & VAR_frame)
        text_puts(out, "        const ptrdiff_t frame = (ptrdiff_t)t * streams; /* its first column */\n");
    use_variables(emitter, VAR_frames | VAR_streams);
}

/* Writes one frame of a scan, or a group of them. */
static void write_scan_body(struct emitter *emitter, const struct region *region, const unsigned *uses)
{
    for (int k = 0; k < region->kernel_count; k++) {
        write_phase(emitter, region, k);
        write_kernel_call(emitter, region, &region->kernels[k], uses[k]);
    }
    if (region_is_shared(region)) {
        use_variables(emitter, VAR_share);
        text_puts(emitter->out, "        if (!rnn_end_frame(&share))\n            return;\n");
    }
    if (region->reversed)
        write_frames_not_begun(emitter, region);
    else
        write_ends(emitter, region);
}

void write_scan_calls(struct emitter *emitter, const struct region *region, const unsigned *uses)
{
    struct text body, *out = emitter->out;
    text_init(&body, emitter->arena);
    emitter->out = &body;
    write_scan_body(emitter, region, uses);
    emitter->out = out;
    write_frame_loop(emitter, region);
    text_append(out, body.data, body.length);
    text_puts(out, "    }\n");
    for (int k = 0; k < region->kernel_count && !region->reversed; k++)
        write_frames_after_end(emitter, region, &region->kernels[k]); /* for readers ahead, in later passes */
}

/* Writes, in front of an elementwise scan that threads share, which units are a thread's. */
static void write_units(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
                        unsigned uses)
{
    if (region_is_shared(region) && uses & VAR_end)
        text_printf(emitter->out, "    const rnn_range units = rnn_units_of(&share, RNN_PAD(%s));\n",
                    kernel_size(emitter, kernel));
}

/* Writes the call of a kernel with what is done behind it; within a condition if it is not always needed. */
static void write_wanted_kernel_call(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
                                     unsigned uses)
{
    const char *condition = wanted_condition(emitter, region, kernel);
    struct text body, *out = emitter->out;
    text_init(&body, emitter->arena);
    if (condition)
        emitter->out = &body;
    write_kernel_call(emitter, region, kernel, uses);
    write_frames_after_end(emitter, region, kernel);
    write_told_part(emitter, region, kernel);
    emitter->out = out;
    if (!condition)
        return;
    use_variables(emitter, VAR_values);
    text_printf(out, "    if (%s) {\n", condition);
    for (const char *line = body.data; *line;) {
        const int length = (int)strcspn(line, "\n");
        text_printf(out, "    %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
    text_puts(out, "    }\n");
}

void write_block_calls(struct emitter *emitter, const struct region *region, const unsigned *uses)
{
    for (int k = 0; k < region->kernel_count; k++) {
        const struct kernel *kernel = &region->kernels[k];
        write_phase(emitter, region, k);
        if (region->kind == REGION_ELEMENTWISE_SCAN) {
            write_frames_after_end(emitter, region, kernel);
            write_units(emitter, region, kernel, uses[k]);
        }
        if (region->kind == REGION_FRAMES || region->kind == REGION_SEQUENCE)
            write_wanted_kernel_call(emitter, region, kernel, uses[k]);
        else
            write_kernel_call(emitter, region, kernel, uses[k]);
    }
}
