/* Nodes that give a constant another shape, take rows of it or join several.
 * https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* Squeeze, Unsqueeze and Reshape: the same numbers in another shape, of one dimension that follows from the others. */
static bool give_shaped(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, int rank,
                        const double *shape, const char **error)
{
    struct onnx_value value = *x;
    long whole[ARRAY_MAX_RANK] = {0}, rest = array_size(&x->tensor);
    int open = -1;
    bool fits = rank <= ARRAY_MAX_RANK;
    for (int i = 0; fits && i < rank; i++) {
        fits = shape[i] >= -1 && shape[i] <= ONNX_MOST_ELEMENTS && (shape[i] >= 0 || open < 0);
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
    return onnx_give_constant(graph, node, value);
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
        !onnx_numbers(graph, node, "perm", ONNX_NO_INPUT, &count, perm, error))
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
    struct onnx_value value = onnx_new_constant(graph, rank, shape, &fits);
    if (!fits || seen != (1u << rank) - 1)
        return fits ? onnx_node_error(graph, node, error, "has a perm that leaves out an axis")
                    : onnx_constant_too_large(graph, node, error);
    for (long i = 0; i < array_size(&value.tensor); i++) {
        long at = 0, rest = i;
        for (int axis = rank - 1; axis >= 0; rest /= shape[axis--])
            at += rest % shape[axis] * stride[axis];
        value.tensor.data[i] = x->tensor.data[at];
        onnx_copy_mark(graph, &value, i, x, at);
    }
    value.whole = x->whole;
    return onnx_give_constant(graph, node, value);
}

/* ---- parts along the first axis ---- */

static long row_size(const struct array *array)
{
    return array->rank && array->shape[0] ? array_size(array) / array->shape[0] : 0;
}

/* The rows of a list, or, where that is NULL, begin, begin + step, ... */
struct rows {
    const double *list;
    double begin, step;
    long count;
};

/* Rows of x; one without that axis where `alone`. */
static bool give_rows(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                      const struct rows *rows, bool alone, const char **error)
{
    const long size = row_size(&x->tensor);
    long shape[ARRAY_MAX_RANK];
    bool fits;
    memcpy(shape, x->tensor.shape, sizeof shape);
    shape[0] = rows->count;
    struct onnx_value value = onnx_new_constant(graph, x->tensor.rank, shape, &fits);
    if (!fits)
        return onnx_constant_too_large(graph, node, error);
    value.whole = x->whole;
    for (long i = 0; i < rows->count && (rows->list || size); i++) {
        const double wanted = rows->list ? rows->list[i] : rows->begin + (double)i * rows->step;
        const double row = wanted + (wanted < 0 ? (double)x->tensor.shape[0] : 0);
        if (!(row >= 0 && row < (double)x->tensor.shape[0]))
            return onnx_node_error(graph, node, error, "takes row %g of '%.80s', which is %s", wanted, x->name,
                                   array_shape_text(graph->arena, &x->tensor));
        memcpy(value.tensor.data + i * size, x->tensor.data + (long)row * size, (size_t)size * sizeof(double));
        for (long k = 0; k < size && x->open; k++)
            onnx_copy_mark(graph, &value, i * size + k, x, (long)row * size + k);
    }
    if (alone)
        memmove(value.tensor.shape, value.tensor.shape + 1, (size_t)--value.tensor.rank * sizeof(long));
    return onnx_give_constant(graph, node, value);
}

static bool gather_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *rows;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &rows, error))
        return false;
    if (onnx_integer(node, "axis", 0) || x->tensor.rank < 1 || rows->tensor.rank > 1 ||
        array_size(&rows->tensor) > x->tensor.shape[0])
        return onnx_node_error(graph, node, error, "can be imported only where it takes rows of a constant");
    const struct rows taken = {.list = rows->tensor.data, .count = array_size(&rows->tensor)};
    return give_rows(graph, node, x, &taken, rows->tensor.rank == 0, error);
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
    double from[ONNX_MOST_NUMBERS], to[ONNX_MOST_NUMBERS], axis[ONNX_MOST_NUMBERS], step[ONNX_MOST_NUMBERS];
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
    struct rows taken = {.step = step[0]};
    taken.count = count_rows((double)x->tensor.shape[0], from[0], to[0], step[0], &taken.begin);
    return give_rows(graph, node, x, &taken, false, error);
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
    struct onnx_value value = onnx_new_constant(graph, x->tensor.rank, shape, &fits);
    if (!fits || array_size(&value.tensor) != size)
        return onnx_constant_too_large(graph, node, error);
    long at = 0;
    for (size_t i = 0; i < node->n_input; i++) {
        x = onnx_find(graph, node->input[i]);
        const long count = array_size(&x->tensor);
        memcpy(value.tensor.data + at, x->tensor.data, (size_t)count * sizeof(double));
        for (long k = 0; k < count && x->open; k++)
            onnx_copy_mark(graph, &value, at + k, x, k);
        at += count;
    }
    value.whole = x->whole;
    return onnx_give_constant(graph, node, value);
}

const struct onnx_writer onnx_constant_part_writers[] = {
    {"Reshape", reshape_node}, {"Squeeze", squeeze_node}, {"Unsqueeze", squeeze_node}, {"Transpose", transpose_node},
    {"Gather", gather_node},   {"Slice", slice_node},     {"Concat", concat_node},     {NULL, NULL},
};
