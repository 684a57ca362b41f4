/* The packed weights: their struct, and `_pack`, which makes them from the parameters; and the gradients of static
 * values, which are made in the same way when all frames have been through.
 *
 * A static value is read through a base address and strides: a parameter or a view of one where the parameters are, a
 * computed value where _pack has put it. */
#include <string.h>

#include "emit/emitter.h"

static struct view contiguous_view(const struct shape *shape)
{
    struct view view = {0};
    long stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        view.stride[i] = stride;
        stride *= shape->dim[i];
    }
    return view;
}

/* Where a static node is stored. */
static const char *stored(struct emitter *emitter, int id)
{
    bool late = emitter->graph->nodes[id]->time == TIME_CALL;
    use_variables(emitter, late ? VAR_values : VAR_packed);
    return arena_printf(emitter->arena, late ? "values->%s" : "packed->%s", emitter->buffers[id]);
}

/* The gradient of a parameter, or of a part of one. */
static struct place place_of_gradient(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    use_variables(emitter, VAR_values);
    return (struct place){arena_printf(emitter->arena, "values->gradient->%s", emitter->parameters[node->parameter]),
                          node->view, node->shape};
}

static const char *parameter(struct emitter *emitter, int index)
{
    use_variables(emitter, VAR_params);
    return arena_printf(emitter->arena, "params->%s", emitter->parameters[index]);
}

/* Where the elements of a static node are, before it is itself stored. */
static struct place place_of_source(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    struct place place = {.shape = node->shape, .view = contiguous_view(&node->shape)};
    if (node->op == OP_parameter) {
        place.base = parameter(emitter, node->parameter);
    } else if (node->op == OP_view) {
        const struct node *source = emitter->graph->nodes[node->edges[0].node];
        place.base =
            source->op == OP_parameter ? parameter(emitter, source->parameter) : stored(emitter, node->edges[0].node);
        place.view = node->view;
    } else {
        place.base = stored(emitter, id);
    }
    return place;
}

/* "base[offset + i * stride + j]": an element by the loop variables i, j and k, without what adds nothing. */
static const char *indexed(const struct emitter *emitter, const char *base, const struct view *view,
                           const char *variables)
{
    struct text text;
    text_init(&text, emitter->arena);
    text_printf(&text, "%s[", base);
    bool first = true;
    if (view->offset || !*variables) {
        text_printf(&text, "%ld", view->offset);
        first = false;
    }
    for (int i = 0; variables[i]; i++, first = false) {
        text_printf(&text, "%s%c", first ? "" : " + ", variables[i]);
        if (view->stride[i] != 1)
            text_printf(&text, " * %ldL", view->stride[i]);
    }
    text_puts(&text, "]");
    return text.data;
}

static const char *variables_of(const struct shape *shape)
{
    static const char *const variables[] = {"", "i", "ij", "ijk"};
    return variables[shape->rank];
}

/* An element of a static node; a scalar is every element of itself. */
static const char *element_of(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    if (node->op == OP_number)
        return emit_number(emitter->arena, node->number);
    struct place place = place_of_source(emitter, id);
    return indexed(emitter, place.base, &place.view, shape_size(&place.shape) > 1 ? variables_of(&place.shape) : "");
}

/* Loops over all elements of a shape; the body assigns one. Returns the indentation of the body. */
static const char *open_loops(struct emitter *emitter, const struct shape *shape)
{
    int depth = 4;
    for (int i = 0; i < shape->rank; i++, depth += 4)
        text_printf(emitter->out, "%*sfor (int %c = 0; %c < %d; %c++)\n", depth, "", 'i' + i, 'i' + i, shape->dim[i],
                    'i' + i);
    return arena_printf(emitter->arena, "%*s", depth, "");
}

static const char *target_element(struct emitter *emitter, int id)
{
    const struct shape *shape = &emitter->graph->nodes[id]->shape;
    struct view view = contiguous_view(shape);
    return indexed(emitter, stored(emitter, id), &view, variables_of(shape));
}

static void write_elements(struct emitter *emitter, int id, const char *value)
{
    const char *indent = open_loops(emitter, &emitter->graph->nodes[id]->shape);
    text_printf(emitter->out, "%s%s = %s;\n", indent, target_element(emitter, id), value);
}

static void write_elementwise(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    struct expression operands[3] = {0};
    for (int k = 0; k < node->count; k++) {
        const char *text = element_of(emitter, node->edges[k].node);
        if (emitter->graph->nodes[node->edges[k].node]->op == OP_number)
            text = arena_printf(emitter->arena, "(rnn_real)(%s)", text);
        operands[k] = (struct expression){text, true, false};
    }
    write_elements(emitter, id, fill_pattern(emitter, op_info(node->op)->emit, operands, true).text);
}

/* A @ B, A @ x: sums over the columns of A. */
static void write_static_product(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id], *right = emitter->graph->nodes[node->edges[1].node];
    struct place a = place_of_source(emitter, node->edges[0].node);
    const char *target = target_element(emitter, id), *right_element;
    if (right->op == OP_number) {
        right_element = arena_printf(emitter->arena, "(rnn_real)(%s)", emit_number(emitter->arena, right->number));
    } else {
        struct place b = place_of_source(emitter, node->edges[1].node);
        right_element = indexed(emitter, b.base, &b.view, node->op == OP_matmul ? "kj" : right->shape.rank ? "k" : "");
    }
    const char *indent = open_loops(emitter, &node->shape);
    text_printf(emitter->out, "%s{\n%s    %s = 0;\n", indent, indent, target);
    text_printf(emitter->out, "%s    for (int k = 0; k < %d; k++)\n", indent, a.shape.dim[1]);
    text_printf(emitter->out, "%s        %s += %s * %s;\n%s}\n", indent, target,
                indexed(emitter, a.base, &a.view, "ik"), right_element, indent);
}

static void write_concat(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    int at = 0;
    for (int k = 0; k < node->count; k++) {
        const char *value = element_of(emitter, node->edges[k].node);
        text_printf(emitter->out, "    for (int i = 0; i < %d; i++)\n        %s[%d + i] = %s;\n", node->edges[k].length,
                    stored(emitter, id), at, value);
        at += node->edges[k].length;
    }
}

static void write_column(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    const struct op_info *info = op_info(node->op);
    bool vector = info->shape == SHAPE_VECTOR;
    text_printf(emitter->out, vector ? "    rnn_column_%s(%s" : "    *%2$s = rnn_column_%1$s(", info->emit,
                stored(emitter, id));
    for (int k = 0; k < node->count; k++)
        text_printf(emitter->out, "%s%s", k || vector ? ", " : "", stored(emitter, node->edges[k].node));
    text_printf(emitter->out, ", %d);\n", node->edges[0].length);
}

/* A part of a static value has a gradient: 0 in the other elements. Elements that a view shows twice add up. */
static void write_unview(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id], *part = emitter->graph->nodes[node->edges[0].node];
    text_printf(emitter->out, "    memset(%s, 0, %ld * sizeof(rnn_real));\n", stored(emitter, id),
                shape_size(&node->shape));
    const char *indent = open_loops(emitter, &part->shape);
    text_printf(emitter->out, "%s%s += %s;\n", indent,
                indexed(emitter, stored(emitter, id), &node->view, variables_of(&part->shape)),
                element_of(emitter, node->edges[0].node));
}

/* All that a parameter, or a part of it, receives and that was not added there at once. */
static void write_gradient(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        if (emitter->schedule->buffers[node->edges[k].node].storage == STORE_GRADIENT)
            continue;
        struct place to = place_of_gradient(emitter, id);
        const char *indent = open_loops(emitter, &node->shape);
        text_printf(emitter->out, "%s%s += %s;\n", indent,
                    indexed(emitter, to.base, &to.view, variables_of(&node->shape)),
                    element_of(emitter, node->edges[k].node));
    }
}

/* Dropout on weights: the same for all frames and streams of a call. */
static void write_static_keep(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    text_printf(emitter->out, "    rnn_keep(%s, %ld, %.17g, window, %d, (int64_t)window->call, 0);\n",
                stored(emitter, id), shape_size(&node->shape), node->number, node->dropout);
}

static void write_static_node(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    if (node->op == OP_keep)
        write_static_keep(emitter, id);
    else if (node->op == OP_gradient)
        write_gradient(emitter, id);
    else if (node->op == OP_unview)
        write_unview(emitter, id);
    else if (node->op == OP_parameter || node->op == OP_view)
        write_elements(emitter, id, element_of(emitter, id));
    else if (op_info(node->op)->class == OP_CLASS_ELEMENTWISE)
        write_elementwise(emitter, id);
    else if (op_info(node->op)->class == OP_CLASS_PRODUCT)
        write_static_product(emitter, id);
    else if (op_info(node->op)->class == OP_CLASS_COLUMN)
        write_column(emitter, id);
    else if (node->op == OP_concat)
        write_concat(emitter, id);
}

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
        struct place weight = place_of_source(emitter, product->edges[0].node);
        text_printf(emitter->out,
                    "    rnn_pack_panels(packed->%s, RNN_SIDE(%d, %d), %d, %d, %s + %ld, %ld, %ld, %d, %d);\n",
                    emitter->panels[operand->panels], kernel->accumulator_count, kernel->units, operand->row_count, row,
                    weight.base, weight.view.offset, weight.view.stride[0], weight.view.stride[1], kernel->units,
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

void emit_pack(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    text_printf(out,
                "/* Parameters to packed weights: what is static is computed here, once. */\n"
                "%srnn_status %s_pack(const %s *params, %s_packed *packed%s)\n{\n"
                "    if (!params || !packed || !rnn_is_aligned(packed))\n        return RNN_ERROR_ARGUMENT;\n"
                "    memset(packed, 0, sizeof *packed);\n",
                emitter->graph->trains ? "static " : "", emitter->prefix, emitter->parameters_type, emitter->prefix,
                pack_draws(emitter) ? ", const rnn_window *window" : "");
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (schedule->buffers[i].storage == STORE_STATIC)
            write_static_node(emitter, i);
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            for (int o = 0; o < kernel->operand_count; o++)
                write_panels(emitter, kernel, &kernel->operands[o]);
        }
    text_puts(out, "    return RNN_OK;\n}\n\n");
}

void emit_late(struct emitter *emitter)
{
    text_puts(emitter->out, "/* Gradients of static values, when all frames have been through. */\n");
    open_function(emitter, VAR_params | VAR_packed | VAR_values);
    text_printf(
        emitter->out,
        "static void %s_late(const %s *params, const struct %s_packed *packed, const struct %s_values *values)\n{\n",
        emitter->prefix, emitter->parameters_type, emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->graph->nodes[i]->time == TIME_CALL && !op_is_over_time(emitter->graph->nodes[i]->op))
            write_static_node(emitter, i);
    close_function(emitter);
}
