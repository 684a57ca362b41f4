/* Elementwise scans: units outermost, then streams, so that a unit's past stays in registers through all frames. */
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

/* Writes an elementwise scan: units outermost, then streams, so that a unit's past stays in registers through all
 * frames. */
void write_scan_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    struct text *out = emitter->out;
    use_variables(emitter, VAR_frames | VAR_streams | VAR_ends);
    text_printf(out,
                "    for (int unit = 0; unit < RNN_PAD(%s); unit += RNN_LANES)\n"
                "        for (int column = 0; column < streams; column++) {\n"
                "            const int count = ends ? ends[column] : frames;\n",
                kernel_size(emitter, kernel));
    writing->indent = "            ";
    writing->column = "column";
    bool reversed = writing->region->reversed;
    text_puts(out, reversed ? "            ptrdiff_t frame = ((ptrdiff_t)count - 1) * streams;\n"
                            : "            ptrdiff_t frame = 0;\n");
    int carried = 0;
    for (int i = 0; i < kernel->node_count; i++) {
        int id = kernel->nodes[i];
        struct edge edge = edge_to(emitter->graph, id);
        edge.delay = writing->region->reversed ? -1 : 1;
        edge.init = emitter->schedule->buffers[id].init;
        if (!kernel_reads(writing, &edge))
            continue;
        const char *before = fresh_local(writing, id, edge.delay);
        text_printf(out, "            rnn_vec %s = rnn_vec_load(%s + unit);\n", before,
                    edge_address(emitter, &edge, "column"));
        remember_load(writing, &edge, before);
        carried++;
    }
    text_printf(out, "            for (int t = 0; t < count; t++, frame %s= streams) {\n", reversed ? "-" : "+");
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
            text_printf(out, "            rnn_vec_store(%s + unit, %s);\n", edge_address(emitter, &edge, "column"),
                        writing->loaded[i].name);
    }
    text_puts(out, "        }\n");
    emitter->function.used &= ~(unsigned)VAR_frame; /* a variable of the loop */
}
