/* The packed weights: their struct, and `_pack`, which makes them from the parameters: copies of parameters that
 * kernels read unchanged, values of the static region, and panels. */
#include "emit/emitter.h"

/* ---- the struct ---- */

static void write_panel_member(struct emitter *emitter, int number)
{
    const struct packed_matrix *panels = &emitter->schedule->panels[number];
    const struct operand *operand = &panels->operand;
    text_printf(emitter->out, "    RNN_ALIGNED rnn_real %s[RNN_PACKED(%d, %d, %s, %s)];\n", emitter->panels[number],
                panels->kernel->panel_rows, operand->row_count, kernel_size(emitter, panels->kernel),
                node_size(emitter, operand->x.node, operand->x.length));
}

void emit_packed_struct(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    text_printf(
        out,
        "/* What the kernels read: static values, and weights as panels (see rnn/panel.h). */\nstruct %s_packed {\n",
        emitter->prefix);
    bool any = schedule->panel_count > 0;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        if (schedule->buffers[i].storage != STORE_STATIC)
            continue;
        any = true;
        text_printf(out, "    RNN_ALIGNED rnn_real %s[RNN_PAD(%s)];\n", emitter->buffers[i], value_size(emitter, i));
    }
    for (int p = 0; p < schedule->panel_count; p++)
        write_panel_member(emitter, p);
    text_puts(out, any ? "};\n\n" : "    RNN_ALIGNED rnn_real none[RNN_LANES];\n};\n\n");
}

/* ---- _pack ---- */

/* A row of a packed matrix, and the place of its weights. */
struct packing {
    const struct kernel *kernel;
    const struct operand *operand;
    int row;
    struct access weights;
};

/* Collects all rows whose weights are parameters, or all whose weights are computed when they are packed. */
static int collect_packings(struct emitter *emitter, bool computed, struct packing **packings)
{
    int count = 0, capacity = 0;
    *packings = NULL;
    for (int p = 0; p < emitter->schedule->panel_count; p++) {
        const struct packed_matrix *panels = &emitter->schedule->panels[p];
        for (int row = 0; row < panels->operand.row_count; row++) {
            const struct node *product = emitter->graph->nodes[panels->operand.products[row]];
            struct packing packing = {panels->kernel, &panels->operand, row,
                                      access_of_edge(emitter->schedule, NULL, &product->edges[0])};
            if ((packing.weights.place != PLACE_PARAMETERS) == computed)
                ARENA_PUSH(emitter->arena, *packings, count, capacity, packing);
        }
    }
    return count;
}

/* Returns a distance between rows or columns, in the words of a parameter's declaration. */
static const char *step_text(const struct emitter *emitter, const struct access *weights, int dimension)
{
    long step = weights->view.stride[dimension];
    if (weights->place == PLACE_PARAMETERS) {
        const struct graph_parameter *parameter = &emitter->graph->parameters[weights->member];
        int last = parameter->shape.rank - 1;
        if (step > 1 && parameter->shape.dim[last] == step)
            return named_size(emitter, parameter->size_names[last], (int)step);
    }
    return arena_printf(emitter->arena, "%ld", step);
}

/* Returns the place of a row in its packed matrix: "RNN_SIDE(4, lstm_n), 4, 0". */
static const char *row_text(const struct emitter *emitter, const struct packing *packing)
{
    return arena_printf(emitter->arena, "RNN_SIDE(%d, %s), %d, %d", packing->kernel->panel_rows,
                        kernel_size(emitter, packing->kernel), packing->operand->row_count, packing->row);
}

/* Returns steps of the weights, units and columns: "lstm_m, 1, lstm_n, lstm_m". */
static const char *matrix_text(const struct emitter *emitter, const struct packing *packing)
{
    return arena_printf(emitter->arena, "%s, %s, %s, %s", step_text(emitter, &packing->weights, 0),
                        step_text(emitter, &packing->weights, 1), kernel_size(emitter, packing->kernel),
                        node_size(emitter, packing->operand->x.node, packing->operand->x.length));
}

/* Writes the table of rows that are packed from parameters; returns their number. */
static int write_packings(struct emitter *emitter)
{
    struct packing *packings;
    int count = collect_packings(emitter, false, &packings);
    if (!count)
        return 0;
    text_printf(emitter->out,
                "/* What becomes of the parameters, row by row of the packed matrices (see rnn_packing). */\n"
                "static const rnn_packing %s_packing[] = {\n",
                emitter->prefix);
    for (int i = 0; i < count; i++) {
        const struct access *weights = &packings[i].weights;
        const char *element = weights->view.offset ? arena_printf(emitter->arena, "[%ld]", weights->view.offset) : "";
        text_printf(emitter->out, "    {offsetof(struct %s_packed, %s), offsetof(%s, %s%s), %s, %s},\n",
                    emitter->prefix, emitter->panels[packings[i].operand->panels], emitter->parameters_type,
                    emitter->parameters[weights->member], element, row_text(emitter, &packings[i]),
                    matrix_text(emitter, &packings[i]));
    }
    text_puts(emitter->out, "};\n\n");
    return count;
}

static void write_computed_panels(struct emitter *emitter)
{
    struct packing *packings;
    int count = collect_packings(emitter, true, &packings);
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, "    rnn_pack_panels(packed->%s, %s, %s, %s);\n",
                    emitter->panels[packings[i].operand->panels], row_text(emitter, &packings[i]),
                    access_address(emitter, &packings[i].weights, "0"), matrix_text(emitter, &packings[i]));
}

bool pack_draws(const struct emitter *emitter)
{
    bool draws = false;
    for (int i = 0; i < emitter->graph->node_count; i++)
        draws |= emitter->graph->nodes[i]->op == OP_keep && emitter->graph->nodes[i]->time == TIME_STATIC;
    return draws;
}

/* Writes checks of the parameters that become int8, which has neither NaN nor infinity. */
static void write_storage_checks(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->parameter_count; i++) {
        const struct graph_parameter *parameter = &emitter->graph->parameters[i];
        if (parameter->storage != PRECISION_INT8 || emitter->graph->trains)
            continue;
        text_printf(emitter->out,
                    "    if (!rnn_all_finite(params->%s, sizeof params->%s / sizeof(rnn_real)))\n"
                    "        return RNN_ERROR_WEIGHTS; /* int8 has neither NaN nor infinity */\n",
                    emitter->parameters[i], emitter->parameters[i]);
    }
}

/* Writes copies of parameters, and of parts of them, that kernels read as columns. */
static void write_copies(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct node *node = emitter->graph->nodes[i];
        if (emitter->schedule->buffers[i].storage != STORE_STATIC || !node_is_of_parameter(emitter->graph, i))
            continue;
        struct access to = access_of_node(emitter->schedule, NULL, i), from = access_of_source(emitter->schedule, i);
        const char *address = access_address(emitter, &from, "0");
        if (node->op == OP_parameter)
            text_printf(emitter->out, "    memcpy(%s, %s, sizeof %s);\n", access_address(emitter, &to, "0"), address,
                        address);
        else if (access_is_contiguous(&from))
            text_printf(emitter->out, "    memcpy(%s, %s, %s);\n", access_address(emitter, &to, "0"), address,
                        size_in_bytes(emitter, node_size(emitter, i, node_units(node))));
        else
            emit_strided(emitter, "rnn_copy_strided", &node->shape, &to, &from, address);
    }
}

void emit_pack(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    const char *window = pack_draws(emitter) ? ", window" : "";
    bool packs = write_packings(emitter), trains = emitter->graph->trains; /* then the caller has checked them */
    text_printf(out,
                "/* Parameters to packed weights: what is static is computed here, once. */\n"
                "%s %s_pack(const %s *params, %s_packed *packed%s)\n{\n%s"
                "    memset(packed, 0, sizeof *packed);\n",
                trains              ? "static void"
                : emitter->internal ? "static rnn_status"
                                    : "rnn_status",
                emitter->prefix, emitter->parameters_type, emitter->prefix, *window ? ", const rnn_window *window" : "",
                trains ? ""
                       : "    if (!params || !packed || !rnn_is_aligned(packed))\n"
                         "        return RNN_ERROR_ARGUMENT;\n");
    open_function(emitter, trains ? VAR_params : VAR_NONE);
    write_storage_checks(emitter);
    write_copies(emitter);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (region->kind != REGION_STATIC || !region->kernel_count)
            continue;
        use_variables(emitter, VAR_params);
        text_printf(out, "    %s_%s(params, packed%s);\n", emitter->prefix, region->name, window);
    }
    if (packs) {
        use_variables(emitter, VAR_params);
        text_printf(out, "    rnn_pack_all(packed, params, %s_packing, sizeof %s_packing / sizeof *%s_packing);\n",
                    emitter->prefix, emitter->prefix, emitter->prefix);
    }
    write_computed_panels(emitter);
    text_puts(out, trains ? "" : "    return RNN_OK;\n");
    close_function(emitter);
}
