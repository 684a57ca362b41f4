/* Factors that are trained on: `rnn train`, an epoch after the other, each judged by the metric. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/arena.h"
#include "command/stop.h"
#include "data/file.h"
#include "factor/search.h"

/* ---- a training's files ---- */

static const char *place(const struct search *search, const struct state *state, const char *file)
{
    return arena_printf(search->factoring->arena, "%s/%s", state->folder, file);
}

static const char *weights_of(const struct search *search, const struct state *state, const struct judged *judged)
{
    return judged->best_epoch ? place(search, state, "best.safetensors")
                              : weights_path(search->factoring, state->folder);
}

/* Names the folder after what decides the training, so that a search that goes on finds it. */
static const char *name_folder(const struct search *search, const char *name)
{
    const char *above = search->journal.folder ? search->journal.folder : search->folder;
    const uint32_t sum = (uint32_t)crc32_z(0, (const unsigned char *)name, strlen(name));
    return arena_printf(search->factoring->arena, "%s/%08x", above, sum);
}

/* Writes the network as it is factored, unless that has been done. */
static bool prepare(struct search *search, const struct state *state, const char **error)
{
    const struct factoring *factoring = search->factoring;
    if (mkdir(state->folder, 0777) != 0 && errno != EEXIST) {
        *error = arena_printf(factoring->arena, "'%s' cannot be made: %s", state->folder, strerror(errno));
        return false;
    }
    set_forms(search, state->choices);
    return access(weights_path(factoring, state->folder), F_OK) == 0 ||
           (compute_factors(search->factoring, error) &&
            write_network(factoring, rewrite_program(factoring, NULL), state->folder, error));
}

void remove_trainings(struct search *search)
{
    static const char *const files[] = {"last.safetensors", "best.safetensors", "checkpoint.safetensors"};
    for (int i = 0; i < search->state_count; i++) {
        const struct state *state = &search->states[i];
        if (!state->folder)
            continue;
        for (size_t f = 0; f < sizeof files / sizeof files[0]; f++)
            (void)unlink(place(search, state, files[f]));
        (void)unlink(program_path(search->factoring, state->folder));
        (void)unlink(weights_path(search->factoring, state->folder));
        (void)rmdir(state->folder);
    }
}

/* ---- an epoch ---- */

static void push_option(struct words *words, const char *name, const char *value)
{
    words_push(words, arena_printf(words->arena, "--%s=%s", name, value));
}

/* Appends the options that decide how it learns. */
static void push_settings(const struct factor_options *options, struct words *words)
{
    struct arena *arena = words->arena;
    push_option(words, "seed", arena_printf(arena, "%llu", (unsigned long long)options->seed));
    if (options->rate > 0)
        push_option(words, "rate", arena_printf(arena, "%.17g", options->rate));
    if (options->clip > 0)
        push_option(words, "clip", arena_printf(arena, "%.17g", options->clip));
    if (options->batch)
        push_option(words, "streams", arena_printf(arena, "%d", options->batch));
    if (options->window)
        push_option(words, "window", arena_printf(arena, "%d", options->window));
    if (options->piece)
        push_option(words, "piece", arena_printf(arena, "%d", options->piece));
    if (options->frames_first)
        words_push(words, "--frames-first");
    if (options->skips)
        words_push(words, "--skip-unalignable");
    if (options->network.in_double)
        words_push(words, "--double");
}

static void watch(void *progress) { progress_step(progress); }

/* Trains until so many epochs are done, from where the training stands. */
static bool train_on(struct search *search, const struct state *state, int epochs, const char **error)
{
    const struct factor_options *options = search->factoring->options;
    struct arena *arena = search->factoring->arena;
    struct network_options network = options->network;
    struct words words = {.arena = arena};
    network.path = program_path(search->factoring, state->folder);
    push_option(&words, "weights", weights_path(search->factoring, state->folder));
    for (int i = 0; i < options->train_data.count; i++)
        push_option(&words, "data", options->train_data.items[i]);
    push_settings(options, &words);
    if (network.threads)
        push_option(&words, "threads", arena_printf(arena, "%d", network.threads));
    push_option(&words, "epochs", arena_printf(arena, "%d", epochs));
    push_option(&words, "checkpoint", place(search, state, "checkpoint.safetensors"));
    push_option(&words, "out", place(search, state, "last.safetensors"));
    words_push(&words, "--resume");
    words_push(&words, "--quiet");
    words_push(&words, NULL);
    const bool done = command_again(&network, "train", words.items, watch, &search->progress, error);
    search->stopped |= stop_requested();
    return done && !search->stopped;
}

/* Judges the weights of the epoch, and keeps them if they are the best. */
static bool judge_epoch(struct search *search, const struct state *state, int epoch, struct judged *judged,
                        const char **error)
{
    const char *last =
        epoch ? place(search, state, "last.safetensors") : weights_path(search->factoring, state->folder);
    double metric;
    if (!judge_network(search, program_path(search->factoring, state->folder), last, &metric, error))
        return false;
    judged->epochs = epoch;
    if (!epoch || metric_is_better(search, metric, judged->metric)) {
        judged->metric = metric;
        judged->best_epoch = epoch;
        if (epoch && rename(last, place(search, state, "best.safetensors")) != 0) {
            *error = arena_printf(search->factoring->arena, "'%s' cannot be written: %s",
                                  place(search, state, "best.safetensors"), strerror(errno));
            return false;
        }
    }
    return journal_add(&search->journal, state->name, judged, error);
}

/* ---- a training ---- */

/* Names what has been trained, and how: the same name, the same result. */
static bool name_training(struct search *search, struct state *state, const char **error)
{
    const struct factor_options *options = search->factoring->options;
    struct text name;
    struct words settings = {.arena = search->factoring->arena};
    text_init(&name, search->factoring->arena);
    report_choices(search, state->choices, &name);
    push_settings(options, &settings);
    for (int i = 0; i < settings.count; i++)
        text_printf(&name, " %s", settings.items[i]);
    for (int i = 0; i < options->train_data.count; i++) {
        uint32_t sum;
        if (!identity_sum_file(search->factoring->arena,
                               named_file_split(name.arena, options->train_data.items[i]).path, &sum, error))
            return false;
        text_printf(&name, " %08x", sum);
    }
    state->name = name.data;
    state->folder = name_folder(search, state->name);
    return true;
}

bool tune_state(struct search *search, struct state *state, bool whole, const char **error)
{
    struct judged judged = {.epochs = -1};
    if (!name_training(search, state, error) || !prepare(search, state, error))
        return false;
    (void)journal_find(&search->journal, state->name, &judged);
    while (judged.epochs < search->factoring->options->finetune &&
           (whole || judged.epochs < 0 || !metric_is_good(search, judged.metric))) {
        const int epoch = judged.epochs + 1;
        progress_next(&search->progress,
                      arena_printf(search->factoring->arena, "search: training network %d, epoch %d of %d",
                                   (int)(state - search->states), epoch, search->factoring->options->finetune),
                      0);
        if ((epoch && !train_on(search, state, epoch, error)) || !judge_epoch(search, state, epoch, &judged, error))
            return false;
    }
    state->metric = judged.metric;
    state->epochs = judged.epochs;
    state->best_epoch = judged.best_epoch;
    state->weights = weights_of(search, state, &judged);
    state->verdict = metric_is_good(search, judged.metric) ? VERDICT_GOOD : VERDICT_WORSE;
    return true;
}
