/* Arithmetic of ONNX as equations: functions of elements, products, normalisation. https://onnx.ai/onnx/operators/ */
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
                                           onnx_number(node, "beta", function->beta)));
    return true;
}

static bool gelu_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *approximate = onnx_attribute(node, "approximate");
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    if (approximate && (approximate->s.len != 4 || memcmp(approximate->s.data, "none", 4) != 0))
        return onnx_node_error(graph, node, error, "is approximate; the language has the exact one only");
    onnx_write_equation(graph, node, x, x->size, arena_printf(graph->arena, "gelu(%s)", x->expression));
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

/* True where `axis` is the last of x, the features of one direction, over which the language computes. */
static bool over_features(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, long axis,
                          const char **error)
{
    const long rank = (long)strlen(x->axes);
    if (rank && x->axes[rank - 1] == 'F' && (axis == -1 || axis == rank - 1) && onnx_features(x) == x->size)
        return true;
    return onnx_axes_error(graph, node, x, "is over the features, the last axis", error);
}

static bool softmax_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !over_features(graph, node, x, onnx_integer(node, "axis", graph->opset < 13 ? 1 : -1), error))
        return false;
    const char *function = strcmp(node->op_type, "LogSoftmax") == 0 ? "log_softmax" : "softmax";
    onnx_write_equation(graph, node, x, x->size, arena_printf(graph->arena, "%s(%s)", function, x->expression));
    return true;
}

/* ---- constants beside a value ---- */

/* A parameter of one vector, or of one number where there is one for all features. */
static const char *add_vector(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                              const char *what)
{
    struct array vector = *tensor;
    const long size = array_size(tensor);
    vector.rank = size > 1;
    vector.shape[0] = size;
    return onnx_parameter(graph, node, &vector, what);
}

/* True where a constant has one number for each feature of x, or one for all. */
static bool fits_beside(const struct onnx_graph *graph, const struct array *tensor, const struct onnx_value *x)
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

/* A tensor beside x, as a number or a parameter. */
static bool operand(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                    const struct onnx_value *x, const char **text, const char **error)
{
    if (!fits_beside(graph, tensor, x))
        return onnx_node_error(graph, node, error, "has '%.80s' of %s beside '%.80s' of %ld features, with the axes %s",
                               tensor->name, array_shape_text(graph->arena, tensor), x->name, onnx_features(x),
                               x->axes);
    const double number = tensor->data[0];
    if (tensor->rank == 0 && isfinite(number))
        *text = arena_printf(graph->arena, number < 0 ? "(%.9g)" : "%.9g", number);
    else
        *text = add_vector(graph, node, tensor, "bias");
    return true;
}

/* ---- products ---- */

/* W @ x, W being transposed in the file or not, as it lies there. */
static bool product(struct onnx_graph *graph, const Onnx__NodeProto *node, bool transposed, const struct onnx_value **x,
                    long *size, const char **right, const char **error)
{
    const struct onnx_value *W;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &W, error) ||
        !over_features(graph, node, *x, -1, error))
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
            !operand(graph, node, &C->tensor, &result, &name, error))
            return false;
        right = arena_printf(graph->arena, "%s + %s", right, name);
    }
    onnx_write_equation(graph, node, x, size, right);
    return true;
}

/* ---- two values ---- */

static const struct operation {
    const char *op, *before, *between, *after;
} operations[] = {
    {"Add", "", " + ", ""},     {"Sub", "", " - ", ""},     {"Mul", "", " * ", ""},     {"Div", "", " / ", ""},
    {"Pow", "pow(", ", ", ")"}, {"Min", "min(", ", ", ")"}, {"Max", "max(", ", ", ")"},
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

static bool arithmetic_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct operation *operation = operations;
    while (strcmp(operation->op, node->op_type) != 0)
        operation++;
    const struct onnx_value *value[2], *x = NULL;
    struct onnx_value joined = {.kind = ONNX_VECTOR};
    const char *names[2];
    if (node->n_input != 2)
        return onnx_node_error(graph, node, error, "has %zu inputs instead of two", node->n_input);
    for (size_t i = 0; i < 2; i++) {
        if (!onnx_any_input(graph, node, i, &value[i], error))
            return false;
        if (value[i]->kind == ONNX_VECTOR)
            x = value[i];
        else if (value[i]->kind != ONNX_TENSOR)
            return onnx_node_error(graph, node, error, "computes with '%.80s', which are no real numbers",
                                   value[i]->name);
    }
    if (!x)
        return onnx_node_error(graph, node, error, "combines constants alone: fold them before the import");
    joined = *x;
    if (value[0]->kind == value[1]->kind && !join(graph, node, value[0], value[1], &joined, error))
        return false;
    for (int i = 0; i < 2; i++) {
        names[i] = value[i]->expression;
        if (value[i]->kind == ONNX_TENSOR && !operand(graph, node, &value[i]->tensor, x, &names[i], error))
            return false;
        if (value[i]->kind == ONNX_VECTOR && value[i]->size < joined.size)
            names[i] = arena_printf(graph->arena, "%s[0]", names[i]);
    }
    onnx_write_equation(graph, node, &joined, joined.size,
                        arena_printf(graph->arena, "%s%s%s%s%s", operation->before, names[0], operation->between,
                                     names[1], operation->after));
    return true;
}

/* ---- normalisation ---- */

static bool layer_norm_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *scale, *shift = NULL;
    const char *gain, *bias = "0", *name = "layernorm";
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_input(graph, node, 1, ONNX_TENSOR, &scale, error) ||
        !over_features(graph, node, x, onnx_integer(node, "axis", -1), error))
        return false;
    if (!fits_beside(graph, &scale->tensor, x))
        return onnx_node_error(graph, node, error, "has a scale of another size than its input");
    gain = add_vector(graph, node, &scale->tensor, "weight");
    if (onnx_has_input(node, 2)) {
        if (!onnx_input(graph, node, 2, ONNX_TENSOR, &shift, error))
            return false;
        if (!fits_beside(graph, &shift->tensor, x))
            return onnx_node_error(graph, node, error, "has a bias of another size than its input");
        bias = add_vector(graph, node, &shift->tensor, "bias");
    }
    const double epsilon = onnx_number(node, "epsilon", 1e-5);
    if (fabs(epsilon - 1e-5) > 1e-9) { /* the language's has 1e-5 */
        name = onnx_take_name(graph, "layer_norm");
        const char *centred = onnx_take_name(graph, "centred");
        text_printf(&graph->functions,
                    "fn %s(v) = v - mean(v)\n"
                    "fn %s(v, gain, bias) = gain * %s(v) / sqrt(mean(%s(v) * %s(v)) + %.9g) + bias\n",
                    centred, name, centred, centred, centred, epsilon);
    }
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, "%s(%s, %s, %s)", name, x->expression, gain, bias));
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
    {"Softmax", softmax_node},
    {"LogSoftmax", softmax_node},
    {"LayerNormalization", layer_norm_node},
    {"Clip", clip_node},
    {"Gelu", gelu_node},
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
    {"HardSwish", function_node},
    {"LeakyRelu", function_node},
    {"Elu", function_node},
    {"ThresholdedRelu", function_node},
    {"HardSigmoid", function_node},
    {NULL, NULL},
};
