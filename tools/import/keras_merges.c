/* Layers and operations without weights that read several values, or all frames.
 * https://keras.io/api/layers/merging_layers/, pooling_layers/, https://keras.io/api/ops/numpy/ */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

/* x + 2, or 2 + x, where Keras has no layer but an operation with a number among its arguments. */
static bool merge_number(struct keras_model *model, struct keras_layer *layer, const char *between,
                         struct keras_value *value)
{
    const json_t *left = json_array_get(layer->arguments, 0), *right = json_array_get(layer->arguments, 1);
    const bool first = json_is_number(left);
    const json_t *number = first ? left : right;
    if (!between || json_array_size(layer->arguments) != 2 || !json_is_number(number))
        return keras_error(model, layer, "has 1 inputs, but 2 are read");
    const char *text = json_number_value(number) < 0 ? "(A)" : "A";
    return keras_write_function(model, layer,
                                arena_printf(model->arena, "%s%s%s", first ? text : "$", between, first ? "$" : text),
                                json_number_value(number), value);
}

bool keras_merge(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    static const struct {
        const char *class, *begin, *between, *end;
    } merges[] = {{"Add", "", " + ", ""},
                  {"Subtract", "", " - ", ""},
                  {"Multiply", "", " * ", ""},
                  {"Average", "(", " + ", ")"},
                  {"Maximum", "max(", ", ", ")"},
                  {"Minimum", "min(", ", ", ")"},
                  {"Concatenate", "concat(", ", ", ")"}};
    int k = 0;
    while (strcmp(merges[k].class, layer->class) != 0)
        k++;
    const bool joins = strcmp(layer->class, "Concatenate") == 0, nests = merges[k].begin[0] == 'm';
    const struct keras_value *first = layer->inputs[0];
    if (layer->input_count == 1)
        return merge_number(model, layer, k < 3 ? merges[k].between : NULL, value);
    if (!keras_check_features(model, layer) || (joins && !keras_check_axis(model, layer)))
        return false;
    long size = 0;
    for (int i = 0; i < layer->input_count; i++) {
        const struct keras_value *one = layer->inputs[i];
        size = joins ? size + one->size : one->size;
        if (size > KERAS_MOST_FEATURES)
            return keras_error(model, layer, "gives more than %d features", KERAS_MOST_FEATURES);
        if (one->kind != first->kind || (!joins && one->size != first->size))
            return keras_error(model, layer, "reads values of several sizes, or of frames and of whole sequences");
        if (one->backwards != first->backwards)
            return keras_error(model, layer,
                               "reads frames in both orders (go_backwards), which a program cannot put together");
    }
    text_printf(&model->equations, "  %s = ", layer->equation);
    for (int i = 0; nests && i < layer->input_count - 2; i++) /* max(max(a, b), c) */
        text_puts(&model->equations, merges[k].begin);
    text_puts(&model->equations, merges[k].begin);
    for (int i = 0; i < layer->input_count; i++) {
        text_printf(&model->equations, "%s%s", i ? merges[k].between : "", layer->inputs[i]->expression);
        if (nests && i && i < layer->input_count - 1)
            text_puts(&model->equations, ")");
    }
    text_puts(&model->equations, merges[k].end);
    if (strcmp(layer->class, "Average") == 0)
        text_printf(&model->equations, " / %d", layer->input_count);
    text_puts(&model->equations, "\n");
    keras_give(layer, value, layer->equation, size);
    return true;
}

/* GlobalAveragePooling1D and GlobalMaxPooling1D, and Mean and Max over the axis of the frames */
bool keras_pooling(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const bool operation = layer->class[0] == 'M';
    const bool mean = operation ? layer->class[1] == 'e' : layer->class[6] == 'A';
    const json_t *axis = json_object_get(layer->config, "axis");
    if (json_array_size(axis) == 1)
        axis = json_array_get(axis, 0);
    if (operation && json_integer_value(axis) != 1)
        return keras_error(model, layer, "is read over the axis of the frames only, axis=1");
    const json_t *initial = json_object_get(layer->config, "initial");
    if (initial && !json_is_null(initial))
        return keras_error(model, layer, "has an 'initial' value, which is not read: leave it out");
    if (layer->inputs[0]->kind != KERAS_FRAMES || keras_flag(layer, "keepdims", false) ||
        (keras_text(layer, "data_format") && strcmp(keras_text(layer, "data_format"), "channels_last") != 0))
        return keras_error(model, layer, "has to read frames, with channels_last and without keepdims");
    if (!keras_write_function(model, layer, mean ? "mean_over_time($)" : "max_over_time($)", 0, value))
        return false;
    value->kind = KERAS_WHOLE;
    value->backwards = false;
    return true;
}

/* Relu .. are named as functions are */
bool keras_operation(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    return keras_write_function(
        model, layer, arena_printf(model->arena, "%c%s($)", tolower((unsigned char)*layer->class), layer->class + 1), 0,
        value);
}

/* True for `...` */
static bool is_ellipsis(const json_t *index)
{
    const char *class = json_string_value(json_object_get(index, "class_name"));
    return class && strcmp(class, "__ellipsis__") == 0;
}

/* True for `:` */
static bool takes_all(const json_t *index)
{
    const json_t *config = json_object_get(index, "config");
    const char *class = json_string_value(json_object_get(index, "class_name")), *key;
    json_t *bound;
    if (!class || strcmp(class, "__slice__") != 0)
        return false;
    json_object_foreach((json_t *)config, key, bound)
    {
        if (!json_is_null(bound))
            return false;
    }
    return true;
}

/* x[:, -1] and x[:, 0], with `:` or `...` behind them: the last or the first frame */
bool keras_item(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const struct keras_value *x = layer->inputs[0];
    const json_t *indices = json_array_get(layer->arguments, 1), *place = json_array_get(indices, 1), *index;
    bool read = x->kind == KERAS_FRAMES && json_is_integer(place);
    size_t i;
    const size_t last = json_array_size(indices) - 1;
    json_array_foreach(indices, i, index)
    {
        const bool all = (i < 3 && takes_all(index)) || (i > 1 && i == last && is_ellipsis(index));
        read = read && (i == 1 || all);
    }
    const long at = (long)json_integer_value(place);
    if (!read || at < -1 || at > 0)
        return keras_error(model, layer,
                           "can be read only where it takes the last or the first frame, x[:, -1] or x[:, 0]");
    const char *function = (at < 0) != x->backwards ? "last" : "first";
    *value = (struct keras_value){.kind = KERAS_WHOLE,
                                  .expression = arena_printf(model->arena, "%s(%s)", function, x->expression),
                                  .size = x->size};
    return true;
}
