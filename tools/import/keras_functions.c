/* Layers without weights. https://keras.io/api/layers/activation_layers/, regularization_layers/ */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

bool keras_write_function(struct keras_model *model, struct keras_layer *layer, const char *text, double number,
                          struct keras_value *value)
{
    if (!keras_check_features(model, layer))
        return false;
    text_printf(&model->equations, "  %s = ", layer->equation);
    for (const char *c = text; *c; c++)
        if (*c == '$')
            text_puts(&model->equations, layer->inputs[0]->expression);
        else if (*c == 'A')
            text_printf(&model->equations, "%.9g", number);
        else
            text_append(&model->equations, c, 1);
    text_puts(&model->equations, "\n");
    keras_give(layer, value, layer->equation, layer->inputs[0]->size);
    return true;
}

bool keras_activation(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const char *function;
    if (!keras_function(model, layer, "activation", &function))
        return false;
    if (strcmp(function, "keras.linear") == 0)
        return keras_nothing(model, layer, value);
    return keras_write_function(model, layer, arena_printf(model->arena, "%s($)", function), 0, value);
}

bool keras_relu(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const double most = keras_number(layer, "max_value", 0), slope = keras_number(layer, "negative_slope", 0);
    if (keras_number(layer, "threshold", 0) != 0 || (most != 0 && slope != 0))
        return keras_error(model, layer,
                           "has a threshold, or both a max_value and a negative_slope, which is not read");
    return keras_write_function(model, layer,
                                most != 0    ? "clip($, 0, A)"
                                : slope != 0 ? "leaky_relu($, A)"
                                             : "relu($)",
                                most != 0 ? most : slope, value);
}

bool keras_slope(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    if (strcmp(layer->class, "ELU") == 0)
        return keras_write_function(model, layer, "elu($, A)", keras_number(layer, "alpha", 1), value);
    const double slope =
        keras_number(layer, "negative_slope", keras_number(layer, "alpha", 0.3)); /* alpha in Keras 2 */
    return keras_write_function(model, layer, "leaky_relu($, A)", slope, value);
}

bool keras_softmax(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    if (!keras_check_axis(model, layer))
        return false;
    return keras_write_function(model, layer, "softmax($)", 0, value);
}

/* Another slope below 0 for each feature, or one for all, as shared_axes says; none for each frame. */
bool keras_prelu(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const json_t *shared = json_object_get(layer->config, "shared_axes"), *axis;
    const bool framed = layer->inputs[0]->kind == KERAS_FRAMES && !*layer->part; /* axis 1 is that of the frames */
    const char *name = layer->equation, *x = layer->inputs[0]->expression;
    bool over_frames = !framed, over_features = false;
    size_t i;
    json_array_foreach(shared, i, axis)
    {
        over_frames = over_frames || json_integer_value(axis) == 1;
        over_features = over_features || json_integer_value(axis) == 1 + framed;
    }
    if (!keras_check_features(model, layer))
        return false;
    if (!over_frames)
        return keras_error(model, layer,
                           "has slopes for each frame, which a program does not know apart: give it "
                           "shared_axes=[1]");
    const long n = over_features ? 1 : layer->inputs[0]->size, shape[] = {1, n};
    if (!keras_take_shape(model, layer, 0, "alpha", framed ? 2 : 1, framed ? shape : &n))
        return false;
    struct array *alpha = map_get(&model->arrays, arena_printf(model->arena, "%s.alpha", name));
    alpha->rank = !over_features;
    alpha->shape[0] = n;
    text_printf(&model->equations, "  param %s.alpha%s\n  %s.y = relu(%s) + %s.alpha * min(%s, 0)\n", name,
                over_features ? "" : array_shape_text(model->arena, alpha), name, x, name, x);
    keras_give(layer, value, arena_printf(model->arena, "%s.y", name), layer->inputs[0]->size);
    return true;
}

bool keras_unit_normalization(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    return keras_check_axis(model, layer) &&
           keras_write_function(model, layer, "$ / sqrt(max(sum($ * $), 1e-12))", 0, value);
}

bool keras_rescaling(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const json_t *scale = json_object_get(layer->config, "scale"), *offset = json_object_get(layer->config, "offset");
    if (!json_is_number(scale) || (offset && !json_is_number(offset)))
        return keras_error(model, layer, "has a scale or an offset that is no number: others are not read");
    const double added = json_number_value(offset);
    const char *text = arena_printf(model->arena, added < 0 ? "$ * A - %.9g" : "$ * A + %.9g", fabs(added));
    return keras_write_function(model, layer, fabs(added) > 0 ? text : "$ * A", json_number_value(scale), value);
}

/* Of features it makes what they are. */
bool keras_flatten(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    if (layer->inputs[0]->kind == KERAS_FRAMES && !*layer->part)
        return keras_error(model, layer,
                           "makes features of all frames, however many a program is given: take the "
                           "last one, or a GlobalAveragePooling1D or GlobalMaxPooling1D of them");
    return keras_nothing(model, layer, value);
}

bool keras_nothing(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    (void)model;
    *value = *layer->inputs[0];
    return true;
}

bool keras_mask(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    model->masks = true;
    *value = *layer->inputs[0];
    if (strcmp(layer->class, "NotEqual") == 0)
        value->kind = KERAS_MASK;
    return true;
}
