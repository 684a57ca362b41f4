/* Schedules: learning rates over time. */
#include <math.h>
#include <string.h>

#include "optimizer_numbers.h"
#include "rnn/optimizer.h"

#define ONE(kind) (1u << RNN_SCHEDULE_##kind)

const rnn_schedule rnn_schedules[RNN_SCHEDULES] = {
    {"constant", "one rate", {.kind = RNN_SCHEDULE_CONSTANT}},
    {"step", "times `factor` every `period` steps", {.kind = RNN_SCHEDULE_STEP, .period = 1000, .factor = 0.5}},
    {"cosine", "down to `least` in `period` steps along half a cosine", {.kind = RNN_SCHEDULE_COSINE, .period = 1000}},
    {"plateau",
     "times `factor` when the loss (in validation, if any) no longer falls",
     {.kind = RNN_SCHEDULE_PLATEAU, .factor = 0.5, .patience = 2, .threshold = 1e-4}},
};

static const struct number numbers[] = {
    {"warm_up", offsetof(rnn_schedule_options, warm_up), ~0u, RANGE_WHOLE},
    {"period", offsetof(rnn_schedule_options, period), ONE(STEP) | ONE(COSINE), RANGE_WHOLE_FROM_1},
    {"growth", offsetof(rnn_schedule_options, growth), ONE(COSINE), RANGE_WHOLE},
    {"factor", offsetof(rnn_schedule_options, factor), ONE(STEP) | ONE(PLATEAU), RANGE_FACTOR},
    {"patience", offsetof(rnn_schedule_options, patience), ONE(PLATEAU), RANGE_WHOLE},
    {"threshold", offsetof(rnn_schedule_options, threshold), ONE(PLATEAU), RANGE_DECAY},
    {"least", offsetof(rnn_schedule_options, least), ~ONE(CONSTANT), RANGE_FROM_0},
};

static struct numbers numbers_of(rnn_schedule_kind kind)
{
    return (struct numbers){numbers, (int)(sizeof numbers / sizeof numbers[0]), (int)kind, rnn_schedules[kind].name};
}

const rnn_schedule *rnn_schedule_find(const char *name)
{
    for (int i = 0; i < RNN_SCHEDULES; i++)
        if (strcmp(rnn_schedules[i].name, name) == 0)
            return &rnn_schedules[i];
    return NULL;
}

rnn_status rnn_schedule_set(rnn_schedule_options *options, const char *name, double value, rnn_error *error)
{
    struct numbers own = numbers_of(options->kind);
    return rnn_numbers_set(&own, options, name, value, error);
}

rnn_status rnn_schedule_check(const rnn_schedule_options *options, rnn_error *error)
{
    struct numbers own = numbers_of(options->kind);
    return rnn_numbers_check(&own, options, error);
}

rnn_schedule_state rnn_schedule_start(void) { return (rnn_schedule_state){.scale = 1, .best = INFINITY}; }

int rnn_schedule_observe(const rnn_schedule_options *options, rnn_schedule_state *state, double loss)
{
    if (options->kind != RNN_SCHEDULE_PLATEAU)
        return 0;
    double margin = isinf(state->best) ? 0 : options->threshold * fabs(state->best);
    if (loss < state->best - margin) {
        state->best = loss;
        state->waited = 0;
        return 0;
    }
    if ((double)++state->waited <= options->patience)
        return 0;
    state->waited = 0;
    state->scale *= options->factor;
    return 1;
}

/* Returns the rate of step t of the cosine. The periods are period, period * growth, period * growth^2, ... */
static double cosine_rate(const rnn_schedule_options *options, double rate, double t)
{
    double period = options->period;
    if (options->growth == 0 && t >= period)
        return options->least;
    if (options->growth == 1)
        t = fmod(t, period);
    while (t >= period) {
        t -= period;
        period *= options->growth;
    }
    return options->least + (rate - options->least) * (1 + cos(3.14159265358979323846 * t / period)) / 2;
}

double rnn_schedule_rate(const rnn_schedule_options *options, const rnn_schedule_state *state, double rate,
                         uint64_t step)
{
    if ((double)step < options->warm_up)
        return rate * ((double)step + 1) / options->warm_up;
    const double t = (double)step - options->warm_up, least = fmin(options->least, rate);
    switch (options->kind) {
    case RNN_SCHEDULE_CONSTANT:
        return rate;
    case RNN_SCHEDULE_STEP:
        return fmax(rate * rnn_power(options->factor, (uint64_t)(t / options->period)), least);
    case RNN_SCHEDULE_COSINE:
        return options->least < rate ? cosine_rate(options, rate, t) : rate;
    case RNN_SCHEDULE_PLATEAU:
        return fmax(rate * state->scale, least);
    case RNN_SCHEDULES:
        break;
    }
    return rate;
}
