/* Convolution over time, as a sum of products with frames before and behind, and zeros that are put there.
 * https://keras.io/api/layers/convolution_layers/convolution1d/ */
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

enum { MOST_TAPS = 1000, MOST_FRAMES = 1000000 };

/* A setting that is a number, or a list of one. */
static long one_number(const struct keras_layer *layer, const char *key, long otherwise)
{
    const json_t *value = json_object_get(layer->config, key);
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    return json_is_integer(value) ? (long)json_integer_value(value) : otherwise;
}

/* The way of a layer over the frames. */
struct reach {
    long taps, dilation, back; /* frames that the first product reads back */
};

static bool find_reach(struct keras_model *model, const struct keras_layer *layer, struct reach *reach)
{
    const struct keras_value *x = layer->inputs[0];
    const char *padding = keras_text(layer, "padding"), *format = keras_text(layer, "data_format");
    *reach =
        (struct reach){.taps = one_number(layer, "kernel_size", 0), .dilation = one_number(layer, "dilation_rate", 1)};
    if (reach->taps < 1 || reach->taps > MOST_TAPS || reach->dilation < 1 || reach->dilation > MOST_FRAMES)
        return keras_error(model, layer, "needs a 'kernel_size' from 1 to %d and a 'dilation_rate' from 1 to %d",
                           MOST_TAPS, MOST_FRAMES);
    if (one_number(layer, "strides", 1) != 1 || one_number(layer, "groups", 1) != 1 ||
        one_number(layer, "depth_multiplier", 1) != 1)
        return keras_error(model, layer, "is only read with strides, groups and depth_multiplier of 1");
    if (format && strcmp(format, "channels_last") != 0)
        return keras_error(model, layer, "has the data_format '%s', but only channels_last is read", format);
    const long all = reach->dilation * (reach->taps - 1);
    const bool causal = padding && strcmp(padding, "causal") == 0, same = padding && strcmp(padding, "same") == 0;
    reach->back = x->before + (causal ? all : same ? all / 2 : 0);
    if (x->before + x->behind + (causal || same ? all : 0) != all)
        return keras_error(model, layer,
                           "gives another number of frames than it takes: with a padding of 'causal' or 'same', or "
                           "'valid' behind a ZeroPadding1D of %ld, there would be as many",
                           all);
    return true;
}

/* "transpose(kernel[0]) @ x[t-2] + transpose(kernel[1]) @ x[t-1] + ..", or with * where each feature is by itself.
 * Where Keras has the frames from the last to the first, what is before is behind. */
static void write_products(struct keras_model *model, const struct keras_layer *layer, const struct reach *reach,
                           const char *kernel, bool depthwise)
{
    struct text *out = &model->equations;
    const struct keras_value *x = layer->inputs[0];
    for (long k = 0; k < reach->taps; k++) {
        const long at = (k * reach->dilation - reach->back) * (x->backwards ? -1 : 1);
        text_printf(out, depthwise ? "%s%s[%ld] * %s" : "%stranspose(%s[%ld]) @ %s", k ? " + " : "", kernel, k,
                    x->expression);
        if (at)
            text_printf(out, "[t%+ld]", at);
    }
}

/* Takes weight i of [taps, rows, columns], and declares it; of columns of 1 that are no axis, [taps, rows]. */
static const char *take_kernel(struct keras_model *model, const struct keras_layer *layer, int i, const char *what,
                               const long shape[3], bool depthwise)
{
    const char *name = arena_printf(model->arena, "%s.%s", layer->equation, what);
    if (!keras_take_shape(model, layer, i, what, 3, shape))
        return NULL;
    struct array *array = map_get(&model->arrays, name);
    array->rank = depthwise ? 2 : 3; /* a vector for each product */
    text_printf(&model->equations, "  param %s%s\n", name, array_shape_text(model->arena, array));
    return name;
}

/* Conv1D, and DepthwiseConv1D, of each feature by itself, and both in turn */
bool keras_conv(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const bool depthwise = layer->class[0] == 'D', separable = layer->class[0] == 'S';
    const bool biased = keras_flag(layer, "use_bias", true);
    const struct keras_value *x = layer->inputs[0];
    struct text *out = &model->equations;
    struct reach reach;
    const char *function, *kernel, *pointwise = NULL;
    long filters = x->size;
    if (x->kind != KERAS_FRAMES)
        return keras_error(model, layer, "has to read features at each frame");
    if ((!depthwise && !keras_size(model, layer, "filters", &filters)) || !find_reach(model, layer, &reach) ||
        !keras_function(model, layer, "activation", &function))
        return false;
    const bool by_feature = depthwise || separable, linear = strcmp(function, "keras.linear") == 0;
    kernel = take_kernel(model, layer, 0, separable ? "depthwise_kernel" : "kernel",
                         (const long[]){reach.taps, x->size, by_feature ? 1 : filters}, by_feature);
    if (kernel && separable)
        pointwise = take_kernel(model, layer, 1, "pointwise_kernel", (const long[]){1, x->size, filters}, false);
    if (!kernel || (separable && !pointwise) ||
        (biased && !keras_take(model, layer, 1 + separable, "bias", filters, 0)))
        return false;
    if (biased)
        text_printf(out, "  param %s.bias[%ld]\n", layer->equation, filters);
    if (separable) {
        text_printf(out, "  %s.depthwise = ", layer->equation);
        write_products(model, layer, &reach, kernel, true);
        text_puts(out, "\n");
    }
    text_printf(out, "  %s.y = %s%s", layer->equation, linear ? "" : function, linear ? "" : "(");
    if (separable)
        text_printf(out, "transpose(%s[0]) @ %s.depthwise", pointwise, layer->equation);
    else
        write_products(model, layer, &reach, kernel, depthwise);
    if (biased)
        text_printf(out, " + %s.bias", layer->equation);
    text_puts(out, linear ? "\n" : ")\n");
    keras_give(layer, value, arena_printf(model->arena, "%s.y", layer->equation), filters);
    value->before = value->behind = 0;
    return true;
}

/* "padding": 2, [2] or [2, 1] */
bool keras_zero_padding(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const json_t *padding = json_object_get(layer->config, "padding");
    const bool two = json_array_size(padding) == 2;
    const long before = two ? (long)json_integer_value(json_array_get(padding, 0)) : one_number(layer, "padding", -1);
    const long behind = two ? (long)json_integer_value(json_array_get(padding, 1)) : before;
    if (layer->inputs[0]->kind != KERAS_FRAMES)
        return keras_error(model, layer, "has to read features at each frame");
    if (before < 0 || behind < 0 || before > MOST_FRAMES || behind > MOST_FRAMES)
        return keras_error(model, layer, "needs a 'padding' of numbers from 0 to %d", MOST_FRAMES);
    *value = *layer->inputs[0];
    value->before += before;
    value->behind += behind;
    return true;
}
