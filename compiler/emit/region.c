/* One function for each region, headed by the equations that it computes. */
#include "emit/region.h"

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

static void write_region_head(struct emitter *emitter, const struct region *region)
{
    struct text *out = emitter->out;
    text_printf(out, "/* ---- %s ----\n * %s.\n", region->name,
                describe_kind(emitter->schedule, region, emitter->arena));
    describe_equations(emitter->schedule, region, emitter->arena, " * ", out);
    text_puts(out, " */\n");
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
    text_printf(emitter->out, "    /* Threads are worth it from %d column%s on", sharing->fork_columns,
                plural(sharing->fork_columns));
    if (sharing->streams_each)
        text_printf(emitter->out, ": they share streams where each gets %d or more", sharing->streams_each);
    if (sharing->row_streams)
        text_printf(emitter->out, "%s rows of the weights from %d stream%s on, up to %d threads",
                    sharing->streams_each ? "; else" : ": they share", sharing->row_streams,
                    plural(sharing->row_streams), sharing->row_threads);
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
