/* Nodes of ONNX that take parts of values or join values: features, directions, and the first and last frames.
 * https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* Features from .. to-1 of all that x has. */
static void take_features(struct onnx_graph *graph, struct onnx_value *x, long from, long to)
{
    const char *begin = from ? arena_printf(graph->arena, "%ld", from) : "";
    const char *end = to < x->size ? arena_printf(graph->arena, "%ld", to) : "";
    const char *part = 2 * (to - from) == x->size && from % (to - from) == 0 ? x->parts[from > 0] : NULL;
    if (part)
        x->expression = part;
    else if (to - from < x->size)
        x->expression = arena_printf(graph->arena, "%s[%s:%s]", x->expression, begin, end);
    if (to - from < x->size)
        x->parts[0] = x->parts[1] = NULL;
    x->size = to - from;
}

/* Places from .. to-1 of an axis that has so many; of frames, only the first or the last one. */
static bool take_places(struct onnx_graph *graph, const Onnx__NodeProto *node, struct onnx_value *x, int axis,
                        double from, double to, const char **error)
{
    const double length = onnx_axis_length(graph, x, axis);
    if (x->axes[axis] == 'T' && (x->before || x->behind))
        return onnx_axes_error(graph, node, x, "takes no part of frames around which a Pad has put zeros", error);
    if (x->axes[axis] == 'T' && x->surplus) {
        const bool cuts = fabs(to + (double)x->surplus) < 0.5 || fabs(to - length) < 0.5;
        x->surplus = 0;
        return (!(fabs(from) > 0) && cuts) ||
               onnx_axes_error(graph, node, x, "leaves out the frames that a Conv gives behind the last one", error);
    }
    const bool first = from >= 0 && from < 1 && to > 0 && to < 2;
    const bool last = (fabs(from + 1) < 0.5 || fabs(from - (length - 1)) < 0.5) && to >= length;
    if (x->axes[axis] == 'T' && length > 1 && x->kind == ONNX_VECTOR && (first || last)) {
        x->expression = arena_printf(graph->arena, "%s(%s)", first ? "first" : "last", x->expression);
        x->parts[0] = x->parts[1] = NULL;
        x->axes[axis] = '1';
        if (last && !graph->without_lengths)
            graph->without_lengths = node;
        return true;
    }
    from = fmax(0, fmin(from < 0 ? from + length : from, length));
    to = fmax(0, fmin(to < 0 ? to + length : to, length));
    if (!(from > 0) && to >= length)
        return true;
    const long features = onnx_features(x), begin = (long)from, end = (long)to;
    if (x->kind == ONNX_VECTOR && begin < end && x->axes[axis] == 'D') {
        x->directions = (int)(end - begin);
        take_features(graph, x, begin * features, end * features);
        return true;
    }
    if (x->kind == ONNX_VECTOR && begin < end && x->axes[axis] == 'F' && features == x->size) {
        take_features(graph, x, begin, end);
        return true;
    }
    return onnx_axes_error(graph, node, x, "takes features, directions, or the first or the last frame", error);
}

static bool slice_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double from[ONNX_MOST_NUMBERS], to[ONNX_MOST_NUMBERS], axis[ONNX_MOST_NUMBERS], step[ONNX_MOST_NUMBERS];
    int count, ends, axes, steps, at;
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_numbers(graph, node, "starts", 1, &count, from, error) ||
        !onnx_numbers(graph, node, "ends", 2, &ends, to, error) ||
        !onnx_numbers(graph, node, "axes", 3, &axes, axis, error) ||
        !onnx_numbers(graph, node, "steps", 4, &steps, step, error))
        return false;
    struct onnx_value value = *x;
    if (count < 0 || ends != count || (axes >= 0 && axes != count) || (steps >= 0 && steps != count))
        return onnx_node_error(graph, node, error, "has %d starts, but other numbers of ends, axes or steps", count);
    for (int i = 0; i < count; i++) {
        if (!onnx_axis(graph, node, axes < 0 ? i : axis[i], (int)strlen(x->axes), &at, error))
            return false;
        if (steps >= 0 && fabs(step[i] - 1) > 0)
            return onnx_axes_error(graph, node, x, "has steps of 1", error);
        if (!take_places(graph, node, &value, at, from[i], to[i], error))
            return false;
    }
    onnx_give(graph, node, 0, value);
    return true;
}

/* A row of a table for each id. */
static bool embed_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *table, *ids;
    if (!onnx_input(graph, node, 0, ONNX_TENSOR, &table, error) || !onnx_input(graph, node, 1, ONNX_IDS, &ids, error))
        return false;
    const struct array *tensor = &table->tensor;
    struct onnx_port *port = &graph->ports[ids->port];
    if (tensor->rank != 2 || array_size(tensor) < 1 || onnx_integer(node, "axis", 0))
        return onnx_node_error(graph, node, error, "can be imported only where it takes rows of a table; '%.80s' is %s",
                               table->name, array_shape_text(graph->arena, tensor));
    if (port->vocabulary && port->vocabulary != tensor->shape[0])
        return onnx_node_error(graph, node, error, "reads the ids '%.80s' for %ld rows, another node for %ld",
                               ids->name, tensor->shape[0], port->vocabulary);
    port->vocabulary = tensor->shape[0];
    const char *name = onnx_parameter(graph, node, tensor, "weight");
    struct onnx_value value = *ids;
    if (strlen(value.axes) + 2 > ONNX_MAX_AXES)
        return onnx_node_error(graph, node, error, "gives a value of %d axes or more", ONNX_MAX_AXES);
    value.kind = ONNX_VECTOR;
    value.axes[strlen(value.axes)] = 'F';
    onnx_write_equation(graph, node, &value, tensor->shape[1],
                        arena_printf(graph->arena, "embed(%s, %s)", name, ids->expression));
    return true;
}

static bool gather_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = onnx_has_input(node, 0) ? onnx_find(graph, node->input[0]) : NULL, *index;
    int axis;
    if (x && x->kind == ONNX_TENSOR)
        return embed_node(graph, node, error);
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &index, error) ||
        !onnx_axis(graph, node, (double)onnx_integer(node, "axis", 0), (int)strlen(x->axes), &axis, error))
        return false;
    struct onnx_value value = *x;
    if (array_size(&index->tensor) != 1 || index->tensor.rank > 1)
        return onnx_axes_error(graph, node, x, "takes one place of an axis", error);
    const double at = index->tensor.data[0];
    if (!take_places(graph, node, &value, axis, at, fabs(at + 1) < 0.5 ? INFINITY : at + 1, error))
        return false;
    if (index->tensor.rank == 0) {
        if (value.axes[axis] == 'T' || onnx_axis_length(graph, &value, axis) > 1)
            return onnx_axes_error(graph, node, x, "takes one place of an axis other than that of sequences", error);
        onnx_remove_axis(&value, axis);
    }
    onnx_give(graph, node, 0, value);
    return true;
}

static bool split_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    double sizes[ONNX_MOST_NUMBERS], at = 0;
    int count, axis;
    if (!onnx_moved_input(graph, node, &x, error) || !onnx_numbers(graph, node, "split", 1, &count, sizes, error) ||
        !onnx_axis(graph, node, (double)onnx_integer(node, "axis", 0), (int)strlen(x->axes), &axis, error))
        return false;
    const double all = onnx_axis_length(graph, x, axis),
                 even = ceil(all / (double)(node->n_output ? node->n_output : 1));
    if (count >= 0 && (size_t)count != node->n_output)
        return onnx_node_error(graph, node, error, "has %d parts and %zu outputs", count, node->n_output);
    if (x->axes[axis] == 'T' || x->axes[axis] == 'N')
        return onnx_axes_error(graph, node, x, "splits features or directions", error);
    const struct onnx_value whole = *x;
    for (size_t i = 0; i < node->n_output; i++) {
        struct onnx_value value = whole;
        const double end = fmin(at + (count < 0 ? even : sizes[i]), all);
        if (!(end > at))
            return onnx_node_error(graph, node, error, "has a part without elements");
        if (!take_places(graph, node, &value, axis, at, end, error))
            return false;
        onnx_give(graph, node, i, value);
        at = end;
    }
    return true;
}

/* ---- joined ---- */

static bool concat_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x = NULL;
    struct onnx_value value = {.kind = ONNX_VECTOR};
    struct text parts;
    int axis = 0;
    text_init(&parts, graph->arena);
    for (size_t i = 0; i < node->n_input; i++) {
        if (!onnx_input(graph, node, i, ONNX_VECTOR, &x, error) ||
            !onnx_axis(graph, node, (double)onnx_integer(node, "axis", 0), (int)strlen(x->axes), &axis, error))
            return false;
        struct onnx_value one = *x;
        if (one.axes[axis] == '1' && !strchr(one.axes, 'D')) { /* an axis that Unsqueeze made for this */
            one.axes[axis] = 'D';
            one.directions = 1;
        }
        const bool over_features = one.axes[axis] == 'F' && onnx_features(&one) == one.size;
        const bool same = i == 0 || (strcmp(one.axes, value.axes) == 0 &&
                                     (over_features || onnx_features(&one) == onnx_features(&value)));
        if ((one.axes[axis] != 'D' && !over_features) || !same)
            return onnx_axes_error(graph, node, x, "joins features, or directions, of values with the same axes",
                                   error);
        text_printf(&parts, i ? ", %s" : "concat(%s", one.expression);
        one.size += i ? value.size : 0;
        if (one.size > ONNX_MOST_FEATURES)
            return onnx_node_error(graph, node, error, "gives more than %d features", ONNX_MOST_FEATURES);
        one.directions += i && !over_features ? value.directions : 0;
        value = one;
    }
    if (!x)
        return onnx_node_error(graph, node, error, "joins nothing");
    text_puts(&parts, ")");
    if (node->n_input == 1)
        onnx_give(graph, node, 0, value);
    else
        onnx_write_equation(graph, node, &value, value.size, parts.data);
    return true;
}

const struct onnx_writer onnx_part_writers[] = {
    {"Slice", slice_node}, {"Gather", gather_node}, {"Split", split_node}, {"Concat", concat_node}, {NULL, NULL},
};
