/* Nodes of ONNX other than recurrent ones, as equations. https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* Writes an equation for output 0, which is as `like` but for its size. */
static void write_equation(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *like,
                           long size, const char *right)
{
    struct onnx_value value = *like;
    value.size = size;
    value.expression = onnx_node_name(graph, node);
    text_printf(&graph->equations, "  %s = %s\n", value.expression, right);
    onnx_give(graph, node, 0, value);
}

static bool function_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_function *function = onnx_find_function(node->op_type, strlen(node->op_type));
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    if (strcmp(node->op_type, "Identity") == 0) {
        onnx_give(graph, node, 0, *x);
        return true;
    }
    write_equation(graph, node, x, x->size,
                   onnx_function_call(graph->arena, function, x->expression,
                                      onnx_number(node, "alpha", function->alpha),
                                      onnx_number(node, "beta", function->beta)));
    return true;
}

static bool softmax_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    const long axis = onnx_integer(node, "axis", graph->opset < 13 ? 1 : -1), rank = (long)strlen(x->axes);
    if ((axis != -1 && axis != rank - 1) || strchr(x->axes, 'D'))
        return onnx_node_error(graph, node, error,
                               "has the axis %ld, but only that of the features, the last, can be "
                               "imported",
                               axis);
    write_equation(graph, node, x, x->size, arena_printf(graph->arena, "softmax(%s)", x->expression));
    return true;
}

/* W @ x, W being transposed in the file or not, as it lies there. */
static bool product(struct onnx_graph *graph, const Onnx__NodeProto *node, bool transposed, const struct onnx_value **x,
                    long *size, const char **right, const char **error)
{
    const struct onnx_value *W;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &W, error))
        return false;
    const struct array *tensor = &W->tensor;
    if (tensor->rank != 2 || tensor->shape[transposed] != (*x)->size || tensor->shape[!transposed] < 1 ||
        strchr((*x)->axes, 'D'))
        return onnx_node_error(graph, node, error, "multiplies '%.80s' of %ld features with '%.80s' of %s", (*x)->name,
                               (*x)->size, W->name, array_shape_text(graph->arena, tensor));
    const char *name = onnx_take_name(graph, W->name);
    text_printf(&graph->parameters, "  param %s[%ld, %ld]\n", name, tensor->shape[0], tensor->shape[1]);
    onnx_add_weight(graph, name, tensor);
    *size = tensor->shape[!transposed];
    *right = arena_printf(graph->arena, transposed ? "%s @ %s" : "transpose(%s) @ %s", name, (*x)->expression);
    return true;
}

/* A tensor beside a vector of this size: one for each feature, or one for all. */
static bool operand(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *value, long size,
                    const char **name, const char **error)
{
    struct array vector = value->tensor;
    const long elements = array_size(&vector);
    const bool one = elements == 1;
    if (!one && (elements != size || vector.shape[vector.rank - 1] != size))
        return onnx_node_error(graph, node, error, "has '%.80s' of %s beside %ld features", value->name,
                               array_shape_text(graph->arena, &vector), size);
    *name = onnx_take_name(graph, value->name);
    vector.rank = one ? 0 : 1;
    vector.shape[0] = size;
    text_printf(&graph->parameters, one ? "  param %s\n" : "  param %s[%ld]\n", *name, size);
    onnx_add_weight(graph, *name, &vector);
    return true;
}

static bool matmul_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = NULL;
    long size = 0;
    const char *right = NULL;
    if (!product(graph, node, false, &x, &size, &right, error))
        return false;
    write_equation(graph, node, x, size, right);
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
        if (!onnx_input(graph, node, 2, ONNX_TENSOR, &C, error) || !operand(graph, node, C, size, &name, error))
            return false;
        right = arena_printf(graph->arena, "%s + %s", right, name);
    }
    write_equation(graph, node, x, size, right);
    return true;
}

static bool arithmetic_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const char *sign = strcmp(node->op_type, "Add") == 0   ? "+"
                       : strcmp(node->op_type, "Sub") == 0 ? "-"
                       : strcmp(node->op_type, "Mul") == 0 ? "*"
                                                           : "/";
    const struct onnx_value *value[2], *x = NULL;
    const char *names[2];
    for (int i = 0; i < 2; i++) {
        if (!onnx_has_input(node, (size_t)i) || !(value[i] = onnx_find(graph, node->input[i])) ||
            value[i]->kind == ONNX_LENGTHS)
            return onnx_node_error(graph, node, error, "lacks its input %d, or nothing before it gives that", i + 1);
        if (value[i]->kind == ONNX_VECTOR)
            x = value[i];
    }
    if (!x)
        return onnx_node_error(graph, node, error, "combines initializers alone: fold constants before the import");
    for (int i = 0; i < 2; i++) {
        names[i] = value[i]->expression;
        if (value[i]->kind == ONNX_TENSOR && strchr(x->axes, 'D'))
            return onnx_node_error(graph, node, error, "combines an initializer with a value of several directions");
        if (value[i]->kind == ONNX_TENSOR && !operand(graph, node, value[i], x->size, &names[i], error))
            return false;
        if (value[i]->kind == ONNX_VECTOR && (strcmp(value[i]->axes, x->axes) != 0 || value[i]->size != x->size))
            return onnx_node_error(graph, node, error, "combines '%.80s' with '%.80s', which has other axes or sizes",
                                   value[i]->name, x->name);
    }
    write_equation(graph, node, x, x->size, arena_printf(graph->arena, "%s %s %s", names[0], sign, names[1]));
    return true;
}

/* ---- axes ---- */

/* The numbers of an attribute or, since opset 13, of an input. */
static bool integers(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *attribute, int *count,
                     long numbers[8], const char **error)
{
    const Onnx__AttributeProto *list = onnx_attribute(node, attribute);
    const struct onnx_value *value = NULL;
    if (!list && !onnx_input(graph, node, 1, ONNX_TENSOR, &value, error))
        return false;
    const size_t length = list ? list->n_ints : (size_t)array_size(&value->tensor);
    if (length > 8)
        return onnx_node_error(graph, node, error, "has %zu numbers in its %s", length, attribute);
    for (size_t i = 0; i < length; i++) {
        if (!list && !(fabs(value->tensor.data[i]) < 2e9))
            return onnx_node_error(graph, node, error, "has a number out of range in its %s", attribute);
        numbers[i] = list ? (long)list->ints[i] : (long)value->tensor.data[i];
    }
    *count = (int)length;
    return true;
}

static bool squeeze_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    long axes[8];
    int count;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) || !integers(graph, node, "axes", &count, axes, error))
        return false;
    struct onnx_value value = *x;
    char *direction = strchr(value.axes, 'D');
    const long at = direction ? direction - value.axes : -1;
    if (count != 1 || !direction || x->directions != 1 || (axes[0] != at && axes[0] + (long)strlen(x->axes) != at))
        return onnx_node_error(graph, node, error,
                               "can be imported only where it removes the axis of one direction; "
                               "'%.80s' has the axes %s",
                               x->name, x->axes);
    memmove(direction, direction + 1, strlen(direction));
    onnx_give(graph, node, 0, value);
    return true;
}

static bool transpose_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    const Onnx__AttributeProto *perm = onnx_attribute(node, "perm");
    const size_t rank = strlen(x->axes);
    struct onnx_value value = *x;
    unsigned seen = 0;
    for (size_t i = 0; perm && perm->n_ints == rank && i < rank; i++)
        if (perm->ints[i] >= 0 && perm->ints[i] < (int64_t)rank) {
            seen |= 1u << perm->ints[i];
            value.axes[i] = x->axes[perm->ints[i]];
        }
    if (seen != (1u << rank) - 1 || value.axes[rank - 1] != 'F')
        return onnx_node_error(graph, node, error, "can be imported only where the features stay the last axis");
    onnx_give(graph, node, 0, value);
    return true;
}

/* [.., D, F] -> [.., D * F], or no change. */
static bool reshape_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    long shape[8];
    int count;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) || !integers(graph, node, "shape", &count, shape, error))
        return false;
    struct onnx_value value = *x;
    const size_t rank = strlen(value.axes);
    const bool joins = rank > 2 && value.axes[rank - 2] == 'D' && (size_t)count == rank - 1;
    if (joins)
        strcpy(value.axes + rank - 2, "F");
    bool fits = joins || ((size_t)count == rank && !strchr(value.axes, 'D'));
    for (int i = 0; fits && i < count - 1; i++)
        fits = shape[i] == 0 || shape[i] > 1 || shape[i] == -1;
    if (!fits || (shape[count - 1] != -1 && shape[count - 1] != value.size) || onnx_integer(node, "allowzero", 0))
        return onnx_node_error(graph, node, error,
                               "can be imported only where it joins directions and features, "
                               "[.., D, F] -> [.., D * F]; '%.80s' has the axes %s",
                               x->name, x->axes);
    onnx_give(graph, node, 0, value);
    return true;
}

static bool constant_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, "value");
    struct onnx_value value = {.kind = ONNX_TENSOR};
    if (!attribute || !attribute->t)
        return onnx_node_error(graph, node, error, "has no attribute 'value'");
    if (!onnx_tensor(graph, attribute->t, &value.tensor, error))
        return false;
    onnx_give(graph, node, 0, value);
    return true;
}

static const struct {
    const char *op;
    bool (*write)(struct onnx_graph *, const Onnx__NodeProto *, const char **);
} writers[] = {
    {"LSTM", onnx_recurrent},
    {"GRU", onnx_recurrent},
    {"RNN", onnx_recurrent},
    {"Gemm", gemm_node},
    {"MatMul", matmul_node},
    {"Add", arithmetic_node},
    {"Sub", arithmetic_node},
    {"Mul", arithmetic_node},
    {"Div", arithmetic_node},
    {"Softmax", softmax_node},
    {"Squeeze", squeeze_node},
    {"Reshape", reshape_node},
    {"Transpose", transpose_node},
    {"Constant", constant_node},
    {"Relu", function_node},
    {"Tanh", function_node},
    {"Sigmoid", function_node},
    {"Softplus", function_node},
    {"Softsign", function_node},
    {"Exp", function_node},
    {"Sqrt", function_node},
    {"Abs", function_node},
    {"Neg", function_node},
    {"Identity", function_node},
    {"LeakyRelu", function_node},
    {"Elu", function_node},
    {"ThresholdedRelu", function_node},
    {"HardSigmoid", function_node},
};

bool onnx_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const char *op = node->op_type ? node->op_type : "";
    if (!node->domain || !*node->domain || strcmp(node->domain, "ai.onnx") == 0)
        for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
            if (strcmp(writers[i].op, op) == 0)
                return writers[i].write(graph, node, error);
    return onnx_node_error(graph, node, error, "is of an operator that rnn import does not know");
}
