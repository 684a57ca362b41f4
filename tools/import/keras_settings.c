/* Settings of layers, their weights, and what they take and give. */
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"
#include "import/keras_weights.h"

bool keras_error(struct keras_model *model, const struct keras_layer *layer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *words = arena_vprintf(model->arena, format, arguments);
    va_end(arguments);
    *model->error = arena_printf(model->arena, "'%s': the %s '%s' %s", model->path, layer->class, layer->name, words);
    return false;
}

bool keras_flag(const struct keras_layer *layer, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(layer->config, key);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

double keras_number(const struct keras_layer *layer, const char *key, double otherwise)
{
    const json_t *value = json_object_get(layer->config, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

const char *keras_text(const struct keras_layer *layer, const char *key)
{
    return json_string_value(json_object_get(layer->config, key));
}

bool keras_size(struct keras_model *model, const struct keras_layer *layer, const char *key, long *size)
{
    const json_t *value = json_object_get(layer->config, key);
    *size = (long)json_integer_value(value);
    return (*size >= 1 && *size <= 10000000) ||
           keras_error(model, layer, "needs a '%s' of 1 or more, and of 10000000 at most", key);
}

static const struct function {
    const char *keras, *program;
} functions[] = {
    {"linear", "keras.linear"},
    {"tanh", "tanh"},
    {"sigmoid", "sigmoid"},
    {"relu", "relu"},
    {"softmax", "softmax"},
    {"log_softmax", "log_softmax"},
    {"softplus", "softplus"},
    {"softsign", "softsign"},
    {"elu", "elu"},
    {"exponential", "exp"},
    {"gelu", "gelu"},
    {"silu", "silu"},
    {"swish", "silu"},
    {"hard_tanh", "hard_tanh"},
    {"log_sigmoid", "log_sigmoid"},
    {"hard_sigmoid", "keras.hard_sigmoid_3"},
    {"hard_silu", "keras.hard_silu"},
    {"hard_swish", "keras.hard_silu"},
    {"leaky_relu", "keras.leaky_relu_2"},
    {"relu6", "keras.relu6"},
    {"selu", "keras.selu"},
    {"mish", "keras.mish"},
};

bool keras_function(struct keras_model *model, const struct keras_layer *layer, const char *key, const char **function)
{
    const json_t *value = json_object_get(layer->config, key);
    const char *class = json_string_value(json_object_get(value, "class_name")), *name = json_string_value(value);
    if (class && strcmp(class, "function") == 0) /* a function of Keras, as an object */
        name = json_string_value(json_object_get(value, "config"));
    if (!value || json_is_null(value))
        name = "linear";
    if (!name)
        return keras_error(model, layer, "has the %s '%s', which is no function of Keras: give it a layer of its own",
                           key, class ? class : "of its own");
    if (model->version == 2 && strcmp(name, "hard_sigmoid") == 0) { /* 0.2 * v + 0.5 */
        *function = "hard_sigmoid";
        return true;
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].keras, name) == 0) {
            *function = functions[i].program;
            return true;
        }
    return keras_error(model, layer, "has the %s '%s', which rnn import does not know", key, name);
}

/* "float16", "mixed_bfloat16", or a policy with such a name: https://keras.io/api/mixed_precision/policy/ */
void keras_note_type(struct keras_model *model, const json_t *config)
{
    const json_t *type = json_object_get(config, "dtype");
    const char *name =
        json_string_value(json_is_object(type) ? json_object_get(json_object_get(type, "config"), "name") : type);
    model->halves = model->halves || (name && strstr(name, "float16"));
}

/* Files of Keras 3 name the module of each class: null, or one of the user's, where it is not a class of Keras. Those
 * of Keras 2 in .h5 have no such key. https://keras.io/guides/serialization_and_saving/ */
bool keras_has_class(const json_t *object)
{
    static const char *const packages[] = {"keras", "tf_keras", "keras_core"};
    const json_t *module = json_object_get(object, "module");
    const char *name = json_string_value(module);
    for (size_t i = 0; name && i < sizeof packages / sizeof packages[0]; i++) {
        const size_t length = strlen(packages[i]);
        if (strncmp(name, packages[i], length) == 0 && (!name[length] || name[length] == '.'))
            return true;
    }
    return !module;
}

bool keras_check_class(struct keras_model *model, const struct keras_layer *layer, const json_t *object)
{
    return keras_has_class(object) || keras_error(model, layer,
                                                  "is of a class of one's own, whose code a file does not hold: build "
                                                  "the model of Keras's layers");
}

bool keras_inner(struct keras_model *model, const struct keras_layer *layer, const char *key, struct keras_layer *inner)
{
    const json_t *object = json_object_get(layer->config, key);
    *inner = *layer;
    inner->class = json_string_value(json_object_get(object, "class_name"));
    inner->config = json_object_get(object, "config");
    keras_note_type(model, inner->config);
    inner->name = keras_text(inner, "name");
    if (!inner->class || !inner->name)
        return keras_error(model, layer, "does not say which '%s' it has", key);
    return keras_check_class(model, inner, object);
}

bool keras_take_shape(struct keras_model *model, const struct keras_layer *layer, int i, const char *name, int rank,
                      const long *shape)
{
    const struct keras_place place = {
        .group = layer->group, .name = layer->outer, .part = layer->part, .i = i, .index = layer->before + i};
    struct array *array = ARENA_NEW(model->arena, struct array);
    const char *problem;
    *array = (struct array){.name = arena_printf(model->arena, "%s.%s", layer->equation, name), .type = ARRAY_F32};
    if (!array_set_shape(array, rank, shape))
        return keras_error(model, layer, "is too large: its %s does not fit into memory", name);
    if (!keras_weights_read(model->weights, &place, array, &problem))
        return keras_error(model, layer, "%s", problem);
    map_put(&model->arrays, array->name, array);
    return true;
}

bool keras_take(struct keras_model *model, const struct keras_layer *layer, int i, const char *name, long rows,
                long columns)
{
    return keras_take_shape(model, layer, i, name, columns ? 2 : 1, (const long[]){rows, columns});
}

/* ---- what a layer takes and gives ---- */

void keras_give(const struct keras_layer *layer, struct keras_value *value, const char *name, long size)
{
    *value = *layer->inputs[0];
    value->expression = name;
    value->size = size;
    value->named = !strchr(name, '.');
}

bool keras_check_features(struct keras_model *model, const struct keras_layer *layer)
{
    for (int i = 0; i < layer->input_count; i++)
        if (layer->inputs[i]->kind == KERAS_IDS || layer->inputs[i]->kind == KERAS_MASK)
            return keras_error(model, layer, "reads %s: it has to read features",
                               layer->inputs[i]->kind == KERAS_IDS
                                   ? "an input of [batch, n], which is only read as ids at n frames, for an Embedding"
                                   : "a mask");
    return true;
}

bool keras_check_axis(struct keras_model *model, const struct keras_layer *layer)
{
    const json_t *axis = json_object_get(layer->config, "axis");
    if (json_is_array(axis) && json_array_size(axis) == 1)
        axis = json_array_get(axis, 0);
    const long last = layer->inputs[0]->kind == KERAS_WHOLE ? 1 : 2;
    if (!axis || (json_is_integer(axis) && (json_integer_value(axis) == -1 || json_integer_value(axis) == last)))
        return true;
    return keras_error(model, layer, "works over another axis than the features, which is not read");
}
