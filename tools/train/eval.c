/* rnn eval: the losses of weights on data, and how often outputs are right, as validation in rnn train has them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "command/commands.h"
#include "train/evaluation.h"
#include "train/report.h"

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

static void print_start(const struct evaluation *eval)
{
    printf("%s: %zu parameters; %ld frame%s in %ld sequence%s\n", eval->model->name, eval->model->parameter_elements,
           eval->data.frames, eval->data.frames == 1 ? "" : "s", eval->data.count, eval->data.count == 1 ? "" : "s");
    if (eval->table.unknown)
        printf("characters of the text that are not in the vocabulary, which count as none: %ld\n",
               eval->table.unknown);
}

static void print_scores(const struct evaluation *eval, const struct score *score)
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

static bool evaluate(const struct train_options *options, const char **error)
{
    struct evaluation *eval = ARENA_NEW(options->network.arena, struct evaluation);
    if (!evaluation_open(eval, options, error))
        return false;
    struct score score;
    bool stopped = false;
    print_start(eval);
    bool done = validate(&eval->trainer, never, &score, &stopped, error);
    if (done)
        print_scores(eval, &score);
    if (done && !isfinite(score.loss)) {
        *error = "the loss is not finite: the data, or values that the network computes from them, are more than its "
                 "equations can take";
        done = false;
    }
    evaluation_close(eval);
    return done;
}

int command_eval(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct train_options options = train_options_new(arena);
    const char *error = NULL;
    options.evaluates = true;
    command_line_parse(&command_line, argc, argv, &options);
    int status = evaluate(&options, &error) ? 0 : print_error(error);
    arena_free(arena);
    return status;
}
