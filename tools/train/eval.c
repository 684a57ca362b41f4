/* rnn eval: the losses of weights on data, and how often outputs are right, as validation in rnn train has them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "command/commands.h"
#include "network/network.h"
#include "train/report.h"
#include "train/trainer.h"

enum { KEY_STREAMS = 512, KEY_PIECE, KEY_WINDOW, KEY_FRAMES_FIRST, KEY_STRICT, KEY_SKIP };

static const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "The data:", 2},
    {"weights", 'w', "FILE", 0, "Weights, a .safetensors file", 2},
    {"strict", KEY_STRICT, NULL, 0, "Refuse weights files with tensors that the network does not have", 2},
    {"data", 'd', "[NAME=]FILE", 0,
     "What to evaluate with: text or arrays, as for rnn train. May be given several times", 2},
    {"frames-first", KEY_FRAMES_FIRST, NULL, 0, "Axes are [frames, sequences, units], not [sequences, frames, units]",
     2},
    {"skip-unalignable", KEY_SKIP, NULL, 0,
     "Leave out sequences with too few frames for their labels, and say how many there are; else they are an error", 2},
    {"streams", KEY_STREAMS, "B", 0,
     "How many sequences are computed side by side; a text or series is cut into so many streams (default 32)", 2},
    {"piece", KEY_PIECE, "N", 0,
     "Cut a text or series into sequences of N frames instead (default 64 for a network that needs whole sequences)",
     2},
    {"window", KEY_WINDOW, "H", 0,
     "How many frames are computed at once (default: 64 in a text or series, else the whole sequence); the loss does "
     "not depend on it",
     2},
    {0},
};

static const char documentation[] =
    "Say how good weights are on data: losses, how often the largest unit of an output is the id that it is compared "
    "with (accuracy), and how many of all labels would have to be changed for what an output spells (label errors)."
    "\v"
    "The data are those of rnn train --data, and the numbers those that its validation prints with the same --streams. "
    "Each stream of a text or series begins from the start states; with --streams 1 there is one. A text "
    "is read with the vocabulary in the weights file. Dropout is off.\n\n"
    "Exit status: 0 done, 1 the program or the data is wrong, 2 the command line is wrong.";

/* An evaluation: a validation without a training. */
struct eval {
    struct train_options options;
    const rnn_model *model;
    struct table table;
    struct dataset none, data;
    struct trainer trainer;
};

static void check_options(void *to, struct argp_state *state)
{
    const struct train_options *options = to;
    if (!options->data.count)
        argp_error(state, "what should it be evaluated with? Give --data FILE");
    if (options->strict && !options->weights)
        argp_error(state, "--strict is about --weights FILE, which is not given");
}

static const struct argument_field fields[] = {
    {'w', ARGUMENT_TEXT, offsetof(struct train_options, weights)},
    {KEY_STRICT, ARGUMENT_FLAG, offsetof(struct train_options, strict)},
    {'d', ARGUMENT_WORD, offsetof(struct train_options, data)},
    {KEY_FRAMES_FIRST, ARGUMENT_FLAG, offsetof(struct train_options, frames_first)},
    {KEY_SKIP, ARGUMENT_FLAG, offsetof(struct train_options, skips)},
    {KEY_STREAMS, ARGUMENT_COUNT, offsetof(struct train_options, streams)},
    {KEY_PIECE, ARGUMENT_COUNT, offsetof(struct train_options, piece)},
    {KEY_WINDOW, ARGUMENT_COUNT, offsetof(struct train_options, window)},
    {0},
};

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct train_options, network)}},
                                                 .check = check_options};

static bool refuse(const char **error, const char *sentence)
{
    *error = sentence;
    return false;
}

static bool read_data(struct eval *eval, const char **error)
{
    const struct train_options *options = &eval->options;
    struct arena *arena = options->network.arena;
    const char *none; /* weights of other origin have no vocabulary */
    const struct table_options from = {.option = "--data",
                                       .files = options->data.items,
                                       .count = options->data.count,
                                       .vocabulary =
                                           options->weights ? vocabulary_load(arena, options->weights, &none) : NULL,
                                       .skips = options->skips,
                                       .frames_first = options->frames_first};
    bool read = table_read(arena, &from, eval->model, &eval->table, error);
    table_tell(&eval->table, from.option);
    if (!read)
        return false;
    const struct vocabulary *vocabulary = eval->table.vocabulary;
    if (vocabulary && vocabulary != from.vocabulary)
        return refuse(error, "a text needs weights with a vocabulary, which rnn train puts there");
    if (vocabulary && eval->table.unknown >= eval->table.rows)
        return refuse(error, "--data: no character of the text is in the vocabulary");
    if (vocabulary && options->frames_first)
        return refuse(error, "--frames-first is for arrays, but --data has a text: leave it out");
    if (options->piece && !eval->table.is_series)
        return refuse(error, "--piece cuts a text or series, but the data are whole sequences: leave it out");
    enum { USUAL_PIECE = 64 };
    bool whole = eval->model->training->whole_sequences;
    int piece = options->piece ? options->piece : whole ? USUAL_PIECE : 0;
    const struct cut all = {.streams = options->streams, .held_piece = piece};
    const struct cut cut = dataset_held_cut(&all, eval->table.rows);
    return dataset_split(arena, &eval->table, &cut, 0, &eval->data, &eval->none, error);
}

static void print_start(const struct eval *eval)
{
    printf("%s: %zu parameters; %ld frame%s in %ld sequence%s\n", eval->model->name, eval->model->parameter_elements,
           eval->data.frames, eval->data.frames == 1 ? "" : "s", eval->data.count, eval->data.count == 1 ? "" : "s");
    if (eval->table.unknown)
        printf("characters of the text that are not in the vocabulary, which count as none: %ld\n",
               eval->table.unknown);
}

static void print_scores(const struct eval *eval, const struct score *score)
{
    const rnn_training *training = eval->model->training;
    const rnn_loss *losses = eval->trainer.held_tally.losses;
    for (int i = 0; i < training->loss_count && training->loss_count > 1; i++) {
        if (losses[i].count > 0)
            printf("loss %d of the program: %.6g, the mean of %.0f\n", i + 1, losses[i].sum / losses[i].count,
                   losses[i].count);
        else
            printf("loss %d of the program: nothing counts, as all its ids are -1\n", i + 1);
    }
    fputs("loss ", stdout);
    report_print_loss(stdout, report_in_bits(training), score->loss);
    putchar('\n');
    for (int i = 0; i < training->target_count; i++) {
        const struct score_count *count = &eval->trainer.held_counts[i];
        const char *name = training->targets[i].name;
        if (count->ids > 0)
            printf("accuracy of %s: %.2f %%, %.0f of %.0f\n", name, 100 * count->right / count->ids, count->right,
                   count->ids);
        if (count->labels > 0)
            printf("label errors of %s: %.2f %%, %.0f of %.0f\n", name, 100 * count->errors / count->labels,
                   count->errors, count->labels);
    }
}

static bool never(void) { return false; }

static bool evaluate(struct eval *eval, const char **error)
{
    const struct train_options *options = &eval->options;
    eval->model = network_open(&options->network, error);
    if (!eval->model)
        return false;
    if (!eval->model->training)
        return refuse(error, "there is nothing to evaluate: the network has no loss");
    if (eval->model->parameter_count && !options->weights)
        return refuse(error, "the network has weights: give --weights FILE");
    if (eval->model->training->whole_sequences && options->window)
        return refuse(error, "the network needs whole sequences: leave --window out");
    if (!read_data(eval, error) || !trainer_open(&eval->trainer, options, eval->model, &eval->none, &eval->data, error))
        return false;
    struct score score;
    bool stopped = false;
    print_start(eval);
    bool done = validate(&eval->trainer, never, &score, &stopped, error);
    if (done)
        print_scores(eval, &score);
    if (done && !isfinite(score.loss))
        done =
            refuse(error, "the loss is not finite: the data, or values that the network computes from them, are more "
                          "than its equations can take");
    trainer_close(&eval->trainer);
    return done;
}

int command_eval(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct eval *eval = ARENA_NEW(arena, struct eval);
    const char *error = NULL;
    eval->options = train_options_new(arena);
    eval->options.evaluates = true;
    command_line_parse(&command_line, argc, argv, &eval->options);
    int status = evaluate(eval, &error) ? 0 : print_error(error);
    arena_free(arena);
    return status;
}
