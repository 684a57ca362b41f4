/* rnn check: the compiled network against the oracle, run in every way that the language says is the same. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "check/check.h"
#include "check/gradients.h"
#include "check/row.h"
#include "command/commands.h"
#include "network/program.h"

enum { KEY_TOLERANCE = 768, KEY_ROW, KEY_GRADIENTS, KEY_VJP, KEY_VJP_STATES, KEY_FLOAT };

static const struct argp_option options_table[] = {
    {"tolerance", KEY_TOLERANCE, "X", 0, "The largest error that is accepted (default: what the arithmetic deserves)",
     3},
    {"row", KEY_ROW, NULL, 0,
     "Print one line for a table instead, tabs between its columns: name, parameters, flops a frame, microseconds a "
     "frame, largest error",
     3},
    {"gradients", KEY_GRADIENTS, NULL, 0,
     "Check the loss and its gradients instead of the outputs, in double precision unless --float is given", 3},
    {"vjp", KEY_VJP, NULL, 0,
     "Check the gradients that NAME_vjp makes of adjoints of the outputs (rnnc --vjp), in double precision", 3},
    {"vjp-states", KEY_VJP_STATES, NULL, 0, "Check those that it makes through states, too (rnnc --vjp-states)", 3},
    {"float", KEY_FLOAT, NULL, 0, "Check gradients in the precision that networks have otherwise", 3},
    {0},
};

static const char documentation[] =
    "Compare a compiled network with the reference interpreter, which computes the program slowly in double "
    "precision.\v"
    "Weights and inputs that are not given are drawn at random. The network runs all frames at once, streams of "
    "different lengths, one stream alone and, unless it needs the future, frame after frame, in two calls, and once "
    "more after a reset of some streams. For each output the largest error is printed, and where it was. The tolerance "
    "is the larger of 1e-6 of the output's largest magnitude (1e-12 with --double) and 8 times the error that the "
    "interpreter itself makes when it rounds every operation to the network's precision; where that is not enough, 5 "
    "times the largest such error with 15 neighbours of the data, where sums are added in other orders too.\n\n"
    "The interpreter is slow. Without --frames it checks as many frames as it gets done in some seconds (some hundred "
    "million operations, and at least 20 frames), of an --input too, and says so; --frames T with the number that the "
    "input has checks all. Outputs of sequences are compared after each step, or of many frames after some of them. "
    "What takes longer shows how far it is.\n\n"
    "With --gradients the network is compiled for training. Its loss is compared with that of the interpreter, and its "
    "gradients with differences of that loss along random directions: of all parameters and inputs together, and of "
    "each by itself, to 1e-6 of its norm. Targets are drawn; frames are taken all at once, from streams of different "
    "lengths and one by one, and, unless the network needs the future, in windows.\n\n"
    "With --vjp it is compiled for products of adjoints and derivatives; its gradients are compared in the same ways, "
    "with differences of the sum of the interpreter's outputs times adjoints, which are drawn. With --vjp-states those "
    "of windows, from the last to the first, each given the adjoint of the state that the one behind it went on from, "
    "are compared with those of all frames at once.\n\n"
    "Exit status: 0 the network agrees, 1 it does not, or the program or the data is wrong, 2 the command line is "
    "wrong.";

static const struct argument_field fields[] = {
    {KEY_TOLERANCE, ARGUMENT_NON_NEGATIVE, offsetof(struct check_options, tolerance)},
    {KEY_ROW, ARGUMENT_FLAG, offsetof(struct check_options, row)},
    {KEY_GRADIENTS, ARGUMENT_FLAG, offsetof(struct check_options, gradients)},
    {KEY_VJP, ARGUMENT_FLAG, offsetof(struct check_options, vjp)},
    {KEY_VJP_STATES, ARGUMENT_FLAG, offsetof(struct check_options, vjp_states)},
    {KEY_FLOAT, ARGUMENT_FLAG, offsetof(struct check_options, in_float)},
    {0},
};

static void check_options(void *to, struct argp_state *state)
{
    struct check_options *options = to;
    options->vjp |= options->vjp_states;
    if (options->gradients && options->vjp)
        argp_error(state, "--gradients is about losses, --vjp about outputs: one of them at a time");
    if (options->vjp && (options->row || options->tolerance >= 0))
        argp_error(state, "--row and --tolerance are for outputs, not for --vjp");
    if (options->gradients && (options->row || options->tolerance >= 0))
        argp_error(state, "--row and --tolerance are for outputs, not for --gradients");
    if (options->in_float && !options->gradients)
        argp_error(state, "--float goes with --gradients");
}

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct check_options, network)},
                                                           {&feed_argp, offsetof(struct check_options, feed)}},
                                                 .check = check_options};

/* ---- verdict ---- */

static bool print_verdict(struct check *check, int output)
{
    const rnn_tensor *tensor = &check->model->outputs[output];
    const struct verdict *verdict = &check->judge.verdicts[output];
    double tolerance = check->options->tolerance;
    if (tolerance < 0)
        tolerance = judge_tolerance(&check->judge, output);
    progress_end(&check->progress);
    if (!isfinite(tolerance)) {
        printf("%s: nothing to compare: the reference overflows when it rounds to float; try other weights (--weights, "
               "--seed) or fewer frames (--frames)\n",
               tensor->name);
        return false;
    }
    bool agrees = verdict->error <= tolerance;
    if (check->options->row && agrees)
        return true;
    printf("%s: largest error %.3g, tolerance %.3g%s; stream %d", tensor->name, verdict->error, tolerance,
           agrees ? "" : ", TOO LARGE", verdict->stream);
    if (tensor->time == RNN_TIME_FRAME)
        printf(", frame %d", verdict->frame);
    if (tensor->rank)
        printf(", unit %ld", verdict->unit);
    printf(", %s\n", verdict->way);
    return agrees;
}

static int print_verdicts(struct check *check)
{
    int wrong = 0;
    for (int i = 0; i < check->model->output_count; i++)
        wrong += !print_verdict(check, i);
    if (check->options->row)
        return wrong ? 1 : 0;
    printf("%s: %d of %d outputs agree with the reference (%d frames, %d streams)\n", check->model->name,
           check->model->output_count - wrong, check->model->output_count, check->frames, check->streams);
    return wrong ? 1 : 0;
}

/* Opens the network and the program, and prepares data and memory. */
static bool open_network(struct check *check, const char **error)
{
    const struct network_options *network = &check->options->network;
    check->model = network_open(network, error);
    if (!check->model)
        return false;
    check->judge = (struct judge){.arena = check->arena, .model = check->model, .progress = &check->progress};
    struct source *source = source_from_file(check->arena, network->path, error);
    check->judge.program = source ? program_check(network, source) : NULL;
    return check->judge.program && check_prepare_inputs(check, error) &&
           session_open(&check->session, check->model, check->frames, check->streams, error);
}

static bool check_outputs(struct check *check, const char **error)
{
    if (!check->model->output_count) {
        *error = arena_printf(check->arena, "'%s' has no outputs to compare: check its loss with --gradients",
                              check->model->name);
        return false;
    }
    check->judge.inputs = (const void *const *)check->inputs;
    check->judge.frames = check->frames;
    check->judge.streams = check->streams;
    return check_prepare_weights(check, error) && judge_open(&check->judge, check->session.parameters, error) &&
           check_ways(check, error) && (!check->options->row || row_print(check, error));
}

/* ---- gradients ---- */

/* Checks gradients. Data at which differences do not settle, since a kink is near, is drawn again. */
static bool check_gradients(struct check *check, struct gradient_report *report, const char **error)
{
    enum { ATTEMPTS = 8 };
    bool open = true;
    for (int i = 0; i < ATTEMPTS && open; i++, check->seed++) {
        if (!check_prepare_inputs(check, error) || !check_prepare_weights(check, error))
            return false;
        const struct gradient_request request = {.arena = check->arena,
                                                 .model = check->model,
                                                 .program = check->judge.program,
                                                 .frames = check->frames,
                                                 .streams = check->streams,
                                                 .parameters = check->session.parameters,
                                                 .inputs = check->inputs,
                                                 .seed = check->seed,
                                                 .progress = &check->progress,
                                                 .each = true};
        if (!gradients_check(&request, report, error))
            return false;
        open = false;
        for (int k = 0; k < report->count; k++)
            open |= report->verdicts[k].open;
    }
    return true;
}

static int print_gradients(const struct check *check, const struct gradient_report *report)
{
    int wrong = 0;
    for (int i = 0; i < report->count; i++) {
        const struct gradient_verdict *verdict = &report->verdicts[i];
        bool agrees = gradient_verdict_agrees(verdict);
        wrong += !agrees;
        if (verdict->open)
            printf("%s: nothing to compare: differences of the reference do not settle; try other weights or inputs "
                   "(--weights, --seed)\n",
                   verdict->what);
        else
            printf("%s: error %.3g, tolerance %.3g%s\n", verdict->what, verdict->error, verdict->tolerance,
                   agrees ? "" : ", TOO LARGE");
    }
    printf("%s: %d of %d comparisons agree with the reference (%d frames, %d streams)\n", check->model->name,
           report->count - wrong, report->count, check->frames, check->streams);
    return wrong ? 1 : 0;
}

/* rnnc's part of --gradients and --vjp. */
static void ask_for_gradients(struct network_options *network, const struct check_options *options)
{
    network->training = options->gradients;
    network->vjp = options->vjp;
    network->vjp_states = options->vjp_states;
    if (options->gradients)
        words_push(&network->passed, "--input-gradients");
    network->in_double = !options->in_float;
}

/* ---- the command ---- */

int command_check(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct check_options options = {
        .network = network_options_new(arena), .feed = feed_options_new(arena), .tolerance = -1};
    options.feed.seed = 1;
    command_line_parse(&command_line, argc, argv, &options);
    const bool differentiates = options.gradients || options.vjp;
    if (differentiates)
        ask_for_gradients(&options.network, &options);
    struct check check = {.options = &options, .arena = arena, .seed = options.feed.seed};
    struct gradient_report report = {0};
    const char *error = NULL;
    bool done = open_network(&check, &error);
    if (done) {
        check.progress = progress_begin();
        done = differentiates ? check_gradients(&check, &report, &error) : check_outputs(&check, &error);
        session_close(&check.session);
        progress_end(&check.progress);
    }
    int status = !done            ? print_error(error)
                 : differentiates ? print_gradients(&check, &report)
                                  : print_verdicts(&check);
    arena_free(arena);
    return status;
}
