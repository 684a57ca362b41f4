/* Validation: the loss of data that was not learned from, and how often an output was right. */
#include <string.h>

#include "base/arena.h"
#include "train/score.h"
#include "train/trainer.h"

bool validate_open(struct trainer *trainer, const char **error)
{
    const rnn_model *model = trainer->model;
    trainer->scores = false;
    for (int i = 0; i < model->training->target_count; i++)
        trainer->scores |= score_output(model, i) != NULL;
    trainer->scores &= trainer->held->count > 0;
    tally_open(&trainer->held_tally, trainer->arena, model);
    trainer->held_counts = ARENA_ARRAY(trainer->arena, struct score_count, model->training->target_count + 1);
    if (!trainer->scores || session_open(&trainer->scorer, model, trainer->frames, trainer->batch.most_streams, error))
        return true;
    trainer->scores = false;
    return false;
}

void validate_close(struct trainer *trainer)
{
    if (trainer->scores)
        session_close(&trainer->scorer);
    trainer->scores = false;
}

/* Scores the outputs of the window. */
static void score_outputs(struct trainer *trainer, int frames, void *const *outputs)
{
    const rnn_model *model = trainer->model;
    struct arena *scratch = arena_new();
    for (int i = 0; i < model->training->target_count; i++) {
        const rnn_tensor *output = score_output(model, i);
        if (output)
            score_window(scratch, &trainer->batch, frames, i, outputs[output - model->outputs],
                         &trainer->held_counts[i]);
    }
    arena_free(scratch);
}

/* Runs the network on a window, without a gradient. */
static rnn_status call_network(struct trainer *trainer, const struct plan *plan)
{
    double loss = 0;
    return trainer_call(trainer, (rnn_window){.frames = plan->frames, .advance = plan->advance}, &trainer->held_tally,
                        &loss, NULL);
}

static rnn_status validate_window(struct trainer *trainer, const struct plan *plan, void **outputs)
{
    const rnn_model *model = trainer->model;
    struct batch *batch = &trainer->batch;
    rnn_status status = call_network(trainer, plan);
    const bool scores = trainer->scores && batch->streams;
    if (status == RNN_OK && scores)
        status = model->run(trainer->scorer.packed, trainer->scorer.state, trainer->scorer.work, plan->frames,
                            batch->window_lengths, (const void *const *)batch->inputs, outputs);
    if (status == RNN_OK && scores)
        score_outputs(trainer, plan->frames, outputs);
    if (status == RNN_OK && tally_call_counts(&trainer->held_tally))
        tally_add(&trainer->held_tally);
    return status;
}

/* Validates all windows of the batch. */
static rnn_status validate_batch(struct trainer *trainer, bool (*stop)(void), void **outputs, bool *stopped)
{
    struct plan plan = {.last = false};
    trainer_begin_streams(trainer);
    trainer->stop = stop;
    if (trainer->scores && trainer->batch.streams)
        trainer->model->state_init(trainer->scorer.state, trainer->batch.streams);
    for (long begin = 0; !plan.last; begin += plan.advance) {
        plan = batch_plan(&trainer->batch, begin, trainer->window, trainer->window);
        batch_fill(&trainer->batch, begin, plan.frames, 0);
        rnn_status status = validate_window(trainer, &plan, outputs);
        *stopped = trainer->stops;
        if (status || *stopped)
            return status;
    }
    return RNN_OK;
}

/* Prepares the scorer's weights, and room for the outputs that it looks at. */
static bool prepare_scorer(struct trainer *trainer, struct arena *arena, void ***outputs, const char **error)
{
    const rnn_model *model = trainer->model;
    *outputs = ARENA_ARRAY(arena, void *, model->output_count + 1);
    if (!trainer->scores)
        return true;
    for (int i = 0; i < model->training->target_count; i++) {
        const rnn_tensor *output = score_output(model, i);
        if (output)
            (*outputs)[output - model->outputs] =
                tensor_new(arena, model, output, trainer->frames, trainer->batch.most_streams);
    }
    memcpy(trainer->scorer.parameters, trainer->parameters, model->parameter_elements * (size_t)model->real_size);
    return session_pack(trainer->arena, &trainer->scorer, error);
}

/* Takes sequences as they come; the next training step chooses anew. */
static void put_in_order(struct trainer *trainer, const struct dataset *data)
{
    trainer->order_epoch = -1;
    trainer->chosen = false;
    for (long i = 0; i < data->count; i++)
        trainer->order[i] = i;
}

static void choose(struct trainer *trainer, const struct dataset *data, long first)
{
    long rest = data->count - first, streams = trainer->options->streams;
    batch_choose(&trainer->batch, data, trainer->order, first, (int)(rest < streams ? rest : streams));
}

/* Adds up the counts of all targets. */
static void add_counts(struct trainer *trainer, struct score *score)
{
    struct score_count all = {0};
    for (int i = 0; i < trainer->model->training->target_count; i++) {
        const struct score_count *count = &trainer->held_counts[i];
        all.right += count->right;
        all.ids += count->ids;
        all.errors += count->errors;
        all.labels += count->labels;
    }
    double numbers[] = {all.right, all.ids, all.errors, all.labels};
    ranks_sum(trainer->ranks, numbers, sizeof numbers / sizeof *numbers);
    all = (struct score_count){numbers[0], numbers[1], numbers[2], numbers[3]};
    score->accuracy = all.ids > 0 ? all.right / all.ids : -1;
    score->label_errors = all.labels > 0 ? all.errors / all.labels : -1;
}

bool validate(struct trainer *trainer, bool (*stop)(void), struct score *score, bool *stopped, const char **error)
{
    const struct dataset *held = trainer->held;
    struct arena *arena = arena_new();
    void **outputs;
    long streams = trainer->options->streams;
    bool done = prepare_scorer(trainer, arena, &outputs, error);
    tally_clear(&trainer->held_tally);
    memset(trainer->held_counts, 0, (size_t)trainer->model->training->target_count * sizeof *trainer->held_counts);
    put_in_order(trainer, held);
    for (long first = 0; done && !*stopped && first < held->count; first += streams) {
        choose(trainer, held, first);
        rnn_status status = validate_batch(trainer, stop, outputs, stopped);
        done = status == RNN_OK;
        *error = done ? NULL : arena_printf(trainer->arena, "validation: %s", rnn_status_text(status));
    }
    score->loss = tally_mean(&trainer->held_tally);
    arena_free(arena);
    if (done && !*stopped && !tally_counts(&trainer->held_tally)) {
        *error = "validation: no loss counts, as all ids that losses are computed from are -1";
        return false;
    }
    if (done)
        add_counts(trainer, score);
    return done;
}

double probe_loss(struct trainer *trainer)
{
    put_in_order(trainer, trainer->data);
    choose(trainer, trainer->data, 0);
    trainer_begin_streams(trainer);
    struct plan plan = batch_plan(&trainer->batch, 0, trainer->window, trainer->window);
    batch_fill(&trainer->batch, 0, plan.frames, 0);
    tally_clear(&trainer->held_tally);
    if (call_network(trainer, &plan) == RNN_OK && tally_call_counts(&trainer->held_tally))
        tally_add(&trainer->held_tally);
    return tally_counts(&trainer->held_tally) ? tally_mean(&trainer->held_tally) : 0;
}
