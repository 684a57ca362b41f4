/* rnn bench: how fast a network of the user's is, beside what the machine allows. */
#include <argp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bench/floor.h"
#include "bench/limits.h"
#include "bench/timing.h"
#include "command/busy.h"
#include "command/commands.h"
#include "network/draw.h"
#include "network/network.h"
#include "network/session.h"
#include "rnn/variant.h"

struct bench_options {
    struct network_options network;
    int streams, frames;
    double seconds;
};

enum { KEY_STREAMS = 768, KEY_FRAMES, KEY_TRAIN, KEY_SECONDS, KEY_VARIANTS };

static const struct argp_option options_table[] = {
    {"streams", KEY_STREAMS, "N", 0, "Streams of a call (default 1)", 3},
    {"frames", KEY_FRAMES, "N", 0, "Frames of a call, but for the one of a step (default 100)", 3},
    {"train", KEY_TRAIN, NULL, 0, "Measure the loss and gradients too", 3},
    {"variants", KEY_VARIANTS, "FORM,FORM,...", 0,
     "Compile the network in several forms, as dense,f16,svd:64, see rnnc --help, and measure each", 3},
    {"seconds", KEY_SECONDS, "S", 0, "How long to measure each kind of call (default 1)", 3},
    {0},
};

static const char documentation[] =
    "Measure how fast the compiled network is on this machine.\v"
    "Weights and inputs are drawn at random. For each kind of call a line: `step`, one frame a call; `run`, all frames "
    "in one; and with --train `gradient`, the loss and gradients of all frames, from parameters on. Times are those on "
    "the wall, for a frame of all streams together: the median, and for steps the time that 999 of 1000 do not "
    "exceed. Of calls shorter than 5 microseconds several are measured together for the median, as reading the clock "
    "takes a good part of them.\n\n"
    "The floor is the least time that the machine allows one thread: multiply-adds at their peak rate, and weights at "
    "the rate at which as many bytes are read again and again, both measured first by short loops. What is beside the "
    "cycles of the network and what is within run one after the other, and of each counts the longer of computing and "
    "reading; a run reads the weights beside cycles once for all frames of a block. The last column is the median over "
    "the floor.\n\n"
    "With --variants there is a line for each of them instead, with the time that the cost model predicts for a frame "
    "of a run, by which a network chooses when it loads.\n\n"
    "Keep other work off the machine; a note says so where others have taken the processors.\n\n"
    "Exit status: 0 done, 1 the program is wrong, 2 the command line is wrong.";

static const struct argument_field fields[] = {
    {KEY_STREAMS, ARGUMENT_COUNT, offsetof(struct bench_options, streams)},
    {KEY_FRAMES, ARGUMENT_COUNT, offsetof(struct bench_options, frames)},
    {KEY_TRAIN, ARGUMENT_FLAG, offsetof(struct bench_options, network.training)},
    {KEY_SECONDS, ARGUMENT_POSITIVE, offsetof(struct bench_options, seconds)},
    {0},
};

static bool take_option(int key, char *argument, void *to, struct argp_state *state)
{
    struct bench_options *options = to;
    if (key == KEY_VARIANTS)
        network_set_variants(&options->network, argument, state);
    return key == KEY_VARIANTS;
}

/* Has the variants' predictions be about the call that is measured. */
static void check_options(void *to, struct argp_state *state)
{
    struct bench_options *options = to;
    struct network_options *network = &options->network;
    rnn_machine machine;
    if (!network->variants)
        return;
    if (network->training)
        argp_error(state, "--variants is about inference, --train about one form: leave one of them out");
    rnn_machine_here(&machine);
    const int threads = network->threads ? network->threads : machine.cores > 0 ? machine.cores : 1;
    words_push(&network->passed,
               arena_printf(network->arena, "--load=%d,%d,%d", options->streams, options->frames, threads));
}

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct bench_options, network)}},
                                                 .take = take_option,
                                                 .check = check_options};

struct bench {
    const struct bench_options *options;
    struct arena *arena;
    const rnn_model *model;
    struct session session;
    struct limits limits;
    double flops; /* a second, of multiply-adds at their peak */
    void **inputs, **outputs, **targets;
    void *training_state, *training_work, *gradient;
    double loss;
};

/* ---- calls ---- */

static rnn_status call_step(void *context)
{
    struct bench *bench = context;
    return bench->model->step(bench->session.packed, bench->session.state, (const void *const *)bench->inputs,
                              bench->outputs);
}

static rnn_status call_run(void *context)
{
    struct bench *bench = context;
    return bench->model->run(bench->session.packed, bench->session.state, bench->session.work, bench->options->frames,
                             NULL, (const void *const *)bench->inputs, bench->outputs);
}

static rnn_status call_gradient(void *context)
{
    struct bench *bench = context;
    const rnn_window window = {.frames = bench->options->frames, .advance = bench->options->frames};
    return bench->model->training->grad(bench->session.parameters, bench->training_state, bench->training_work, &window,
                                        (const void *const *)bench->inputs, (const void *const *)bench->targets,
                                        &bench->loss, bench->gradient, NULL);
}

/* ---- data ---- */

static void draw_data(struct bench *bench)
{
    const rnn_model *model = bench->model;
    const int frames = bench->options->frames, streams = bench->options->streams;
    struct random random = random_start(1);
    bench->inputs = ARENA_ARRAY(bench->arena, void *, model->input_count + 1);
    bench->outputs = ARENA_ARRAY(bench->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->input_count; i++)
        bench->inputs[i] = tensor_draw(bench->arena, model, &model->inputs[i], frames, streams, &random);
    for (int i = 0; i < model->output_count; i++)
        bench->outputs[i] = tensor_new(bench->arena, model, &model->outputs[i], frames, streams);
    if (!model->training)
        return;
    int *lengths = ARENA_ARRAY(bench->arena, int, streams);
    for (int b = 0; b < streams; b++)
        lengths[b] = frames;
    bench->targets = targets_draw(bench->arena, model, frames, streams, lengths, &random);
}

static bool open_training(struct bench *bench, const char **error)
{
    const rnn_training *training = bench->model->training;
    const size_t bytes = bench->model->parameter_elements * (size_t)bench->model->real_size;
    const int frames = bench->options->frames, streams = bench->options->streams;
    bench->training_state = rnn_alloc(training->state_size(streams), bench->model->alignment);
    bench->training_work = rnn_alloc(training->work_size(frames, streams), bench->model->alignment);
    bench->gradient = rnn_alloc(bytes ? bytes : 1, bench->model->alignment);
    if (bench->training_state && bench->training_work && bench->gradient)
        return training->state_init(bench->training_state, streams) == RNN_OK;
    *error = "out of memory: fewer frames or streams in one call need less";
    return false;
}

static bool open_bench(struct bench *bench, const char **error)
{
    const struct bench_options *options = bench->options;
    bench->model = network_open(&options->network, error);
    struct session session;
    if (!bench->model || !session_open(&session, bench->model, options->frames, options->streams, error))
        return false;
    bench->session = session;
    session_draw(&bench->session, 1);
    draw_data(bench);
    if (bench->model->variants)
        return true;
    if (!session_pack(options->network.arena, &bench->session, error) ||
        (bench->model->training && !open_training(bench, error)) ||
        !limits_open(&bench->limits, &options->network, error))
        return false;
    bench->flops = 1e9 * limits_best(&bench->limits, LIMIT_FLOPS);
    return true;
}

/* ---- figures ---- */

static double total_flops(const struct floor *floor) { return floor->beside.flops + floor->within.flops; }

/* Of microseconds: small networks take some nanoseconds. */
static int decimals(double seconds) { return seconds < 1e-6 ? 5 : 3; }

/* Measures a kind of call, of so many frames, and prints its line. */
static bool print_call(struct bench *bench, const char *name, rnn_status (*call)(void *context), int frames,
                       struct floor *floor, const char **error)
{
    struct timing timing;
    if (!timing_measure(call, bench, bench->options->seconds, &timing, error))
        return false;
    const double frame = timing.median / frames, least = floor_seconds(floor);
    printf("%-8s %12.*f ", name, decimals(frame), 1e6 * frame);
    if (frames == 1)
        printf("%12.3f", 1e6 * timing.late);
    else
        printf("%12s", "-");
    printf(" %10.2f %10.*f", total_flops(floor) * floor->streams / frame / 1e9, decimals(least), 1e6 * least);
    if (least > 0)
        printf(" %7.2f\n", frame / least);
    else
        printf(" %7s\n", "-"); /* values are only moved */
    return true;
}

/* Prepares the floor of a call that reads weights beside cycles once for `frames` frames. Within a step all weights
 * have their turn before the first is read again; elsewhere those of the cycles are read again and again. */
static bool open_floor(struct bench *bench, const rnn_cost *beside, const rnn_cost *within, int frames,
                       struct floor *floor, const char **error)
{
    const struct limits *limits = &bench->limits;
    *floor = (struct floor){.beside = *beside,
                            .within = *within,
                            .streams = bench->options->streams,
                            .frames = frames,
                            .real_size = limits->real_size,
                            .flops = bench->flops};
    const double real = limits->real_size, all = (beside->weights + within->weights) * real;
    const double again = frames > 1 ? within->weights * real : all;
    if (!limits_best_read(limits, all, &floor->beside_reads, error) ||
        !limits_best_read(limits, again, &floor->within_reads, error))
        return false;
    floor->beside_reads *= 1e9;
    floor->within_reads *= 1e9;
    return true;
}

static void print_cost(const char *what, const rnn_cost *beside, const rnn_cost *within)
{
    printf("%s: %.0f flops and %.0f weights beside cycles, %.0f flops and %.0f weights within\n", what, beside->flops,
           beside->weights, within->flops, within->weights);
}

static void print_head(const struct bench *bench)
{
    const rnn_model *model = bench->model;
    const struct bench_options *options = bench->options;
    const int threads = limits_threads(&bench->limits);
    printf("%s: %zu parameters, %d stream%s, %d frame%s a call, %d thread%s\n", model->name, model->parameter_elements,
           options->streams, options->streams == 1 ? "" : "s", options->frames, options->frames == 1 ? "" : "s",
           threads, threads == 1 ? "" : "s");
    print_cost("frame", &model->beside, &model->within);
    if (model->training)
        print_cost("frame of a gradient", &model->training->beside, &model->training->within);
}

static void print_limits(const struct bench *bench, const struct floor *step)
{
    printf("machine: %.1f GFLOP/s, %.2f MB of weights are read at %.1f GB/s\n\n", bench->flops / 1e9,
           (step->beside.weights + step->within.weights) * step->real_size / 1e6, step->beside_reads / 1e9);
    printf("%-8s %12s %12s %10s %10s %7s\n", "call", "us a frame", "p99.9", "GFLOP/s", "floor us", "ratio");
}

/* Says that figures are those of a busy machine, if it was. */
static void note_busy(const struct usage *begin)
{
    const struct usage end = usage_now();
    const struct busyness busy = usage_judge(begin, &end);
    fflush(stdout); /* the note stands behind the figures */
    if (busy.displaced > 0)
        fprintf(stderr,
                "rnn: the processors are busy: others took them from this program %.0f times a second of processor "
                "time%s\n",
                busy.displaced,
                busy.several ? ", and threads of a call wait for each other: keep other work off the machine, or give "
                               "--threads 1"
                             : ": keep other work off the machine");
}

static bool print_calls(struct bench *bench, const char **error)
{
    const rnn_model *model = bench->model;
    const int frames = bench->options->frames, block = model->block_frames < frames ? model->block_frames : frames;
    struct floor floor;
    if (!open_floor(bench, &model->beside, &model->within, 1, &floor, error))
        return false;
    print_limits(bench, &floor);
    if (!model->step)
        printf("%-8s the network needs the future\n", "step");
    else if (!print_call(bench, "step", call_step, 1, &floor, error))
        return false;
    if (!open_floor(bench, &model->beside, &model->within, block, &floor, error) ||
        !print_call(bench, "run", call_run, frames, &floor, error))
        return false;
    const rnn_training *training = model->training;
    return !training || (open_floor(bench, &training->beside, &training->within, block, &floor, error) &&
                         print_call(bench, "gradient", call_gradient, frames, &floor, error));
}

static bool print_figures(struct bench *bench, const char **error)
{
    const struct usage begin = usage_now();
    const bool done = print_calls(bench, error);
    note_busy(&begin);
    return done;
}

/* ---- variants ---- */

static bool print_variant(struct bench *bench, int variant, int width, const char **error)
{
    const rnn_model *model = bench->model;
    const double predicted = 1e-9 * rnn_variant_time(model, variant, NULL), seconds = bench->options->seconds;
    struct timing step = {0}, run;
    rnn_use_variant(model, bench->session.parameters, variant);
    if (!session_pack(bench->arena, &bench->session, error))
        return false;
    model->state_init(bench->session.state, bench->options->streams);
    if ((model->step && !timing_measure(call_step, bench, seconds, &step, error)) ||
        !timing_measure(call_run, bench, seconds, &run, error))
        return false;
    const double frame = run.median / bench->options->frames;
    printf("%-*s %12.*f %12.*f", width, model->variants->list[variant].name, decimals(predicted), 1e6 * predicted,
           decimals(frame), 1e6 * frame);
    if (model->step)
        printf(" %12.*f %12.3f\n", decimals(step.median), 1e6 * step.median, 1e6 * step.late);
    else
        printf(" %12s %12s\n", "-", "-");
    return true;
}

static bool print_variants(struct bench *bench, const char **error)
{
    const rnn_model *model = bench->model;
    const rnn_variants *variants = model->variants;
    const int taken = rnn_choose(model, bench->session.parameters, NULL);
    size_t width = strlen("us a frame");
    for (int i = 0; i < variants->count; i++)
        width = strlen(variants->list[i].name) > width ? strlen(variants->list[i].name) : width;
    printf("%s: %d variant%s, %d stream%s, %d frame%s a call\n\n%-*s %12s %12s %12s %12s\n", model->name,
           variants->count, variants->count == 1 ? "" : "s", bench->options->streams,
           bench->options->streams == 1 ? "" : "s", bench->options->frames, bench->options->frames == 1 ? "" : "s",
           (int)width, "us a frame", "predicted", "run", "step", "p99.9");
    const struct usage begin = usage_now();
    for (int i = 0; i < variants->count; i++)
        if (!print_variant(bench, i, (int)width, error))
            return false;
    note_busy(&begin);
    printf("\n'%s' is taken on this machine where the weights have its arrays\n", variants->list[taken].name);
    return true;
}

int command_bench(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct bench_options options = {.network = network_options_new(arena), .streams = 1, .frames = 100, .seconds = 1};
    command_line_parse(&command_line, argc, argv, &options);
    struct bench bench = {.options = &options, .arena = arena};
    const char *error = NULL;
    bool done = open_bench(&bench, &error);
    if (done && bench.model->variants) {
        done = print_variants(&bench, &error);
    } else if (done) {
        print_head(&bench);
        done = print_figures(&bench, &error);
    }
    session_close(&bench.session);
    rnn_free(bench.training_state);
    rnn_free(bench.training_work);
    rnn_free(bench.gradient);
    arena_free(arena);
    return done ? 0 : print_error(error);
}
