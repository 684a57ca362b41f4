/* Nodes of ONNX that move axes, of which a program writes nothing but what they do to features.
 * https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

bool onnx_moved_input(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value **x,
                      const char **error)
{
    if (!onnx_any_input(graph, node, 0, x, error))
        return false;
    return (*x)->kind == ONNX_VECTOR || (*x)->kind == ONNX_IDS ||
           onnx_node_error(graph, node, error, "reads '%.80s', which has no axes that can be moved", (*x)->name);
}

void onnx_remove_axis(struct onnx_value *value, int axis)
{
    memmove(value->axes + axis, value->axes + axis + 1, strlen(value->axes + axis));
}

static bool same_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = onnx_has_input(node, 0) ? onnx_find(graph, node->input[0]) : NULL;
    const struct onnx_value *training = onnx_has_input(node, 2) ? onnx_find(graph, node->input[2]) : NULL;
    if (!x)
        return onnx_node_error(graph, node, error, "lacks its input, or nothing before it gives that");
    if (training &&
        (training->kind != ONNX_TENSOR || array_size(&training->tensor) != 1 || fabs(training->tensor.data[0]) > 0))
        return onnx_node_error(graph, node, error, "is in training mode: export the model for inference");
    onnx_give(graph, node, 0, *x);
    return true;
}

/* Numbers change their type in a Cast, but not what they are: the program computes in float what the graph does in
 * numbers of two bytes. */
static bool cast_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = onnx_has_input(node, 0) ? onnx_find(graph, node->input[0]) : NULL;
    const int to = (int)onnx_integer(node, "to", 0);
    const bool ids = x && (x->kind == ONNX_IDS || (x->kind == ONNX_INPUT && onnx_is_whole(graph->ports[x->port].type)));
    if (x && ids != onnx_is_whole(to) && x->kind != ONNX_LENGTHS)
        return onnx_node_error(graph, node, error, "makes ids of numbers, or numbers of ids, which a program does not");
    if (!ids && x && x->kind != ONNX_LENGTHS && !onnx_is_real(to) && !onnx_is_half(to))
        return onnx_node_error(graph, node, error, "changes numbers to %s, which a program has not",
                               onnx_type_text(graph->arena, to));
    graph->halves = graph->halves || onnx_is_half(to);
    return same_node(graph, node, error);
}

static bool transpose_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double perm[ONNX_MOST_NUMBERS];
    int count, from = 0;
    unsigned seen = 0;
    if (!onnx_moved_input(graph, node, &x, error) ||
        !onnx_numbers(graph, node, "perm", ONNX_NO_INPUT, &count, perm, error))
        return false;
    const int rank = (int)strlen(x->axes);
    struct onnx_value value = *x;
    for (int i = 0; i < rank && (count < 0 || count == rank); i++) {
        if (!onnx_axis(graph, node, count < 0 ? rank - 1 - i : perm[i], rank, &from, error))
            return false;
        seen |= 1u << from;
        value.axes[i] = x->axes[from];
    }
    if (seen != (1u << rank) - 1)
        return onnx_node_error(graph, node, error, "has a perm that does not fit the axes %s of '%.80s'", x->axes,
                               x->name);
    onnx_give(graph, node, 0, value);
    return true;
}

static bool squeeze_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double axes[ONNX_MOST_NUMBERS];
    int count, axis;
    unsigned chosen = 0;
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_numbers(graph, node, "axes", 1, &count, axes, error))
        return false;
    struct onnx_value value = *x;
    const int rank = (int)strlen(x->axes);
    for (int i = 0; i < count; i++) {
        if (!onnx_axis(graph, node, axes[i], rank, &axis, error))
            return false;
        chosen |= 1u << axis;
    }
    for (int i = rank - 1; i >= 0; i--) {
        const bool one = x->axes[i] != 'T' && !(onnx_axis_length(graph, x, i) > 1);
        if (count >= 0 && chosen >> i & 1 && !one)
            return onnx_axes_error(graph, node, x, "removes axes of one element", error);
        if (count < 0 ? one : chosen >> i & 1)
            onnx_remove_axis(&value, i);
    }
    onnx_give(graph, node, 0, value);
    return true;
}

static bool unsqueeze_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double axes[ONNX_MOST_NUMBERS];
    int count, axis, own = 0;
    unsigned chosen = 0;
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_numbers(graph, node, "axes", 1, &count, axes, error))
        return false;
    const int rank = (int)strlen(x->axes), all = rank + (count > 0 ? count : 0);
    if (all >= ONNX_MAX_AXES)
        return onnx_node_error(graph, node, error, "makes a value of %d axes", all);
    for (int i = 0; i < count; i++) {
        if (!onnx_axis(graph, node, axes[i], all, &axis, error))
            return false;
        chosen |= 1u << axis;
    }
    struct onnx_value value = *x;
    memset(value.axes, 0, sizeof value.axes);
    for (int i = 0; i < all; i++)
        value.axes[i] = chosen >> i & 1 || own == rank ? '1' : x->axes[own++];
    onnx_give(graph, node, 0, value);
    return true;
}

/* ---- Reshape ---- */

/* Matches the axes of x from `from` on with the numbers of a shape, of which one may be open (-1). Directions and
 * features become one axis or two; axes of one element come and go. */
static bool match(const struct onnx_graph *graph, const struct onnx_value *x, int from, const double *shape, int count,
                  char *axes, int *directions)
{
    const bool is_end = !x->axes[from];
    const double length = is_end ? 0 : onnx_axis_length(graph, x, from);
    const bool open = count > 0 && shape[0] < 0;
    if (is_end && !count) {
        *axes = '\0';
        return true;
    }
    *axes = x->axes[from];
    if (!is_end && count && (open || fabs(shape[0] - length) < 0.5) &&
        match(graph, x, from + 1, shape + 1, count - 1, axes + 1, directions))
        return true;
    if (x->axes[from] == 'D' && x->axes[from + 1] == 'F' && count && (open || fabs(shape[0] - (double)x->size) < 0.5)) {
        *axes = 'F';
        if (match(graph, x, from + 2, shape + 1, count - 1, axes + 1, directions))
            return true;
    }
    if (x->axes[from] == 'F' && !strchr(x->axes, 'D') && count > 1 && shape[0] > 1 && shape[0] < length &&
        fmod(length, shape[0]) < 0.5 && (shape[1] < 0 || fabs(shape[0] * shape[1] - length) < 0.5)) {
        axes[0] = 'D';
        axes[1] = 'F';
        *directions = (int)shape[0];
        if (match(graph, x, from + 1, shape + 2, count - 2, axes + 2, directions))
            return true;
    }
    if (!is_end && x->axes[from] != 'T' && length < 1.5 && match(graph, x, from + 1, shape, count, axes, directions))
        return true;
    *axes = '1';
    return count && fabs(shape[0] - 1) < 0.5 && match(graph, x, from, shape + 1, count - 1, axes + 1, directions);
}

static bool reshape_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double shape[ONNX_MOST_NUMBERS];
    int count;
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_numbers(graph, node, "shape", 1, &count, shape, error))
        return false;
    struct onnx_value value = *x;
    const int rank = (int)strlen(x->axes);
    for (int i = 0; i < count && i < rank; i++)
        if (!(fabs(shape[i]) > 0) && !onnx_integer(node, "allowzero", 0))
            shape[i] = onnx_axis_length(graph, x, i);
    memset(value.axes, 0, sizeof value.axes);
    if (count < 0 || !match(graph, x, 0, shape, count, value.axes, &value.directions))
        return onnx_axes_error(
            graph, node, x, "joins or parts directions and features, or adds and removes axes of one element", error);
    onnx_give(graph, node, 0, value);
    return true;
}

/* [N, F] as it is, [N, D, F] and axes of one element joined. */
static bool flatten_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double shape[] = {ONNX_ANY_SEQUENCES, -1};
    if (!onnx_moved_input(graph, node, &x, error))
        return false;
    struct onnx_value value = *x;
    if (x->axes[0] == 'N')
        shape[0] = onnx_axis_length(graph, x, 0);
    memset(value.axes, 0, sizeof value.axes);
    if (onnx_integer(node, "axis", 1) != 1 || !match(graph, x, 0, shape, 2, value.axes, &value.directions))
        return onnx_axes_error(graph, node, x, "joins directions and features of sequences", error);
    onnx_give(graph, node, 0, value);
    return true;
}

const struct onnx_writer onnx_axis_writers[] = {
    {"Identity", same_node},       {"Dropout", same_node},    {"Cast", cast_node},
    {"Transpose", transpose_node}, {"Squeeze", squeeze_node}, {"Unsqueeze", unsqueeze_node},
    {"Reshape", reshape_node},     {"Flatten", flatten_node}, {NULL, NULL},
};
