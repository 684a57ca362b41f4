/* Layers of a Sequential or Functional model, in their order, and its outputs. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

static bool model_error(struct keras_model *model, const char *words)
{
    *model->error = arena_printf(model->arena, "'%s': %s", model->path, words);
    return false;
}

/* ---- a layer ---- */

static bool read_layer(struct keras_model *model, const json_t *object, struct keras_layer *layer)
{
    *layer = (struct keras_layer){.class = json_string_value(json_object_get(object, "class_name")),
                                  .config = json_object_get(object, "config"),
                                  .part = ""};
    layer->name = json_string_value(json_object_get(object, "name"));
    if (!layer->name)
        layer->name = keras_text(layer, "name");
    layer->outer = layer->name;
    if (!layer->class || !layer->name || !json_is_object(layer->config))
        return model_error(model, "one of its layers has no class, name or settings: it is damaged");
    if (!keras_check_class(model, layer, object))
        return false;
    if (map_get(&model->values, layer->name))
        return keras_error(model, layer, "has the name of a layer before it");
    keras_note_type(model, layer->config);
    return true;
}

/* "lstm_1" for the second LSTM */
static const char *take_group(struct keras_model *model, const char *group)
{
    intptr_t *count = map_get(&model->groups, group);
    if (!count) {
        count = ARENA_NEW(model->arena, intptr_t);
        *count = 0;
        map_put(&model->groups, group, count);
        return group;
    }
    return arena_printf(model->arena, "%s_%ld", group, (long)++*count);
}

static bool only_masks(const struct keras_layer *layer)
{
    for (int i = 0; i < layer->input_count; i++)
        if (layer->inputs[i]->kind != KERAS_MASK)
            return false;
    return layer->input_count > 0;
}

/* Zeros around the frames are more frames than a program has: only what takes them away may read them. */
static bool check_padding(struct keras_model *model, const struct keras_layer *layer, keras_write *write)
{
    for (int i = 0; i < layer->input_count; i++)
        if ((layer->inputs[i]->before || layer->inputs[i]->behind) && write != keras_conv &&
            write != keras_zero_padding && write != keras_nothing)
            return keras_error(model, layer,
                               "reads what a ZeroPadding1D has put zeros around: only a Conv1D that gives as many "
                               "frames as there were is read behind it");
    return true;
}

static bool write_layer(struct keras_model *model, struct keras_layer *layer)
{
    struct keras_value *value = ARENA_NEW(model->arena, struct keras_value);
    keras_write *write;
    map_put(&model->values, layer->name, value);
    if (only_masks(layer)) { /* makes one of several */
        *value = *layer->inputs[0];
        return true;
    }
    if (!keras_find_class(model, layer, false, &write, &layer->group) || !check_padding(model, layer, write))
        return false;
    layer->group = take_group(model, layer->group);
    layer->equation = write == keras_nothing ? layer->name : import_take_name(&model->names, layer->name);
    return write(model, layer, value);
}

static bool write_output(struct keras_model *model, const char *name, const struct keras_value *value)
{
    if (value->kind == KERAS_IDS || value->kind == KERAS_MASK)
        return model_error(model, arena_printf(model->arena, "its output '%s' has no features", name));
    if (value->before || value->behind)
        return model_error(
            model, arena_printf(model->arena, "its output '%s' has another number of frames than its input", name));
    if (value->backwards)
        text_puts(&model->equations, "  # Keras gives these frames from the last to the first:\n");
    model->flips = model->flips || value->backwards;
    const char *line = arena_printf(model->arena, "  output %s\n", value->expression);
    const bool again = model->equations.data && strstr(model->equations.data, line);
    if (value->named && !again)
        text_puts(&model->equations, line);
    else
        text_printf(&model->equations, "  output %s = %s\n",
                    import_take_name(&model->names, arena_printf(model->arena, "%s_output", name)), value->expression);
    return true;
}

/* ---- Sequential ---- */

/* Models of Keras 2 may begin with another layer, which has the input's shape. */
static struct keras_value *take_first_input(struct keras_model *model, const struct keras_layer *layer,
                                            const json_t *config)
{
    struct keras_layer input = *layer;
    struct keras_value *value = ARENA_NEW(model->arena, struct keras_value);
    const json_t *shape = json_object_get(layer->config, "batch_input_shape");
    input.name = arena_printf(model->arena, "%s_input", layer->name);
    input.equation = import_take_name(&model->names, input.name);
    return keras_input_of_shape(model, &input, shape ? shape : json_object_get(config, "build_input_shape"), value)
               ? value
               : NULL;
}

static bool write_sequential(struct keras_model *model, const json_t *config)
{
    const json_t *layers = json_is_array(config) ? config : json_object_get(config, "layers"), *object;
    struct keras_layer layer = {.name = ""};
    struct keras_value *previous = NULL;
    size_t i;
    json_array_foreach(layers, i, object)
    {
        if (!read_layer(model, object, &layer))
            return false;
        const bool is_input = strcmp(layer.class, "InputLayer") == 0;
        if (!is_input && !previous && !(previous = take_first_input(model, &layer, config)))
            return false;
        layer.inputs = ARENA_NEW(model->arena, struct keras_value *);
        layer.inputs[0] = previous;
        layer.input_count = !is_input;
        if (!write_layer(model, &layer))
            return false;
        previous = map_get(&model->values, layer.name);
    }
    return previous ? write_output(model, layer.name, previous) : model_error(model, "it has no layers");
}

/* ---- Functional ---- */

/* Adds what ["name", node, output] gives to the inputs. */
static bool add_input(struct keras_model *model, struct keras_layer *layer, const json_t *reference, size_t room)
{
    const char *name = json_string_value(json_array_get(reference, 0));
    struct keras_value *value = name ? map_get(&model->values, name) : NULL;
    if (!value)
        return keras_error(model, layer, "reads '%s', which no layer before it gives", name ? name : "");
    if (json_integer_value(json_array_get(reference, 2)) != 0)
        return keras_error(model, layer,
                           "reads another output of '%s' than its first: states (return_state) are not read", name);
    if ((size_t)layer->input_count == room)
        return keras_error(model, layer, "has too many inputs");
    layer->inputs[layer->input_count++] = value;
    return true;
}

/* ["name", node, output] of a tensor of Keras 3; NULL: it is another argument. */
static const json_t *reference_of(const json_t *argument)
{
    const char *class = json_string_value(json_object_get(argument, "class_name"));
    return class && strcmp(class, "__keras_tensor__") == 0
               ? json_object_get(json_object_get(argument, "config"), "keras_history")
               : NULL;
}

/* Arguments by keyword have no tensors but masks. */
static bool check_keywords(struct keras_model *model, const struct keras_layer *layer, const json_t *keywords)
{
    const char *key;
    json_t *argument;
    json_object_foreach((json_t *)keywords, key, argument)
    {
        const json_t *one = json_is_array(argument) ? json_array_get(argument, 0) : argument;
        const json_t *reference = reference_of(one);
        const char *name = json_string_value(json_array_get(reference ? reference : argument, 0));
        const struct keras_value *value = name ? map_get(&model->values, name) : NULL;
        if ((reference || name) && !(value && value->kind == KERAS_MASK))
            return keras_error(model, layer, "takes a tensor as '%s', which is not read", key);
    }
    return true;
}

/* {"args": [tensor, [tensor, tensor], number], "kwargs": {}} */
static bool read_arguments(struct keras_model *model, struct keras_layer *layer, const json_t *node, size_t room)
{
    const json_t *argument, *part;
    size_t i, k;
    json_array_foreach(json_object_get(node, "args"), i, argument)
    {
        if (reference_of(argument) && !add_input(model, layer, reference_of(argument), room))
            return false;
        json_array_foreach(argument, k, part)
        {
            if (reference_of(part) && !add_input(model, layer, reference_of(part), room))
                return false;
        }
    }
    return check_keywords(model, layer, json_object_get(node, "kwargs"));
}

/* [["name", node, output, {}], ...], as Keras 2 has it */
static bool read_references(struct keras_model *model, struct keras_layer *layer, const json_t *node, size_t room)
{
    const json_t *reference;
    size_t i;
    json_array_foreach(node, i, reference)
    {
        if (!add_input(model, layer, reference, room) || !check_keywords(model, layer, json_array_get(reference, 3)))
            return false;
    }
    return true;
}

/* The most tensors that a node can have. */
static size_t count_arguments(const json_t *node)
{
    const json_t *arguments = json_is_array(node) ? node : json_object_get(node, "args"), *argument;
    size_t count = json_array_size(arguments), i;
    json_array_foreach(arguments, i, argument) count += json_array_size(argument);
    return count;
}

static bool read_inputs(struct keras_model *model, struct keras_layer *layer, const json_t *object)
{
    const json_t *nodes = json_object_get(object, "inbound_nodes"), *node = json_array_get(nodes, 0);
    const size_t room = count_arguments(node);
    if (json_array_size(nodes) > 1)
        return keras_error(model, layer, "is called %zu times: layers that share their weights are not read",
                           json_array_size(nodes));
    layer->arguments = json_object_get(node, "args");
    layer->inputs = ARENA_ARRAY(model->arena, struct keras_value *, room + 1);
    layer->input_count = 0;
    return json_is_array(node) ? read_references(model, layer, node, room) : read_arguments(model, layer, node, room);
}

static bool write_reference(struct keras_model *model, const json_t *reference)
{
    const char *name = json_string_value(json_array_get(reference, 0));
    const struct keras_value *value = name ? map_get(&model->values, name) : NULL;
    if (!value)
        return model_error(model, "its outputs are not those of its layers");
    return write_output(model, name, value);
}

/* ["name", 0, 0], or a list or dictionary of such */
static bool write_outputs(struct keras_model *model, const json_t *outputs)
{
    const json_t *reference;
    const char *key;
    size_t i;
    if (json_is_string(json_array_get(outputs, 0)))
        return write_reference(model, outputs);
    if (!json_array_size(outputs) && !json_object_size(outputs))
        return model_error(model, "it has no outputs");
    json_array_foreach(outputs, i, reference)
    {
        if (!write_reference(model, reference))
            return false;
    }
    json_object_foreach((json_t *)outputs, key, reference)
    {
        if (!write_reference(model, reference))
            return false;
    }
    return true;
}

static bool write_functional(struct keras_model *model, const json_t *config)
{
    const json_t *object;
    struct keras_layer layer;
    size_t i;
    json_array_foreach(json_object_get(config, "layers"), i, object)
    {
        if (!read_layer(model, object, &layer) || !read_inputs(model, &layer, object) || !write_layer(model, &layer))
            return false;
    }
    return write_outputs(model, json_object_get(config, "output_layers"));
}

bool keras_write_layers(struct keras_model *model, const char *class, const json_t *config)
{
    if (strcmp(class, "Sequential") == 0)
        return write_sequential(model, config);
    if (strcmp(class, "Functional") == 0 || strcmp(class, "Model") == 0)
        return write_functional(model, config);
    return model_error(model,
                       arena_printf(model->arena,
                                    "it is of the class '%s': only Sequential and Functional models say what their "
                                    "layers do",
                                    class));
}
