#include "train/trainer.h"

#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "rnn/weights.h"

/* ---- memory ---- */

static bool find_sizes(struct trainer *trainer)
{
    const struct train_options *options = trainer->options;
    const struct dataset *data = trainer->data, *held = trainer->held;
    int longest = data->longest > held->longest ? data->longest : held->longest;
    enum { USUAL_WINDOW = 64 };
    trainer->window = options->window ? options->window : data->table->is_series ? USUAL_WINDOW : 0;
    trainer->advance = options->advance ? options->advance : trainer->window;
    if (trainer->model->training->whole_sequences)
        trainer->window = trainer->advance = 0;
    trainer->frames = trainer->window && trainer->window < longest ? trainer->window : longest;
    long most = data->count > held->count ? data->count : held->count;
    trainer->order = ARENA_ARRAY(trainer->arena, long, most + 1);
    trainer->order_epoch = -1;
    return most > 0;
}

/* Opens what the model's calls need. */
static bool open_model(struct trainer *trainer, const char **error)
{
    const rnn_model *model = trainer->model;
    tally_open(&trainer->tally, trainer->arena, model);
    batch_open(trainer->arena, &trainer->batch, model, trainer->frames, trainer->options->streams, trainer->ranks->rank,
               trainer->ranks->count);
    compress_open(&trainer->compress, trainer->arena, &trainer->options->compress, trainer->ranks, model,
                  trainer->options->seed);
    trainer->sum_order = NULL;
    trainer->small = NULL;
    trainer->sums = ARENA_ARRAY(trainer->arena, double, 2 * trainer->model->training->loss_count + 1);
    const rnn_training *training = model->training;
    size_t bytes = model->parameter_elements * (size_t)model->real_size;
    size_t moments =
        rnn_optimizer_state_size(trainer->options->optimizer.kind, model->parameter_elements, model->real_size);
    int streams = trainer->batch.most_streams;
    bool learns = !trainer->options->evaluates;
    trainer->parameters = rnn_alloc(bytes ? bytes : 1, model->alignment);
    trainer->gradient = learns ? rnn_alloc(bytes, model->alignment) : NULL;
    trainer->moments = learns && moments ? rnn_alloc(moments, RNN_OPTIMIZER_ALIGNMENT) : NULL;
    trainer->state = rnn_alloc(training->state_size(streams), model->alignment);
    trainer->work = rnn_alloc(training->work_size(trainer->frames, streams), model->alignment);
    bool can_learn = !learns || (trainer->gradient && trainer->moments);
    if (trainer->parameters && can_learn && trainer->state && trainer->work)
        return validate_open(trainer, error);
    *error = arena_printf(trainer->arena,
                          "out of memory: %d streams of %d frames need %zu bytes; a smaller --streams or %s needs less",
                          streams, trainer->frames, training->work_size(trainer->frames, streams),
                          training->whole_sequences ? "--piece" : "--window");
    return false;
}

static bool start_parameters(struct trainer *trainer, const char **error)
{
    const struct train_options *options = trainer->options;
    if (options->weights) {
        if (!parameters_load(trainer->arena, trainer->model, trainer->parameters, options->weights, options->strict,
                             options->quiet, error))
            return false;
        const rnn_tensor *parameter = parameters_find_infinite(trainer->model, trainer->parameters);
        if (parameter)
            *error =
                arena_printf(trainer->arena, "'%s': parameter '%s' is not finite", options->weights, parameter->name);
        return parameter == NULL;
    }
    rnn_status status = rnn_parameters_init(trainer->model, trainer->parameters, options->seed);
    *error = rnn_status_text(status);
    return status == RNN_OK;
}

static bool has_something_to_learn(const rnn_model *model)
{
    bool learns = false;
    for (int i = 0; i < model->parameter_count; i++)
        learns |= !model->parameters[i].fixed;
    return learns;
}

bool trainer_open(struct trainer *trainer, const struct train_options *options, const rnn_model *model,
                  const struct dataset *data, const struct dataset *held, const char **error)
{
    *trainer = (struct trainer){.options = options,
                                .arena = options->network.arena,
                                .model = model,
                                .data = data,
                                .held = held,
                                .schedule = options->schedule,
                                .rates = rnn_schedule_start(),
                                .alone = {.count = 1},
                                .position.first = NAN};
    trainer->ranks = options->ranks ? options->ranks : &trainer->alone;
    if (!find_sizes(trainer) || (!has_something_to_learn(model) && !options->evaluates)) {
        *error = "there is nothing to learn: no data, or a network without parameters that are not fixed";
        return false;
    }
    if ((options->checkpoint || trainer->ranks->count > 1) &&
        !identity_find(options, data, held, &trainer->identity, error))
        return false;
    if (!open_model(trainer, error) || !start_parameters(trainer, error)) {
        trainer_close(trainer);
        return false;
    }
    if (options->whole_period) {
        double steps = (double)trainer_count_steps(trainer) * options->epochs - options->schedule.warm_up;
        trainer->schedule.period = steps > 1 ? steps : 1;
    }
    return true;
}

void trainer_close(struct trainer *trainer)
{
    validate_close(trainer);
    void **const memory[] = {&trainer->parameters, &trainer->gradient, &trainer->moments,
                             &trainer->state,      &trainer->whole,    &trainer->work};
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        rnn_free(*memory[i]);
        *memory[i] = NULL;
    }
}

bool trainer_change_model(struct trainer *trainer, const rnn_model *model, bool keeps_moments, const char **error)
{
    void *moments = keeps_moments ? trainer->moments : NULL;
    trainer->moments = keeps_moments ? NULL : trainer->moments;
    trainer_close(trainer);
    trainer->model = model;
    trainer->chosen = false;
    trainer->order_epoch = -1;
    bool opened = open_model(trainer, error);
    if (keeps_moments) {
        rnn_free(trainer->moments);
        trainer->moments = moments;
    }
    return opened;
}

/* ---- batches and windows ---- */

long trainer_batches(const struct trainer *trainer)
{
    const struct dataset *data = trainer->data;
    return data->ordered ? 1 : (data->count + trainer->options->streams - 1) / trainer->options->streams;
}

static void choose_batch(struct trainer *trainer)
{
    const struct dataset *data = trainer->data;
    const struct position *position = &trainer->position;
    if (trainer->order_epoch != position->epoch) {
        dataset_order(data, trainer->options->seed, position->epoch, trainer->order);
        trainer->order_epoch = position->epoch;
    }
    long first = position->batch * trainer->options->streams, rest = data->count - first;
    int count = rest < trainer->options->streams ? (int)rest : trainer->options->streams;
    batch_choose(&trainer->batch, data, trainer->order, first, count);
    trainer->chosen = true;
}

/* Windows begin an advance apart, until one reaches the end. */
bool trainer_begins_window(struct trainer *trainer)
{
    long begin = trainer->position.begin;
    trainer->chosen = false;
    if (trainer->position.batch < trainer_batches(trainer))
        choose_batch(trainer);
    if (begin == 0)
        return true;
    return begin > 0 && trainer->chosen && trainer->window && begin % trainer->advance == 0 &&
           begin < trainer->batch.longest - (trainer->window - trainer->advance);
}

uint64_t trainer_count_steps(struct trainer *trainer)
{
    uint64_t steps = 0;
    struct position kept = trainer->position;
    trainer->position = (struct position){.epoch = 0};
    for (long batch = 0; batch < trainer_batches(trainer); batch++) {
        trainer->position.batch = batch;
        choose_batch(trainer);
        long more = trainer->window ? (long)trainer->batch.longest - trainer->window : 0;
        steps += 1 + (more > 0 ? (uint64_t)((more + trainer->advance - 1) / trainer->advance) : 0);
    }
    trainer->position = kept;
    trainer->chosen = false;
    return steps;
}

/* ---- a step ---- */

/* Finds the loss of the window, its gradient, and whether anything counts in it. */
static bool find_gradient(struct trainer *trainer, const struct plan *plan, double *loss, bool *counts,
                          const char **error)
{
    const struct position *position = &trainer->position;
    uint64_t epoch_seed = random_key(trainer->options->seed, (uint64_t)position->epoch);
    rnn_window window = {.frames = plan->frames,
                         .advance = plan->advance,
                         .loss_from = plan->loss_from,
                         .drops = 1,
                         .seed = random_key(epoch_seed, (uint64_t)position->batch),
                         .call = position->step};
    rnn_status status = trainer_call(trainer, window, &trainer->tally, loss, trainer->gradient);
    *counts = status == RNN_OK && tally_call_counts(&trainer->tally);
    if (status)
        *error = arena_printf(trainer->arena, "epoch %d, step %llu: %s", position->epoch + 1,
                              (unsigned long long)position->step + 1, rnn_status_text(status));
    return status == RNN_OK;
}

/* Clips the gradient and takes the step; false with a sentence if the gradient is not finite. */
static bool change_parameters(struct trainer *trainer, const struct plan *plan, double loss, const char **error)
{
    const struct train_options *options = trainer->options;
    const rnn_model *model = trainer->model;
    size_t elements = model->parameter_elements;
    bool by_value = isfinite(options->clip_value);
    double norm =
        rnn_gradient_clip_norm(trainer->gradient, elements, model->real_size, by_value ? INFINITY : options->clip);
    if (!isfinite(norm)) {
        *error = explain_divergence(trainer, plan, loss, "gradient");
        return false;
    }
    if (by_value) {
        rnn_gradient_clip_value(trainer->gradient, elements, model->real_size, options->clip_value);
        rnn_gradient_clip_norm(trainer->gradient, elements, model->real_size, options->clip);
    }
    trainer->position.rate =
        rnn_schedule_rate(&trainer->schedule, &trainer->rates, options->optimizer.rate, trainer->position.step);
    rnn_optimizer_step_model(&options->optimizer, trainer->position.rate, trainer->moments, trainer->parameters,
                             trainer->gradient, model);
    return true;
}

static void move_on(struct trainer *trainer, const struct plan *plan, double loss)
{
    struct position *position = &trainer->position;
    tally_add(&trainer->tally);
    position->step++;
    position->frames += (uint64_t)trainer->batch.frames;
    position->loss = loss;
    if (isnan(position->first))
        position->first = loss;
    position->begin += plan->advance;
    if (plan->last) {
        position->begin = 0;
        position->batch++;
        trainer->chosen = false;
    }
}

bool trainer_step(struct trainer *trainer, const char **error)
{
    if (!trainer->chosen)
        choose_batch(trainer);
    if (trainer->position.begin == 0)
        trainer_begin_streams(trainer);
    struct plan plan = batch_plan(&trainer->batch, trainer->position.begin, trainer->window, trainer->advance);
    double loss = 0;
    bool counts;
    batch_fill(&trainer->batch, trainer->position.begin, plan.frames, plan.loss_from);
    if (!find_gradient(trainer, &plan, &loss, &counts, error))
        return false;
    if (counts) {
        if (!isfinite(loss)) {
            *error = explain_divergence(trainer, &plan, loss, "loss");
            return false;
        }
        if (!change_parameters(trainer, &plan, loss, error))
            return false;
    }
    move_on(trainer, &plan, counts ? loss : NAN);
    return true;
}

bool trainer_finish_epoch(struct trainer *trainer, bool (*stop)(void), struct score *score, bool *stopped,
                          const char **error)
{
    struct position *position = &trainer->position;
    *score = (struct score){.learned = tally_mean(&trainer->tally), .loss = NAN, .accuracy = -1, .label_errors = -1};
    *stopped = false;
    if (!tally_counts(&trainer->tally)) {
        *error = "nothing was learned: no loss counts, as all ids that losses are computed from are -1";
        return false;
    }
    if ((*error = explain_growth(trainer, score->learned)))
        return false;
    bool last = position->epoch + 1 >= trainer->options->epochs; /* no further step would meet what the last one left */
    if (last && (*error = explain_growth(trainer, probe_loss(trainer))))
        return false;
    if (trainer->held->count && !validate(trainer, stop, score, stopped, error))
        return false;
    if (*stopped)
        return true;
    if (trainer->held->count && isfinite(score->loss) && (!position->best_epoch || score->loss < position->best)) {
        position->best = score->loss;
        position->best_epoch = position->epoch + 1;
    }
    rnn_schedule_observe(&trainer->schedule, &trainer->rates, trainer->held->count ? score->loss : score->learned);
    position->epoch++;
    position->batch = 0;
    tally_clear(&trainer->tally);
    return true;
}
