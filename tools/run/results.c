#include "run/results.h"

#include <string.h>

#include "base/arena.h"
#include "command/argument.h"
#include "data/columns.h"
#include "network/session.h"
#include "table/decode.h"

/* The outputs that a file takes: one, or all of them for a .safetensors file without NAME. */
struct destination {
    const char *path;
    int begin, end;
};

void results_request(struct arena *arena, struct result_options *options, const char *argument, bool labels)
{
    struct result_request request = {argument, labels};
    ARENA_PUSH(arena, options->requests, options->count, options->capacity, request);
    options->decodes |= labels;
}

static bool has_labels(const rnn_tensor *output)
{
    return output->type == RNN_TYPE_REAL && output->time == RNN_TIME_FRAME && tensor_units(output) > 1;
}

static bool find_destination(struct arena *arena, const rnn_model *model, const struct result_request *request,
                             struct destination *destination, const char **error)
{
    struct named_file file = named_file_split(arena, request->argument);
    if (!file_takes_arrays(arena, file.path, error))
        return false;
    *destination = (struct destination){file.path, 0, model->output_count};
    if (file.name) {
        const rnn_tensor *tensor = tensor_find(arena, model->outputs, model->output_count, "output", file.name, error);
        if (!tensor)
            return false;
        destination->begin = (int)(tensor - model->outputs);
        destination->end = destination->begin + 1;
    } else if (model->output_count != 1 && (request->labels || !file_holds_names(file.path))) {
        *error = arena_printf(arena, "which output should go to '%s'? The network has %d; write NAME=%s", file.path,
                              model->output_count, file.path);
        return false;
    }
    if (request->labels && !has_labels(&model->outputs[destination->begin])) {
        *error = arena_printf(arena,
                              "output '%s' spells no labels: that needs numbers at every frame, one for the blank and "
                              "one for each label",
                              model->outputs[destination->begin].name);
        return false;
    }
    return true;
}

bool results_prepare(struct arena *arena, struct results *results, const struct result_options *options,
                     const rnn_model *model, const struct feed *feed, const char **error)
{
    *results = (struct results){.options = options, .model = model, .feed = feed};
    results->outputs = ARENA_ARRAY(arena, void *, model->output_count + 1);
    results->destinations = ARENA_ARRAY(arena, struct destination, options->count + 1);
    for (int i = 0; i < options->count; i++) {
        struct destination *destination = &results->destinations[i];
        if (!find_destination(arena, model, &options->requests[i], destination, error))
            return false;
        for (int k = destination->begin; k < destination->end; k++)
            if (!results->outputs[k])
                results->outputs[k] = tensor_new(arena, model, &model->outputs[k], feed->frames, feed->streams);
    }
    return true;
}

/* Sets the axes of an output before its units. */
static void set_axes(const struct feed *feed, const rnn_tensor *tensor, struct array *array)
{
    const struct table *table = &feed->table;
    bool has_frames = tensor->time == RNN_TIME_FRAME;
    if (has_frames && table->axes == AXES_ROWS && table->has_lengths) {
        array->shape[array->rank++] = table->rows;
        return;
    }
    if (has_frames && feed->frames_first)
        array->shape[array->rank++] = feed->frames;
    if (feed->streams > 1 || table->of_sequences)
        array->shape[array->rank++] = feed->streams;
    if (has_frames && !feed->frames_first)
        array->shape[array->rank++] = feed->frames;
}

/* Finds the place of the units of frame t of a sequence in the array, as they lie in the file. -1: none. */
static long find_units(const struct feed *feed, const rnn_tensor *tensor, int t, int stream)
{
    const struct table *table = &feed->table;
    if (tensor->time != RNN_TIME_FRAME)
        return stream;
    if (table->axes == AXES_ROWS && table->has_lengths)
        return t < feed->lengths[stream] ? table->sequences[stream].row + t : -1;
    if (feed->lengths && t >= feed->lengths[stream])
        return -1;
    return feed->frames_first ? (long)t * feed->streams + stream : (long)stream * feed->frames + t;
}

/* Puts the units of the only sequence into one line of a .csv file. */
static void put_into_one_line(const char *path, const rnn_tensor *tensor, struct array *array)
{
    if (!columns_can_be_named(path) || tensor->time == RNN_TIME_FRAME || tensor->rank != 1 || array->rank != 1)
        return;
    array->shape[1] = array->shape[0];
    array->shape[0] = 1;
    array->rank = 2;
}

static struct array numbers_of(struct arena *arena, const struct results *results, int index)
{
    const rnn_model *model = results->model;
    const rnn_tensor *tensor = &model->outputs[index];
    const struct feed *feed = results->feed;
    struct array array = {.name = tensor->name, .type = model->real_size == sizeof(double) ? ARRAY_F64 : ARRAY_F32};
    if (tensor->type == RNN_TYPE_ID)
        array.type = ARRAY_I32;
    set_axes(feed, tensor, &array);
    for (int i = 0; i < tensor->rank && array.rank < ARRAY_MAX_RANK; i++)
        array.shape[array.rank++] = tensor->shape[i];
    array.data = ARENA_ARRAY(arena, double, array_size(&array) + 1);
    long units = tensor_units(tensor);
    int frames = tensor->time == RNN_TIME_FRAME ? feed->frames : 1;
    for (int t = 0; t < frames; t++)
        for (int b = 0; b < feed->streams; b++) {
            long to = find_units(feed, tensor, t, b), from = (long)t * feed->streams + b;
            for (long u = 0; to >= 0 && u < units; u++)
                array.data[to * units + u] = tensor_get(model, tensor, results->outputs[index], from * units + u);
        }
    return array;
}

/* Makes lines for a .csv file: each has the units of one frame of one sequence; with frames first, of all sequences. */
static void flatten_for_csv(const char *path, const struct results *results, struct array *array)
{
    if (!columns_can_be_named(path) || array->rank < 3 || results->feed->frames_first)
        return;
    array->shape[0] *= array->shape[1];
    array->rank--;
    for (int i = 1; i < array->rank; i++)
        array->shape[i] = array->shape[i + 1];
}

/* Decodes one stream; returns how many labels there are. */
static int spell(struct arena *arena, const struct results *results, int index, int stream, int frames, int32_t *labels)
{
    const rnn_tensor *tensor = &results->model->outputs[index];
    long units = tensor_units(tensor), streams = results->feed->streams;
    double *scores = ARENA_ARRAY(arena, double, frames *units + 1);
    bool probabilities = true;
    for (int t = 0; t < frames; t++) {
        for (long u = 0; u < units; u++)
            scores[t * units + u] =
                tensor_get(results->model, tensor, results->outputs[index], (t * streams + stream) * units + u);
        probabilities &= is_distribution(scores + t * units, (int)units);
    }
    int beam = results->options->beam;
    return beam ? decode_beam(arena, scores, probabilities ? DECODE_PROBABILITIES : DECODE_LOGITS, frames, (int)units,
                              beam, labels, NULL)
                : decode_best_path(scores, frames, (int)units, labels);
}

static struct array labels_of(struct arena *arena, const struct results *results, int index)
{
    const struct feed *feed = results->feed;
    const int *lengths = feed->lengths;
    int32_t *labels = ARENA_ARRAY(arena, int32_t, (long)feed->streams * feed->frames + 1);
    int *counts = ARENA_ARRAY(arena, int, feed->streams), most = 0;
    for (int b = 0; b < feed->streams; b++) {
        struct arena *scratch = arena_new();
        counts[b] =
            spell(scratch, results, index, b, lengths ? lengths[b] : feed->frames, labels + (long)b * feed->frames);
        arena_free(scratch);
        most = counts[b] > most ? counts[b] : most;
    }
    struct array array = {.name = results->model->outputs[index].name, .type = ARRAY_I32, .rank = 2};
    array.shape[0] = feed->streams;
    array.shape[1] = most;
    array.data = ARENA_ARRAY(arena, double, array_size(&array) + 1);
    for (int b = 0; b < feed->streams; b++)
        for (int i = 0; i < counts[b]; i++)
            array.data[(long)b * most + i] = labels[(long)b * feed->frames + i];
    return array;
}

bool results_write(struct arena *arena, const struct results *results, const char **error)
{
    for (int i = 0; i < results->options->count; i++) {
        const struct destination *destination = &results->destinations[i];
        int count = destination->end - destination->begin;
        struct array *arrays = ARENA_ARRAY(arena, struct array, count + 1);
        for (int k = 0; k < count; k++) {
            int index = destination->begin + k;
            bool labels = results->options->requests[i].labels;
            arrays[k] = labels ? labels_of(arena, results, index) : numbers_of(arena, results, index);
            if (!labels)
                put_into_one_line(destination->path, &results->model->outputs[index], &arrays[k]);
            flatten_for_csv(destination->path, results, &arrays[k]);
        }
        if (!arrays_write(arena, destination->path, arrays, count, error))
            return false;
    }
    return true;
}
