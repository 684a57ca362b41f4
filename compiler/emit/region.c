/* One function a region, headed by the equations that it computes; below it the order of a block. */
#include "emit/emitter.h"

/* Weights of a scan that do not fit a first-level cache are read to and fro: what the last frame read last, the next one
 * finds in the cache. */
enum { TURN_BYTES = 64 * 1024 };

static void write_panel_loop(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct text *out = emitter->out;
    bool scan = region->kind == REGION_SCAN, turns = scan && region->bytes > TURN_BYTES && emitter->schedule->options.turn_panels;
    const char *indent = scan ? "        " : "    ";
    int rows = kernel->accumulator_count, units = kernel->units;
    text_printf(out, "%sfor (int %s = 0; %s < RNN_PANELS(%d, %d); %s++) {\n", indent, turns ? "i" : "panel",
                turns ? "i" : "panel", rows, units, turns ? "i" : "panel");
    if (turns)
        text_printf(out, "%s    const int panel = t & 1 ? RNN_PANELS(%d, %d) - 1 - i : i; /* to and fro */\n", indent, rows,
                    units);
    text_printf(out, "%s    RNN_FOR_TILES(%s, RNN_TILE(%d, %d), %s, packed, values, %s, streams, panel)\n%s}\n", indent,
                scan ? "streams" : "columns", rows, units, kernel_name(emitter, region, kernel), scan ? "frame" : "0",
                indent);
}

/* In a scan, a stream that ends at this frame keeps what later frames would overwrite. */
static void write_ends(struct emitter *emitter, const struct region *region)
{
    bool any = false;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (!emitter->schedule->buffers[id].in_place)
            continue;
        if (!any)
            text_puts(emitter->out, "        for (int stream = 0; ends && stream < streams; stream++)\n"
                                    "            if (ends[stream] == t + 1) {\n");
        any = true;
        int units = node_units(emitter->graph->nodes[id]);
        text_printf(emitter->out, "                memcpy(values->%s_kept_ + (ptrdiff_t)stream * RNN_PAD(%d),\n"
                                  "                       values->%s + (ptrdiff_t)stream * RNN_PAD(%d), "
                                  "RNN_PAD(%d) * sizeof(rnn_real));\n",
                    emitter->buffers[id], units, emitter->buffers[id], units, units);
    }
    text_puts(emitter->out, any ? "            }\n" : "");
}

static void write_region_head(struct emitter *emitter, const struct region *region)
{
    struct text *out = emitter->out;
    text_printf(out, "/* ---- %s ----\n * %s.\n", region->name, describe_kind(emitter->schedule, region, emitter->arena));
    describe_equations(emitter->schedule, region, emitter->arena, " * ", out);
    text_puts(out, " */\n");
}

static void write_region(struct emitter *emitter, const struct region *region)
{
    struct text *out = emitter->out;
    write_region_head(emitter, region);
    for (int k = 0; k < region->kernel_count; k++)
        emit_kernel(emitter, region, &region->kernels[k]);
    bool frames = region->kind == REGION_FRAMES;
    size_t begin = out->length;
    text_printf(out, "static void %s_%s(const struct %s_packed *packed, const struct %s_values *values, const int frames,\n"
                     "    const int streams%s)\n{\n",
                emitter->prefix, region->name, emitter->prefix, emitter->prefix, frames ? "" : ", const int *ends");
    if (frames)
        text_puts(out, "    const int columns = frames * streams;\n");
    if (region->kind == REGION_SCAN)
        text_puts(out, "    for (int t = 0; t < frames; t++) {\n"
                       "        const ptrdiff_t frame = (ptrdiff_t)t * streams; /* its first column */\n");
    for (int k = 0; k < region->kernel_count; k++) {
        const struct kernel *kernel = &region->kernels[k];
        const char *name = kernel_name(emitter, region, kernel);
        if (kernel->kind == KERNEL_PANEL)
            write_panel_loop(emitter, region, kernel);
        else if (region->kind == REGION_ELEMENTWISE_SCAN)
            text_printf(out, "    %s(packed, values, frames, streams, ends);\n", name);
        else
            text_printf(out, "%s%s(packed, values, %s, streams, %s);\n", frames ? "    " : "        ", name,
                        frames ? "0" : "frame", frames ? "columns" : "streams");
    }
    if (region->kind == REGION_SCAN) {
        write_ends(emitter, region);
        text_puts(out, "    }\n");
    }
    close_function(emitter, begin);
}

void emit_regions(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->regions[r].kind != REGION_STATIC)
            write_region(emitter, &schedule->regions[r]);
    text_puts(emitter->out, "/* A block of frames, region after region. ends: for each stream, its frames within the block; NULL: all. */\n");
    size_t begin = emitter->out->length;
    text_printf(emitter->out, "static void %s_block(const struct %s_packed *packed, const struct %s_values *values, const int frames,\n"
                              "    const int streams, const int *ends)\n{\n",
                emitter->prefix, emitter->prefix, emitter->prefix);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (region->kind != REGION_STATIC)
            text_printf(emitter->out, "    %s_%s(packed, values, frames, streams%s);\n", emitter->prefix, region->name,
                        region->kind == REGION_FRAMES ? "" : ", ends");
    }
    close_function(emitter, begin);
}
