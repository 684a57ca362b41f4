/* Convolution over time, as a sum of products with frames before and behind.
 * https://onnx.ai/onnx/operators/onnx__Conv.html */
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* Frames that the first product reads back, where as many come out as go in. */
static bool find_reach(struct onnx_graph *graph, const Onnx__NodeProto *node, long kernel, long *dilation, long *back,
                       const char **error)
{
    const Onnx__AttributeProto *automatic = onnx_attribute(node, "auto_pad");
    double stride[ONNX_MOST_NUMBERS], wide[ONNX_MOST_NUMBERS], pads[ONNX_MOST_NUMBERS];
    int strides, dilations, sides;
    if (!onnx_numbers(graph, node, "strides", 9, &strides, stride, error) ||
        !onnx_numbers(graph, node, "dilations", 9, &dilations, wide, error) ||
        !onnx_numbers(graph, node, "pads", 9, &sides, pads, error))
        return false;
    if (dilations == 1 && !(wide[0] >= 1 && wide[0] < 1e6))
        return onnx_node_error(graph, node, error, "has a dilation that is not from 1 to 1000000");
    *dilation = dilations == 1 ? (long)wide[0] : 1;
    const long all = *dilation * (kernel - 1);
    const bool upper = automatic && automatic->s.len == 10 && memcmp(automatic->s.data, "SAME_UPPER", 10) == 0;
    const bool lower = automatic && automatic->s.len == 10 && memcmp(automatic->s.data, "SAME_LOWER", 10) == 0;
    const double before = sides == 2 ? pads[0] : 0, behind = sides == 2 ? pads[1] : 0;
    *back = upper ? all / 2 : lower ? all - all / 2 : (long)before;
    if ((strides == 1 && !(stride[0] > 0 && stride[0] < 2)) || onnx_integer(node, "group", 1) != 1)
        return onnx_node_error(graph, node, error, "can be imported with stride 1 and one group only");
    if (!upper && !lower &&
        (before < 0 || behind < 0 || before + behind < (double)all || before + behind > (double)all))
        return onnx_node_error(graph, node, error,
                               "gives another number of frames than it takes: its pads have to add up to %ld", all);
    return true;
}

/* W[out, in, kernel] as a parameter [kernel, out, in]. */
static const char *add_kernel(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *W)
{
    const long out = W->shape[0], in = W->shape[1], kernel = W->shape[2];
    struct array turned = *W;
    turned.data = ARENA_ARRAY(graph->arena, double, (size_t)array_size(W) + 1);
    for (long o = 0; o < out; o++)
        for (long i = 0; i < in; i++)
            for (long k = 0; k < kernel; k++)
                turned.data[(k * out + o) * in + i] = W->data[(o * in + i) * kernel + k];
    turned.shape[0] = kernel;
    turned.shape[1] = out;
    turned.shape[2] = in;
    return onnx_parameter(graph, node, &turned, "weight");
}

bool onnx_conv(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x, *W, *B = NULL;
    long dilation = 1, back = 0;
    struct text sum;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) || !onnx_input(graph, node, 1, ONNX_TENSOR, &W, error))
        return false;
    const struct array *tensor = &W->tensor;
    if (strcmp(x->axes, "NFT") != 0 && strcmp(x->axes, "1FT") != 0)
        return onnx_axes_error(graph, node, x, "is over time, of sequences, features and frames", error);
    if (tensor->rank != 3 || array_size(tensor) < 1 || tensor->shape[2] > 1000 ||
        (tensor->shape[1] != x->size && onnx_integer(node, "group", 1) == 1))
        return onnx_node_error(graph, node, error, "has a kernel '%.80s' of %s for %ld features", W->name,
                               array_shape_text(graph->arena, tensor), x->size);
    if (!find_reach(graph, node, tensor->shape[2], &dilation, &back, error))
        return false;
    const long out = tensor->shape[0];
    if (onnx_has_input(node, 2) && !onnx_input(graph, node, 2, ONNX_TENSOR, &B, error))
        return false;
    if (B && array_size(&B->tensor) != out)
        return onnx_node_error(graph, node, error, "has a bias of another size than its output");
    const char *kernel = add_kernel(graph, node, tensor);
    text_init(&sum, graph->arena);
    for (long k = 0; k < tensor->shape[2]; k++) {
        const long at = k * dilation - back;
        text_printf(&sum, "%s%s[%ld] @ ", k ? " + " : "", kernel, k);
        text_printf(&sum, !at ? "%s" : strpbrk(x->expression, " ([") ? "(%s)[t%+ld]" : "%s[t%+ld]", x->expression, at);
        if (at > 0 && !graph->without_lengths)
            graph->without_lengths = node;
    }
    if (B) {
        struct array vector = B->tensor;
        vector.rank = 1;
        vector.shape[0] = out;
        text_printf(&sum, " + %s", onnx_parameter(graph, node, &vector, "bias"));
    }
    onnx_write_equation(graph, node, x, out, sum.data);
    return true;
}
