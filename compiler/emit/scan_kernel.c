/* Elementwise scans, in two orders. A single column of one or two vectors has units outermost, so that their past stays
 * in registers through all frames. In longer columns the vectors of one unit lie so far apart that each would be a
 * cache line by itself, many of them in one set of a cache, and would wait for the one before: there frames are
 * outermost, memory is read from front to back, units are computed beside each other, and the past is read again while
 * it is in the first-level cache. */
#include "emit/kernel.h"

/* True if the kernel reads the neighbouring frame of a value of its own. */
static bool kernel_reads(const struct writing *writing, const struct edge *edge)
{
    const struct emitter *emitter = writing->emitter;
    for (int u = emitter->uses.begin[edge->node]; u < emitter->uses.begin[edge->node + 1]; u++) {
        const struct use *use = &emitter->uses.use[u];
        if (use->reader >= 0 && emitter->schedule->kernel_of[use->reader] == writing->kernel &&
            edge_equal(use->edge, edge))
            return true;
    }
    return false;
}

/* Returns the head of the loop over units, which threads may share. */
static const char *unit_loop(const struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    if (!region_is_shared(writing->region))
        return arena_printf(emitter->arena, "for (int unit = 0; unit < RNN_PAD(%s); unit += RNN_LANES) {",
                            kernel_size(emitter, writing->kernel));
    use_variables(emitter, VAR_first | VAR_end);
    return "for (int unit = first; unit < end; unit += RNN_LANES) {";
}

/* Writes the scan of longer columns, or several: frame after frame. */
static void write_frames_outermost(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    text_printf(emitter->out,
                "    for (int t = %s) {\n"
                "        const ptrdiff_t frame = (ptrdiff_t)t * streams; /* its first column */\n"
                "        for (int column = 0; column < streams; column++) {\n"
                "            if (ends && t >= ends[column])\n"
                "                continue;\n"
                "            %s\n",
                writing->region->reversed ? "frames - 1; t >= 0; t--" : "0; t < frames; t++", unit_loop(writing));
    writing->indent = "                ";
    writing->column = "column";
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_node(writing, writing->kernel->nodes[i]);
    write_stores(writing);
    text_puts(emitter->out, "            }\n        }\n    }\n");
}

/* Writes variables for values of the frame before (in a reversed scan, after); returns how many there are. */
static int write_carried(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int carried = 0;
    for (int i = 0; i < writing->kernel->node_count; i++) {
        int id = writing->kernel->nodes[i];
        struct edge edge = edge_to(emitter->graph, id);
        edge.delay = writing->region->reversed ? -1 : 1;
        edge.init = emitter->schedule->buffers[id].init;
        if (!kernel_reads(writing, &edge))
            continue;
        const char *before = fresh_local(writing, id, edge.delay);
        text_printf(emitter->out, "            rnn_vec %s = rnn_vec_load(%s + unit);\n", before,
                    edge_address(emitter, &edge, "0"));
        remember_load(writing, &edge, before);
        carried++;
    }
    return carried;
}

/* Writes the scan of one stream with a short column: unit after unit. */
static void write_units_outermost(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    struct text *out = emitter->out;
    bool reversed = writing->region->reversed;
    text_printf(out,
                "    if (streams == 1 && RNN_PAD(%s) <= 2 * RNN_LANES) {\n"
                "        const int count = ends ? ends[0] : frames;\n"
                "        %s\n"
                "            ptrdiff_t frame = %s;\n",
                kernel_size(emitter, kernel), unit_loop(writing), reversed ? "(ptrdiff_t)count - 1" : "0");
    writing->column = "0";
    int carried = write_carried(writing);
    text_printf(out, "            for (int t = 0; t < count; t++, frame%s) {\n", reversed ? "--" : "++");
    writing->indent = "                ";
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    for (int i = 0; i < kernel->node_count; i++)
        if (emitter->schedule->buffers[kernel->nodes[i]].storage >= STORE_BLOCK)
            write_store(writing, kernel->nodes[i]);
    for (int i = 0; i < carried; i++)
        text_printf(out, "                %s = %s;\n", writing->loaded[i].name,
                    emitter->locals[writing->loaded[i].edge.node].text);
    text_puts(out, "            }\n");
    for (int i = 0; i < carried; i++) {
        struct edge edge = writing->loaded[i].edge;
        if (emitter->schedule->buffers[edge.node].storage == STORE_FRAME)
            text_printf(out, "            rnn_vec_store(%s + unit, %s);\n", edge_address(emitter, &edge, "0"),
                        writing->loaded[i].name);
    }
    text_puts(out, "        }\n        return;\n    }\n");
}

void write_scan_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    use_variables(emitter, VAR_frames | VAR_streams | VAR_ends);
    write_units_outermost(writing);
    unique_init(&writing->names, emitter->arena);
    writing->loaded_count = 0;
    writing->operations = (struct operations){0}; /* of one of the two */
    write_frames_outermost(writing);
    emitter->function.used &= ~(unsigned)VAR_frame; /* a variable of the loops */
}
