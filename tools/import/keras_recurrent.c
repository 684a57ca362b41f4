/* SimpleRNN, LSTM and GRU, and Bidirectional around them. https://keras.io/api/layers/recurrent_layers/
 *
 * Keras gives the frames of a layer with go_backwards from the last to the first. A program has no such order: its
 * values stay with their frames, and what reads them in Keras's order runs in reverse. */
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"

static const struct kind {
    const char *class;
    int gates;
} kinds[] = {{"SimpleRNN", 1}, {"LSTM", 4}, {"GRU", 3}};

/* "[64, relu, sigmoid]" without what is as usual */
static bool write_brackets(struct keras_model *model, const struct keras_layer *layer, long units, int gates)
{
    const char *activation, *recurrent = "sigmoid";
    if (!keras_function(model, layer, "activation", &activation) ||
        (gates > 1 && !keras_function(model, layer, "recurrent_activation", &recurrent)))
        return false;
    text_printf(&model->equations, "[%ld", units);
    const bool usual = strcmp(recurrent, "sigmoid") == 0;
    if (!usual || strcmp(activation, "tanh") != 0)
        text_printf(&model->equations, ", %s", activation);
    text_printf(&model->equations, usual ? "]" : ", %s]", recurrent);
    return true;
}

/* Writes one layer in one direction. Sets its number of units, and adds to `count` that of its weights. */
static bool write_direction(struct keras_model *model, const struct keras_layer *layer, bool backwards, long *units,
                            int *count)
{
    const struct kind *kind = kinds;
    while (strcmp(kind->class, layer->class) != 0)
        if (++kind == kinds + sizeof kinds / sizeof kinds[0])
            return keras_error(model, layer, "cannot stand in a Bidirectional: LSTM, GRU and SimpleRNN are read there");
    const bool biased = keras_flag(layer, "use_bias", true), after = keras_flag(layer, "reset_after", false);
    const struct keras_value *x = layer->inputs[0];
    struct keras_layer cell = *layer;
    cell.part = arena_printf(model->arena, "%scell/", layer->part);
    cell.before = *count;
    if (x->kind != KERAS_FRAMES)
        return keras_error(model, layer, "has to read features at each frame, but reads %s",
                           x->kind == KERAS_IDS ? "ids: an Embedding does that" : "those of a whole sequence");
    if (!keras_size(model, layer, "units", units))
        return false;
    const long columns = kind->gates * *units;
    const bool two = kind->gates == 3 && after; /* biases */
    if (!keras_take(model, &cell, 0, "kernel", x->size, columns) ||
        !keras_take(model, &cell, 1, "recurrent_kernel", *units, columns) ||
        (biased && !keras_take(model, &cell, 2, "bias", two ? 2 : columns, two ? columns : 0)))
        return false;
    *count += biased ? 3 : 2;
    text_printf(&model->equations, "  %s = %skeras.%s%s%s", layer->equation, backwards ? "reverse " : "", kind->class,
                kind->gates == 3 && !after ? "_reset_before" : "", biased ? "" : "_without_bias");
    if (!write_brackets(model, layer, *units, kind->gates))
        return false;
    text_printf(&model->equations, "(%s)\n", x->expression);
    return true;
}

/* What a layer computed last. */
static const char *end_of(struct arena *arena, const char *name, bool backwards)
{
    return arena_printf(arena, "%s(%s)", backwards ? "first" : "last", name);
}

bool keras_recurrent(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    const bool backwards = keras_flag(layer, "go_backwards", false) != layer->inputs[0]->backwards;
    long units;
    int count = 0;
    if (!write_direction(model, layer, backwards, &units, &count))
        return false;
    keras_give(layer, value, layer->equation, units);
    value->backwards = backwards;
    if (keras_flag(layer, "return_sequences", false))
        return true;
    *value = (struct keras_value){
        .kind = KERAS_WHOLE, .expression = end_of(model->arena, layer->equation, backwards), .size = units};
    return true;
}

/* The layers of both directions. Keras 2 names one, from which it makes the other. */
static bool find_directions(struct keras_model *model, const struct keras_layer *layer, struct keras_layer both[2],
                            bool backwards[2])
{
    const bool two = json_is_object(json_object_get(layer->config, "backward_layer"));
    if (!keras_inner(model, layer, "layer", &both[0]) ||
        !keras_inner(model, layer, two ? "backward_layer" : "layer", &both[1]))
        return false;
    for (int d = 0; d < 2; d++) {
        const char *prefix = d ? "backward_" : "forward_", *name = both[d].name;
        if (!two && strncmp(name, prefix, strlen(prefix)) != 0)
            name = arena_printf(model->arena, "%s%s", prefix, name);
        both[d].equation = arena_printf(model->arena, "%s.%s", layer->equation, import_plain_name(model->arena, name));
        both[d].part = d ? "backward_layer/" : "forward_layer/";
        backwards[d] = (keras_flag(&both[d], "go_backwards", false) != (d && !two)) != layer->inputs[0]->backwards;
    }
    if (backwards[0] == backwards[1] || strcmp(both[0].equation, both[1].equation) == 0)
        return keras_error(model, layer, "has two layers of one direction or one name");
    return true;
}

bool keras_bidirectional(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    static const struct {
        const char *mode, *begin, *between, *end;
    } modes[] = {
        {"concat", "concat(", ", ", ")"}, {"sum", "", " + ", ""}, {"ave", "(", " + ", ") / 2"}, {"mul", "", " * ", ""}};
    const char *mode = keras_text(layer, "merge_mode"), *names[2];
    struct keras_layer both[2];
    bool backwards[2];
    long units[2];
    int k = 0, count = 0;
    while (k < 4 && strcmp(modes[k].mode, mode ? mode : "") != 0)
        k++;
    if (k == 4)
        return keras_error(model, layer, "has a merge_mode that is none of 'concat', 'sum', 'ave' and 'mul'");
    if (!find_directions(model, layer, both, backwards) ||
        !write_direction(model, &both[0], backwards[0], &units[0], &count) ||
        !write_direction(model, &both[1], backwards[1], &units[1], &count))
        return false;
    if (k > 0 && units[0] != units[1])
        return keras_error(model, layer, "merges %ld units with %ld", units[0], units[1]);
    const bool all = keras_flag(&both[0], "return_sequences", false);
    for (int d = 0; d < 2; d++)
        names[d] = all ? both[d].equation : end_of(model->arena, both[d].equation, backwards[d]);
    const char *merged = arena_printf(model->arena, "%s.both", layer->equation);
    text_printf(&model->equations, "  %s = %s%s%s%s%s\n", merged, modes[k].begin, names[0], modes[k].between, names[1],
                modes[k].end);
    keras_give(layer, value, merged, k == 0 ? units[0] + units[1] : units[0]);
    value->kind = all ? KERAS_FRAMES : KERAS_WHOLE;
    value->backwards = all && backwards[0];
    return true;
}
