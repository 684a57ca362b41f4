/* Nodes that read constants alone: what they compute is known here, and the numbers of Shape, which exporters write
 * to say what shape a constant or a Reshape is to have. A dimension of frames or sequences that is not fixed has a
 * number of its own; a constant that would have one there has one row, which stands for all. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

enum { MOST_ELEMENTS = 1 << 24, MOST_IN_ALL = 1 << 25 };

static struct onnx_value constant(struct onnx_graph *graph, int rank, const long *shape, bool *fits)
{
    struct onnx_value value = {.kind = ONNX_TENSOR, .tensor = {.name = "", .type = ARRAY_F32}};
    *fits = rank <= ARRAY_MAX_RANK && array_set_shape(&value.tensor, rank, shape) &&
            array_size(&value.tensor) <= MOST_ELEMENTS && graph->constants + array_size(&value.tensor) <= MOST_IN_ALL;
    if (*fits) {
        graph->constants += array_size(&value.tensor);
        value.tensor.data = ARENA_ARRAY(graph->arena, double, (size_t)array_size(&value.tensor) + 1);
    }
    return value;
}

static bool give(struct onnx_graph *graph, const Onnx__NodeProto *node, struct onnx_value value)
{
    value.tensor.name = node->n_output ? node->output[0] : "";
    onnx_give(graph, node, 0, value);
    return true;
}

static bool too_large(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    return onnx_node_error(graph, node, error,
                           "makes a constant of more than 4 dimensions or %d elements, or, with those before it, %d",
                           MOST_ELEMENTS, MOST_IN_ALL);
}

static bool constant_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *tensor = onnx_attribute(node, "value");
    const char *const names[] = {"value_float", "value_int", "value_floats", "value_ints"};
    struct onnx_value value = {.kind = ONNX_TENSOR};
    bool fits;
    value.whole = tensor && tensor->t && onnx_is_whole(tensor->t->data_type);
    if (tensor && tensor->t)
        return onnx_tensor(graph, tensor->t, "constant", &value.tensor, error) && give(graph, node, value);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const Onnx__AttributeProto *one = onnx_attribute(node, names[i]);
        if (!one)
            continue;
        const long count = i < 2 ? 1 : i == 2 ? (long)one->n_floats : (long)one->n_ints;
        value = constant(graph, i >= 2, &count, &fits);
        value.whole = i % 2 == 1;
        for (long k = 0; fits && k < count; k++)
            value.tensor.data[k] = i == 0   ? (double)one->f
                                   : i == 1 ? (double)one->i
                                   : i == 2 ? (double)one->floats[k]
                                            : (double)one->ints[k];
        return fits ? give(graph, node, value) : too_large(graph, node, error);
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
    struct onnx_value value = constant(graph, 1, &count, &fits);
    value.whole = true;
    for (long i = 0; i < count; i++)
        value.tensor.data[i] = lengths[from + i];
    return give(graph, node, value);
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
        const bool open = fabs(numbers[i] - ONNX_ANY_FRAMES) < 1 || fabs(numbers[i] - ONNX_ANY_SEQUENCES) < 1;
        if (!open && !(numbers[i] >= 0 && numbers[i] <= MOST_ELEMENTS))
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
    struct onnx_value value = constant(graph, rank, shape, &fits);
    if (!fits)
        return too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++)
        value.tensor.data[i] = number.data && array_size(&number) ? number.data[0] : 0;
    value.whole = attribute && attribute->t && onnx_is_whole(attribute->t->data_type);
    return give(graph, node, value);
}

/* ---- elements ---- */

/* The element of a tensor that stands at place i of a shape to which it spreads. */
static double spread_element(const struct array *from, const struct array *shape, long i)
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
    return from->data[at];
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
    struct onnx_value value = constant(graph, rank, shape, &fits);
    if (!fits)
        return too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++)
        value.tensor.data[i] = spread_element(&x->tensor, &value.tensor, i);
    value.whole = x->whole;
    return give(graph, node, value);
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
    struct onnx_value value = constant(graph, rank, shape, &fits);
    if (!fits)
        return too_large(graph, node, error);
    value.whole = a->whole && b->whole;
    for (long i = 0; i < array_size(&value.tensor); i++) {
        const double p = spread_element(&a->tensor, &value.tensor, i), q = spread_element(&b->tensor, &value.tensor, i);
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
    return give(graph, node, value);
}

static bool same_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    return onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) && give(graph, node, *x);
}

static bool cast_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    bool fits;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error))
        return false;
    struct onnx_value value = constant(graph, x->tensor.rank, x->tensor.shape, &fits);
    if (!fits)
        return too_large(graph, node, error);
    value.whole = onnx_is_whole((int)onnx_integer(node, "to", 0));
    for (long i = 0; i < array_size(&value.tensor); i++)
        value.tensor.data[i] = value.whole ? trunc(x->tensor.data[i]) : x->tensor.data[i];
    return give(graph, node, value);
}

/* ---- axes ---- */

/* Squeeze, Unsqueeze and Reshape: the same numbers in another shape, of one dimension that follows from the others. */
static bool give_shaped(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, int rank,
                        const double *shape, const char **error)
{
    struct onnx_value value = *x;
    long whole[ARRAY_MAX_RANK] = {0}, rest = array_size(&x->tensor);
    int open = -1;
    bool fits = rank <= ARRAY_MAX_RANK;
    for (int i = 0; fits && i < rank; i++) {
        fits = shape[i] >= -1 && shape[i] <= MOST_ELEMENTS && (shape[i] >= 0 || open < 0);
        whole[i] = fits ? (long)shape[i] : 0;
        if (fits && whole[i] == 0 && i < x->tensor.rank)
            whole[i] = x->tensor.shape[i];
        open = fits && shape[i] < 0 ? i : open;
        if (fits && shape[i] >= 0)
            rest = whole[i] > 0 ? rest / whole[i] : 0;
    }
    if (open >= 0)
        whole[open] = rest;
    if (!fits || !array_set_shape(&value.tensor, rank, whole) || array_size(&value.tensor) != array_size(&x->tensor))
        return onnx_node_error(graph, node, error, "gives '%.80s' of %s a shape that does not fit", x->name,
                               array_shape_text(graph->arena, &x->tensor));
    return give(graph, node, value);
}

static bool reshape_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double shape[ONNX_MOST_NUMBERS];
    int rank;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) ||
        !onnx_numbers(graph, node, "shape", 1, &rank, shape, error))
        return false;
    return give_shaped(graph, node, x, rank < 0 ? 0 : rank, shape, error);
}

static bool squeeze_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double axes[ONNX_MOST_NUMBERS], shape[2 * ONNX_MOST_NUMBERS];
    int count, axis, rank = 0;
    unsigned chosen = 0;
    const bool adds = node->op_type[0] == 'U';
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) ||
        !onnx_numbers(graph, node, "axes", 1, &count, axes, error))
        return false;
    const int all = x->tensor.rank + (adds && count > 0 ? count : 0);
    for (int i = 0; i < count; i++) {
        if (!onnx_axis(graph, node, axes[i], all, &axis, error))
            return false;
        chosen |= 1u << axis;
    }
    for (int i = 0, own = 0; i < all; i++) {
        const bool here = count < 0 ? x->tensor.shape[i] == 1 : chosen >> i & 1;
        if (adds ? here : !here)
            shape[rank++] = adds ? 1 : (double)x->tensor.shape[i];
        else if (adds && own < x->tensor.rank)
            shape[rank++] = (double)x->tensor.shape[own++];
    }
    return give_shaped(graph, node, x, rank, shape, error);
}

static bool transpose_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double perm[ONNX_MOST_NUMBERS];
    long shape[ARRAY_MAX_RANK] = {0}, stride[ARRAY_MAX_RANK] = {0};
    int count, from = 0;
    unsigned seen = 0;
    bool fits;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) ||
        !onnx_numbers(graph, node, "perm", 9, &count, perm, error))
        return false;
    const int rank = x->tensor.rank;
    if (count >= 0 && count != rank)
        return onnx_node_error(graph, node, error, "has %d numbers in its perm, for a constant of rank %d", count,
                               rank);
    for (int i = 0; i < rank; i++) {
        if (!onnx_axis(graph, node, count < 0 ? rank - 1 - i : perm[i], rank, &from, error))
            return false;
        seen |= 1u << from;
        shape[i] = x->tensor.shape[from];
        stride[i] = 1;
        for (int k = from + 1; k < rank; k++)
            stride[i] *= x->tensor.shape[k];
    }
    struct onnx_value value = constant(graph, rank, shape, &fits);
    if (!fits || seen != (1u << rank) - 1)
        return fits ? onnx_node_error(graph, node, error, "has a perm that leaves out an axis")
                    : too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++) {
        long at = 0, rest = i;
        for (int axis = rank - 1; axis >= 0; rest /= shape[axis--])
            at += rest % shape[axis] * stride[axis];
        value.tensor.data[i] = x->tensor.data[at];
    }
    value.whole = x->whole;
    return give(graph, node, value);
}

/* ---- parts along the first axis ---- */

static long row_size(const struct array *array)
{
    return array->rank && array->shape[0] ? array_size(array) / array->shape[0] : 0;
}

/* `count` rows of x: from, from + step, ...; as one without that axis where `alone`. */
static bool give_rows(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                      const double *rows, long count, bool alone, const char **error)
{
    const long size = row_size(&x->tensor);
    struct onnx_value value = *x;
    value.tensor.data = ARENA_ARRAY(graph->arena, double, (size_t)(count * size) + 1);
    for (long i = 0; i < count; i++) {
        const double row = rows[i] + (rows[i] < 0 ? (double)x->tensor.shape[0] : 0);
        if (!(row >= 0 && row < (double)x->tensor.shape[0]))
            return onnx_node_error(graph, node, error, "takes row %g of '%.80s', which is %s", rows[i], x->name,
                                   array_shape_text(graph->arena, &x->tensor));
        memcpy(value.tensor.data + i * size, x->tensor.data + (long)row * size, (size_t)size * sizeof(double));
    }
    value.tensor.shape[0] = count;
    if (alone)
        memmove(value.tensor.shape, value.tensor.shape + 1, (size_t)--value.tensor.rank * sizeof(long));
    return give(graph, node, value);
}

static bool gather_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *rows;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &rows, error))
        return false;
    if (onnx_integer(node, "axis", 0) || x->tensor.rank < 1 || rows->tensor.rank > 1 ||
        array_size(&rows->tensor) > x->tensor.shape[0])
        return onnx_node_error(graph, node, error, "can be imported only where it takes rows of a constant");
    return give_rows(graph, node, x, rows->tensor.data, array_size(&rows->tensor), rows->tensor.rank == 0, error);
}

/* Rows from, from + step .. of a slice of so many, up to `to`: where they begin and how many there are. */
static long count_rows(double rows, double from, double to, double step, double *begin)
{
    const bool back = step < 0;
    const double least = back ? -1 : 0, most = back ? rows - 1 : rows;
    *begin = fmax(back ? -1 : 0, fmin(from < 0 ? from + rows : from, most));
    const double end = fmax(least, fmin(to < 0 ? to + rows : to, most + (back ? 1 : 0)));
    return (long)fmax(0, ceil((end - *begin) / step));
}

static bool slice_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double from[ONNX_MOST_NUMBERS], to[ONNX_MOST_NUMBERS], axis[ONNX_MOST_NUMBERS], step[ONNX_MOST_NUMBERS], begin;
    int count, ends, axes, steps;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) ||
        !onnx_numbers(graph, node, "starts", 1, &count, from, error) ||
        !onnx_numbers(graph, node, "ends", 2, &ends, to, error) ||
        !onnx_numbers(graph, node, "axes", 3, &axes, axis, error) ||
        !onnx_numbers(graph, node, "steps", 4, &steps, step, error))
        return false;
    step[0] = steps == 1 ? step[0] : 1;
    if (count != 1 || ends != 1 || x->tensor.rank < 1 || (axes == 1 && axis[0] * (axis[0] + x->tensor.rank) != 0) ||
        !(fabs(step[0]) >= 1))
        return onnx_node_error(graph, node, error, "can be imported only where it takes rows of a constant");
    const long taken = count_rows((double)x->tensor.shape[0], from[0], to[0], step[0], &begin);
    double *numbers = ARENA_ARRAY(graph->arena, double, (size_t)taken + 1);
    for (long i = 0; i < taken; i++)
        numbers[i] = begin + (double)i * step[0];
    return give_rows(graph, node, x, numbers, taken, false, error);
}

static bool concat_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = NULL;
    long size = 0, rows = 0;
    bool fits;
    for (size_t i = 0; i < node->n_input; i++) {
        const struct onnx_value *first = x;
        if (!onnx_input(graph, node, i, ONNX_TENSOR, &x, error))
            return false;
        if (x->tensor.rank < 1 || onnx_integer(node, "axis", 0) ||
            (first && (first->tensor.rank != x->tensor.rank || row_size(&first->tensor) != row_size(&x->tensor))))
            return onnx_node_error(graph, node, error, "can be imported only where it joins rows of constants");
        size += array_size(&x->tensor);
        rows += x->tensor.shape[0];
    }
    if (!x)
        return onnx_node_error(graph, node, error, "joins nothing");
    long shape[ARRAY_MAX_RANK];
    memcpy(shape, x->tensor.shape, sizeof shape);
    shape[0] = rows;
    struct onnx_value value = constant(graph, x->tensor.rank, shape, &fits);
    if (!fits || array_size(&value.tensor) != size)
        return too_large(graph, node, error);
    for (size_t i = 0, at = 0; i < node->n_input; i++) {
        x = onnx_find(graph, node->input[i]);
        memcpy(value.tensor.data + at, x->tensor.data, (size_t)array_size(&x->tensor) * sizeof(double));
        at += (size_t)array_size(&x->tensor);
    }
    value.whole = x->whole;
    return give(graph, node, value);
}

const struct onnx_writer onnx_constant_writers[] = {
    {"Constant", constant_node}, {"Shape", shape_node},         {"ConstantOfShape", constant_of_shape_node},
    {"Expand", expand_node},     {"Add", arithmetic_node},      {"Sub", arithmetic_node},
    {"Mul", arithmetic_node},    {"Div", arithmetic_node},      {"Identity", same_node},
    {"Cast", cast_node},         {"Reshape", reshape_node},     {"Squeeze", squeeze_node},
    {"Unsqueeze", squeeze_node}, {"Transpose", transpose_node}, {"Gather", gather_node},
    {"Slice", slice_node},       {"Concat", concat_node},       {NULL, NULL},
};
