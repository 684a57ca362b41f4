#include "train/methods.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

const char *methods_split(const char *argument, struct words *settings)
{
    settings->count = 0; /* of an earlier choice, which this one replaces */
    size_t length = strcspn(argument, ",");
    const char *name = arena_copy_string(settings->arena, argument, length);
    for (const char *next = argument + length; *next; next += length) {
        next++;
        length = strcspn(next, ",");
        words_push(settings, arena_copy_string(settings->arena, next, length));
    }
    return name;
}

/* Applies NAME=VALUE through rnn_optimizer_set or rnn_schedule_set. */
static void apply_settings(struct arena *arena, const struct words *settings, struct argp_state *state,
                           struct train_options *options, bool of_schedule)
{
    for (int i = 0; i < settings->count; i++) {
        const char *setting = settings->items[i], *equals = strchr(setting, '=');
        char *end = NULL;
        double value = equals ? strtod(equals + 1, &end) : 0;
        if (!equals || end == equals + 1 || *end)
            argp_error(state, "'%s' should be NAME=NUMBER", setting);
        const char *name = arena_copy_string(arena, setting, (size_t)(equals - setting));
        rnn_error reason;
        rnn_status status = of_schedule ? rnn_schedule_set(&options->schedule, name, value, &reason)
                                        : rnn_optimizer_set(&options->optimizer, name, value, &reason);
        if (status)
            argp_error(state, "%s", reason.text);
        if (of_schedule && strcmp(name, "period") == 0)
            options->whole_period = false;
    }
}

/* "adam, sgd, ..." */
static const char *list_names(struct arena *arena, const char *(*name)(int), int count)
{
    const char *names = name(0);
    for (int i = 1; i < count; i++)
        names = arena_printf(arena, "%s, %s", names, name(i));
    return names;
}

static const char *name_optimizer(int i) { return rnn_optimizers[i].name; }
static const char *name_schedule(int i) { return rnn_schedules[i].name; }

/* Refuses --rate beside adam,rate=0.1: one of them would not count. */
static void check_settings(const struct train_options *options, struct argp_state *state)
{
    const struct words *settings = &options->optimizer_settings, *own = &options->own_settings;
    for (int i = 0; i < settings->count * own->count; i++) {
        const char *a = settings->items[i % settings->count], *b = own->items[i / settings->count];
        int length = (int)strcspn(b, "=");
        if ((int)strcspn(a, "=") == length && strncmp(a, b, (size_t)length) == 0)
            argp_error(state, "--optimizer sets '%.*s', and so does an option of its own: give one of them", length, b);
    }
}

void methods_choose(struct train_options *options, struct argp_state *state)
{
    const rnn_optimizer *optimizer = rnn_optimizer_find(options->optimizer_name);
    const rnn_schedule *schedule = rnn_schedule_find(options->schedule_name);
    if (!optimizer)
        argp_error(state, "there is no optimizer '%s'; there are %s", options->optimizer_name,
                   list_names(options->network.arena, name_optimizer, RNN_OPTIMIZERS));
    if (!schedule)
        argp_error(state, "there is no schedule '%s'; there are %s", options->schedule_name,
                   list_names(options->network.arena, name_schedule, RNN_SCHEDULES));
    options->optimizer = optimizer->defaults;
    options->schedule = schedule->defaults;
    options->whole_period = schedule->defaults.kind == RNN_SCHEDULE_COSINE;
    check_settings(options, state);
    apply_settings(options->network.arena, &options->optimizer_settings, state, options, false);
    apply_settings(options->network.arena, &options->own_settings, state, options, false);
    apply_settings(options->network.arena, &options->schedule_settings, state, options, true);
}

static void write_choices(FILE *out)
{
    fputs("Optimizers, with their numbers in rnn/optimizer.h (--optimizer adam,beta1=0.8):\n", out);
    for (int i = 0; i < RNN_OPTIMIZERS; i++)
        fprintf(out, "  %-10s %s\n", rnn_optimizers[i].name, rnn_optimizers[i].text);
    fputs("Schedules (--schedule step,period=500,warm_up=100):\n", out);
    for (int i = 0; i < RNN_SCHEDULES; i++)
        fprintf(out, "  %-10s %s\n", rnn_schedules[i].name, rnn_schedules[i].text);
    fputs("The period of cosine is the whole training unless given.\n\n", out);
}

char *methods_help(int key, const char *text, void *input)
{
    (void)input;
    return argument_help(key, text, write_choices);
}
