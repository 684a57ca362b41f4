/* The packed weights: their struct, and `_pack`, which makes them from the parameters: copies of parameters that
 * kernels read unchanged, values of the static region, and panels. What only a backward call reads of the parameters,
 * `_pack_backward` packs there, where it is known which gradients are wanted. */
#include <string.h>

#include "emit/calls.h"

/* ---- the struct ---- */

static void write_panel_member(struct emitter *emitter, int number)
{
    const struct packed_matrix *panels = &emitter->schedule->panels[number];
    const struct operand *operand = &panels->operand;
    const bool stored = operand->storage != PRECISION_F32;
    text_printf(emitter->out, "    RNN_ALIGNED rnn_%s %s[%s%d, %d, %s, %s)];\n", stored ? "stored" : "real",
                emitter->panels[number],
                stored ? arena_printf(emitter->arena, "RNN_STORED(%s, ", storage_text(operand->storage))
                       : "RNN_PACKED(",
                panels->kernel->panel_rows, operand->row_count, kernel_size(emitter, panels->kernel),
                node_size(emitter, operand->x.node, operand->x.length));
}

bool value_is_packed(const struct emitter *emitter, int id)
{
    return emitter->schedule->buffers[id].storage == STORE_STATIC &&
           (!emitter->constants || emitter->constants->statics[id].count);
}

bool packed_begins_aligned(const struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    bool bytes = false, numbers = false;
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (value_is_packed(emitter, i))
            *(value_is_stored_table(schedule, i) ? &bytes : &numbers) = true;
    for (int p = 0; p < schedule->panel_count; p++)
        *(schedule->panels[p].operand.storage == PRECISION_F32 ? &numbers : &bytes) = true;
    return emitter->plain && bytes && !numbers;
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
    if (packed_begins_aligned(emitter))
        text_puts(out, "    rnn_real aligned_; /* so that bytes begin where numbers may */\n");
    for (int i = 0; i < emitter->graph->node_count; i++) {
        if (!value_is_packed(emitter, i))
            continue;
        any = true;
        if (value_is_stored_table(schedule, i)) /* in whole numbers, as RNN_ALIGNED is nothing in plain C */
            text_printf(out,
                        emitter->plain ? "    rnn_stored %s[(RNN_STORED_TABLE(%s) + 3) / 4 * 4];\n"
                                       : "    RNN_ALIGNED rnn_stored %s[RNN_STORED_TABLE(%s)];\n",
                        emitter->buffers[i], table_text(emitter, i));
        else
            text_printf(out, "    RNN_ALIGNED rnn_real %s[RNN_PAD(%s)];\n", emitter->buffers[i],
                        value_size(emitter, i));
    }
    for (int p = 0; p < schedule->panel_count; p++)
        write_panel_member(emitter, p);
    text_puts(out, any ? "};\n\n" : "    RNN_ALIGNED rnn_real none[RNN_LANES];\n};\n\n");
    if (emitter->plain && !emitter->constants)
        write_pattern(emitter, "/* Does not compile unless the struct has the size that is declared. */\n"
                               "typedef char $_packed_is_as_declared"
                               "[sizeof(struct $_packed) == $_PACKED_BYTES ? 1 : -1];\n\n");
}

/* ---- _pack ---- */

/* The weights of a row: plain numbers of the parameters, parameters in a storage, or values that are computed when they
 * are packed. */
enum packed_from { FROM_PARAMETERS, FROM_PARAMETERS_STORED, FROM_VALUES };

/* A row of a packed matrix, and the place of its weights. */
struct packing {
    const struct kernel *kernel;
    const struct operand *operand;
    int row;
    int node; /* of the weights */
    struct access weights;
    bool late;             /* only a backward call reads it, */
    const char *condition; /* and only where this holds; NULL: always */
};

static enum packed_from origin_of(const struct packing *packing)
{
    if (packing->operand->storage != PRECISION_F32)
        return FROM_PARAMETERS_STORED;
    return packing->weights.place == PLACE_PARAMETERS ? FROM_PARAMETERS : FROM_VALUES;
}

/* Collects all rows whose weights are such ones. */
static int collect_packings(struct emitter *emitter, enum packed_from from, struct packing **packings)
{
    int count = 0, capacity = 0;
    *packings = NULL;
    for (int p = 0; p < emitter->schedule->panel_count; p++) {
        const struct packed_matrix *panels = &emitter->schedule->panels[p];
        for (int row = 0; row < panels->operand.row_count; row++) {
            const struct node *product = emitter->graph->nodes[panels->operand.products[row]];
            struct packing packing = {panels->kernel,
                                      &panels->operand,
                                      row,
                                      product->edges[0].node,
                                      access_of_edge(emitter->schedule, NULL, &product->edges[0]),
                                      false,
                                      NULL};
            if (from == FROM_PARAMETERS)
                packing.late = panels_are_of_backward(emitter, p, &packing.condition);
            if (origin_of(&packing) == from)
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

/* Returns a row as an rnn_packing. */
static const char *packing_text(const struct emitter *emitter, const struct packing *packing)
{
    const struct access *weights = &packing->weights;
    const char *element = weights->view.offset ? arena_printf(emitter->arena, "[%ld]", weights->view.offset) : "";
    return arena_printf(emitter->arena, "{offsetof(struct %s_packed, %s), offsetof(%s, %s%s), %s, %s}", emitter->prefix,
                        emitter->panels[packing->operand->panels], emitter->parameters_type,
                        emitter->parameters[weights->member], element, row_text(emitter, packing),
                        matrix_text(emitter, packing));
}

/* Returns the same as an rnn_stored_packing. */
static const char *stored_text(const struct emitter *emitter, const struct packing *packing)
{
    const struct graph_parameter *parameter = &emitter->graph->parameters[packing->weights.member];
    int last = parameter->shape.rank - 1;
    const char *storage = storage_text(packing->operand->storage), *plain = packing_text(emitter, packing);
    if (packing->operand->storage != PRECISION_INT8)
        return arena_printf(emitter->arena, "{%s, 0, 0, %s}", storage, plain);
    return arena_printf(emitter->arena, "{%s, %d, %s, %s}", storage, node_rows_begin(emitter->graph, packing->node),
                        named_size(emitter, parameter->size_names[last], parameter->shape.dim[last]), plain);
}

/* Writes the table of rows that are packed from parameters, in their storages. */
static bool write_stored_packings(struct emitter *emitter)
{
    struct packing *packings;
    const int count = collect_packings(emitter, FROM_PARAMETERS_STORED, &packings);
    if (!count)
        return false;
    write_pattern(emitter, "/* What becomes of parameters with a storage, row by row of the packed matrices (see "
                           "rnn_stored_packing). */\n"
                           "static const rnn_stored_packing $_stored_packing[] = {\n");
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, "    %s,\n", stored_text(emitter, &packings[i]));
    text_puts(emitter->out, "};\n\n");
    return true;
}

/* Writes the table of rows that are packed from parameters as plain numbers: of those that a backward call packs, or of
 * all others. */
static bool write_plain_packings(struct emitter *emitter, bool late)
{
    struct packing *packings;
    const int count = collect_packings(emitter, FROM_PARAMETERS, &packings);
    bool any = false;
    for (int i = 0; i < count; i++) {
        if (packings[i].late != late)
            continue;
        if (!any)
            write_pattern(emitter,
                          "/* Where %s go in the packed matrices, row by row (see rnn_packing). */\n"
                          "static const rnn_packing $_%spacking[] = {\n",
                          late ? "parameters that only the backward pass reads so" : "the parameters",
                          late ? "backward_" : "");
        text_printf(emitter->out, "    %s,\n", packing_text(emitter, &packings[i]));
        any = true;
    }
    text_puts(emitter->out, any ? "};\n\n" : "");
    return any;
}

/* Writes the call that packs the rows of such a table. */
static void write_packing_call(struct emitter *emitter, const char *stored)
{
    use_variables(emitter, VAR_params);
    write_pattern(emitter,
                  "    rnn_%spack_all(packed, params, $_%spacking, sizeof $_%spacking / sizeof *$_%spacking);\n",
                  stored, stored, stored, stored);
}

static void write_computed_panels(struct emitter *emitter)
{
    struct packing *packings;
    int count = collect_packings(emitter, FROM_VALUES, &packings);
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

/* Writes what clears the packed weights: padding is 0. Plain panels are packed whole, with theirs. */
static void write_clear_packed(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    bool stored = false, values = false;
    for (int p = 0; p < schedule->panel_count; p++)
        stored |= schedule->panels[p].operand.storage != PRECISION_F32;
    for (int i = 0; i < emitter->graph->node_count; i++)
        values |= schedule->buffers[i].storage == STORE_STATIC;
    if (stored || !schedule->panel_count)
        text_puts(emitter->out, "    memset(packed, 0, sizeof *packed);\n");
    else if (values)
        write_pattern(emitter, "    memset(packed, 0, offsetof(struct $_packed, %s)); /* panels are packed whole */\n",
                      emitter->panels[0]);
}

static bool same_condition(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

bool emit_pack_backward(struct emitter *emitter)
{
    struct packing *packings;
    const int count = collect_packings(emitter, FROM_PARAMETERS, &packings);
    if (!write_plain_packings(emitter, true))
        return false;
    int late = 0, values = 0;
    for (int i = 0; i < count; i++) {
        if (packings[i].late)
            packings[late++] = packings[i];
        values += packings[i].late && packings[i].condition;
    }
    write_pattern(emitter, "/* Packs what only the backward pass reads, as far as it is wanted. */\n"
                           "static void $_pack_backward(const @_params *params, struct $_packed *packed,\n"
                           "    const struct $_values *values)\n{\n");
    for (int first = 0, end; first < late; first = end) {
        const char *condition = packings[first].condition;
        for (end = first + 1; end < late && same_condition(condition, packings[end].condition);)
            end++;
        if (condition)
            text_printf(emitter->out, "    if (%s)\n    ", condition);
        write_pattern(emitter, "    rnn_pack_all(packed, params, &$_backward_packing[%d], %d);\n", first, end - first);
    }
    text_puts(emitter->out, values ? "}\n\n" : "    (void)values;\n}\n\n");
    return true;
}

void emit_pack(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    const char *window = pack_draws(emitter) ? ", window" : "";
    const bool packs = write_plain_packings(emitter, false), stores = write_stored_packings(emitter);
    bool trains = emitter->graph->trains; /* then the caller has checked them */
    text_printf(out,
                "/* Makes packed weights of parameters. What is static is computed here, once. */\n"
                "%s %s_pack(const %s *params, %s_packed *packed%s)\n{\n%s",
                trains              ? "static void"
                : emitter->internal ? "static rnn_status"
                                    : "rnn_status",
                emitter->prefix, emitter->parameters_type, emitter->prefix, *window ? ", const rnn_window *window" : "",
                trains ? ""
                       : "    if (!params || !packed || !rnn_is_aligned(packed))\n"
                         "        return RNN_ERROR_ARGUMENT;\n");
    write_clear_packed(emitter);
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
    if (packs)
        write_packing_call(emitter, "");
    if (stores)
        write_packing_call(emitter, "stored_");
    write_computed_panels(emitter);
    text_puts(out, trains ? "" : "    return RNN_OK;\n");
    close_function(emitter);
}
