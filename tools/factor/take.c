/* The state that a search takes: compiled, judged as it is, and measured. */
#include "base/arena.h"
#include "data/file.h"
#include "factor/search.h"

/* Compiles a state and judges it as it is: its factors as they are computed, or after all epochs. */
static bool judge_found(struct search *search, struct state *state, const char **error)
{
    const struct factoring *factoring = search->factoring;
    const char *program = program_path(factoring, search->folder), *weights = weights_path(factoring, search->folder);
    progress_next(&search->progress, "search: the network that is found", 0);
    progress_step(&search->progress);
    if (state->trained)
        return tune_state(search, state, true, error);
    set_forms(search, state->choices);
    if (!compute_factors(search->factoring, error) ||
        !write_network(factoring, rewrite_program(factoring, NULL), search->folder, error) ||
        !judge_network(search, program, weights, &search->metric_found, error))
        return false;
    state->verdict = metric_is_good(search, search->metric_found) ? VERDICT_GOOD : VERDICT_WORSE;
    if (state->previews)
        state->metric = search->metric_found;
    return true;
}

/* Measures what is found, and reads weights that have been trained. */
static bool finish(struct search *search, const char **error)
{
    struct factoring *factoring = search->factoring;
    const struct state *found = search->found;
    const char *folder = found->trained ? found->folder : search->folder;
    const char *weights = found->trained ? found->weights : weights_path(factoring, folder);
    set_forms(search, found->choices);
    if (found->trained) {
        struct text *trained = ARENA_NEW(factoring->arena, struct text);
        search->metric_found = found->metric;
        if (!file_read(factoring->arena, weights, trained, error))
            return false;
        factoring->trained = trained;
    }
    return measure_networks(search, program_path(factoring, folder), weights, error);
}

/* Judges a state as it is compiled, after training if that is asked for, and measures it if it is good. Returns it, or
 * NULL. */
static struct state *compile_state(struct search *search, struct state *state, const char **error)
{
    if (search->factoring->options->finetune && !state->trained) {
        const bool previews = state->previews;
        state->replaced = true;
        state = state_of(search, state->choices, true, state->time);
        state->previews = previews;
    }
    if (!judge_found(search, state, error))
        return NULL;
    search->found = state;
    if (state->verdict == VERDICT_GOOD)
        return finish(search, error) ? state : NULL;
    search->refused += !state->previews;
    return state;
}

/* Leaves all states with previews out of what may be taken. */
static void close_previews(struct search *search)
{
    for (int i = 0; i < search->state_count; i++)
        search->states[i].replaced |= search->states[i].previews;
}

/* Takes the fastest state without previews, or the network as it is; or a state with one, `gain` times as fast as the
 * network as it is, if that is more than the other's gain: times of previews are predicted less well. */
static bool take_without(struct search *search, int preview, double gain, const char **error)
{
    double other = 1;
    struct state *state = fastest_state(search);
    while (state != search->states) {
        state = compile_state(search, state, error);
        if (!state)
            return false;
        if (state->verdict == VERDICT_GOOD) {
            other = search->measured[0] / search->measured[1];
            break;
        }
        state = fastest_state(search);
    }
    if (preview && gain > other)
        return compile_state(search, &search->states[preview], error) != NULL;
    if (preview)
        search->states[preview].verdict = VERDICT_SLOW;
    if (state == search->states) {
        search->found = search->states;
        search->metric_found = search->found->metric;
        search->factoring->trained = NULL;
        set_forms(search, search->found->choices);
    }
    return true;
}

bool take_state(struct search *search, const char **error)
{
    int preview = 0; /* its number; 0: none */
    search->now = *fastest_state(search);
    if (!add_previews(search, error))
        return false;
    for (struct state *state = fastest_state(search); state->previews && !preview; state = fastest_state(search)) {
        state = compile_state(search, state, error);
        if (!state)
            return false;
        if (state->verdict == VERDICT_GOOD)
            preview = (int)(state - search->states);
        if (preview)
            close_previews(search);
    }
    return take_without(search, preview, preview ? search->measured[0] / search->measured[1] : 1, error);
}
