/* Convolution over time, as a sum of products with frames before and behind, and zeros that are put there.
 * https://onnx.ai/onnx/operators/onnx__Conv.html */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* The way of a Conv over the frames. */
struct reach {
    long dilation, back; /* frames from one product to the next; how many the first one reads back */
    long surplus;        /* frames that come out behind the last one */
    bool depthwise;      /* each feature by itself */
};

/* The numbers of an attribute that has `wanted` of them; where it is not there, they stay as they are. */
static bool read_numbers(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *name, int wanted,
                         double *numbers, const char **error)
{
    double found[ONNX_MOST_NUMBERS];
    int count;
    if (!onnx_numbers(graph, node, name, ONNX_NO_INPUT, &count, found, error))
        return false;
    if (count >= 0 && count != wanted)
        return onnx_node_error(graph, node, error, "has %d numbers in its %s instead of %d", count, name, wanted);
    for (int i = 0; i < wanted && count >= 0; i++)
        numbers[i] = found[i];
    return true;
}

static bool read_padding(struct onnx_graph *graph, const Onnx__NodeProto *node, long all, double pads[2],
                         const char **error)
{
    const char *way = onnx_string(graph, node, "auto_pad", "NOTSET");
    const bool upper = strcmp(way, "SAME_UPPER") == 0, lower = strcmp(way, "SAME_LOWER") == 0;
    const bool valid = strcmp(way, "VALID") == 0;
    if (!upper && !lower && !valid && strcmp(way, "NOTSET") != 0)
        return onnx_node_error(graph, node, error,
                               "has the auto_pad '%s'; there are NOTSET, SAME_UPPER, SAME_LOWER and VALID", way);
    if (!read_numbers(graph, node, "pads", 2, pads, error))
        return false;
    if (upper || lower || valid) {
        pads[0] = upper ? (double)(all / 2) : lower ? (double)(all - all / 2) : 0;
        pads[1] = valid ? 0 : (double)all - pads[0];
    }
    return (pads[0] >= 0 && pads[1] >= 0 && pads[0] < 1e9 && pads[1] < 1e9) ||
           onnx_node_error(graph, node, error, "has pads that are not from 0 to 1000000000");
}

static bool find_reach(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                       const struct array *W, struct reach *reach, const char **error)
{
    double stride = 1, wide = 1, taps = (double)W->shape[2], pads[2] = {0, 0};
    if (!read_numbers(graph, node, "strides", 1, &stride, error) ||
        !read_numbers(graph, node, "dilations", 1, &wide, error) ||
        !read_numbers(graph, node, "kernel_shape", 1, &taps, error))
        return false;
    if (fabs(taps - (double)W->shape[2]) > 0)
        return onnx_node_error(graph, node, error, "has a kernel_shape of %g, but its kernel '%.80s' is %s", taps,
                               W->name, array_shape_text(graph->arena, W));
    if (!(wide >= 1 && wide < 1e6))
        return onnx_node_error(graph, node, error, "has a dilation that is not from 1 to 1000000");
    const long group = onnx_integer(node, "group", 1);
    *reach = (struct reach){.dilation = (long)wide, .depthwise = group > 1};
    const long all = reach->dilation * (W->shape[2] - 1);
    if (fabs(stride - 1) > 0 || (group != 1 && (group != x->size || W->shape[0] != x->size)))
        return onnx_node_error(graph, node, error,
                               "can be imported with stride 1 only, and with one group or one for each feature");
    if (!read_padding(graph, node, all, pads, error))
        return false;
    reach->back = x->before + (long)pads[0];
    reach->surplus = reach->back + x->behind + (long)pads[1] - all;
    if (reach->surplus < 0)
        return onnx_node_error(graph, node, error,
                               "gives another number of frames than it takes: its pads have to add up to %ld", all);
    return true;
}

/* W[out, in, kernel] as [kernel, out, in], and [kernel, out] where each feature is by itself. What several Convs read
 * is turned once; a tensor that is turned in another shape, too, counts as a constant that is computed. */
static const struct array *turn_kernel(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *W,
                                       bool depthwise, const char **error)
{
    const long out = W->shape[0], in = W->shape[1], kernel = W->shape[2];
    const long shape[] = {kernel, out, in};
    struct array turned = *W;
    bool again = false, fits = true;
    memcpy(turned.shape, shape, sizeof shape);
    turned.rank = depthwise ? 2 : 3;
    for (int i = 0; i < graph->kernel_count; i++) {
        const struct onnx_kernel *other = &graph->kernels[i];
        if (other->from != W->data)
            continue;
        if (other->turned.rank == turned.rank && memcmp(other->turned.shape, shape, sizeof shape) == 0)
            return &other->turned;
        again = true;
    }
    turned.data = again ? onnx_new_constant(graph, 3, shape, &fits).tensor.data
                        : ARENA_ARRAY(graph->arena, double, (size_t)array_size(W) + 1);
    if (!fits) {
        onnx_constant_too_large(graph, node, error);
        return NULL;
    }
    for (long o = 0; o < out; o++)
        for (long i = 0; i < in; i++)
            for (long k = 0; k < kernel; k++)
                turned.data[(k * out + o) * in + i] = W->data[(o * in + i) * kernel + k];
    const struct onnx_kernel added = {W->data, turned};
    ARENA_PUSH(graph->arena, graph->kernels, graph->kernel_count, graph->kernel_capacity, added);
    return &graph->kernels[graph->kernel_count - 1].turned;
}

/* K[0] @ x[t-2] + K[1] @ x[t-1] + K[2] @ x */
static void write_sum(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                      const struct reach *reach, long kernel, const char *name, struct text *sum)
{
    text_init(sum, graph->arena);
    for (long k = 0; k < kernel; k++) {
        const long at = k * reach->dilation - reach->back;
        text_printf(sum, "%s%s[%ld] %s ", k ? " + " : "", name, k, reach->depthwise ? "*" : "@");
        text_printf(sum, !at ? "%s" : strpbrk(x->expression, " ([") ? "(%s)[t%+ld]" : "%s[t%+ld]", x->expression, at);
        if (at > 0 && !graph->without_lengths)
            graph->without_lengths = node;
    }
}

bool onnx_conv(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *W, *B = NULL;
    struct reach reach = {.dilation = 1};
    struct text sum;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &W, error))
        return false;
    const struct array *tensor = &W->tensor;
    if (strcmp(x->axes, "NFT") != 0 && strcmp(x->axes, "1FT") != 0)
        return onnx_axes_error(graph, node, x, "is over time, of sequences, features and frames", error);
    const long group = onnx_integer(node, "group", 1);
    if (tensor->rank != 3 || array_size(tensor) < 1 || tensor->shape[2] > 1000 || x->surplus ||
        (tensor->shape[1] != (group == x->size ? 1 : x->size) && (group == 1 || group == x->size)))
        return onnx_node_error(graph, node, error, "has a kernel '%.80s' of %s for %ld features", W->name,
                               array_shape_text(graph->arena, tensor), x->size);
    if (!find_reach(graph, node, x, tensor, &reach, error))
        return false;
    const long out = tensor->shape[0];
    if (onnx_has_input(node, 2) && !onnx_input(graph, node, 2, ONNX_TENSOR, &B, error))
        return false;
    if (B && array_size(&B->tensor) != out)
        return onnx_node_error(graph, node, error, "has a bias of another size than its output");
    const struct array *kernel = turn_kernel(graph, node, tensor, reach.depthwise, error);
    if (!kernel)
        return false;
    write_sum(graph, node, x, &reach, tensor->shape[2], onnx_parameter(graph, node, kernel, "weight"), &sum);
    if (B) {
        struct array vector = B->tensor;
        vector.rank = 1;
        vector.shape[0] = out;
        text_printf(&sum, " + %s", onnx_parameter(graph, node, &vector, "bias"));
    }
    struct onnx_value value = *x;
    value.before = value.behind = 0;
    value.surplus = reach.surplus;
    onnx_write_equation(graph, node, &value, out, sum.data);
    return true;
}

/* Zeros before and behind the frames, for a Conv. https://onnx.ai/onnx/operators/onnx__Pad.html */
bool onnx_pad(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const char *mode = onnx_string(graph, node, "mode", "constant");
    const struct onnx_value *x, *number = NULL;
    double pads[ONNX_MOST_NUMBERS], axes[ONNX_MOST_NUMBERS];
    int sides, count, axis;
    if (!onnx_any_input(graph, node, 0, &x, error) || !onnx_numbers(graph, node, "pads", 1, &sides, pads, error) ||
        !onnx_numbers(graph, node, "axes", 3, &count, axes, error) ||
        (onnx_has_input(node, 2) && !onnx_input(graph, node, 2, ONNX_TENSOR, &number, error)))
        return false;
    const int rank = (int)strlen(x->axes), named = count < 0 ? rank : count;
    const double filled =
        number && array_size(&number->tensor) ? number->tensor.data[0] : onnx_number(node, "value", 0);
    if (x->kind != ONNX_VECTOR || sides != 2 * named || named > rank)
        return onnx_node_error(graph, node, error, "has %d pads for '%.80s', which has the axes %s", sides, x->name,
                               x->axes);
    if (strcmp(mode, "constant") != 0 || fabs(filled) > 0)
        return onnx_node_error(graph, node, error,
                               "can be imported only where it puts zeros (mode 'constant', value 0)");
    struct onnx_value value = *x;
    for (int i = 0; i < named; i++) {
        const double before = pads[i], behind = pads[named + i];
        if (!onnx_axis(graph, node, count < 0 ? i : axes[i], rank, &axis, error))
            return false;
        if (!(fabs(before) > 0) && !(fabs(behind) > 0))
            continue;
        if (x->axes[axis] != 'T' || x->surplus || !(before >= 0 && before < 1e9 && behind >= 0 && behind < 1e9))
            return onnx_axes_error(graph, node, x, "puts zeros before and behind the frames", error);
        value.before += (long)before;
        value.behind += (long)behind;
    }
    onnx_give(graph, node, 0, value);
    return true;
}
