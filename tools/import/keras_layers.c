/* Inputs of a model, and layers with weights but without a state. https://keras.io/api/layers/core_layers/ */
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

/* ---- inputs ---- */

bool keras_input_of_shape(struct keras_model *model, const struct keras_layer *layer, const json_t *shape,
                          struct keras_value *value)
{
    const size_t rank = json_array_size(shape);
    const long features = rank == 3 ? (long)json_integer_value(json_array_get(shape, 2)) : 0;
    *value = (struct keras_value){.kind = rank == 3 ? KERAS_FRAMES : KERAS_IDS, .expression = layer->equation};
    if (rank == 2)
        return true; /* written where an Embedding says how many ids there are */
    if (rank != 3 || features < 1 || features > 10000000)
        return keras_error(model, layer,
                           "has to be of shape [batch, frames, features], with a number of features, or of ids, "
                           "[batch, frames]");
    value->size = features;
    text_printf(&model->inputs, "  input %s[%ld]\n", value->expression, features);
    return true;
}

bool keras_input(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const json_t *shape = json_object_get(layer->config, "batch_shape");
    return keras_input_of_shape(model, layer, shape ? shape : json_object_get(layer->config, "batch_input_shape"),
                                value);
}

bool keras_embedding(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    struct keras_value *ids = layer->inputs[0];
    long count, size;
    if (!keras_size(model, layer, "input_dim", &count) || !keras_size(model, layer, "output_dim", &size))
        return false;
    if (ids->kind != KERAS_IDS)
        return keras_error(model, layer, "has to read an input of ids, [batch, frames]");
    if (ids->size && ids->size != count)
        return keras_error(model, layer, "reads ids below %ld, but another Embedding has those below %ld", count,
                           ids->size);
    if (!ids->size)
        text_printf(&model->inputs, "  input %s: index[%ld]\n", ids->expression, count);
    ids->size = count;
    if (!keras_take(model, layer, 0, "embeddings", count, size))
        return false;
    text_printf(&model->equations, "  %s = keras.Embedding[%ld](%s)\n", layer->equation, size, ids->expression);
    model->masks = model->masks || keras_flag(layer, "mask_zero", false);
    keras_give(layer, value, layer->equation, size);
    value->kind = KERAS_FRAMES;
    return true;
}

/* ---- layers without time ---- */

bool keras_dense(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const char *function;
    const bool biased = keras_flag(layer, "use_bias", true);
    long units;
    if (!keras_check_features(model, layer) || !keras_size(model, layer, "units", &units) ||
        !keras_function(model, layer, "activation", &function) ||
        !keras_take(model, layer, 0, "kernel", layer->inputs[0]->size, units) ||
        (biased && !keras_take(model, layer, 1, "bias", units, 0)))
        return false;
    text_printf(&model->equations, "  %s = keras.Dense%s[%ld", layer->equation, biased ? "" : "_without_bias", units);
    if (strcmp(function, "keras.linear") != 0)
        text_printf(&model->equations, ", %s", function);
    text_printf(&model->equations, "](%s)\n", layer->inputs[0]->expression);
    keras_give(layer, value, layer->equation, units);
    return true;
}

/* A LayerNormalization with other settings than that of std.keras. */
static void write_normalization(struct keras_model *model, const struct keras_layer *layer, bool scale, bool center)
{
    struct text *out = &model->equations;
    const char *name = layer->equation, *x = layer->inputs[0]->expression;
    if (scale)
        text_printf(out, "  param %s.gamma[%ld]\n", name, layer->inputs[0]->size);
    if (center)
        text_printf(out, "  param %s.beta[%ld]\n", name, layer->inputs[0]->size);
    text_printf(out, "  %s.d = %s - mean(%s)\n  %s.y = ", name, x, x, name);
    if (scale)
        text_printf(out, "%s.gamma * ", name);
    text_printf(out, "%s.d / sqrt(mean(%s.d * %s.d) + %.9g)", name, name, name, keras_number(layer, "epsilon", 0.001));
    if (center)
        text_printf(out, " + %s.beta", name);
    text_puts(out, "\n");
}

bool keras_layer_normalization(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const bool scale = keras_flag(layer, "scale", true), center = keras_flag(layer, "center", true);
    const long n = layer->inputs[0]->size;
    if (!keras_check_features(model, layer) || !keras_check_axis(model, layer))
        return false;
    if (keras_flag(layer, "rms_scaling", false))
        return keras_error(model, layer, "has rms_scaling, which is not read");
    if ((scale && !keras_take(model, layer, 0, "gamma", n, 0)) ||
        (center && !keras_take(model, layer, scale, "beta", n, 0)))
        return false;
    if (scale && center && keras_number(layer, "epsilon", 0.001) == 0.001) {
        text_printf(&model->equations, "  %s = keras.LayerNormalization(%s)\n", layer->equation,
                    layer->inputs[0]->expression);
        keras_give(layer, value, layer->equation, n);
        return true;
    }
    write_normalization(model, layer, scale, center);
    keras_give(layer, value, arena_printf(model->arena, "%s.y", layer->equation), n);
    return true;
}

bool keras_rms_normalization(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const char *name = layer->equation, *x = layer->inputs[0]->expression;
    const long n = layer->inputs[0]->size;
    if (!keras_check_features(model, layer) || !keras_check_axis(model, layer) ||
        !keras_take(model, layer, 0, "scale", n, 0))
        return false;
    text_printf(&model->equations, "  param %s.scale[%ld]\n  %s.y = %s.scale * %s / sqrt(mean(%s * %s) + %.9g)\n", name,
                n, name, name, x, x, x, keras_number(layer, "epsilon", 1e-6));
    keras_give(layer, value, arena_printf(model->arena, "%s.y", name), n);
    return true;
}

/* (x - mean) / max(sqrt(variance), 1e-7), of statistics that adapt() has found */
bool keras_normalization(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const char *name = layer->equation, *x = layer->inputs[0]->expression;
    const long n = layer->inputs[0]->size;
    const json_t *mean = json_object_get(layer->config, "mean");
    if (!keras_check_features(model, layer) || !keras_check_axis(model, layer))
        return false;
    if ((mean && !json_is_null(mean)) || keras_flag(layer, "invert", false))
        return keras_error(model, layer,
                           "has invert, or a mean and variance that are settings: only those that adapt() finds are "
                           "read");
    if (!keras_take(model, layer, 0, "mean", n, 0) || !keras_take(model, layer, 1, "variance", n, 0))
        return false;
    text_printf(&model->equations,
                "  param %s.mean[%ld], %s.variance[%ld]\n"
                "  %s.y = (%s - %s.mean) / max(sqrt(%s.variance), 1e-07)\n",
                name, n, name, n, name, x, name, name);
    keras_give(layer, value, arena_printf(model->arena, "%s.y", name), n);
    return true;
}

bool keras_batch_normalization(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    const bool has[] = {keras_flag(layer, "scale", true), keras_flag(layer, "center", true), true, true};
    const char *name = layer->equation;
    const long n = layer->inputs[0]->size;
    if (!keras_check_features(model, layer) || !keras_check_axis(model, layer))
        return false;
    for (int k = 0, i = 0; k < 4; k++) {
        if (!has[k])
            continue;
        if (!keras_take(model, layer, i++, names[k], n, 0))
            return false;
        text_printf(&model->equations, "  param %s.%s[%ld]\n", name, names[k], n);
    }
    text_printf(&model->equations, "  %s.y = ", name);
    if (has[0])
        text_printf(&model->equations, "%s.gamma * ", name);
    text_printf(&model->equations, "(%s - %s.moving_mean) / sqrt(%s.moving_variance + %.9g)",
                layer->inputs[0]->expression, name, name, keras_number(layer, "epsilon", 0.001));
    if (has[1])
        text_printf(&model->equations, " + %s.beta", name);
    text_puts(&model->equations, "\n");
    keras_give(layer, value, arena_printf(model->arena, "%s.y", name), n);
    return true;
}
