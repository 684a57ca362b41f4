/* States of a search, judged by their weights in the dense network. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "command/stop.h"
#include "factor/search.h"
#include "train/report.h"

/* A state has to be faster than the one before by this part to be better. */
static const double faster_by = 0.001;

enum metric metric_find(const char *name)
{
    static const char *const names[] = {METRICS(LIST_NAME)};
    int metric = 0;
    while (metric < METRIC_COUNT && strcmp(name, names[metric]) != 0)
        metric++;
    return (enum metric)metric;
}

/* ---- the metric ---- */

static double metric_of(const struct search *search, const struct score *score)
{
    switch (search->metric) {
    case METRIC_ACCURACY:
        return 100 * score->accuracy;
    case METRIC_BPC:
        return score->loss / log(2);
    case METRIC_LOSS:
    case METRIC_MSE:
    case METRIC_COUNT:
        break;
    }
    return score->loss;
}

double metric_worse(const struct search *search, double metric, double than)
{
    return search->metric == METRIC_ACCURACY ? than - metric : metric - than;
}

bool metric_is_good(const struct search *search, double metric)
{
    return metric_worse(search, metric, search->states[0].metric) <= search->factoring->options->tolerance; /* no NaN */
}

bool metric_is_better(const struct search *search, double metric, double than)
{
    return metric_worse(search, metric, than) < 0 || (isnan(than) && !isnan(metric));
}

/* Returns why the network does not have the metric, or NULL. */
static const char *metric_fault(const struct search *search, const struct score *score)
{
    const struct program *program = search->factoring->program;
    bool squares = true;
    for (int i = 0; i < program->loss_count; i++)
        squares &= program->losses[i].term->kind == TERM_OP && program->losses[i].term->op == OP_mse;
    if (search->metric == METRIC_ACCURACY && score->accuracy < 0)
        return "--metric accuracy: no target of this network is an id that an output predicts; take --metric loss";
    if (search->metric == METRIC_BPC && !report_in_bits(search->evaluation.model->training))
        return "--metric bpc: bits are of networks whose targets are all ids; take --metric loss";
    if (search->metric == METRIC_MSE && !squares)
        return "--metric mse: a loss of this network is not mse(...); take --metric loss";
    return isfinite(score->loss) ? NULL
                                 : "the loss of the weights as they are is not finite: nothing can be chosen by it";
}

static bool score_network(struct search *search, struct evaluation *evaluation, struct score *score, const char **error)
{
    return validate(&evaluation->trainer, stop_requested, score, &search->stopped, error) && !search->stopped;
}

/* ---- weights ---- */

/* Writes what is kept of a matrix into the parameters of the dense network. */
static bool put_matrix(struct search *search, const struct matrix *matrix, const char **error)
{
    const rnn_model *model = search->evaluation.model;
    const long size = matrix_size(matrix);
    struct arena *scratch = arena_new();
    double *product = ARENA_ARRAY(scratch, double, size);
    const bool done = keep_matrix(search->factoring, matrix, product, error);
    const rnn_tensor *tensor = tensor_find(search->factoring->arena, model->parameters, model->parameter_count,
                                           "parameter", matrix->value->name, error);
    for (long i = 0; done && i < size; i++)
        tensor_set(model, tensor, search->evaluation.trainer.parameters, (long)tensor->offset + i, product[i]);
    arena_free(scratch);
    return done;
}

static size_t parameter_bytes(const struct search *search)
{
    const rnn_model *model = search->evaluation.model;
    return model->parameter_elements * (size_t)model->real_size;
}

/* ---- states ---- */

static struct state *add_state(struct search *search, const struct choice *choices, double time)
{
    struct arena *arena = search->factoring->arena;
    struct state state = {
        .choices = ARENA_ARRAY(arena, struct choice, search->group_count + 1), .time = time, .metric = NAN};
    memcpy(state.choices, choices, (size_t)search->group_count * sizeof *choices);
    ARENA_PUSH(arena, search->states, search->state_count, search->state_capacity, state);
    return &search->states[search->state_count - 1];
}

static bool choices_are_same(const struct search *search, const struct choice *a, const struct choice *b)
{
    bool same = true;
    for (int g = 0; g < search->group_count; g++)
        same &= choice_is_same(&a[g], &b[g]);
    return same;
}

struct state *state_of(struct search *search, const struct choice *choices, bool trained, double time)
{
    for (int i = 0; i < search->state_count; i++)
        if (search->states[i].trained == trained && choices_are_same(search, search->states[i].choices, choices))
            return &search->states[i];
    struct state *state = add_state(search, choices, time);
    state->trained = trained;
    return state;
}

/* Puts the weights in place that differ from those of `now`. */
static bool put_weights(struct search *search, const struct choice *choices, const char **error)
{
    for (int g = 0; g < search->group_count; g++)
        for (int i = 0; !choice_is_same(&choices[g], &search->now.choices[g]) && i < search->groups[g].matrix_count;
             i++)
            if (!put_matrix(search, search->groups[g].matrices[i], error))
                return false;
    return true;
}

/* Judges the network whose weights are in place, unless the journal knows it. */
static bool judge_weights(struct search *search, struct state *state, const char **error)
{
    struct score score = {0};
    struct judged judged;
    struct text name;
    text_init(&name, search->factoring->arena);
    report_choices(search, state->choices, &name);
    const bool known = journal_find(&search->journal, name.data, &judged);
    if (!known && !score_network(search, &search->evaluation, &score, error))
        return false;
    state->metric = known ? judged.metric : metric_of(search, &score);
    state->verdict = metric_is_good(search, state->metric) ? VERDICT_GOOD : VERDICT_WORSE;
    return known || journal_add(&search->journal, name.data, &(struct judged){.metric = state->metric}, error);
}

/* Judges the state whose forms are set, if that has not been done. */
static bool judge_state(struct search *search, struct state *state, const char **error)
{
    void *parameters = search->evaluation.trainer.parameters;
    if (state->verdict == VERDICT_WORSE)
        return true;
    if (!put_weights(search, state->choices, error) ||
        (state->verdict == VERDICT_OPEN && !judge_weights(search, state, error)))
        return false;
    if (state->verdict == VERDICT_GOOD) {
        memcpy(search->accepted, parameters, parameter_bytes(search));
        search->now = *state;
    } else {
        memcpy(parameters, search->accepted, parameter_bytes(search));
    }
    return true;
}

bool is_faster(const struct search *search, double time) { return time < (1 - faster_by) * search->now.time; }

bool try_state(struct search *search, const struct choice *choices, enum verdict *verdict, const char **error)
{
    struct forecast forecast;
    *verdict = VERDICT_SLOW;
    if (!predict_network(search, choices, &forecast, error))
        return false;
    if (!is_faster(search, forecast.time))
        return true;
    struct state *state = state_of(search, choices, false, forecast.time);
    progress_next(&search->progress,
                  arena_printf(search->factoring->arena, "search: network %d, %.2f of the time",
                               search->state_count - 1, forecast.time / search->states[0].time),
                  0);
    progress_step(&search->progress);
    if (!judge_state(search, state, error))
        return false;
    *verdict = state->verdict;
    return true;
}

/* True for a state that may be taken: it is good, or that will be seen when it is compiled. */
static bool is_open(const struct state *state)
{
    return !state->replaced && (state->verdict == VERDICT_GOOD || (state->previews && state->verdict == VERDICT_OPEN));
}

/* Returns the time of a state, and more by what coarser numbers have to save, for comparing it with others. */
static double weighed_time(const struct search *search, const struct state *state)
{
    bool coarser = false;
    for (int g = 0; g < search->group_count; g++)
        coarser |= state->choices[g].storage != PRECISION_F32;
    return coarser ? state->time / (1 - precision_gain_least) : state->time;
}

struct state *fastest_state(const struct search *search)
{
    struct state *best = &search->states[0];
    for (int i = 1; i < search->state_count; i++)
        if (is_open(&search->states[i]) && weighed_time(search, &search->states[i]) < weighed_time(search, best))
            best = &search->states[i];
    return best;
}

void begin_again(struct search *search)
{
    search->now = search->states[0];
    memcpy(search->evaluation.trainer.parameters, search->dense, parameter_bytes(search));
    memcpy(search->accepted, search->dense, parameter_bytes(search));
}

bool go_back(struct search *search, const struct state *state, const char **error)
{
    begin_again(search);
    set_forms(search, state->choices);
    if (!put_weights(search, state->choices, error))
        return false;
    memcpy(search->accepted, search->evaluation.trainer.parameters, parameter_bytes(search));
    search->now = *state;
    return true;
}

/* ---- networks ---- */

static struct train_options *evaluation_options(const struct search *search)
{
    const struct factor_options *options = search->factoring->options;
    struct train_options *own = ARENA_NEW(search->factoring->arena, struct train_options);
    *own = train_options_new(search->factoring->arena);
    own->network = options->network;
    own->network.training = true;
    own->weights = options->weights;
    own->data = options->data;
    own->frames_first = options->frames_first;
    own->skips = options->skips;
    own->piece = options->piece;
    own->evaluates = true;
    return own;
}

static bool open_journal(struct search *search, const char **error)
{
    const struct factor_options *options = search->factoring->options;
    struct arena *arena = search->factoring->arena;
    struct text passed;
    text_init(&passed, arena);
    text_puts(&passed, options->network.in_double ? "--double" : "");
    for (int i = 0; i < options->network.passed.count; i++)
        text_printf(&passed, " %s", options->network.passed.items[i]);
    struct journal_identity identity = {.options = passed.data, .metric = options->metric_name, .seed = options->seed};
    if (!options->checkpoint)
        return journal_open(&search->journal, arena, NULL, false, &identity, error);
    identity.data = identity_sum_data(&search->evaluation.data);
    return identity_sum_program(&options->network, &identity.program, error) &&
           identity_sum_file(arena, options->weights, &identity.weights, error) &&
           journal_open(&search->journal, arena, options->checkpoint, options->resume, &identity, error);
}

bool open_trials(struct search *search, double *metric, const char **error)
{
    struct score score = {0};
    if (!evaluation_open(&search->evaluation, evaluation_options(search), error))
        return false;
    progress_next(&search->progress, "search: the dense network", 0);
    progress_step(&search->progress);
    bool done = score_network(search, &search->evaluation, &score, error);
    if (done) {
        *error = metric_fault(search, &score);
        *metric = metric_of(search, &score);
        done = !*error && open_journal(search, error);
    }
    if (!done)
        evaluation_close(&search->evaluation);
    return done;
}

void close_trials(struct search *search)
{
    journal_close(&search->journal);
    evaluation_close(&search->evaluation);
}

void begin_trials(struct search *search, double metric, double time)
{
    struct arena *arena = search->factoring->arena;
    search->dense = arena_alloc(arena, parameter_bytes(search) + 1, 1);
    search->accepted = arena_alloc(arena, parameter_bytes(search) + 1, 1);
    memcpy(search->dense, search->evaluation.trainer.parameters, parameter_bytes(search));
    struct state *first = add_state(search, ARENA_ARRAY(arena, struct choice, search->group_count + 1), time);
    first->metric = metric;
    first->verdict = VERDICT_GOOD;
    begin_again(search);
}

bool judge_network(struct search *search, const char *program, const char *weights, double *metric, const char **error)
{
    struct train_options *options = evaluation_options(search);
    struct evaluation evaluation;
    struct score score = {0};
    options->network.path = program;
    options->weights = weights;
    options->quiet = true;
    if (!evaluation_open(&evaluation, options, error))
        return false;
    const bool done = score_network(search, &evaluation, &score, error);
    evaluation_close(&evaluation);
    *metric = metric_of(search, &score);
    return done;
}
