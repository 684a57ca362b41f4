#include "factor/search.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/stop.h"
#include "data/file.h"

static struct choice *choices_now(const struct search *search)
{
    struct choice *choices = ARENA_ARRAY(search->factoring->arena, struct choice, search->group_count + 1);
    memcpy(choices, search->now.choices, (size_t)search->group_count * sizeof *choices);
    return choices;
}

/* ---- ranks ---- */

/* Changes `now` to candidate i: of one group (`which`), or of all (see take_level). */
typedef void candidate_taker(const struct search *search, int which, int i, struct choice *choices);

/* Judges choices that differ from `now`, which is what is good from then on. */
typedef bool state_judge(struct search *search, const struct choice *choices, enum verdict *verdict,
                         const char **error);

/* Finds, of candidates 0 .. count - 1, each more like the dense network than the one before, the first that is good. */
static bool find_first_good(struct search *search, candidate_taker *take, int which, int count, state_judge *judge,
                            const char **error)
{
    int least = 0, most = count - 1;
    while (least <= most) {
        const int middle = (least + most) / 2;
        enum verdict verdict;
        struct choice *choices = choices_now(search);
        take(search, which, middle, choices);
        if (!judge(search, choices, &verdict, error))
            return false;
        if (verdict == VERDICT_WORSE)
            least = middle + 1;
        else
            most = middle - 1;
    }
    return true;
}

static void set_rank(const struct search *search, int g, int rank, struct choice *choices)
{
    choices[g].form = rank ? search->groups[g].form : FORM_DENSE;
    choices[g].rank = rank;
}

static void take_rank(const struct search *search, int g, int i, struct choice *choices)
{
    set_rank(search, g, search->groups[g].ranks[i], choices);
}

/* Lowers the rank of a group to the smallest with which the network is still good, and faster. */
static bool lower_rank(struct search *search, int g, const char **error)
{
    const struct group *group = &search->groups[g];
    const int rank = search->now.choices[g].rank;
    int count = group->rank_count;
    while (count && rank && group->ranks[count - 1] >= rank)
        count--;
    return find_first_good(search, take_rank, g, count, try_state, error);
}

static bool lower_ranks(struct search *search, const char **error)
{
    for (int g = 0; g < search->group_count; g++)
        if (search->groups[g].rank_count && !lower_rank(search, g, error))
            return false;
    return true;
}

/* Errors that all matrices may have, the largest first. */
enum { LEVELS = 16 };
static double level_error(int level) { return 0.7 * pow(0.8, level); }

/* Sets the smallest rank of each group with no more than this error; those that have none are dense. The errors of cp
 * are not known beforehand: such groups stay as they are. */
static void take_level(const struct search *search, int all, int level, struct choice *choices)
{
    (void)all;
    for (int g = 0; g < search->group_count; g++) {
        const struct group *group = &search->groups[g];
        int i = 0;
        while (i < group->rank_count && group_error(group, group->ranks[i]) > level_error(level))
            i++;
        if (group->form == FORM_SVD)
            set_rank(search, g, i < group->rank_count ? group->ranks[i] : 0, choices);
    }
}

/* Gives all groups the same error, the largest with which the network is good. */
static bool lower_together(struct search *search, const char **error)
{
    return find_first_good(search, take_level, 0, LEVELS, try_state, error);
}

/* ---- turns ---- */

/* How a group comes down. */
struct descent {
    int next;     /* the candidate to be tried; below 0: it is down */
    double worth; /* time that a step saves for what the metric loses by it, as far as is known */
};

/* Returns the group whose step is worth the most, but for one, or -1 where all are down. */
static int best_descent(const struct descent *descents, int count, int except)
{
    int best = -1;
    for (int g = 0; g < count; g++)
        if (g != except && descents[g].next >= 0 && (best < 0 || descents[g].worth > descents[best].worth))
            best = g;
    return best;
}

/* Tries the next rank of a group. It goes down to it, if the network is good and no other group has a step that is
 * known, or may be, to be worth more. */
static bool descend(struct search *search, int g, struct descent *descents, const char **error)
{
    const struct state before = search->now;
    struct descent *descent = &descents[g];
    struct choice *choices = choices_now(search);
    enum verdict verdict;
    take_rank(search, g, descent->next, choices);
    if (!try_state(search, choices, &verdict, error))
        return false;
    const int other = best_descent(descents, search->group_count, g);
    if (verdict == VERDICT_GOOD)
        descent->worth =
            (before.time - search->now.time) / fmax(metric_worse(search, search->now.metric, before.metric), DBL_MIN);
    if (verdict == VERDICT_GOOD && other >= 0 && descent->worth < descents[other].worth)
        return go_back(search, &before, error);
    descent->next = verdict == VERDICT_WORSE || descent->next == 0 ? -1 : descent->next / 2;
    return true;
}

/* Halves ranks in turns, from the largest on, so that no group uses up what the metric may lose before the others come
 * down: the first rank of a matrix often saves most of its time, and loses the least. */
static bool lower_in_turns(struct search *search, const char **error)
{
    struct descent *descents = ARENA_ARRAY(search->factoring->arena, struct descent, search->group_count + 1);
    for (int g = 0; g < search->group_count; g++)
        descents[g] = (struct descent){search->groups[g].rank_count - 1, INFINITY};
    for (int g; (g = best_descent(descents, search->group_count, -1)) >= 0;)
        if (!descend(search, g, descents, error))
            return false;
    return true;
}

/* ---- storages ---- */

/* Sets those storages of a group with which `now` becomes faster, the fastest first, and their number. */
static bool order_storages(struct search *search, int g, enum precision order[PRECISION_COUNT], int *count,
                           const char **error)
{
    double times[PRECISION_COUNT];
    *count = 0;
    for (int storage = PRECISION_F16; storage < PRECISION_COUNT; storage++) {
        struct forecast forecast;
        struct choice *choices = choices_now(search);
        choices[g].storage = (enum precision)storage;
        if (!predict_network(search, choices, &forecast, error))
            return false;
        if (!is_faster(search, forecast.time))
            continue;
        int place = (*count)++;
        for (; place > 0 && times[place - 1] > forecast.time; place--) {
            times[place] = times[place - 1];
            order[place] = order[place - 1];
        }
        times[place] = forecast.time;
        order[place] = (enum precision)storage;
    }
    return true;
}

/* Gives each group the storage with which it is fastest, all at once. */
static bool store_all(struct search *search, enum verdict *verdict, const char **error)
{
    struct choice *choices = choices_now(search);
    for (int g = 0; g < search->group_count; g++) {
        enum precision order[PRECISION_COUNT];
        int count;
        if (!order_storages(search, g, order, &count, error))
            return false;
        if (count)
            choices[g].storage = order[0];
    }
    return try_state(search, choices, verdict, error);
}

/* Gives a group the fastest storage with which the network is good. */
static bool store_group(struct search *search, int g, const char **error)
{
    enum precision order[PRECISION_COUNT];
    enum verdict verdict = VERDICT_WORSE;
    int count;
    if (!order_storages(search, g, order, &count, error))
        return false;
    for (int i = 0; i < count && verdict != VERDICT_GOOD; i++) {
        struct choice *choices = choices_now(search);
        choices[g].storage = order[i];
        if (!try_state(search, choices, &verdict, error))
            return false;
    }
    return true;
}

static bool store(struct search *search, const char **error)
{
    enum verdict verdict;
    if (!store_all(search, &verdict, error))
        return false;
    for (int g = 0; g < search->group_count && verdict == VERDICT_WORSE; g++)
        if (!store_group(search, g, error))
            return false;
    return true;
}

/* ---- ways ---- */

static bool find_states(struct search *search, const char **error)
{
    if (!lower_ranks(search, error) || !store(search, error))
        return false;
    begin_again(search);
    if (!lower_in_turns(search, error) || !lower_ranks(search, error) || !store(search, error))
        return false;
    begin_again(search);
    if (!lower_together(search, error) || !lower_ranks(search, error) || !store(search, error))
        return false;
    begin_again(search);
    if (!store(search, error))
        return false;
    if (search->now.choices == search->states[0].choices) /* no storage helps */
        return true;
    return lower_ranks(search, error) && lower_together(search, error) && lower_ranks(search, error);
}

/* ---- training ---- */

/* As try_state, by what training makes of the network; but that the weights in place are not those of `now` then. */
static bool try_trained(struct search *search, const struct choice *choices, enum verdict *verdict, const char **error)
{
    struct forecast forecast;
    *verdict = VERDICT_SLOW;
    if (!predict_network(search, choices, &forecast, error))
        return false;
    if (!is_faster(search, forecast.time))
        return true;
    struct state *state = state_of(search, choices, true, forecast.time);
    if (!tune_state(search, state, false, error))
        return false;
    *verdict = state->verdict;
    if (state->verdict == VERDICT_GOOD)
        search->now = *state;
    return true;
}

static bool find_trained(struct search *search, const char **error)
{
    search->now = *fastest_state(search);
    return find_first_good(search, take_level, 0, LEVELS, try_trained, error);
}

/* ---- the whole ---- */

static bool make_folder(struct search *search, const char **error)
{
    const char *where = getenv("TMPDIR");
    char *folder = arena_printf(search->factoring->arena, "%s/rnn-factor.XXXXXX", where && *where ? where : "/tmp");
    if (mkdtemp(folder)) {
        search->folder = folder;
        return true;
    }
    *error = arena_printf(search->factoring->arena, "'%s' cannot be made: %s; TMPDIR names another place", folder,
                          strerror(errno));
    return false;
}

static bool run_search(struct search *search, const char **error)
{
    double metric;
    struct forecast dense;
    if (!compute_spectra(search->factoring, error) || !open_trials(search, &metric, error))
        return false;
    bool done = find_groups(search, &dense, error);
    if (done) {
        begin_trials(search, metric, dense.time);
        done = find_states(search, error) && (!search->factoring->options->finetune || find_trained(search, error)) &&
               take_state(search, error);
    }
    close_trials(search);
    return done;
}

bool search_forms(struct factoring *factoring, const char **error)
{
    struct search *search = ARENA_NEW(factoring->arena, struct search);
    search->factoring = factoring;
    search->metric = metric_find(factoring->options->metric_name);
    search->progress = progress_begin();
    const sigset_t before = stop_hold_signals();
    bool done = make_folder(search, error);
    if (done) {
        done = run_search(search, error);
        if (!factoring->options->checkpoint)
            remove_trainings(search);
        (void)unlink(program_path(factoring, search->folder));
        (void)unlink(weights_path(factoring, search->folder));
        (void)rmdir(search->folder);
    }
    progress_end(&search->progress);
    if (stop_requested()) {
        const char *kept = factoring->options->checkpoint;
        fprintf(stderr, "rnn: stopped by a signal; %s\n",
                kept && access(kept, F_OK) == 0 ? "--resume goes on from here" : "nothing has been written");
        *error = NULL;
        done = false;
    }
    stop_restore_signals(&before); /* which ends the program if there is one */
    factoring->search = search;
    return done;
}
