/* rnn_scale costs: measures on this machine what a rank of a training computes in a step. */
#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "command/argument.h"
#include "command/commands.h"
#include "costs.h"
#include "network/network.h"
#include "ranks/compress.h"
#include "rnn/optimizer.h"
#include "rnn/stored_round.h"
#include "rnn/weights.h"
#include "scale.h"
#include "train/dataset.h"

enum { TRIES = 7 };

struct measure_options {
    struct network_options network;
    int streams, window;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- the network's call ---- */

/* When the parts of a call have ended. */
struct call {
    struct costs *costs;
    struct finished *finished;
    int finished_count, finished_capacity;
    double begin, forward, end;
};

static rnn_status hear_of_losses(void *context, rnn_loss *losses, int count)
{
    struct call *call = context;
    (void)losses, (void)count;
    call->forward = now();
    return RNN_OK;
}

static void hear_of_gradient(void *context, int parameter, size_t first, size_t count)
{
    struct call *call = context;
    const struct finished finished = {parameter, first, count, now() - call->forward};
    ARENA_PUSH(call->costs->arena, call->finished, call->finished_count, call->finished_capacity, finished);
}

/* Fills ids and numbers in at random. */
static void fill(const rnn_model *model, const rnn_tensor *tensor, void *data, int frames, int streams)
{
    struct random random = random_start(1);
    size_t count = (size_t)streams * (tensor->time == RNN_TIME_FRAME ? (size_t)frames : 1);
    if (tensor->type == RNN_TYPE_LABELS)
        return;
    for (int k = 0; k < tensor->rank; k++)
        count *= (size_t)tensor->shape[k];
    for (size_t k = 0; k < count; k++) {
        const double number = random_real(&random, 1);
        if (tensor->type == RNN_TYPE_ID)
            ((int32_t *)data)[k] = (int32_t)(fabs(number) * 0.999 * tensor->vocabulary);
        else if (model->real_size == (int)sizeof(double))
            ((double *)data)[k] = number;
        else
            ((float *)data)[k] = (float)number;
    }
}

struct memory {
    void *parameters, *gradient, *moments, *state, *work;
    struct batch batch;
};

static bool open_memory(struct memory *memory, struct arena *arena, const rnn_model *model, int frames, int streams)
{
    const rnn_training *training = model->training;
    const size_t bytes = model->parameter_elements * (size_t)model->real_size;
    const rnn_optimizer *adam = rnn_optimizer_find("adam");
    memory->parameters = rnn_alloc(bytes, model->alignment);
    memory->gradient = rnn_alloc(bytes, model->alignment);
    memory->moments =
        rnn_alloc(rnn_optimizer_state_size(adam->defaults.kind, model->parameter_elements, model->real_size),
                  RNN_OPTIMIZER_ALIGNMENT);
    memory->state = rnn_alloc(training->state_size(streams), model->alignment);
    memory->work = rnn_alloc(training->work_size(frames, streams), model->alignment);
    if (!memory->parameters || !memory->gradient || !memory->moments || !memory->state || !memory->work)
        return false;
    batch_open(arena, &memory->batch, model, frames, streams, 0, 1);
    for (int i = 0; i < model->input_count; i++)
        fill(model, &model->inputs[i], memory->batch.inputs[i], frames, streams);
    for (int i = 0; i < training->target_count; i++)
        fill(model, &training->targets[i], memory->batch.targets[i], frames, streams);
    return rnn_parameters_init(model, memory->parameters, 1) == RNN_OK &&
           training->state_init(memory->state, streams) == RNN_OK;
}

static void close_memory(struct memory *memory)
{
    rnn_free(memory->parameters);
    rnn_free(memory->gradient);
    rnn_free(memory->moments);
    rnn_free(memory->state);
    rnn_free(memory->work);
}

/* Makes the call some times; the shortest counts. */
static rnn_status measure_call(struct costs *costs, const rnn_model *model, struct memory *memory)
{
    struct call call = {.costs = costs};
    const rnn_exchange exchange = {&call, hear_of_losses, hear_of_gradient};
    const rnn_window window = {.frames = costs->frames, .drops = 1, .seed = 1, .exchange = &exchange};
    for (int i = 0; i < TRIES; i++) {
        double loss;
        call.finished_count = 0;
        call.begin = now();
        const rnn_status status = model->training->grad(
            memory->parameters, memory->state, memory->work, &window, (const void *const *)memory->batch.inputs,
            (const void *const *)memory->batch.targets, &loss, memory->gradient, NULL);
        call.end = now();
        if (status)
            return status;
        if (i && call.end - call.begin >= costs->forward + costs->backward)
            continue;
        costs->forward = call.forward - call.begin;
        costs->backward = call.end - call.forward;
        if (!i)
            costs->finished = ARENA_ARRAY(costs->arena, struct finished, call.finished_count + 1);
        costs->finished_count = call.finished_count;
        memcpy(costs->finished, call.finished, (size_t)call.finished_count * sizeof *call.finished);
    }
    return RNN_OK;
}

/* Measures how the norm of the gradient is limited, and a step of Adam. */
static void measure_learning(struct costs *costs, const rnn_model *model, struct memory *memory)
{
    const rnn_optimizer_options options = rnn_optimizer_find("adam")->defaults;
    costs->learn = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        const double begin = now();
        rnn_gradient_clip_norm(memory->gradient, model->parameter_elements, model->real_size, 1);
        rnn_optimizer_step_model(&options, options.rate, memory->moments, memory->parameters, memory->gradient, model);
        costs->learn = fmin(costs->learn, now() - begin);
    }
}

/* ---- sums ---- */

/* Measures how a message is added to what a rank has, per byte. */
static void measure_sums(struct costs *costs)
{
    enum { BYTES = 1 << 20 };
    float *numbers = arena_alloc(costs->arena, 2, BYTES);
    uint16_t *halves = (uint16_t *)numbers;
    const int count = BYTES / (int)sizeof *numbers, half_count = BYTES / (int)sizeof *halves;
    costs->add = costs->add_half = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        double begin = now();
        for (int k = 0; k < count; k++)
            numbers[k] += numbers[count + k];
        costs->add = fmin(costs->add, (now() - begin) / BYTES);
        begin = now();
        ranks_add_halves(halves + half_count, halves, half_count);
        costs->add_half = fmin(costs->add_half, (now() - begin) / BYTES);
    }
}

/* ---- compression ---- */

/* Compresses the gradient in each way, while scale_rank()->records. */
static void measure_compression(struct arena *arena, const rnn_model *model, void *gradient)
{
    static const char *const ways[] = {"f16", "powersgd:1", "powersgd:2", "powersgd:4"};
    struct ranks alone = {.count = 1};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct compress_options options = {.after = 0};
        struct compress compress;
        compress_parse(ways[i], &options);
        compress_open(&compress, arena, &options, &alone, model, 1);
        for (int k = 0; k < TRIES; k++)
            compress_sum(&compress, gradient);
    }
}

/* The same for the matrix from which --compress auto learns how fast a machine is. */
static void measure_trial(struct arena *arena, int real_size)
{
    const rnn_tensor tensor = {.rank = 2, .shape = {COMPRESS_TRIAL_ROWS, COMPRESS_TRIAL_COLUMNS}};
    const rnn_model model = {.real_size = real_size,
                             .parameters = &tensor,
                             .parameter_count = 1,
                             .parameter_elements = (size_t)COMPRESS_TRIAL_ROWS * COMPRESS_TRIAL_COLUMNS};
    void *gradient = arena_alloc(arena, model.parameter_elements, (size_t)real_size);
    const rnn_tensor numbers = {.type = RNN_TYPE_REAL, .rank = 2, .shape = {tensor.shape[0], tensor.shape[1]}};
    fill(&model, &numbers, gradient, 1, 1);
    measure_compression(arena, &model, gradient);
}

/* ---- the command ---- */

static bool measure(struct costs *costs, const struct measure_options *options, const char **error)
{
    struct memory memory = {0};
    const rnn_model *model = network_open(&options->network, error);
    if (!model)
        return false;
    if (!model->training) {
        *error = "the network cannot be trained: it has no loss";
        return false;
    }
    costs->real_size = model->real_size;
    costs->parameters = (rnn_tensor *)model->parameters;
    costs->parameter_count = model->parameter_count;
    rnn_status status =
        open_memory(&memory, costs->arena, model, costs->frames, costs->streams) ? RNN_OK : RNN_ERROR_MEMORY;
    if (!status)
        status = measure_call(costs, model, &memory);
    if (status) {
        *error = rnn_status_text(status);
    } else {
        scale_rank()->costs = costs;
        scale_rank()->records = true;
        measure_compression(costs->arena, model, memory.gradient);
        measure_trial(costs->arena, model->real_size);
        measure_learning(costs, model, &memory);
        measure_sums(costs);
    }
    close_memory(&memory);
    return status == RNN_OK;
}

static const struct argp_option options_table[] = {
    {"streams", 's', "N", 0, "Sequences of a rank (default 16)", 0},
    {"window", 'w', "FRAMES", 0, "Frames of a step (default 35)", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct measure_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->network;
        return 0;
    case 's':
        options->streams = argument_count(state, "--streams", argument);
        return 0;
    case 'w':
        options->window = argument_count(state, "--window", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int scale_costs(int argc, char **argv)
{
    static const struct argp_child children[] = {{&network_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options_table, parse_option,
        "FILE",        "Measure what a step of a training costs a rank, on one core of this machine.",
        children,      NULL,
        NULL};
    struct arena *arena = arena_new();
    const char *error = NULL;
    struct measure_options options = {.network = network_options_new(arena), .streams = 16, .window = 35};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    options.network.training = true;
    options.network.threads = 1;
    struct costs costs = {.arena = arena, .streams = options.streams, .frames = options.window};
    const bool measured = measure(&costs, &options, &error);
    if (measured)
        costs_write(&costs);
    else
        print_error(error);
    arena_free(arena);
    return measured ? 0 : 1;
}
