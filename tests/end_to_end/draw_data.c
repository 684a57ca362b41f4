/* draw_data: random data that a network learns from, sequences of different lengths, for `rnn train --data`.
 *   draw_data [OPTION...] FILE.rnn    options of the network as for rnn train, and those below */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "command/argument.h"
#include "data/array.h"
#include "network/draw.h"
#include "network/network.h"
#include "network/session.h"

struct drawing {
    struct network_options network;
    int sequences, frames; /* most frames of a sequence */
    uint64_t seed;
    const char *out;
    struct arena *arena;
    struct random random;
    int *lengths; /* [sequences] */
    struct array *arrays;
    int array_count;
};

enum { KEY_SEQUENCES = 1024, KEY_FRAMES, KEY_SEED };

static const struct argp_option options_table[] = {{"sequences", KEY_SEQUENCES, "N", 0, "How many (10)", 2},
                                                   {"frames", KEY_FRAMES, "N", 0, "The most of a sequence (12)", 2},
                                                   {"seed", KEY_SEED, "N", 0, "Other numbers", 2},
                                                   {"out", 'o', "FILE", 0, "A .safetensors file", 2},
                                                   {0}};
static const struct argument_field fields[] = {{KEY_SEQUENCES, ARGUMENT_COUNT, offsetof(struct drawing, sequences)},
                                               {KEY_FRAMES, ARGUMENT_COUNT, offsetof(struct drawing, frames)},
                                               {KEY_SEED, ARGUMENT_SEED, offsetof(struct drawing, seed)},
                                               {'o', ARGUMENT_TEXT, offsetof(struct drawing, out)},
                                               {0}};

static struct array *add_array(struct drawing *drawing, const char *name, enum array_type type, int rank,
                               const long *shape)
{
    struct array *array = &drawing->arrays[drawing->array_count++];
    *array = (struct array){.name = name, .type = type};
    array_set_shape(array, rank, shape);
    array->data = ARENA_ARRAY(drawing->arena, double, array_size(array) + 1);
    return array;
}

/* Adds numbers [frames][sequences][units] of a call as an array [sequences, frames, units]. Numbers are rounded to
 * float, so that a network in double reads the same. What changes with the frames has one axis at most, other tensors
 * three: no array gets more than ARRAY_MAX_RANK. */
static void add_tensor(struct drawing *drawing, const rnn_model *model, const rnn_tensor *tensor, const void *data)
{
    const long frames = tensor->time == RNN_TIME_FRAME ? drawing->frames : 1, units = tensor_units(tensor);
    long shape[ARRAY_MAX_RANK] = {drawing->sequences, frames};
    int rank = tensor->time == RNN_TIME_FRAME ? 2 : 1;
    for (int i = 0; i < tensor->rank; i++)
        shape[rank++] = tensor->shape[i];
    struct array *array =
        add_array(drawing, tensor->name, tensor->type == RNN_TYPE_ID ? ARRAY_I32 : ARRAY_F32, rank, shape);
    for (long b = 0; b < drawing->sequences; b++)
        for (long t = 0; t < frames; t++)
            for (long u = 0; u < units; u++)
                array->data[(b * frames + t) * units + u] =
                    tensor_get(model, tensor, data, (t * drawing->sequences + b) * units + u);
}

static void add_labels(struct drawing *drawing, const rnn_tensor *tensor, const rnn_labels *labels)
{
    const long shape[] = {drawing->sequences, labels->most};
    struct array *rows = add_array(drawing, tensor->name, ARRAY_I32, 2, shape);
    struct array *counts =
        add_array(drawing, arena_printf(drawing->arena, "%s.lengths", tensor->name), ARRAY_I32, 1, shape);
    for (int b = 0; b < drawing->sequences; b++) {
        counts->data[b] = labels->counts[b];
        for (int k = 0; k < labels->counts[b]; k++)
            rows->data[b * labels->most + k] = labels->ids[b * labels->most + k];
    }
}

static void draw_all(struct drawing *drawing, const rnn_model *model)
{
    const int sequences = drawing->sequences, frames = drawing->frames;
    const long shape[] = {sequences};
    drawing->arrays =
        ARENA_ARRAY(drawing->arena, struct array, model->input_count + 2 * model->training->target_count + 1);
    struct array *lengths = add_array(drawing, "lengths", ARRAY_I32, 1, shape);
    drawing->lengths = ARENA_ARRAY(drawing->arena, int, sequences);
    for (int b = 0; b < sequences; b++) {
        drawing->lengths[b] = b ? 1 + (int)(random_bits(&drawing->random) % (uint64_t)frames) : frames;
        lengths->data[b] = drawing->lengths[b];
    }
    for (int i = 0; i < model->input_count; i++)
        add_tensor(drawing, model, &model->inputs[i],
                   tensor_draw(drawing->arena, model, &model->inputs[i], frames, sequences, &drawing->random));
    void **targets = targets_draw(drawing->arena, model, frames, sequences, drawing->lengths, &drawing->random);
    for (int i = 0; i < model->training->target_count; i++) {
        const rnn_tensor *tensor = &model->training->targets[i];
        if (tensor->type == RNN_TYPE_LABELS)
            add_labels(drawing, tensor, targets[i]);
        else
            add_tensor(drawing, model, tensor, targets[i]);
    }
}

static void check(void *to, struct argp_state *state)
{
    const struct drawing *drawing = to;
    if (!drawing->out)
        argp_error(state, "where should the data go? Give --out FILE");
}

/* Draws the data and writes it; false with a sentence, or with none where rnnc has said everything. */
static bool draw(struct drawing *drawing, const char **error)
{
    const rnn_model *model = network_open(&drawing->network, error);
    if (!model)
        return false;
    draw_all(drawing, model);
    return arrays_write(drawing->arena, drawing->out, drawing->arrays, drawing->array_count, error);
}

int main(int argc, char **argv)
{
    static const struct command_line line = {.options = options_table,
                                             .fields = fields,
                                             .doc = "Draw random data for a network that learns.",
                                             .check = check,
                                             .parts = {{&network_argp, offsetof(struct drawing, network)}}};
    argp_err_exit_status = 2;
    struct arena *arena = arena_new();
    struct drawing drawing = {
        .network = network_options_new(arena), .sequences = 10, .frames = 12, .seed = 1, .arena = arena};
    const char *error = NULL;
    drawing.network.training = true;
    command_line_parse(&line, argc, argv, &drawing);
    drawing.random = random_start(drawing.seed);
    const bool done = draw(&drawing, &error);
    if (error)
        fprintf(stderr, "draw_data: %s\n", error);
    arena_free(arena);
    return !done;
}
