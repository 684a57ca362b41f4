/* Arithmetic of ONNX as equations: functions of elements, products. https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* ---- one value ---- */

static bool function_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_function *function = onnx_find_function(node->op_type, strlen(node->op_type));
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    onnx_write_equation(graph, node, x, x->size,
                        onnx_function_call(graph->arena, function, x->expression,
                                           onnx_number(node, "alpha", function->alpha),
                                           onnx_number(node, "beta", onnx_number(node, "gamma", function->beta))));
    return true;
}

static bool gelu_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const char *way = onnx_string(graph, node, "approximate", "none");
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    if (strcmp(way, "none") != 0 && strcmp(way, "tanh") != 0)
        return onnx_node_error(graph, node, error, "has the approximate '%s'; there are none and tanh", way);
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, *way == 't' ? "onnx.gelu_tanh(%s)" : "gelu(%s)", x->expression));
    return true;
}

/* A bound of Clip: an attribute before opset 11, an input since. */
static bool read_bound(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *name, size_t i, double *bound,
                       const char **error)
{
    const struct onnx_value *value;
    *bound = onnx_number(node, name, *bound);
    if (!onnx_has_input(node, i))
        return true;
    if (!onnx_input(graph, node, i, ONNX_TENSOR, &value, error))
        return false;
    if (array_size(&value->tensor) != 1)
        return onnx_node_error(graph, node, error, "has several numbers in its %s", name);
    *bound = value->tensor.data[0];
    return true;
}

static bool clip_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double least = -INFINITY, most = INFINITY;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) || !read_bound(graph, node, "min", 1, &least, error) ||
        !read_bound(graph, node, "max", 2, &most, error))
        return false;
    const char *right = x->expression;
    if (least > -3e38 && most < 3e38)
        right = arena_printf(graph->arena, "clip(%s, %.9g, %.9g)", right, least, most);
    else if (least > -3e38)
        right = arena_printf(graph->arena, "max(%s, %.9g)", right, least);
    else if (most < 3e38)
        right = arena_printf(graph->arena, "min(%s, %.9g)", right, most);
    onnx_write_equation(graph, node, x, x->size, right);
    return true;
}

/* ---- constants beside a value ---- */

const char *onnx_vector_parameter(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                                  const char *what)
{
    struct array vector = *tensor;
    const long size = array_size(tensor);
    vector.rank = size > 1;
    vector.shape[0] = size;
    return onnx_parameter(graph, node, &vector, what);
}

bool onnx_fits_beside(const struct onnx_graph *graph, const struct array *tensor, const struct onnx_value *x)
{
    const int rank = (int)strlen(x->axes);
    if (array_size(tensor) == 1)
        return tensor->rank <= rank;
    for (int own = tensor->rank - 1, axis = rank - 1; own >= 0; own--, axis--) {
        const long length = tensor->shape[own];
        const bool features = axis >= 0 && (x->axes[axis] == 'F' || x->axes[axis] == 'D');
        if (axis < 0 || (length != 1 && (!features || (double)length != onnx_axis_length(graph, x, axis))))
            return false;
    }
    const char *features = strchr(x->axes, 'F'), *directions = strchr(x->axes, 'D');
    if (features && directions && features < directions && x->directions > 1 && onnx_features(x) > 1)
        return false; /* a program has the features of one direction after those of the other */
    return array_size(tensor) == x->size;
}

bool onnx_operand(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                  const struct onnx_value *x, const char **text, const char **error)
{
    if (!onnx_fits_beside(graph, tensor, x))
        return onnx_node_error(graph, node, error, "has '%.80s' of %s beside '%.80s' of %ld features, with the axes %s",
                               tensor->name, array_shape_text(graph->arena, tensor), x->name, onnx_features(x),
                               x->axes);
    const double number = tensor->data[0];
    if (tensor->rank == 0 && isfinite(number))
        *text = arena_printf(graph->arena, number < 0 ? "(%.9g)" : "%.9g", number);
    else
        *text = onnx_vector_parameter(graph, node, tensor, "bias");
    return true;
}

/* ---- products ---- */

bool onnx_over_features(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, long axis,
                        const char **error)
{
    const long rank = (long)strlen(x->axes);
    if (rank && x->axes[rank - 1] == 'F' && (axis == -1 || axis == rank - 1) && onnx_features(x) == x->size)
        return true;
    return onnx_axes_error(graph, node, x, "is over the features, the last axis", error);
}

/* W @ x, W being transposed in the file or not, as it lies there. */
static bool product(struct onnx_graph *graph, const Onnx__NodeProto *node, bool transposed, const struct onnx_value **x,
                    long *size, const char **right, const char **error)
{
    const struct onnx_value *W;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &W, error) ||
        !onnx_over_features(graph, node, *x, -1, error))
        return false;
    const struct array *tensor = &W->tensor;
    if (tensor->rank != 2 || tensor->shape[transposed] != (*x)->size || tensor->shape[!transposed] < 1)
        return onnx_node_error(graph, node, error, "multiplies '%.80s' of %ld features with '%.80s' of %s", (*x)->name,
                               (*x)->size, W->name, array_shape_text(graph->arena, tensor));
    const char *name = onnx_parameter(graph, node, tensor, "weight");
    *size = tensor->shape[!transposed];
    *right = arena_printf(graph->arena, transposed ? "%s @ %s" : "transpose(%s) @ %s", name, (*x)->expression);
    return true;
}

static bool matmul_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = NULL;
    long size = 0;
    const char *right = NULL;
    if (!product(graph, node, false, &x, &size, &right, error))
        return false;
    onnx_write_equation(graph, node, x, size, right);
    return true;
}

static bool gemm_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = NULL, *C = NULL;
    long size = 0;
    const char *right = NULL, *name = NULL;
    if (onnx_integer(node, "transA", 0) || fabs(onnx_number(node, "alpha", 1) - 1) > 0 ||
        fabs(onnx_number(node, "beta", 1) - 1) > 0)
        return onnx_node_error(graph, node, error, "can be imported with transA = 0, alpha = 1 and beta = 1 only");
    if (!product(graph, node, onnx_integer(node, "transB", 0) != 0, &x, &size, &right, error))
        return false;
    if (onnx_has_input(node, 2)) {
        struct onnx_value result = *x;
        result.size = size;
        if (!onnx_input(graph, node, 2, ONNX_TENSOR, &C, error) ||
            !onnx_operand(graph, node, &C->tensor, &result, &name, error))
            return false;
        right = arena_printf(graph->arena, "%s + %s", right, name);
    }
    onnx_write_equation(graph, node, x, size, right);
    return true;
}

/* ---- several values ---- */

enum { MOST_OPERANDS = 3 };

static const struct operation {
    const char *op;
    size_t operands;
    const char *before, *between, *after;
} operations[] = {
    {"Add", 2, "", " + ", ""},
    {"Sub", 2, "", " - ", ""},
    {"Mul", 2, "", " * ", ""},
    {"Div", 2, "", " / ", ""},
    {"Pow", 2, "pow(", ", ", ")"},
    {"Min", 2, "min(", ", ", ")"},
    {"Max", 2, "max(", ", ", ")"},
    {"Less", 2, "", " < ", ""},
    {"LessOrEqual", 2, "", " <= ", ""},
    {"Greater", 2, "", " > ", ""},
    {"GreaterOrEqual", 2, "", " >= ", ""},
    {"Equal", 2, "", " == ", ""},
    {"Where", 3, "where(", ", ", ")"},
};

/* The axes and size of what two vectors spread to, each from its last axis. */
static bool join(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *a,
                 const struct onnx_value *b, struct onnx_value *joined, const char **error)
{
    const struct onnx_value *longer = strlen(a->axes) >= strlen(b->axes) ? a : b, *other = longer == a ? b : a;
    const size_t ahead = strlen(longer->axes) - strlen(other->axes);
    bool fits = true;
    *joined = *longer;
    for (size_t i = 0; other->axes[i]; i++) {
        char *own = &joined->axes[ahead + i];
        const char letter = other->axes[i];
        fits = fits && (*own == letter || *own == '1' || letter == '1');
        *own = *own == '1' ? letter : *own;
    }
    const bool spreads = a->size == 1 || b->size == 1;
    if (onnx_features(a) != onnx_features(b))
        fits = fits && spreads;
    joined->directions = a->size >= b->size ? a->directions : b->directions;
    joined->size = a->size > b->size ? a->size : b->size;
    if (fits && (a->size == b->size || spreads))
        return true;
    return onnx_node_error(
        graph, node, error,
        "combines '%.80s' of %ld features with the axes %s, and '%.80s' of %ld features with the axes "
        "%s",
        a->name, a->size, a->axes, b->name, b->size, b->axes);
}

/* The text of a value beside others in an expression that has the size of `joined`. */
static bool operand_text(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *value,
                         const struct onnx_value *joined, const char **text, const char **error)
{
    *text = value->expression;
    if (value->kind == ONNX_TENSOR)
        return onnx_operand(graph, node, &value->tensor, joined, text, error);
    if (value->size < joined->size)
        *text = arena_printf(graph->arena, "%s[0]", *text);
    return true;
}

static bool arithmetic_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct operation *operation = operations;
    while (strcmp(operation->op, node->op_type) != 0)
        operation++;
    const struct onnx_value *value[MOST_OPERANDS];
    struct onnx_value joined = {.name = NULL}, both;
    struct text right;
    if (node->n_input != operation->operands)
        return onnx_node_error(graph, node, error, "has %zu inputs instead of %zu", node->n_input, operation->operands);
    for (size_t i = 0; i < operation->operands; i++) {
        if (!onnx_any_input(graph, node, i, &value[i], error))
            return false;
        if (value[i]->kind == ONNX_TENSOR)
            continue;
        if (value[i]->kind != ONNX_VECTOR)
            return onnx_node_error(graph, node, error, "computes with '%.80s', which are no real numbers",
                                   value[i]->name);
        if (joined.name && !join(graph, node, &joined, value[i], &both, error))
            return false;
        joined = joined.name ? both : *value[i];
    }
    if (!joined.name)
        return onnx_node_error(graph, node, error, "combines constants alone: fold them before the import");
    text_init(&right, graph->arena);
    text_puts(&right, operation->before);
    for (size_t i = 0; i < operation->operands; i++) {
        const char *text;
        if (!operand_text(graph, node, value[i], &joined, &text, error))
            return false;
        text_printf(&right, "%s%s", i ? operation->between : "", text);
    }
    text_puts(&right, operation->after);
    onnx_write_equation(graph, node, &joined, joined.size, right.data);
    return true;
}

/* Another slope below 0 for each feature. */
static bool prelu_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *slope;
    const char *name;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_input(graph, node, 1, ONNX_TENSOR, &slope, error) ||
        !onnx_operand(graph, node, &slope->tensor, x, &name, error))
        return false;
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, "relu(%s) + %s * min(%s, 0)", x->expression, name, x->expression));
    return true;
}

const struct onnx_writer onnx_element_writers[] = {
    {"Gemm", gemm_node},
    {"MatMul", matmul_node},
    {"Add", arithmetic_node},
    {"Sub", arithmetic_node},
    {"Mul", arithmetic_node},
    {"Div", arithmetic_node},
    {"Pow", arithmetic_node},
    {"Min", arithmetic_node},
    {"Max", arithmetic_node},
    {"Where", arithmetic_node},
    {"Equal", arithmetic_node},
    {"GreaterOrEqual", arithmetic_node},
    {"Greater", arithmetic_node},
    {"LessOrEqual", arithmetic_node},
    {"Less", arithmetic_node},
    {"Clip", clip_node},
    {"Gelu", gelu_node},
    {"PRelu", prelu_node},
    {"Relu", function_node},
    {"Tanh", function_node},
    {"Sigmoid", function_node},
    {"Softplus", function_node},
    {"Softsign", function_node},
    {"Exp", function_node},
    {"Log", function_node},
    {"Sqrt", function_node},
    {"Abs", function_node},
    {"Neg", function_node},
    {"Sin", function_node},
    {"Cos", function_node},
    {"Floor", function_node},
    {"Sign", function_node},
    {"Erf", function_node},
    {"Reciprocal", function_node},
    {"Ceil", function_node},
    {"Mish", function_node},
    {"Selu", function_node},
    {"Celu", function_node},
    {"Swish", function_node},
    {"HardSwish", function_node},
    {"LeakyRelu", function_node},
    {"Elu", function_node},
    {"ThresholdedRelu", function_node},
    {"HardSigmoid", function_node},
    {NULL, NULL},
};
