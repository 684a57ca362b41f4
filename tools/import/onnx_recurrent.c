/* LSTM, GRU and RNN of ONNX as cells of std.onnx, which have the names and layouts of their inputs.
 * https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html, onnx__RNN.html */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

enum { X, W, R, B, LENGTHS, INITIAL_H, INITIAL_C, P };

static const struct operator
{
    const char *name;
    int gates, functions;
    const char *usual[3]; /* functions where there is no attribute `activations` */
}
operators[] = {
    {"LSTM", 4, 3, {"Sigmoid", "Tanh", "Tanh"}},
    {"GRU", 3, 2, {"Sigmoid", "Tanh", NULL}},
    {"RNN", 1, 1, {"Tanh", NULL, NULL}},
};

struct layer {
    struct onnx_graph *graph;
    const Onnx__NodeProto *node;
    const struct operator* operator;
    const char *name;   /* of the equation */
    const char *memory; /* of its second value, Y_c; NULL: not read */
    const struct onnx_value *x;
    long units;
    int directions;
    bool backward, frames_second; /* direction = reverse; layout = 1 */
    const char *brackets;         /* ", relu" */
};

static bool find_direction(struct layer *layer, const char **error)
{
    const char *text = onnx_string(layer->graph, layer->node, "direction", "forward");
    layer->backward = strcmp(text, "reverse") == 0;
    layer->directions = strcmp(text, "bidirectional") == 0 ? 2 : 1;
    if (layer->backward || layer->directions == 2 || strcmp(text, "forward") == 0)
        return true;
    return onnx_node_error(layer->graph, layer->node, error,
                           "has the direction '%s'; there are forward, reverse and bidirectional", text);
}

/* ---- functions ---- */

struct chosen {
    const struct onnx_function *function;
    double alpha, beta;
};

/* The next of the numbers of an attribute, which only functions that have one take. */
static double next_number(const Onnx__AttributeProto *list, size_t *at, bool takes, double otherwise)
{
    if (!takes || !list || *at >= list->n_floats)
        return otherwise;
    return (double)list->floats[(*at)++];
}

static bool find_functions(struct layer *layer, struct chosen chosen[6], const char **error)
{
    const Onnx__NodeProto *node = layer->node;
    const Onnx__AttributeProto *list = onnx_attribute(node, "activations");
    const Onnx__AttributeProto *alphas = onnx_attribute(node, "activation_alpha");
    const Onnx__AttributeProto *betas = onnx_attribute(node, "activation_beta");
    const int each = layer->operator->functions, all = each * layer->directions;
    size_t alpha = 0, beta = 0;
    if (list && list->n_strings != (size_t)all)
        return onnx_node_error(layer->graph, node, error, "has %zu activations instead of %d", list->n_strings, all);
    for (int i = 0; i < all; i++) {
        const char *usual = layer->operator->usual[i % each];
        const char *name = list ? (const char *)list->strings[i].data : usual;
        const size_t length = list ? list->strings[i].len : strlen(usual);
        const struct onnx_function *function = onnx_find_function(name ? name : "", length);
        if (!function)
            return onnx_node_error(layer->graph, node, error, "has an activation '%.*s' that ONNX does not name",
                                   (int)(length > 60 ? 60 : length), name ? name : "");
        chosen[i] = (struct chosen){
            .function = function,
            .alpha = next_number(alphas, &alpha, strchr(function->text, 'A'), function->alpha),
            .beta = next_number(betas, &beta, strchr(function->text, 'B'), function->beta),
        };
        const struct chosen *first = &chosen[i % each];
        if (first->function != function || fabs(first->alpha - chosen[i].alpha) > 0 ||
            fabs(first->beta - chosen[i].beta) > 0)
            return onnx_node_error(layer->graph, node, error,
                                   "has other activations in one direction than in the other; cells of std.onnx have "
                                   "one set for both: write two nodes");
    }
    return true;
}

/* Functions in brackets, those with numbers or with `clip`, which bounds what
 * they take, as functions of the program. The memory, which h takes, is not bounded, as in ONNX Runtime. */
static bool write_functions(struct layer *layer, const char **error)
{
    struct onnx_graph *graph = layer->graph;
    struct chosen chosen[6];
    if (!find_functions(layer, chosen, error))
        return false;
    const double bound = onnx_number(layer->node, "clip", 0);
    if (!(bound >= 0) || isinf(bound))
        return onnx_node_error(graph, layer->node, error, "has the clip %g, which bounds nothing", bound);
    const char *of = bound > 0 ? arena_printf(graph->arena, "clip(v, -%.9g, %.9g)", bound, bound) : "v";
    bool usual = !(bound > 0);
    for (int i = 0; i < layer->operator->functions; i++)
        usual = usual && strcmp(chosen[i].function->name, layer->operator->usual[i]) == 0;
    layer->brackets = "";
    for (int i = 0; i < layer->operator->functions && !usual; i++) {
        const char *call =
            onnx_function_call(graph->arena, chosen[i].function, i < 2 ? of : "v", chosen[i].alpha, chosen[i].beta);
        const size_t name = strcspn(call, "(");
        if (strcmp(call + name, "(v)") == 0) {
            layer->brackets = arena_printf(graph->arena, "%s, %.*s", layer->brackets, (int)name, call);
            continue;
        }
        const char *fn = import_take_name(&graph->names, arena_printf(graph->arena, "%s_%c", layer->name, "fgh"[i]));
        text_printf(&graph->functions, "fn %s(v) = %s\n", fn, call);
        layer->brackets = arena_printf(graph->arena, "%s, %s", layer->brackets, fn);
    }
    return true;
}

/* ---- inputs ---- */

static bool find_x(struct layer *layer, const char **error)
{
    if (!onnx_input(layer->graph, layer->node, X, ONNX_VECTOR, &layer->x, error))
        return false;
    const char *axes = layer->x->axes;
    const char sequences = axes[!layer->frames_second];
    if (strlen(axes) == 3 && axes[layer->frames_second] == 'T' && (sequences == 'N' || sequences == '1') &&
        axes[2] == 'F')
        return true;
    layer->graph->misplaced = true;
    return onnx_node_error(layer->graph, layer->node, error,
                           "reads '%.100s' with the axes %s where layout = %d wants %s (T frames, N sequences, D "
                           "directions, F features)",
                           layer->x->name, layer->x->axes, layer->frames_second, layer->frames_second ? "NTF" : "TNF");
}

/* Takes an input of this shape; columns may be 0. Zeros take the place of one that is not there. */
static bool take(struct layer *layer, size_t i, const char *what, long rows, long columns, const char **error)
{
    struct onnx_graph *graph = layer->graph;
    struct array wanted, zeros;
    const long shape[] = {layer->directions, rows, columns};
    if (!array_set_shape(&wanted, columns ? 3 : 2, shape))
        return onnx_node_error(graph, layer->node, error, "is too large");
    const char *name = arena_printf(graph->arena, "%s.%s", layer->name, what);
    if (!onnx_has_input(layer->node, i) && i == B) {
        zeros = wanted;
        zeros.data = ARENA_ARRAY(graph->arena, double, (size_t)array_size(&wanted));
        memset(zeros.data, 0, (size_t)array_size(&wanted) * sizeof *zeros.data);
        onnx_add_weight(graph, name, &zeros);
        return true;
    }
    const struct onnx_value *value;
    if (!onnx_input(graph, layer->node, i, ONNX_TENSOR, &value, error))
        return false;
    if (value->tensor.rank != wanted.rank || memcmp(value->tensor.shape, shape, sizeof(long) * (columns ? 3 : 2)) != 0)
        return onnx_node_error(graph, layer->node, error, "has a %s of %s instead of %s", what,
                               array_shape_text(graph->arena, &value->tensor), array_shape_text(graph->arena, &wanted));
    onnx_add_weight(graph, name, &value->tensor);
    return true;
}

/* ---- what streams start from ---- */

/* A constant [directions, sequences, units] as a parameter; "" if it is zeros. */
static bool constant_start(struct layer *layer, const char *what, const struct array *tensor, const char **start,
                           const char **error)
{
    struct onnx_graph *graph = layer->graph;
    const int rows = layer->frames_second ? 0 : 1; /* the axis of the sequences */
    const long sequences = tensor->rank == 3 ? tensor->shape[rows] : 0, units = layer->units;
    if (tensor->rank != 3 || tensor->shape[!rows] != layer->directions || tensor->shape[2] != units || sequences < 1)
        return onnx_node_error(graph, layer->node, error, "has an %s of %s instead of [directions, sequences, %ld]",
                               what, array_shape_text(graph->arena, tensor), units);
    const long size = layer->directions * units;
    struct array vector = {.rank = 1, .shape = {size}, .data = ARENA_ARRAY(graph->arena, double, (size_t)size)};
    bool zero = true, same = true;
    for (long i = 0; i < array_size(tensor); i++) {
        const long unit = i % units, outer = i / units;
        const long direction = rows ? outer / sequences : outer % layer->directions;
        const bool first = rows ? outer % sequences == 0 : outer < layer->directions;
        double *own = &vector.data[direction * units + unit];
        *own = first ? tensor->data[i] : *own;
        same = same && !(fabs(*own - tensor->data[i]) > 0);
        zero = zero && !(fabs(tensor->data[i]) > 0);
    }
    *start = "";
    if (zero)
        return true;
    if (!same)
        return onnx_node_error(
            graph, layer->node, error,
            "has an %s that is constant and not the same for all sequences, which a program does not "
            "know apart: make it an input",
            what);
    vector.name = arena_printf(graph->arena, "%s_%s", layer->name, what);
    *start = onnx_parameter(graph, layer->node, &vector, what);
    return true;
}

/* The expression of initial_h or initial_c, "" where streams start from zeros. */
static bool find_start(struct layer *layer, size_t i, const char *what, const char **start, const char **error)
{
    const struct onnx_value *value;
    const char *axes = layer->frames_second ? "NDF" : "DNF";
    *start = "";
    if (!onnx_has_input(layer->node, i))
        return true;
    value = onnx_find(layer->graph, layer->node->input[i]);
    if (value && value->kind == ONNX_TENSOR)
        return constant_start(layer, what, &value->tensor, start, error);
    if (!onnx_input(layer->graph, layer->node, i, ONNX_VECTOR, &value, error))
        return false;
    bool fits = strlen(value->axes) == 3 && value->size == layer->directions * layer->units;
    for (int k = 0; fits && k < 3; k++) /* one direction, or one sequence, may have come from an Unsqueeze */
        fits = value->axes[k] == axes[k] || (value->axes[k] == '1' && (axes[k] == 'N' || layer->directions == 1));
    if (!fits)
        return onnx_node_error(
            layer->graph, layer->node, error,
            "starts from '%.80s' of %ld features with the axes %s where layout = %d wants %s, and %ld", value->name,
            value->size, value->axes, layer->frames_second, axes, layer->directions * layer->units);
    *start = value->expression;
    return true;
}

/* Writes what each direction starts from; the state is within the cell that std.onnx has for one. */
static void write_start(struct layer *layer, const char *state, const char *start)
{
    static const char *const names[] = {"forward", "backward"};
    struct text *equations = &layer->graph->equations;
    if (!*start)
        return;
    if (layer->directions == 1)
        text_printf(equations, "  init %s.Y.%s = %s\n", layer->name, state, start);
    for (int d = 0; d < layer->directions && layer->directions == 2; d++)
        text_printf(equations, "  init %s.%s.%s = %s[%ld:%ld]\n", layer->name, names[d], state, start, d * layer->units,
                    (d + 1) * layer->units);
}

/* Lengths of sequences, which are an argument of _run; constant ones say nothing where all have all frames. */
static bool find_lengths(struct layer *layer, const char **error)
{
    struct onnx_graph *graph = layer->graph;
    const struct onnx_value *lengths =
        onnx_has_input(layer->node, LENGTHS) ? onnx_find(graph, layer->node->input[LENGTHS]) : NULL;
    const double frames = graph->frames > 0 ? (double)graph->frames : ONNX_ANY_FRAMES;
    bool all = lengths && lengths->kind == ONNX_TENSOR;
    for (long i = 0; all && i < array_size(&lengths->tensor); i++)
        all = fabs(lengths->tensor.data[i] - frames) < 0.5;
    if (!onnx_has_input(layer->node, LENGTHS) || all) {
        if (!graph->without_lengths)
            graph->without_lengths = layer->node;
        return true;
    }
    if (lengths && lengths->kind == ONNX_TENSOR)
        return onnx_node_error(graph, layer->node, error,
                               "has constant sequence_lens other than the number of frames, which a program does not "
                               "know: make them an input");
    if (graph->states) /* the node is the body's, and so is its life */
        return onnx_node_error(graph, layer->node, error, "has sequence_lens within the body of a Scan");
    if (!graph->with_lengths)
        graph->with_lengths = layer->node;
    return onnx_input(graph, layer->node, LENGTHS, ONNX_LENGTHS, &lengths, error);
}

static bool find_cell(struct layer *layer, const char **cell, const char **error)
{
    const bool coupled = onnx_integer(layer->node, "input_forget", 0) != 0 && layer->operator->gates == 4;
    const bool peepholes = onnx_has_input(layer->node, P) && layer->operator->gates == 4;
    const bool linear = onnx_integer(layer->node, "linear_before_reset", 0) != 0 && layer->operator->gates == 3;
    if (coupled && peepholes)
        return onnx_node_error(layer->graph, layer->node, error,
                               "has both input_forget and P, for which std.onnx has no cell");
    *cell = arena_printf(layer->graph->arena, "%s%s%s", layer->directions == 2 ? "Bi" : "",
                         coupled     ? "Coupled"
                         : peepholes ? "Peephole"
                         : linear    ? "Linear"
                                     : "",
                         layer->operator->name);
    return !peepholes || take(layer, P, "P", 3 * layer->units, 0, error);
}

/* ---- outputs ---- */

/* What each direction computed last. */
static void set_end(const struct layer *layer, const char *name, struct onnx_value *value)
{
    struct arena *arena = layer->graph->arena;
    value->parts[0] = value->parts[1] = NULL;
    value->expression = arena_printf(arena, "%s(%s)", layer->backward ? "first" : "last", name);
    if (layer->directions == 1)
        return;
    value->parts[0] = arena_printf(arena, "last(%s[:%ld])", name, layer->units);
    value->parts[1] = arena_printf(arena, "first(%s[%ld:])", name, layer->units);
    value->expression = arena_printf(arena, "concat(%s, %s)", value->parts[0], value->parts[1]);
}

static void give_outputs(struct layer *layer)
{
    struct onnx_value value = {
        .kind = ONNX_VECTOR, .size = layer->units * layer->directions, .directions = layer->directions};
    const char sequences = layer->x->axes[!layer->frames_second];
    memcpy(value.axes, layer->frames_second ? "NTDF" : "TDNF", 5);
    *strchr(value.axes, 'N') = sequences;
    value.expression = layer->name;
    onnx_give(layer->graph, layer->node, 0, value);
    memcpy(value.axes, layer->frames_second ? "NDF" : "DNF", 4);
    *strchr(value.axes, 'N') = sequences;
    set_end(layer, layer->name, &value);
    onnx_give(layer->graph, layer->node, 1, value);
    if (!layer->memory)
        return;
    set_end(layer, layer->memory, &value);
    onnx_give(layer->graph, layer->node, 2, value);
}

/* The cell of both directions of an LSTM with Y_c, which those of std.onnx do not give. */
static const char *write_cell(struct layer *layer, const char *cell)
{
    struct onnx_graph *graph = layer->graph;
    const char *name = import_take_name(&graph->names, arena_printf(graph->arena, "%s_cell", layer->name));
    const bool peepholes = cell[2] == 'P';
    const char *one = peepholes ? "peephole_lstm" : cell[2] == 'C' ? "coupled_lstm" : "lstm";
    text_printf(&graph->functions,
                "cell %s[n](x[m]) -> Y[2*n], Y_c[2*n] {\n  param W[2, 4*n, m], R[2, 4*n, n], B[2, 8*n]%s\n", name,
                peepholes ? ", P[2, 3*n]" : "");
    for (int d = 0; d < 2; d++)
        text_printf(&graph->functions, "  %s, %s_c = %sonnx.%s[n%s](x, W[%d], R[%d], B[%d]%s)\n",
                    d ? "backward" : "forward", d ? "backward" : "forward", d ? "reverse " : "", one, layer->brackets,
                    d, d, d,
                    !peepholes ? ""
                    : d        ? ", P[1]"
                               : ", P[0]");
    text_puts(&graph->functions, "  Y = concat(forward, backward)\n  Y_c = concat(forward_c, backward_c)\n}\n");
    return name;
}

bool onnx_recurrent(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    struct layer layer = {.graph = graph, .node = node, .operator= operators };
    while (strcmp(layer.operator->name, node->op_type) != 0)
        layer.operator++;
    layer.frames_second = onnx_integer(node, "layout", 0) != 0;
    const struct onnx_value *recurrent;
    if (!find_direction(&layer, error) || !find_x(&layer, error) ||
        !onnx_input(graph, node, R, ONNX_TENSOR, &recurrent, error))
        return false;
    layer.units = recurrent->tensor.rank == 3 ? recurrent->tensor.shape[2] : 0;
    if (layer.units < 1 || layer.units > 1000000)
        return onnx_node_error(graph, node, error,
                               "has an R of %s instead of [directions, %d * hidden_size, hidden_size]",
                               array_shape_text(graph->arena, &recurrent->tensor), layer.operator->gates);
    const long said = onnx_integer(node, "hidden_size", layer.units);
    if (said != layer.units)
        return onnx_node_error(graph, node, error, "has a hidden_size of %ld, but its R is for one of %ld", said,
                               layer.units);
    layer.name = onnx_node_name(graph, node);
    const long rows = layer.operator->gates * layer.units;
    const char *cell = NULL, *start_h = "", *start_c = "";
    if (!take(&layer, W, "W", rows, layer.x->size, error) || !take(&layer, R, "R", rows, layer.units, error) ||
        !take(&layer, B, "B", 2 * rows, 0, error) || !find_cell(&layer, &cell, error) || !find_lengths(&layer, error) ||
        !find_start(&layer, INITIAL_H, "initial_h", &start_h, error) ||
        (layer.operator->gates == 4 && !find_start(&layer, INITIAL_C, "initial_c", &start_c, error)) ||
        !write_functions(&layer, error))
        return false;
    text_printf(&graph->equations, "  %s", layer.name);
    if (onnx_output_is_read(graph, node, 2) && layer.operator->gates == 4) {
        layer.memory = import_take_name(&graph->names, arena_printf(graph->arena, "%s_c", layer.name));
        text_printf(&graph->equations, ", %s", layer.memory);
    }
    if (layer.memory && layer.directions == 2)
        text_printf(&graph->equations, " = %s[%ld](%s)\n", write_cell(&layer, cell), layer.units, layer.x->expression);
    else
        text_printf(&graph->equations, " = %sonnx.%s[%ld%s](%s)\n", layer.backward ? "reverse " : "", cell, layer.units,
                    layer.brackets, layer.x->expression);
    write_start(&layer, layer.operator->gates == 4 ? "y" : "h", start_h);
    write_start(&layer, "c", start_c);
    give_outputs(&layer);
    return true;
}
