/* The packed weights: their struct, and `_pack`, which makes them from the parameters: copies of those that kernels read as they
 * are, what the static region computes, and panels. */
#include "emit/emitter.h"

/* ---- the struct ---- */

static void write_panel_members(struct emitter *emitter, const struct kernel *kernel)
{
    for (int o = 0; o < kernel->operand_count; o++) {
        const struct operand *operand = &kernel->operands[o];
        text_printf(emitter->out, "    RNN_ALIGNED rnn_real %s[RNN_PACKED(%d, %d, %s, %s)];\n",
                    emitter->panels[operand->panels], kernel->accumulator_count, operand->row_count,
                    kernel_size(emitter, kernel), node_size(emitter, operand->x.node, operand->x.length));
    }
}

void emit_packed_struct(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    text_printf(
        out,
        "/* What the kernels read: static values, and weights as panels (see rnn/panel.h). */\nstruct %s_packed {\n",
        emitter->prefix);
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct node *node = emitter->graph->nodes[i];
        if (schedule->buffers[i].storage != STORE_STATIC)
            continue;
        any = true;
        text_printf(out, "    RNN_ALIGNED rnn_real %s[RNN_PAD(%ld)];\n", emitter->buffers[i], shape_size(&node->shape));
    }
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            any |= schedule->regions[r].kernels[k].operand_count > 0;
            write_panel_members(emitter, &schedule->regions[r].kernels[k]);
        }
    text_puts(out, any ? "};\n\n" : "    RNN_ALIGNED rnn_real none[RNN_LANES];\n};\n\n");
}

/* ---- _pack ---- */

static void write_panels(struct emitter *emitter, const struct kernel *kernel, const struct operand *operand)
{
    for (int row = 0; row < operand->row_count; row++) {
        const struct node *product = emitter->graph->nodes[operand->products[row]];
        struct access weight = access_of_edge(emitter->schedule, NULL, &product->edges[0]);
        text_printf(emitter->out, "    rnn_pack_panels(packed->%s, RNN_SIDE(%d, %d), %d, %d, %s, %ld, %ld, %d, %d);\n",
                    emitter->panels[operand->panels], kernel->accumulator_count, kernel->units, operand->row_count, row,
                    access_address(emitter, &weight, "0"), weight.view.stride[0], weight.view.stride[1], kernel->units,
                    operand->x.length);
    }
}

bool pack_draws(const struct emitter *emitter)
{
    bool draws = false;
    for (int i = 0; i < emitter->graph->node_count; i++)
        draws |= emitter->graph->nodes[i]->op == OP_keep && emitter->graph->nodes[i]->time == TIME_STATIC;
    return draws;
}

/* Parameters, and parts of them, that kernels read as columns. */
static void write_copies(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct node *node = emitter->graph->nodes[i];
        if (emitter->schedule->buffers[i].storage != STORE_STATIC || !value_is_of_parameter(emitter->graph, i))
            continue;
        struct access to = access_of_node(emitter->schedule, NULL, i), from = access_of_source(emitter->schedule, i);
        const char *address = access_address(emitter, &from, "0");
        if (access_is_contiguous(&from))
            text_printf(emitter->out, "    memcpy(%s, %s, %d * sizeof(rnn_real));\n", access_address(emitter, &to, "0"),
                        address, node_units(node));
        else
            emit_strided(emitter, "rnn_copy_strided", &node->shape, &to, &from, address);
    }
}

void emit_pack(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    const char *window = pack_draws(emitter) ? ", window" : "";
    text_printf(out,
                "/* Parameters to packed weights: what is static is computed here, once. */\n"
                "%srnn_status %s_pack(const %s *params, %s_packed *packed%s)\n{\n"
                "    if (!params || !packed || !rnn_is_aligned(packed))\n        return RNN_ERROR_ARGUMENT;\n"
                "    memset(packed, 0, sizeof *packed);\n",
                emitter->graph->trains ? "static " : "", emitter->prefix, emitter->parameters_type, emitter->prefix,
                *window ? ", const rnn_window *window" : "");
    write_copies(emitter);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (region->kind == REGION_STATIC && region->kernel_count)
            text_printf(out, "    %s_%s(params, packed%s);\n", emitter->prefix, region->name, window);
        for (int k = 0; k < region->kernel_count; k++)
            for (int o = 0; o < region->kernels[k].operand_count; o++)
                write_panels(emitter, &region->kernels[k], &region->kernels[k].operands[o]);
    }
    text_puts(out, "    return RNN_OK;\n}\n\n");
}
