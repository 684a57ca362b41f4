/* Nodes that compute over the features of a frame, or over the frames of a sequence: softmax, normalisation, sums.
 * https://onnx.ai/onnx/operators/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

static bool softmax_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_over_features(graph, node, x, onnx_integer(node, "axis", graph->opset < 13 ? 1 : -1), error))
        return false;
    const char *function = strcmp(node->op_type, "LogSoftmax") == 0 ? "log_softmax" : "softmax";
    onnx_write_equation(graph, node, x, x->size, arena_printf(graph->arena, "%s(%s)", function, x->expression));
    return true;
}

/* ---- normalisation ---- */

/* Input i, a number for each feature of x, as a parameter; `what` is it, for messages. */
static bool read_vector(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, size_t i,
                        const char *what, const char *ending, const char **name, const char **error)
{
    const struct onnx_value *value;
    if (!onnx_input(graph, node, i, ONNX_TENSOR, &value, error))
        return false;
    if (!onnx_fits_beside(graph, &value->tensor, x))
        return onnx_node_error(graph, node, error, "has a %s of another size than its input", what);
    *name = onnx_vector_parameter(graph, node, &value->tensor, ending);
    return true;
}

static bool layer_norm_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    const char *gain = "1", *bias = "0", *name = "layernorm";
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_over_features(graph, node, x, onnx_integer(node, "axis", -1), error) ||
        !read_vector(graph, node, x, 1, "scale", "weight", &gain, error) ||
        (onnx_has_input(node, 2) && !read_vector(graph, node, x, 2, "bias", "bias", &bias, error)))
        return false;
    const double epsilon = onnx_number(node, "epsilon", 1e-5);
    if (fabs(epsilon - 1e-5) > 1e-9) { /* the language's has 1e-5 */
        name = import_take_name(&graph->names, "layer_norm");
        const char *centred = import_take_name(&graph->names, "centred");
        text_printf(&graph->functions,
                    "fn %s(v) = v - mean(v)\n"
                    "fn %s(v, gain, bias) = gain * %s(v) / sqrt(mean(%s(v) * %s(v)) + %.9g) + bias\n",
                    centred, name, centred, centred, centred, epsilon);
    }
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, "%s(%s, %s, %s)", name, x->expression, gain, bias));
    return true;
}

/* x / sqrt(mean of squares + epsilon) * scale, of opset 23 */
static bool rms_norm_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct onnx_value *x;
    const char *gain = "1";
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_over_features(graph, node, x, onnx_integer(node, "axis", -1), error) ||
        !read_vector(graph, node, x, 1, "scale", "weight", &gain, error))
        return false;
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, "%s * %s / sqrt(mean(%s * %s) + %.9g)", gain, x->expression,
                                     x->expression, x->expression, onnx_number(node, "epsilon", 1e-5)));
    return true;
}

/* A parameter of BatchNormalization, for messages and names. */
enum { SCALE = 1, SHIFT, MEAN, VARIANCE };

/* scale * (x - mean) / sqrt(variance + epsilon) + shift as one product and one sum: what does not change is computed
 * here, in double, and rounded once. */
static bool batch_norm_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    static const char *const names[] = {"", "scale", "bias", "mean", "variance"};
    const struct onnx_value *x, *value[VARIANCE + 1];
    const double epsilon = onnx_number(node, "epsilon", 1e-5);
    if (onnx_integer(node, "training_mode", 0) || onnx_output_is_read(graph, node, 1))
        return onnx_node_error(graph, node, error, "is in training mode: export the model for inference");
    if (!onnx_integer(node, "spatial", 1))
        return onnx_node_error(graph, node, error,
                               "has the attribute 'spatial' of 0, statistics of each frame by itself, which a program "
                               "does not have: only 1 is read");
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    if (x->axes[0] == '\0' || x->axes[1] != 'F' || onnx_features(x) != x->size)
        return onnx_axes_error(graph, node, x, "is over the features, which are the second axis", error);
    for (size_t i = SCALE; i <= VARIANCE; i++) {
        if (!onnx_input(graph, node, i, ONNX_TENSOR, &value[i], error))
            return false;
        if (value[i]->tensor.rank != 1 || array_size(&value[i]->tensor) != x->size)
            return onnx_node_error(graph, node, error, "has a %s '%.80s' of %s for %ld features", names[i],
                                   value[i]->name, array_shape_text(graph->arena, &value[i]->tensor), x->size);
    }
    struct array scale = value[SCALE]->tensor, shift = value[SHIFT]->tensor;
    scale.name = "/batch_norm_scale"; /* neither is a tensor of the file */
    shift.name = "/batch_norm_shift";
    scale.data = ARENA_ARRAY(graph->arena, double, (size_t)x->size);
    shift.data = ARENA_ARRAY(graph->arena, double, (size_t)x->size);
    for (long i = 0; i < x->size; i++) {
        const double factor = value[SCALE]->tensor.data[i] / sqrt(value[VARIANCE]->tensor.data[i] + epsilon);
        scale.data[i] = (double)(float)factor;
        shift.data[i] = (double)(float)(value[SHIFT]->tensor.data[i] - factor * value[MEAN]->tensor.data[i]);
    }
    const char *factor = onnx_vector_parameter(graph, node, &scale, "scale");
    onnx_write_equation(graph, node, x, x->size,
                        arena_printf(graph->arena, "%s * %s + %s", factor, x->expression,
                                     onnx_vector_parameter(graph, node, &shift, "shift")));
    return true;
}

/* ---- sums ---- */

static const struct reduction {
    const char *op, *frames, *features; /* functions of the language */
} reductions[] = {
    {"ReduceMean", "mean_over_time", "mean"},
    {"ReduceMax", "max_over_time", "maximum"},
    {"ReduceSum", "sum_over_time", "sum"},
};

static bool reduce_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const struct reduction *reduction = reductions;
    const struct onnx_value *x;
    double axes[ONNX_MOST_NUMBERS];
    int count, axis = 0;
    while (strcmp(reduction->op, node->op_type) != 0)
        reduction++;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error) ||
        !onnx_numbers(graph, node, "axes", 1, &count, axes, error))
        return false;
    if (count == 1 && !onnx_axis(graph, node, axes[0], (int)strlen(x->axes), &axis, error))
        return false;
    const bool frames = x->axes[axis] == 'T', features = x->axes[axis] == 'F' && onnx_features(x) == x->size;
    if (count != 1 || (!frames && !features))
        return onnx_axes_error(graph, node, x, "reduces the axis of the frames, or that of the features", error);
    struct onnx_value value = *x;
    if (frames)
        value.axes[axis] = '1';
    if (!onnx_integer(node, "keepdims", 1))
        onnx_remove_axis(&value, axis);
    if (frames && !graph->without_lengths)
        graph->without_lengths = node;
    /* what is one number for the language is one feature here */
    onnx_write_equation(graph, node, &value, frames ? x->size : 1,
                        arena_printf(graph->arena, frames ? "%s(%s)" : "concat(%s(%s))",
                                     frames ? reduction->frames : reduction->features, x->expression));
    return true;
}

/* Over all frames, [N, F, T], which stay as an axis of one. */
static bool pool_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const char *function = strcmp(node->op_type, "GlobalMaxPool") == 0 ? "max_over_time" : "mean_over_time";
    const struct onnx_value *x;
    if (!onnx_input(graph, node, 0, ONNX_VECTOR, &x, error))
        return false;
    if (strcmp(x->axes, "NFT") != 0)
        return onnx_axes_error(graph, node, x, "is over time, of sequences, features and frames", error);
    struct onnx_value value = *x;
    value.axes[2] = '1';
    if (!graph->without_lengths)
        graph->without_lengths = node;
    onnx_write_equation(graph, node, &value, x->size, arena_printf(graph->arena, "%s(%s)", function, x->expression));
    return true;
}

const struct onnx_writer onnx_column_writers[] = {
    {"Softmax", softmax_node},
    {"LogSoftmax", softmax_node},
    {"LayerNormalization", layer_norm_node},
    {"RMSNormalization", rms_norm_node},
    {"BatchNormalization", batch_norm_node},
    {"GlobalAveragePool", pool_node},
    {"GlobalMaxPool", pool_node},
    {"ReduceMean", reduce_node},
    {"ReduceMax", reduce_node},
    {"ReduceSum", reduce_node},
    {NULL, NULL},
};
