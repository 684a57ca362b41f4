/* rnn_scale steps: steps of a training of which only the costs are known. The calls of a rank are those of tools/train
 * and tools/ranks: their sums, in their order, beside the backward pass or behind it, of gradients as they are or
 * compressed. The network is a stand-in that lets time pass; all ranks have the same memory for its gradient, which
 * nobody reads. */
#include <argp.h>
#include <math.h>
#include <mpi.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/plugins/energy.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "command/argument.h"
#include "command/commands.h"
#include "costs.h"
#include "scale.h"
#include "train/trainer.h"

enum { MOST_PIECE = 1 << 30 };

/* ---- the stand-in ---- */

/* In place of the network's call: `work` are the costs. */
static rnn_status pass_time(const void *parameters, void *state, void *work, const rnn_window *window,
                            const void *const inputs[], const void *const targets[], double *loss, void *gradient,
                            void *const input_gradients[])
{
    const struct costs *costs = work;
    const rnn_exchange *exchange = window->exchange;
    rnn_loss losses[1] = {{1, 1}};
    double passed = 0;
    (void)parameters, (void)state, (void)inputs, (void)targets, (void)gradient, (void)input_gradients;
    costs_take(costs->forward);
    if (exchange)
        exchange->sums(exchange->context, losses, 1);
    for (int i = 0; i < costs->finished_count; i++) {
        const struct finished *finished = &costs->finished[i];
        costs_take(finished->seconds - passed);
        passed = finished->seconds;
        if (exchange)
            exchange->finished(exchange->context, finished->parameter, finished->first, finished->count);
    }
    costs_take(costs->backward - passed);
    *loss = losses[0].sum / losses[0].count;
    return RNN_OK;
}

static rnn_status give_losses(const void *state, void *work, rnn_loss *losses)
{
    (void)state, (void)work;
    losses[0] = (rnn_loss){1, 1};
    return RNN_OK;
}

static const rnn_training stand_in = {.loss_count = 1, .grad = pass_time, .losses = give_losses};

static rnn_model model_of(const struct costs *costs)
{
    const rnn_tensor *last = &costs->parameters[costs->parameter_count - 1];
    return (rnn_model){.name = "stand-in",
                       .real_size = costs->real_size,
                       .parameters = costs->parameters,
                       .parameter_count = costs->parameter_count,
                       .parameter_elements = last->offset + costs_units(last),
                       .training = &stand_in};
}

/* ---- a rank ---- */

struct steps {
    struct train_options train;
    const char *path; /* of the costs */
    int steps;
    struct costs costs;
    rnn_model model;
    struct ranks ranks;
    struct trainer trainer;
};

/* Sets up what trainer_call needs of a trainer. */
static void open_trainer(struct steps *steps, struct arena *arena)
{
    struct trainer *trainer = &steps->trainer;
    const rnn_model *model = &steps->model;
    *trainer = (struct trainer){.options = &steps->train,
                                .arena = arena,
                                .model = model,
                                .ranks = &steps->ranks,
                                .work = &steps->costs,
                                .batch.streams = steps->costs.streams,
                                .batch.first = steps->ranks.rank * steps->costs.streams};
    tally_open(&trainer->tally, arena, model);
    compress_open(&trainer->compress, arena, &steps->train.compress, &steps->ranks, model, 1);
    trainer->sums = ARENA_ARRAY(arena, double, 2 * stand_in.loss_count + 1);
    trainer->sum_count = steps->costs.finished_count;
    trainer->sum_order = ARENA_ARRAY(arena, struct summed, trainer->sum_count + 1);
    for (int i = 0; i < trainer->sum_count; i++) {
        const struct finished *finished = &steps->costs.finished[i];
        trainer->sum_order[i] = (struct summed){finished->parameter, finished->first, finished->count};
    }
    trainer_choose_ways(trainer);
}

/* ---- figures ---- */

struct figures {
    double clock, bytes, joules;
};

/* Adds up the energy of the hosts that have ranks. */
static double find_joules(const struct ranks *ranks)
{
    double joules = 0;
    int cores = 0;
    sg_host_energy_update_all();
    for (int host = 0; cores < ranks->count; host++) {
        char name[40];
        snprintf(name, sizeof name, "node-%d", host);
        sg_host_t found = sg_host_by_name(name);
        cores += sg_host_core_count(found);
        joules += sg_host_get_consumed_energy(found);
    }
    return joules;
}

static struct figures take_figures(const struct ranks *ranks)
{
    return (struct figures){simgrid_get_clock(), ranks->bytes, ranks->rank ? 0 : find_joules(ranks)};
}

static void print_figures(struct steps *steps, const struct figures *begin, const struct figures *end)
{
    const char *ways = trainer_print_ways(steps->trainer.arena, &steps->trainer);
    printf("{\"ranks\": %d, \"seconds\": %.9g, \"bytes\": %.9g, \"joules\": %.9g, \"ways\": \"%s\"}\n",
           steps->ranks.count, (end->clock - begin->clock) / steps->steps, (end->bytes - begin->bytes) / steps->steps,
           (end->joules - begin->joules) / steps->steps, ways ? ways : "");
}

/* ---- the command ---- */

static rnn_status take_steps(struct steps *steps, void *gradient)
{
    struct trainer *trainer = &steps->trainer;
    ranks_meet(&steps->ranks);
    const struct figures begin = take_figures(&steps->ranks);
    for (int i = 0; i < steps->steps; i++) {
        double loss;
        const rnn_status status =
            trainer_call(trainer, (rnn_window){.frames = steps->costs.frames}, &trainer->tally, &loss, gradient);
        if (status)
            return status;
        costs_take(steps->costs.learn);
        trainer->position.step++;
    }
    const struct figures end = take_figures(&steps->ranks);
    if (!steps->ranks.rank)
        print_figures(steps, &begin, &end);
    return RNN_OK;
}

/* Refuses what would be simulated otherwise than MPI does it (sums.c). */
static const char *check(const struct steps *steps)
{
    if (steps->ranks.count & (steps->ranks.count - 1))
        return "steps are simulated for 1, 2, 4, 8, ... ranks";
    if ((double)steps->model.parameter_elements * steps->model.real_size > MOST_PIECE)
        return "the network has more than 1 GiB of parameters";
    return NULL;
}

static int simulate(struct steps *steps, struct arena *arena, const char **error)
{
    if (!costs_read(&steps->costs, arena, steps->path, error) || !ranks_open(&steps->ranks, arena, 0, NULL, error))
        return print_error(*error);
    steps->model = model_of(&steps->costs);
    if ((*error = check(steps)))
        return ranks_fail(&steps->ranks, *error);
    struct scale_rank *own = scale_rank();
    const size_t bytes = steps->model.parameter_elements * (size_t)steps->model.real_size;
    void *gradient = steps->ranks.rank ? NULL : SMPI_SHARED_MALLOC(bytes + 1);
    ranks_give(&steps->ranks, &gradient, sizeof gradient); /* they are of one process */
    own->costs = &steps->costs;
    own->scratch = gradient;
    open_trainer(steps, arena);
    const rnn_status status = take_steps(steps, gradient);
    ranks_meet(&steps->ranks);
    if (!steps->ranks.rank)
        SMPI_SHARED_FREE(gradient);
    ranks_close(&steps->ranks);
    return status == RNN_OK ? 0 : 1;
}

static const struct argp_option options_table[] = {
    {"compress", 'c', "HOW", 0, "As rnn train has it: none, f16, powersgd:R, auto (default none)", 0},
    {"link", 'l', "BANDWIDTH,LATENCY", 0, "As rnn train has it, for auto; else it measures, in simulated time", 0},
    {"no-overlap", 'n', NULL, 0, "Send nothing while gradients are still computed", 0},
    {"steps", 's', "N", 0, "How many (default 1)", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct steps *steps = state->input;
    switch (key) {
    case 'c':
        if (!compress_parse(argument, &steps->train.compress))
            argp_error(state, "--compress %s: it is none, f16, powersgd:R, auto or auto:R", argument);
        return 0;
    case 'l':
        if (!cost_parse_link(argument, &steps->train.compress.link))
            argp_error(state, "--link %s: it is a bandwidth and a latency, as 10Gb/s,20us", argument);
        return 0;
    case 'n':
        steps->train.no_overlap = true;
        return 0;
    case 's':
        steps->steps = argument_count(state, "--steps", argument);
        return 0;
    case ARGP_KEY_ARG:
        if (steps->path)
            argp_error(state, "one file of costs at a time, not '%s' and '%s'", steps->path, argument);
        steps->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which costs? Give a file of `rnn_scale costs`");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int scale_steps(int argc, char **argv)
{
    static const struct argp argp = {
        options_table,
        parse_option,
        "COSTS",
        "Simulate steps of a training, of a network and machine of which only the costs are known. Prints the seconds "
        "of a step, the bytes that rank 0 gives into sums, and the joules of all hosts that have ranks.",
        NULL,
        NULL,
        NULL};
    struct arena *arena = arena_new();
    struct steps *steps = ARENA_NEW(arena, struct steps);
    const char *error = NULL;
    steps->steps = 1;
    argp_parse(&argp, argc, argv, 0, NULL, steps);
    const int status = simulate(steps, arena, &error);
    arena_free(arena);
    return status;
}
