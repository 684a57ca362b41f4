#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

const char *onnx_node_text(const struct onnx_graph *graph, const Onnx__NodeProto *node)
{
    const char *name = node->name && *node->name ? node->name : node->n_output ? node->output[0] : "";
    return arena_printf(graph->arena, "the %s '%s'", node->op_type ? node->op_type : "node", name);
}

bool onnx_node_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error, const char *format, ...)
{
    char words[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    *error = arena_printf(graph->arena, "'%s': %s %s", graph->path, onnx_node_text(graph, node), words);
    return false;
}

bool onnx_axes_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                     const char *what, const char **error)
{
    graph->misplaced = true;
    return onnx_node_error(graph, node, error,
                           "can be imported only where it %s; '%.80s' has the axes %s (T frames, N sequences, D "
                           "directions, F features)",
                           what, x->name, x->axes);
}

bool onnx_axis(struct onnx_graph *graph, const Onnx__NodeProto *node, double number, int rank, int *axis,
               const char **error)
{
    if (!(number >= -rank && number < rank))
        return onnx_node_error(graph, node, error, "has the axis %g of a value of rank %d", number, rank);
    *axis = (int)number + (number < 0 ? rank : 0);
    return true;
}

/* ---- values ---- */

bool onnx_has_input(const Onnx__NodeProto *node, size_t i) { return i < node->n_input && *node->input[i]; }

bool onnx_output_is_read(const struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i)
{
    const Onnx__GraphProto *proto = graph->proto;
    if (i >= node->n_output || !*node->output[i])
        return false;
    for (size_t k = 0; k < proto->n_output; k++)
        if (strcmp(graph->outputs[k].name, node->output[i]) == 0)
            return true;
    for (size_t n = 0; n < proto->n_node; n++)
        for (size_t k = 0; k < proto->node[n]->n_input; k++)
            if (strcmp(proto->node[n]->input[k], node->output[i]) == 0)
                return true;
    return false;
}

static struct onnx_value *find(const struct onnx_graph *graph, const char *name)
{
    for (int i = 0; i < graph->value_count; i++)
        if (strcmp(graph->values[i].name, name) == 0)
            return &graph->values[i];
    return NULL;
}

const struct onnx_value *onnx_find(const struct onnx_graph *graph, const char *name) { return find(graph, name); }

/* False, with an error, if a value has frames that the program has not, and the node does not take them away. */
static bool check_frames(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *value,
                         const char **error)
{
    static const char *const takers[] = {"Conv", "Pad", "Transpose", "Slice", "Identity"};
    bool takes = !value->before && !value->behind && !value->surplus;
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++)
        takes = takes || strcmp(node->op_type, takers[i]) == 0;
    if (takes)
        return true;
    const char *of = value->surplus ? "a Conv gives more than it takes" : "a Pad has put zeros";
    return onnx_node_error(graph, node, error, "reads '%.100s', in which %s: %s", value->name, of,
                           value->surplus ? "a Slice has to leave those behind the last frame out"
                                          : "only a Conv that gives as many frames as there were is read behind it");
}

static bool find_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, struct onnx_value **value,
                       const char **error)
{
    if (!onnx_has_input(node, i))
        return onnx_node_error(graph, node, error, "lacks its input %zu", i + 1);
    *value = find(graph, node->input[i]);
    if (!*value)
        return onnx_node_error(graph, node, error, "reads '%.100s', which nothing before it gives", node->input[i]);
    return check_frames(graph, node, *value, error);
}

bool onnx_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, enum onnx_kind kind,
                const struct onnx_value **value, const char **error)
{
    static const char *const kinds[] = {"constant", "computed from the network's input", "ids", "lengths", "an input"};
    struct onnx_value *found;
    if (!find_input(graph, node, i, &found, error) ||
        (found->kind == ONNX_INPUT && !onnx_decide(graph, found, kind, error)))
        return false;
    if (found->kind != kind)
        return onnx_node_error(graph, node, error, "reads '%.100s', which has to be %s", node->input[i], kinds[kind]);
    *value = found;
    return true;
}

bool onnx_any_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, const struct onnx_value **value,
                    const char **error)
{
    struct onnx_value *found;
    if (!find_input(graph, node, i, &found, error))
        return false;
    *value = found;
    return found->kind != ONNX_INPUT ||
           onnx_decide(graph, found, onnx_is_whole(graph->ports[found->port].type) ? ONNX_IDS : ONNX_VECTOR, error);
}

void onnx_give(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, struct onnx_value value)
{
    if (i >= node->n_output || !*node->output[i])
        return;
    value.name = node->output[i];
    ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, value);
}

static struct onnx_port *find_port(struct onnx_port *ports, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return NULL;
}

void onnx_write_equation(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *like,
                         long size, const char *right)
{
    struct onnx_value value = *like;
    const char *name = node->n_output ? node->output[0] : "";
    struct onnx_port *output = graph->states ? NULL : find_port(graph->outputs, graph->proto->n_output, name);
    struct onnx_port *state = find_port(graph->states, (size_t)graph->state_count, name);
    struct onnx_port *port = output ? output : state;
    value.size = size;
    value.parts[0] = value.parts[1] = NULL;
    value.expression = port ? port->program : onnx_node_name(graph, node);
    text_printf(&graph->equations, output ? "  output %s" : "  %s", value.expression);
    if (state) /* what computes a state may be a number that spreads over it */
        text_printf(&graph->equations, "[%ld]", size);
    text_printf(&graph->equations, " = %s\n", right);
    if (port)
        port->written = true;
    onnx_give(graph, node, 0, value);
}

long onnx_features(const struct onnx_value *value)
{
    return strchr(value->axes, 'D') ? value->size / value->directions : value->size;
}

double onnx_axis_length(const struct onnx_graph *graph, const struct onnx_value *value, int i)
{
    switch (value->axes[i]) {
    case 'T':
        return graph->frames ? (double)graph->frames : ONNX_ANY_FRAMES;
    case 'N':
        return graph->sequences ? (double)graph->sequences : ONNX_ANY_SEQUENCES;
    case 'D':
        return value->directions;
    case 'F':
        return (double)onnx_features(value);
    default:
        return 1;
    }
}

/* ---- functions ---- */

static const struct onnx_function functions[] = {
    {"Relu", "relu($)", 0, 0},
    {"Tanh", "tanh($)", 0, 0},
    {"Sigmoid", "sigmoid($)", 0, 0},
    {"Softplus", "softplus($)", 0, 0},
    {"Softsign", "softsign($)", 0, 0},
    {"Exp", "exp($)", 0, 0},
    {"Sqrt", "sqrt($)", 0, 0},
    {"Abs", "abs($)", 0, 0},
    {"Log", "log($)", 0, 0},
    {"Sin", "sin($)", 0, 0},
    {"Cos", "cos($)", 0, 0},
    {"Floor", "floor($)", 0, 0},
    {"Sign", "sign($)", 0, 0},
    {"Ceil", "-floor(-$)", 0, 0},
    {"Erf", "onnx.erf($)", 0, 0},
    {"Reciprocal", "1 / $", 0, 0},
    {"Mish", "$ * tanh(softplus($))", 0, 0},
    {"Swish", "$ * sigmoid(A * $)", 1, 0},
    {"HardSwish", "$ * hard_sigmoid($, 1 / 6, 0.5)", 0, 0},
    {"Neg", "-$", 0, 0},
    {"LeakyRelu", "leaky_relu($, A)", 0.01, 0},
    {"Elu", "elu($, A)", 1, 0},
    {"Celu", "A * elu($ / A, 1)", 1, 0},
    {"Selu", "B * elu($, A)", 1.67326324, 1.05070102}, /* B is gamma, there */
    {"ThresholdedRelu", "where($ > A, $, 0)", 1, 0},
    {"HardSigmoid", "hard_sigmoid($, A, B)", 0.2, 0.5},
    {"Affine", "A * $ + B", 1, 0},
    {"ScaledTanh", "A * tanh(B * $)", 1, 1},
};

const struct onnx_function *onnx_find_function(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strlen(functions[i].name) == length && strncasecmp(functions[i].name, name, length) == 0)
            return &functions[i];
    return NULL;
}

const char *onnx_function_call(struct arena *arena, const struct onnx_function *function, const char *of, double alpha,
                               double beta)
{
    struct text out;
    text_init(&out, arena);
    text_puts(&out, "");
    for (const char *c = function->text; *c; c++)
        if (*c == '$')
            text_puts(&out, of);
        else if (*c == 'A' || *c == 'B')
            text_printf(&out, "%.9g", *c == 'A' ? alpha : beta);
        else
            text_printf(&out, "%c", *c);
    return out.data;
}
