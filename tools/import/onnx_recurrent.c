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
    const Onnx__AttributeProto *direction = onnx_attribute(layer->node, "direction");
    const char *text = "forward";
    if (direction && direction->has_s)
        text = arena_printf(layer->graph->arena, "%.*s", (int)(direction->s.len > 60 ? 60 : direction->s.len),
                            (const char *)direction->s.data);
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
        const char *fn = onnx_take_name(graph, arena_printf(graph->arena, "%s_%c", layer->name, "fgh"[i]));
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
    const char *axes = layer->frames_second ? "NTF" : "TNF";
    if (strcmp(layer->x->axes, axes) == 0)
        return true;
    return onnx_node_error(layer->graph, layer->node, error,
                           "reads '%.100s' with the axes %s where layout = %d wants %s (T frames, N sequences, D "
                           "directions, F features)",
                           layer->x->name, layer->x->axes, layer->frames_second, axes);
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

/* Streams start from zeros, so that only zeros may be given; lengths are an argument of _run. */
static bool check_start(struct layer *layer, const char **error)
{
    for (size_t i = INITIAL_H; i <= INITIAL_C; i++) {
        const struct onnx_value *value =
            onnx_has_input(layer->node, i) ? onnx_find(layer->graph, layer->node->input[i]) : NULL;
        if (!onnx_has_input(layer->node, i))
            continue;
        bool zero = value && value->kind == ONNX_TENSOR;
        for (long k = 0; zero && k < array_size(&value->tensor); k++)
            zero = !(fabs(value->tensor.data[k]) > 0);
        if (!zero)
            return onnx_node_error(layer->graph, layer->node, error,
                                   "starts from '%.100s': only an initializer of zeros can be imported, as streams of "
                                   "a program start from zeros",
                                   layer->node->input[i]);
    }
    const struct onnx_value *lengths;
    return !onnx_has_input(layer->node, LENGTHS) ||
           onnx_input(layer->graph, layer->node, LENGTHS, ONNX_LENGTHS, &lengths, error);
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

static bool is_read(const struct layer *layer, size_t output)
{
    return output < layer->node->n_output && *layer->node->output[output];
}

/* What each direction computed last. */
static const char *end_of(const struct layer *layer, const char *name)
{
    struct arena *arena = layer->graph->arena;
    if (layer->directions == 2)
        return arena_printf(arena, "concat(last(%s[:%ld]), first(%s[%ld:]))", name, layer->units, name, layer->units);
    return arena_printf(arena, "%s(%s)", layer->backward ? "first" : "last", name);
}

static void give_outputs(struct layer *layer)
{
    struct onnx_value value = {
        .kind = ONNX_VECTOR, .size = layer->units * layer->directions, .directions = layer->directions};
    strcpy(value.axes, layer->frames_second ? "NTDF" : "TDNF");
    value.expression = layer->name;
    onnx_give(layer->graph, layer->node, 0, value);
    strcpy(value.axes, layer->frames_second ? "NDF" : "DNF");
    value.expression = end_of(layer, layer->name);
    onnx_give(layer->graph, layer->node, 1, value);
    if (!layer->memory)
        return;
    value.expression = end_of(layer, layer->memory);
    onnx_give(layer->graph, layer->node, 2, value);
}

/* The cell of both directions of an LSTM with Y_c, which those of std.onnx do not give. */
static const char *write_cell(struct layer *layer, const char *cell)
{
    struct onnx_graph *graph = layer->graph;
    const char *name = onnx_take_name(graph, arena_printf(graph->arena, "%s_cell", layer->name));
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
    layer.name = onnx_node_name(graph, node);
    const long rows = layer.operator->gates * layer.units;
    const char *cell = NULL;
    if (!take(&layer, W, "W", rows, layer.x->size, error) || !take(&layer, R, "R", rows, layer.units, error) ||
        !take(&layer, B, "B", 2 * rows, 0, error) || !find_cell(&layer, &cell, error) || !check_start(&layer, error) ||
        !write_functions(&layer, error))
        return false;
    text_printf(&graph->equations, "  %s", layer.name);
    if (is_read(&layer, 2) && layer.operator->gates == 4) {
        layer.memory = onnx_take_name(graph, arena_printf(graph->arena, "%s_c", layer.name));
        text_printf(&graph->equations, ", %s", layer.memory);
    }
    if (layer.memory && layer.directions == 2)
        text_printf(&graph->equations, " = %s[%ld](%s)\n", write_cell(&layer, cell), layer.units, layer.x->expression);
    else
        text_printf(&graph->equations, " = %sonnx.%s[%ld%s](%s)\n", layer.backward ? "reverse " : "", cell, layer.units,
                    layer.brackets, layer.x->expression);
    give_outputs(&layer);
    return true;
}
