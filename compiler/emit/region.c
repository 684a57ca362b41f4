/* One function for each region, headed by the equations that it computes. */
#include <string.h>

#include "emit/calls.h"

/* Returns what each thread has of a region. */
static const char *ways_of_region(const struct region *region)
{
    if (region->kind == REGION_ELEMENTWISE_SCAN)
        return "units";
    if (region->kind == REGION_FRAMES)
        return "columns or panels";
    return !region->sharing.row_streams    ? "streams"
           : !region->sharing.streams_each ? "rows of the weights"
                                           : "streams, or rows of the weights";
}

static bool region_is_scan(const struct region *region)
{
    return region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
}

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

/* Writes, in a scan, the keeping of values that later frames would overwrite, for streams that end at this frame. */
static void write_ends(struct emitter *emitter, const struct region *region)
{
    bool shared = region_is_shared(region), any = false;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (!value_is_kept_by_scan(emitter->schedule, id))
            continue;
        use_variables(emitter, VAR_values | VAR_streams | VAR_ends);
        text_printf(emitter->out,
                    "%s            rnn_keep_ended(values->kept->%s, values->%s, RNN_PAD(%s), ends, t, %s);\n",
                    shared && any ? ""
                    : shared      ? "        if (ends) {\n"
                                  : "        if (ends)\n",
                    emitter->buffers[id], emitter->buffers[id], value_size(emitter, id),
                    shared ? "share.columns.first, share.columns.end" : "0, streams");
        any = true;
    }
    if (any && shared)
        text_puts(emitter->out, "            rnn_meet(&share);\n        }\n");
}

/* Writes initial values, in a reversed scan, to frames behind a stream's last one, from where it begins. */
static void write_frames_not_begun(struct emitter *emitter, const struct region *region)
{
    bool any = false, shared = region_is_shared(region);
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        const char *units = value_size(emitter, id);
        const struct buffer *buffer = &emitter->schedule->buffers[id];
        if (!ends_with_block(emitter->schedule, id))
            continue;
        if (!any)
            text_printf(emitter->out,
                        "        for (int stream = %s; ends && stream < %s; stream++)\n"
                        "            if (ends[stream] < t + %s) {\n",
                        shared ? "share.columns.first" : "0", shared ? "share.columns.end" : "streams",
                        region->group > 1 ? "count" : "1");
        any = true;
        use_variables(emitter, VAR_values | VAR_streams | VAR_ends | (buffer->in_place ? 0 : VAR_frame));
        if (region->group > 1)
            text_printf(emitter->out,
                        "                rnn_start_future(values->%s + frame * RNN_PAD(%s), RNN_MIN(count, t + count - "
                        "ends[stream]),\n"
                        "                                 RNN_PAD(%s), %s, %s, RNN_MAX(0, ends[stream] - t), streams, "
                        "stream);\n",
                        emitter->buffers[id], units, units, units, initial_value(emitter, id));
        else
            text_printf(emitter->out,
                        "                rnn_start_past(values->%s + %s * RNN_PAD(%s), 1, RNN_PAD(%s), %s, %s, "
                        "streams, stream);\n",
                        emitter->buffers[id], buffer->in_place ? "(ptrdiff_t)streams" : "(frame + streams)", units,
                        units, units, initial_value(emitter, id));
    }
    text_puts(emitter->out, any ? "            }\n" : "");
    if (any && shared)
        text_puts(emitter->out, "        if (ends)\n            rnn_meet(&share);\n");
}

/* Does the same for all frames of a block at once, for a kernel's values: as soon as they are made, since a later phase
 * may read them; in an elementwise scan before, since the scan begins there. */
static void write_node_after_end(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    if (!ends_with_block(emitter->schedule, id) || buffer->storage != STORE_SEQUENCE)
        return;
    const char *units = value_size(emitter, id);
    use_variables(emitter, VAR_values | VAR_frames | VAR_streams | VAR_ends);
    text_printf(emitter->out,
                "    for (int stream = 0; ends && stream < streams; stream++)\n"
                "        rnn_start_future(values->%s, frames - ends[stream], RNN_PAD(%s), %s, %s, ends[stream],\n"
                "                         streams, stream);\n",
                emitter->buffers[id], units, units, initial_value(emitter, id));
}

static void write_frames_after_end(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct text text, *out = emitter->out;
    text_init(&text, emitter->arena);
    emitter->out = &text;
    for (int i = 0; i < kernel->accumulator_count; i++)
        write_node_after_end(emitter, kernel->accumulators[i].result);
    for (int i = 0; i < kernel->node_count; i++)
        write_node_after_end(emitter, kernel->nodes[i]);
    emitter->out = out;
    if (!text.length)
        return;
    if (region_is_shared(region)) {
        use_variables(emitter, VAR_share);
        text_puts(out, "    rnn_barrier(&share);\n    if (share.thread == 0) {\n");
    }
    text_append(out, text.data, text.length);
    if (region_is_shared(region))
        text_puts(out, "    }\n    rnn_barrier(&share);\n");
}

static void write_region_head(struct emitter *emitter, const struct region *region)
{
    struct text *out = emitter->out;
    text_printf(out, "/* ---- %s ----\n * %s.\n", region->name,
                describe_kind(emitter->schedule, region, emitter->arena));
    describe_equations(emitter->schedule, region, emitter->arena, " * ", out);
    text_puts(out, " */\n");
}

/* True if a kernel runs with each block: values that wait for all frames have none. */
static bool kernel_runs(const struct emitter *emitter, const struct kernel *kernel)
{
    return kernel->kind != KERNEL_OVER_TIME || !node_waits_for_all_frames(emitter->graph->nodes[kernel->nodes[0]]);
}

static void write_kernel_call(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
                              unsigned uses)
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

static void write_scan_calls(struct emitter *emitter, const struct region *region, const unsigned *uses)
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
static void write_frames_kernel_call(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
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

static void write_block_calls(struct emitter *emitter, const struct region *region, const unsigned *uses)
{
    for (int k = 0; k < region->kernel_count; k++) {
        const struct kernel *kernel = &region->kernels[k];
        write_phase(emitter, region, k);
        if (region->kind == REGION_ELEMENTWISE_SCAN) {
            write_frames_after_end(emitter, region, kernel);
            write_units(emitter, region, kernel, uses[k]);
        }
        if (region->kind == REGION_FRAMES)
            write_frames_kernel_call(emitter, region, kernel, uses[k]);
        else
            write_kernel_call(emitter, region, kernel, uses[k]);
    }
}

/* Emits a region's kernels; returns the parameters that each takes. */
static unsigned *emit_kernels(struct emitter *emitter, const struct region *region, unsigned *all)
{
    unsigned *uses = ARENA_ARRAY(emitter->arena, unsigned, region->kernel_count + 1);
    unsigned *rounding = ARENA_ARRAY(emitter->arena, unsigned, region->kernel_count + 1);
    emitter->rounding_uses[region - emitter->schedule->regions] = rounding;
    *all = 0;
    emitter->region = region;
    write_region_head(emitter, region);
    for (int k = 0; k < region->kernel_count; k++) {
        uses[k] = kernel_runs(emitter, &region->kernels[k]) ? emit_kernel(emitter, region, &region->kernels[k]) : 0;
        rounding[k] = emit_rounding(emitter, region, &region->kernels[k]);
        *all |= uses[k] | rounding[k];
    }
    return uses;
}

/* Writes what the numbers of a split say. */
static void write_thresholds(struct emitter *emitter, const struct region *region)
{
    const struct sharing *sharing = &region->sharing;
    text_printf(emitter->out, "    /* Worth it from %d column%s on", sharing->fork_columns,
                sharing->fork_columns > 1 ? "s" : "");
    if (sharing->streams_each)
        text_printf(emitter->out, "; streams, if there are %d for each thread", sharing->streams_each);
    if (sharing->row_streams)
        text_printf(emitter->out, "%s rows of the weights from %d stream%s on, for up to %d threads",
                    sharing->streams_each ? "; else" : ";", sharing->row_streams, sharing->row_streams > 1 ? "s" : "",
                    sharing->row_threads);
    text_puts(emitter->out, ". */\n");
}

/* Writes the function that shares a region among threads. */
static void write_fork(struct emitter *emitter, const struct region *region)
{
    const struct sharing *sharing = &region->sharing;
    struct arena *arena = emitter->arena;
    write_pattern(emitter,
                  "static void $_%s(const struct $_packed *packed, const struct $_values *values,\n"
                  "    const int frames, const int streams, const int *ends, rnn_team *team)\n{\n",
                  region->name);
    write_thresholds(emitter, region);
    text_puts(emitter->out, "    const rnn_split split = ");
    switch (region->kind) {
    case REGION_SCAN:
        text_printf(emitter->out, "rnn_split_scan(team, frames, streams, %d, %d, %d, %d);\n", sharing->fork_columns,
                    sharing->streams_each, sharing->row_streams, sharing->row_threads);
        break;
    case REGION_ELEMENTWISE_SCAN:
        text_printf(emitter->out, "rnn_split_units(team, frames, streams, %d);\n", sharing->fork_columns);
        break;
    case REGION_FRAMES:
    case REGION_STATIC:
    case REGION_SEQUENCE:
    case REGION_LATE:
        text_printf(emitter->out, "rnn_split_frames(team, (ptrdiff_t)frames * streams, %d);\n", sharing->fork_columns);
    }
    write_threads(
        emitter,
        arena_printf(arena, "%s_share(packed, values, frames, streams, ends, rnn_share_of(&split))", region->name),
        ways_of_region(region));
    text_puts(emitter->out, "}\n\n");
}

static void write_region(struct emitter *emitter, int index)
{
    const struct region *region = &emitter->schedule->regions[index];
    struct text *out = emitter->out;
    unsigned all, *uses = emit_kernels(emitter, region, &all);
    const bool shared = region_is_shared(region);
    emitter->kernel_uses[index] = uses;
    open_function(emitter, VAR_packed | VAR_values | VAR_frames | VAR_streams | VAR_ends | (shared ? VAR_share : 0));
    use_variables(emitter, all);
    if (shared)
        text_printf(out, "/* A thread's share of %s. */\n", region->name);
    write_pattern(emitter,
                  "static void $_%s%s(const struct $_packed *packed, const struct $_values *values,\n"
                  "    const int frames, const int streams, const int *ends%s)\n{\n",
                  region->name, shared ? "_share" : "", shared ? ", rnn_share share" : "");
    if (!region_is_scan(region) && all & VAR_columns && !shared) {
        use_variables(emitter, VAR_frames | VAR_streams);
        text_puts(out, "    const int columns = frames * streams;\n");
    }
    if (region->kind == REGION_SCAN)
        write_scan_calls(emitter, region, uses);
    else
        write_block_calls(emitter, region, uses);
    close_function(emitter);
    if (shared)
        write_fork(emitter, region);
    if (region_has_one_stream(emitter, index))
        write_one_stream(emitter, index);
}

/* Writes a region that runs once, on one column. */
static void write_region_once(struct emitter *emitter, const struct region *region)
{
    bool late = region->kind == REGION_LATE;
    unsigned all, *uses = emit_kernels(emitter, region, &all);
    open_function(emitter, late ? VAR_params | VAR_packed | VAR_values : VAR_params | VAR_packed);
    use_variables(emitter, all);
    text_printf(emitter->out, "static void %s_%s(const %s *params, ", emitter->prefix, region->name,
                emitter->parameters_type);
    if (late)
        text_printf(emitter->out, "const struct %s_packed *packed, const struct %s_values *values)\n{\n",
                    emitter->prefix, emitter->prefix);
    else
        text_printf(emitter->out, "struct %s_packed *packed%s)\n{\n", emitter->prefix,
                    all & VAR_window ? ", const rnn_window *window" : "");
    for (int k = 0; k < region->kernel_count; k++)
        write_kernel_call(emitter, region, &region->kernels[k], uses[k]);
    close_function(emitter);
}

static void emit_region(struct emitter *emitter, int index)
{
    const struct region *region = &emitter->schedule->regions[index];
    if (!region_is_once(region))
        write_region(emitter, index);
    else if (region->kernel_count && !emitter->constants)
        write_region_once(emitter, region);
}

static void begin_regions(struct emitter *emitter)
{
    emitter->kernel_uses = ARENA_ARRAY(emitter->arena, unsigned *, emitter->schedule->region_count + 1);
    emitter->rounding_uses = ARENA_ARRAY(emitter->arena, unsigned *, emitter->schedule->region_count + 1);
}

void emit_regions(struct emitter *emitter)
{
    begin_regions(emitter);
    for (int r = 0; r < emitter->schedule->region_count; r++)
        emit_region(emitter, r);
}

const char *const *emit_region_sources(const struct schedule *schedule, const struct emit_options *options,
                                       struct arena *arena)
{
    const char **sources = ARENA_ARRAY(arena, const char *, schedule->region_count + 1);
    struct text code, lines;
    struct emitter emitter = schedule->graph->trains ? emitter_for_training(schedule, options, arena, &code)
                                                     : emitter_new(schedule, options, arena, &code);
    begin_regions(&emitter);
    for (int r = 0; r < schedule->region_count; r++) {
        text_init(&code, arena);
        text_init(&lines, arena);
        emit_region(&emitter, r);
        if (code.length)
            put_lines(&lines, code.data);
        sources[r] = lines.data;
    }
    return sources;
}
