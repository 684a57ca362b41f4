/* Nodes that read constants alone: what they compute is known here, and the numbers of Shape, which exporters write
 * to say what shape a constant or a Reshape is to have. A dimension of frames or sequences that is not fixed has a
 * number of its own; a constant that would have one there has one row, which stands for all. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

enum { MOST_IN_ALL = 1 << 25 };

struct onnx_value onnx_new_constant(struct onnx_graph *graph, int rank, const long *shape, bool *fits)
{
    struct onnx_value value = {.kind = ONNX_TENSOR, .tensor = {.name = "", .type = ARRAY_F32}};
    *fits = rank <= ARRAY_MAX_RANK && array_set_shape(&value.tensor, rank, shape) &&
            array_size(&value.tensor) <= ONNX_MOST_ELEMENTS &&
            graph->constants + array_size(&value.tensor) <= MOST_IN_ALL;
    if (*fits) {
        graph->constants += array_size(&value.tensor);
        value.tensor.data = ARENA_ARRAY(graph->arena, double, (size_t)array_size(&value.tensor) + 1);
    }
    return value;
}

void onnx_copy_mark(struct onnx_graph *graph, struct onnx_value *value, long i, const struct onnx_value *x, long from)
{
    if (!x->open || !x->open[from])
        return;
    if (!value->open)
        value->open = ARENA_ARRAY(graph->arena, bool, array_size(&value->tensor));
    value->open[i] = true;
}

bool onnx_give_constant(struct onnx_graph *graph, const Onnx__NodeProto *node, struct onnx_value value)
{
    value.tensor.name = node->n_output ? node->output[0] : "";
    onnx_give(graph, node, 0, value);
    return true;
}

bool onnx_constant_too_large(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    return onnx_node_error(graph, node, error,
                           "makes a constant of more than 4 dimensions or %d elements, or, with those before it, %d",
                           ONNX_MOST_ELEMENTS, MOST_IN_ALL);
}

static bool constant_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *tensor = onnx_attribute(node, "value");
    const char *const names[] = {"value_float", "value_int", "value_floats", "value_ints"};
    struct onnx_value value = {.kind = ONNX_TENSOR};
    bool fits;
    value.whole = tensor && tensor->t && onnx_is_whole(tensor->t->data_type);
    if (tensor && tensor->t)
        return onnx_tensor(graph, tensor->t, "constant", &value.tensor, error) &&
               onnx_give_constant(graph, node, value);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const Onnx__AttributeProto *one = onnx_attribute(node, names[i]);
        if (!one)
            continue;
        const long count = i < 2 ? 1 : i == 2 ? (long)one->n_floats : (long)one->n_ints;
        value = onnx_new_constant(graph, i >= 2, &count, &fits);
        value.whole = i % 2 == 1;
        for (long k = 0; fits && k < count; k++)
            value.tensor.data[k] = i == 0   ? (double)one->f
                                   : i == 1 ? (double)one->i
                                   : i == 2 ? (double)one->floats[k]
                                            : (double)one->ints[k];
        return fits ? onnx_give_constant(graph, node, value) : onnx_constant_too_large(graph, node, error);
    }
    return onnx_node_error(graph, node, error, "has no number, and no tensor of numbers");
}

static bool shape_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double lengths[ONNX_MAX_AXES];
    bool fits;
    if (!onnx_any_input(graph, node, 0, &x, error))
        return false;
    if (x->kind == ONNX_LENGTHS)
        return onnx_node_error(graph, node, error, "reads lengths");
    const long rank = x->kind == ONNX_TENSOR ? x->tensor.rank : (long)strlen(x->axes);
    for (int i = 0; i < rank; i++)
        lengths[i] = x->kind == ONNX_TENSOR ? (double)x->tensor.shape[i] : onnx_axis_length(graph, x, i);
    long from = onnx_integer(node, "start", 0), to = onnx_integer(node, "end", rank);
    from = from < -rank ? 0 : from < 0 ? from + rank : from > rank ? rank : from;
    to = to < -rank ? 0 : to < 0 ? to + rank : to > rank ? rank : to;
    const long count = to > from ? to - from : 0;
    struct onnx_value value = onnx_new_constant(graph, 1, &count, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    value.whole = true;
    bool *open = ARENA_ARRAY(graph->arena, bool, (size_t)count + 1);
    for (long i = 0; i < count; i++) {
        value.tensor.data[i] = lengths[from + i];
        open[i] = onnx_is_open(lengths[from + i]);
        value.open = open[i] ? open : value.open;
    }
    return onnx_give_constant(graph, node, value);
}

/* The shape in a tensor; of what is not fixed, one. */
static bool read_shape(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t input, int *rank,
                       long shape[ONNX_MOST_NUMBERS], const char **error)
{
    double numbers[ONNX_MOST_NUMBERS];
    if (!onnx_has_input(node, input))
        return onnx_node_error(graph, node, error, "lacks its input %zu", input + 1);
    if (!onnx_numbers(graph, node, "", input, rank, numbers, error))
        return false;
    for (int i = 0; i < *rank; i++) {
        const bool open = onnx_is_open(numbers[i]);
        if (!open && !(numbers[i] >= 0 && numbers[i] <= ONNX_MOST_ELEMENTS))
            return onnx_node_error(graph, node, error, "makes a constant with a dimension of %g", numbers[i]);
        shape[i] = open ? 1 : (long)numbers[i];
    }
    return true;
}

static bool constant_of_shape_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, "value");
    struct array number = {.rank = 0};
    long shape[ONNX_MOST_NUMBERS];
    int rank;
    bool fits;
    if (!read_shape(graph, node, 0, &rank, shape, error) ||
        (attribute && attribute->t && !onnx_tensor(graph, attribute->t, "constant", &number, error)))
        return false;
    struct onnx_value value = onnx_new_constant(graph, rank, shape, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++)
        value.tensor.data[i] = number.data && array_size(&number) ? number.data[0] : 0;
    value.whole = attribute && attribute->t && onnx_is_whole(attribute->t->data_type);
    return onnx_give_constant(graph, node, value);
}

/* ---- elements ---- */

/* Returns the element of a tensor that stands at place i of a shape to which it spreads. */
static long spread_place(const struct array *from, const struct array *shape, long i)
{
    long at = 0, stride = 1;
    for (int axis = shape->rank - 1, own = from->rank - 1; axis >= 0; axis--, own--) {
        const long place = i % shape->shape[axis];
        i /= shape->shape[axis];
        if (own < 0)
            continue;
        at += from->shape[own] == 1 ? 0 : place * stride;
        stride *= from->shape[own];
    }
    return at;
}

/* The shape that two spread to. */
static bool join_shapes(const struct array *a, const long *b, int b_rank, int *rank, long shape[ONNX_MOST_NUMBERS])
{
    *rank = a->rank > b_rank ? a->rank : b_rank;
    for (int i = 1; i <= *rank; i++) {
        const long p = i <= a->rank ? a->shape[a->rank - i] : 1, q = i <= b_rank ? b[b_rank - i] : 1;
        if (p != q && p != 1 && q != 1)
            return false;
        shape[*rank - i] = p == 1 ? q : p;
    }
    return true;
}

static bool expand_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    long wanted[ONNX_MOST_NUMBERS], shape[ONNX_MOST_NUMBERS];
    int count, rank;
    bool fits;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) || !read_shape(graph, node, 1, &count, wanted, error))
        return false;
    if (!join_shapes(&x->tensor, wanted, count, &rank, shape))
        return onnx_node_error(graph, node, error, "gives '%.80s' a shape that it does not spread to", x->name);
    struct onnx_value value = onnx_new_constant(graph, rank, shape, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++) {
        const long from = spread_place(&x->tensor, &value.tensor, i);
        value.tensor.data[i] = x->tensor.data[from];
        onnx_copy_mark(graph, &value, i, x, from);
    }
    value.whole = x->whole;
    return onnx_give_constant(graph, node, value);
}

static bool arithmetic_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *a, *b;
    long shape[ONNX_MOST_NUMBERS];
    int rank;
    bool fits;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &a, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &b, error))
        return false;
    if (!join_shapes(&a->tensor, b->tensor.shape, b->tensor.rank, &rank, shape))
        return onnx_node_error(graph, node, error, "combines '%.80s' with '%.80s', which has another shape", a->name,
                               b->name);
    struct onnx_value value = onnx_new_constant(graph, rank, shape, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    value.whole = a->whole && b->whole;
    for (long i = 0; i < array_size(&value.tensor); i++) {
        const long from_a = spread_place(&a->tensor, &value.tensor, i),
                   from_b = spread_place(&b->tensor, &value.tensor, i);
        const double p = a->tensor.data[from_a], q = b->tensor.data[from_b];
        onnx_copy_mark(graph, &value, i, a, from_a);
        onnx_copy_mark(graph, &value, i, b, from_b);
        switch (node->op_type[0]) {
        case 'A':
            value.tensor.data[i] = p + q;
            break;
        case 'S':
            value.tensor.data[i] = p - q;
            break;
        case 'M':
            value.tensor.data[i] = p * q;
            break;
        default:
            value.tensor.data[i] = value.whole ? trunc(p / q) : p / q;
        }
        if (!value.whole) /* as the graph computes */
            value.tensor.data[i] = (double)(float)value.tensor.data[i];
    }
    return onnx_give_constant(graph, node, value);
}

static bool same_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    return onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) && onnx_give_constant(graph, node, *x);
}

static bool cast_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    const int to = (int)onnx_integer(node, "to", 0);
    bool fits;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error))
        return false;
    if (!onnx_can_round(to))
        return onnx_node_error(graph, node, error, "changes a constant to %s, which rnn import does not compute",
                               onnx_type_text(graph->arena, to));
    struct onnx_value value = onnx_new_constant(graph, x->tensor.rank, x->tensor.shape, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    value.whole = onnx_is_whole(to);
    value.open = x->open;
    for (long i = 0; i < array_size(&value.tensor); i++)
        value.tensor.data[i] = onnx_round(to, x->tensor.data[i]);
    return onnx_give_constant(graph, node, value);
}

const struct onnx_writer onnx_constant_writers[] = {
    {"Constant", constant_node},
    {"Shape", shape_node},
    {"ConstantOfShape", constant_of_shape_node},
    {"Expand", expand_node},
    {"Add", arithmetic_node},
    {"Sub", arithmetic_node},
    {"Mul", arithmetic_node},
    {"Div", arithmetic_node},
    {"Identity", same_node},
    {"Cast", cast_node},
    {NULL, NULL},
};
