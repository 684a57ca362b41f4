#include "feed.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "base/arena.h"
#include "base/suggest.h"
#include "base/text.h"
#include "session.h"

enum { KEY_SEED = 512, KEY_STREAMS, KEY_FRAMES };

static const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "The data:", 2},
    {"weights", 'w', "FILE", 0, "Weights, a .safetensors file", 2},
    {"seed", KEY_SEED, "N", 0, "Draw the weights from the network's start values instead", 2},
    {"input", 'i', "[NAME=]FILE", 0,
     "Data of an input: .npy, .csv, or a .safetensors file, which may hold several inputs under their names. NAME may "
     "be left "
     "out where there is only one input",
     2},
    {"streams", KEY_STREAMS, "B", 0, "How many streams the data has, where files of two axes do not tell", 2},
    {"frames", KEY_FRAMES, "T", 0, "How many frames, where no input tells", 2},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct feed_options *options = state->input;
    switch (key) {
    case 'w':
        options->weights = argument;
        break;
    case KEY_SEED:
        options->seed = argument_seed(state, "--seed", argument);
        options->has_seed = true;
        break;
    case 'i':
        ARENA_PUSH(options->arena, options->inputs, options->input_count, options->input_capacity, argument);
        break;
    case KEY_STREAMS:
        options->streams = argument_count(state, "--streams", argument);
        break;
    case KEY_FRAMES:
        options->frames = argument_count(state, "--frames", argument);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp feed_argp = {.options = options_table, .parser = parse_option};

struct named_file named_file_split(struct arena *arena, const char *argument)
{
    size_t length = 0;
    while (isalnum((unsigned char)argument[length]) || argument[length] == '_' || (length && argument[length] == '.'))
        length++;
    if (length == 0 || argument[length] != '=')
        return (struct named_file){NULL, argument};
    return (struct named_file){arena_copy_string(arena, argument, length), argument + length + 1};
}

const rnn_tensor *find_tensor(struct arena *arena, const rnn_tensor *tensors, int count, const char *what,
                              const char *name, const char **error)
{
    struct text names;
    text_init(&names, arena);
    for (int i = 0; i < count; i++) {
        if (strcmp(tensors[i].name, name) == 0)
            return &tensors[i];
        text_printf(&names, "%s'%s'", i ? ", " : "", tensors[i].name);
    }
    *error = arena_printf(arena, "the network has no %s '%s'; it has %s", what, name, count ? names.data : "none");
    return NULL;
}

/* "[frames, 28] or [frames, streams, 28]" */
static const char *expected_shape(struct arena *arena, const rnn_tensor *tensor)
{
    const char *frames = tensor->time == RNN_TIME_FRAME ? "frames, " : "";
    long units = tensor_units(tensor);
    if (units == 1)
        return arena_printf(arena, "[%sstreams]", frames);
    return arena_printf(arena, "[%s%ld] or [%sstreams, %ld]", frames, units, frames, units);
}

/* Notes that the data has `count` frames or streams, or complains that other data has another number. */
static bool agree(struct arena *arena, int *known, const char **known_from, long count, const char *what,
                  const char *from, const char **error)
{
    if (count < 1 || count > INT_MAX) {
        *error = arena_printf(arena, "'%s' has %ld %s", from, count, what);
        return false;
    }
    if (*known && *known != count) {
        *error = arena_printf(arena, "'%s' has %ld %s, but '%s' has %d", from, count, what, *known_from, *known);
        return false;
    }
    *known = (int)count;
    *known_from = from;
    return true;
}

bool feed_place(struct arena *arena, const rnn_tensor *tensor, const struct array *array, const char *path, int streams,
                struct extent *extent, const char **error)
{
    int skip = tensor->time == RNN_TIME_FRAME; /* the axis of frames */
    int rest = array->rank - skip;             /* axes of streams and units */
    long units = tensor_units(tensor), elements = 1, found = 0;
    for (int i = skip; i < array->rank; i++)
        elements *= array->shape[i];
    if (rest >= 0 && rest <= 2 && streams)
        found = elements == streams * units ? streams : 0;
    else if (rest == 2)
        found = array->shape[skip + 1] == units ? array->shape[skip] : 0;
    else if (rest >= 0 && rest < 2 && elements == units)
        found = 1, extent->without_streams = true;
    else if (rest == 1 && units == 1)
        found = elements;
    if (!found) {
        *error = arena_printf(arena, "'%s' is %s; input '%s' needs %s", path, array_shape_text(arena, array),
                              tensor->name, expected_shape(arena, tensor));
        if (streams)
            *error = arena_printf(arena, "%s with %d streams", *error, streams);
        return false;
    }
    if (skip && !agree(arena, &extent->frames, &extent->frames_from, array->shape[0], "frames", path, error))
        return false;
    return agree(arena, &extent->streams, &extent->streams_from, found, "streams", path, error);
}

bool check_ids(struct arena *arena, const rnn_tensor *tensor, const struct array *array, const char *path,
               const char **error)
{
    for (long i = 0; i < array_size(array) && tensor->type != RNN_TYPE_REAL; i++) {
        double id = array->data[i];
        if (id >= -1 && id < tensor->vocabulary && id == (double)(long)id)
            continue;
        *error = arena_printf(arena, "'%s', element %ld: %g is no id of '%s', which are -1 (none) and 0 to %d", path, i,
                              id, tensor->name, tensor->vocabulary - 1);
        return false;
    }
    return true;
}

/* What the file has as a number the network has too; infinity is one. */
static bool check_range(struct arena *arena, const rnn_model *model, const struct array *array, const char *path,
                        const char **error)
{
    for (long i = 0; i < array_size(array) && model->real_size == sizeof(float); i++) {
        if (!isfinite(array->data[i]) || isfinite((float)array->data[i]))
            continue;
        *error = arena_printf(arena,
                              "'%s', element %ld: %g is more than float can hold: scale the data, or compute "
                              "with --double",
                              path, i, array->data[i]);
        return false;
    }
    return true;
}

static bool feed_input(const struct feed_options *options, const rnn_model *model, const rnn_tensor *tensor,
                       const struct array *array, const char *path, const double **data, struct extent *extent,
                       const char **error)
{
    long place = tensor - model->inputs;
    if (data[place]) {
        *error = arena_printf(options->arena, "input '%s' is given twice, the second time in '%s'", tensor->name, path);
        return false;
    }
    data[place] = array->data;
    return check_ids(options->arena, tensor, array, path, error) &&
           check_range(options->arena, model, array, path, error) &&
           feed_place(options->arena, tensor, array, path, options->streams, extent, error);
}

/* The array of an --input NAME=FILE, or the only one of the file. */
static const struct array *choose_array(struct arena *arena, const struct array *arrays, int count,
                                        struct named_file file, const char **error)
{
    for (int i = 0; i < count; i++)
        if (file.name && arrays[i].name && strcmp(arrays[i].name, file.name) == 0)
            return &arrays[i];
    if (count == 1)
        return arrays;
    *error = arena_printf(arena, "'%s' has no tensor '%s'", file.path, file.name);
    return NULL;
}

static bool is_input(const rnn_model *model, const char *name)
{
    for (int i = 0; i < model->input_count; i++)
        if (strcmp(model->inputs[i].name, name) == 0)
            return true;
    return false;
}

/* Where this is the only file, an input that it does not have may be there under a misspelt name. */
static bool check_names(const struct feed_options *options, const rnn_model *model, const struct array *arrays,
                        int count, const char *path, const double **data, const char **error)
{
    for (int k = 0; options->input_count == 1 && k < count; k++) {
        struct suggestion near;
        suggest_init(&near, arrays[k].name);
        for (int i = 0; i < model->input_count && !is_input(model, arrays[k].name); i++)
            if (!data[i])
                suggest_consider(&near, model->inputs[i].name);
        if (near.best) {
            *error = arena_printf(options->arena, "'%s': the network has no input '%s'; did you mean '%s'?", path,
                                  arrays[k].name, near.best);
            return false;
        }
    }
    return true;
}

/* --input FILE.safetensors: every input that the file has. */
static bool feed_all(const struct feed_options *options, const rnn_model *model, const struct array *arrays, int count,
                     const char *path, const double **data, struct extent *extent, const char **error)
{
    int taken = 0;
    for (int i = 0; i < model->input_count; i++)
        for (int k = 0; k < count; k++) {
            if (strcmp(model->inputs[i].name, arrays[k].name) != 0)
                continue;
            if (!feed_input(options, model, &model->inputs[i], &arrays[k], path, data, extent, error))
                return false;
            taken++;
        }
    if (!check_names(options, model, arrays, count, path, data, error))
        return false;
    if (!taken)
        *error = arena_printf(options->arena, "'%s' has no tensor with the name of an input", path);
    return taken > 0;
}

static bool feed_file(const struct feed_options *options, const rnn_model *model, const char *argument,
                      const double **data, struct extent *extent, const char **error)
{
    struct arena *arena = options->arena;
    struct named_file file = named_file_split(arena, argument);
    struct array *arrays;
    int count;
    if (!arrays_read(arena, file.path, &arrays, &count, error))
        return false;
    if (!file.name && file_holds_names(file.path))
        return feed_all(options, model, arrays, count, file.path, data, extent, error);
    if (!file.name && model->input_count != 1) {
        *error = arena_printf(arena, "which input is '%s' for? The network has %d; write NAME=%s", file.path,
                              model->input_count, file.path);
        return false;
    }
    const rnn_tensor *tensor =
        file.name ? find_tensor(arena, model->inputs, model->input_count, "input", file.name, error) : model->inputs;
    const struct array *array = tensor ? choose_array(arena, arrays, count, file, error) : NULL;
    return array && feed_input(options, model, tensor, array, file.path, data, extent, error);
}

bool feed_read(const struct feed_options *options, const rnn_model *model, const double **data, struct extent *extent,
               const char **error)
{
    *extent = (struct extent){
        .frames = options->frames, .frames_from = "--frames", .streams = options->streams, .streams_from = "--streams"};
    for (int i = 0; i < options->input_count; i++)
        if (!feed_file(options, model, options->inputs[i], data, extent, error))
            return false;
    return true;
}
