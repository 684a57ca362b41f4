/* rnn factor: replaces matrices of a trained network by low-rank factors, in its program and in its weights. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "command/commands.h"
#include "factor/factor.h"
#include "factor/search.h"
#include "network/program.h"
#include "ranks/launcher.h"

enum {
    KEY_SEED = 1024,
    KEY_KEEP_DENSE,
    KEY_METRIC,
    KEY_TOLERANCE,
    KEY_STREAMS,
    KEY_FRAMES,
    KEY_FRAMES_FIRST,
    KEY_SKIP,
    KEY_PIECE,
    KEY_CHECKPOINT,
    KEY_RESUME,
    KEY_FINETUNE,
    KEY_TRAIN_DATA,
    KEY_RATE,
    KEY_CLIP,
    KEY_BATCH,
    KEY_WINDOW
};

static const struct argp_option options_table[] = {
    {"weights", 'w', "FILE", 0, "The trained weights, of all parameters (.safetensors)", 2},
    {"out", 'o', "FOLDER", 0, "Write the program, its weights and the report here: a new or an empty folder", 2},
    {"keep-dense", KEY_KEEP_DENSE, NULL, 0,
     "Write the matrices themselves beside their factors: weights for `rnnc --variants=dense,...`", 2},
    {"seed", KEY_SEED, "N", 0, "For the starts of cp (default 1)", 2},
    {NULL, 0, NULL, 0, "To search for the forms that make it fastest:", 3},
    {"data", 'd', "[NAME=]FILE", 0, "What the network is judged by, as for rnn eval. May be given several times", 3},
    {"metric", KEY_METRIC, "NAME", 0, "loss, accuracy (in %), bpc (bits a symbol) or mse", 3},
    {"tolerance", KEY_TOLERANCE, "X", 0, "By how much the metric may be worse than that of the weights as they are", 3},
    {"streams", KEY_STREAMS, "N", 0, "Streams of a call that is to be fast (default 1)", 3},
    {"frames", KEY_FRAMES, "N", 0, "Frames of that call (default 100); its threads are --threads (default 1)", 3},
    {"frames-first", KEY_FRAMES_FIRST, NULL, 0, "Axes of the data are [frames, sequences, units]", 3},
    {"skip-unalignable", KEY_SKIP, NULL, 0, "Leave out sequences with too few frames for their labels", 3},
    {"piece", KEY_PIECE, "N", 0, "Cut a text or series into sequences of N frames", 3},
    {"checkpoint", KEY_CHECKPOINT, "FOLDER", 0, "Keep everything that it takes to go on in this folder", 3},
    {"resume", KEY_RESUME, NULL, 0, "Go on from the checkpoint; from the beginning if there is none yet", 3},
    {NULL, 0, NULL, 0, "To train the factors on before they are judged:", 4},
    {"finetune", KEY_FINETUNE, "EPOCHS", 0, "As rnn train does, for so many epochs; the best by the metric counts", 4},
    {"train-data", KEY_TRAIN_DATA, "[NAME=]FILE", 0, "What to learn from, as for rnn train. May be given several times",
     4},
    {"rate", KEY_RATE, "A", 0, "Learning rate of adam (default as rnn train)", 4},
    {"clip", KEY_CLIP, "NORM", 0, "Scale gradients with a greater norm down to it", 4},
    {"train-streams", KEY_BATCH, "B", 0, "How many sequences a step learns from (default as rnn train)", 4},
    {"train-window", KEY_WINDOW, "H", 0, "How many frames a step goes back (default as rnn train)", 4},
    {0},
};

static const char documentation[] =
    "Replace weights of a trained network by low-rank factors, or by numbers of fewer bits, with which it computes and "
    "reads less.\v"
    "With --form 'h.U=svd:64' a matrix W[n, m] becomes A[n, r] B[r, m], from its largest singular values: no other "
    "factors of this rank are nearer. With cp:16 a parameter Z[k, n, m] becomes a canonical polyadic decomposition, "
    "Z[i] = B diag(A[i]) C', by alternating least squares. With f16, bf16 or int8, or svd:64,f16, what an inference "
    "network holds of it has fewer bits; the weights file has all of them. Without --form it only prints how fast the "
    "singular values of each matrix fall, from which ranks can be taken; ranks that are multiples of 8 fill the lanes "
    "of AVX2, and those of 16 the lanes of every machine.\n\n"
    "With --data it searches: for each matrix, those first that are read in every frame of a cycle, the smallest such "
    "rank, and the storage, with which the metric stays within the tolerance, if the cost model (--machine) says that "
    "the network becomes faster. With --metric accuracy, previews of an output layer are tried too; losses compute all "
    "of it. The result is compiled and judged before it is written, and its time measured beside the dense network's. "
    "Where nothing is faster within the tolerance, the network stays dense, and the report says so.\n\n"
    "The folder gets the program, under its own name, with the forms in its declarations, weights.safetensors, "
    "report.txt and report.html, all or nothing. `rnn eval` says how good the result is, `rnn bench` how fast, and "
    "`rnn train --weights` goes on training the factors.\n\n"
    "Exit status: 0 done, 1 the program or the weights are wrong or nothing can be written, 2 the command line is "
    "wrong.";

static const struct argument_field fields[] = {
    {'w', ARGUMENT_TEXT, offsetof(struct factor_options, weights)},
    {'o', ARGUMENT_TEXT, offsetof(struct factor_options, output)},
    {KEY_KEEP_DENSE, ARGUMENT_FLAG, offsetof(struct factor_options, keep_dense)},
    {KEY_SEED, ARGUMENT_SEED, offsetof(struct factor_options, seed)},
    {'d', ARGUMENT_WORD, offsetof(struct factor_options, data)},
    {KEY_METRIC, ARGUMENT_TEXT, offsetof(struct factor_options, metric_name)},
    {KEY_TOLERANCE, ARGUMENT_NON_NEGATIVE, offsetof(struct factor_options, tolerance)},
    {KEY_STREAMS, ARGUMENT_COUNT, offsetof(struct factor_options, streams)},
    {KEY_FRAMES, ARGUMENT_COUNT, offsetof(struct factor_options, frames)},
    {KEY_FRAMES_FIRST, ARGUMENT_FLAG, offsetof(struct factor_options, frames_first)},
    {KEY_SKIP, ARGUMENT_FLAG, offsetof(struct factor_options, skips)},
    {KEY_PIECE, ARGUMENT_COUNT, offsetof(struct factor_options, piece)},
    {KEY_CHECKPOINT, ARGUMENT_TEXT, offsetof(struct factor_options, checkpoint)},
    {KEY_RESUME, ARGUMENT_FLAG, offsetof(struct factor_options, resume)},
    {KEY_FINETUNE, ARGUMENT_COUNT, offsetof(struct factor_options, finetune)},
    {KEY_TRAIN_DATA, ARGUMENT_WORD, offsetof(struct factor_options, train_data)},
    {KEY_RATE, ARGUMENT_POSITIVE, offsetof(struct factor_options, rate)},
    {KEY_CLIP, ARGUMENT_POSITIVE, offsetof(struct factor_options, clip)},
    {KEY_BATCH, ARGUMENT_COUNT, offsetof(struct factor_options, batch)},
    {KEY_WINDOW, ARGUMENT_COUNT, offsetof(struct factor_options, window)},
    {0},
};

/* Checks what belongs to a training. */
static void check_training(const struct factor_options *options, struct argp_state *state)
{
    const bool sets =
        options->train_data.count || options->rate > 0 || options->clip > 0 || options->batch || options->window;
    if (sets && !options->finetune)
        argp_error(state, "--train-data, --rate, --clip, --train-streams and --train-window are for --finetune EPOCHS");
    if (options->finetune && !options->train_data.count)
        argp_error(state, "--finetune learns: say from what, with --train-data FILE; --data is only what it is judged "
                          "by");
}

/* Checks what belongs to a search. */
static void check_search(const struct factor_options *options, struct argp_state *state)
{
    if (!options->data.count) {
        if (options->metric_name || options->tolerance >= 0 || options->streams || options->frames ||
            options->frames_first || options->skips || options->piece || options->checkpoint || options->finetune)
            argp_error(state, "--metric, --tolerance, --streams, --frames, --piece, --frames-first, "
                              "--skip-unalignable, --checkpoint and --finetune are for a search, which needs --data "
                              "FILE");
        return;
    }
    if (options->forms.count)
        argp_error(state, "--form gives the forms that --data would search for: leave one of them out");
    if (!options->metric_name)
        argp_error(state, "--data judges networks: say by what, --metric loss, accuracy, bpc or mse");
    if (metric_find(options->metric_name) == METRIC_COUNT)
        argp_error(state, "--metric wants loss, accuracy, bpc or mse, not '%s'", options->metric_name);
    if (options->tolerance < 0)
        argp_error(state, "--data searches: say by how much the metric may be worse, as --tolerance 0.01");
    if (!options->output)
        argp_error(state, "--data needs --out, the folder for the network that is found");
}

static void check_options(void *to, struct argp_state *state)
{
    struct factor_options *options = to;
    options->forms = options->network.forms; /* of the new network: the one that is read is as the program says */
    options->network.forms = (struct form_options){.arena = options->network.arena};
    if (!options->weights)
        argp_error(state, "--weights is missing: which weights are to be factored?");
    check_search(options, state);
    check_training(options, state);
    if (options->resume && !options->checkpoint)
        argp_error(state, "--resume needs --checkpoint FOLDER");
    if (options->output && !options->forms.count && !options->data.count)
        argp_error(state, "--out writes a network with factors: say which with --form, as --form 'h.U=svd:64', or "
                          "search for them with --data");
    if (options->forms.count && !options->output)
        argp_error(state, "--form needs --out, the folder for the new network");
    if (options->keep_dense && (!options->output || options->finetune))
        argp_error(state, options->output ? "--keep-dense: --finetune changes all weights, so that the dense matrices "
                                            "do not go with them any more"
                                          : "--keep-dense is about what --out writes");
}

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct factor_options, network)}},
                                                 .check = check_options};

/* Begins as one process, whatever has started it: trainings of a search are programs of their own. */
static bool leave_launcher(struct arena *arena, const char **error)
{
    const char *variable;
    const int count = launcher_count(&variable);
    launcher_leave();
    if (count > 1)
        *error = arena_printf(arena,
                              "%d processes have been started together (%s), but rnn factor is one process: each for "
                              "itself would write the same files",
                              count, variable);
    return count == 1;
}

static bool factor(struct factoring *factoring, const char **error)
{
    const struct factor_options *options = factoring->options;
    if (!leave_launcher(factoring->arena, error))
        return false;
    factoring->source = source_from_file(factoring->arena, options->network.path, error);
    if (!factoring->source || (options->output && !check_output(factoring, error)))
        return false;
    factoring->program = program_check(&options->network, factoring->source);
    if (!factoring->program || !lapack_open(&factoring->lapack, error) || !find_matrices(factoring, error) ||
        !(options->data.count ? search_forms(factoring, error) : choose_forms(factoring, &options->forms, error)) ||
        !compute_factors(factoring, error))
        return false;
    struct text report;
    text_init(&report, factoring->arena);
    report_spectra(factoring, &report);
    report_forms(factoring, &report);
    report_search(factoring, &report);
    if (options->output && (!program_check(&options->network, rewrite_program(factoring, NULL)) ||
                            !write_results(factoring, &report, error)))
        return false;
    fwrite(report.data, 1, report.length, stdout);
    return true;
}

int command_factor(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct factor_options options = {.network = network_options_new(arena),
                                     .data.arena = arena,
                                     .train_data.arena = arena,
                                     .tolerance = -1,
                                     .seed = 1};
    command_line_parse(&command_line, argc, argv, &options);
    options.streams = options.streams ? options.streams : 1;
    options.frames = options.frames ? options.frames : 100;
    struct factoring factoring = {.options = &options, .arena = arena, .seed = options.seed};
    const char *error = NULL;
    const bool done = factor(&factoring, &error);
    if (!done)
        print_error(error);
    rnn_file_close(factoring.file);
    arena_free(arena);
    return done ? 0 : 1;
}
