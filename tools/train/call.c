/* Calls of the network on this rank's streams of a batch, joined with those of the other ranks. */
#include <math.h>
#include <string.h>

#include "train/trainer.h"

/* A call that is being made. */
struct joint {
    struct trainer *trainer;
    struct tally *tally; /* gets the losses */
};

/* Adds up the losses of all ranks, and whether one of them has been asked to stop. */
static rnn_status add_losses(void *context, rnn_loss *losses, int count)
{
    const struct joint *joint = context;
    struct trainer *trainer = joint->trainer;
    double *numbers = trainer->sums;
    for (int i = 0; i < count; i++) {
        numbers[2 * i] = losses[i].sum;
        numbers[2 * i + 1] = losses[i].count;
    }
    numbers[2 * count] = trainer->stop && trainer->stop();
    ranks_sum(trainer->ranks, numbers, 2 * count + 1);
    for (int i = 0; i < count; i++)
        joint->tally->call[i] = losses[i] = (rnn_loss){numbers[2 * i], numbers[2 * i + 1]};
    trainer->stops = numbers[2 * count] > 0;
    return RNN_OK;
}

/* Takes part in a call without streams. */
static rnn_status call_without_streams(struct joint *joint, double *loss, void *gradient)
{
    const rnn_model *model = joint->trainer->model;
    struct tally *tally = joint->tally;
    const size_t bytes = (size_t)model->training->loss_count * sizeof *tally->call;
    memset(tally->call, 0, bytes);
    if (gradient)
        memset(gradient, 0, model->parameter_elements * (size_t)model->real_size);
    rnn_status status = add_losses(joint, tally->call, model->training->loss_count);
    *loss = 0;
    for (int i = 0; i < model->training->loss_count; i++)
        *loss += tally->call[i].count == 0 ? 0 : tally->call[i].sum / tally->call[i].count;
    return status;
}

rnn_status trainer_call(struct trainer *trainer, rnn_window window, struct tally *tally, double *loss, void *gradient)
{
    const struct batch *batch = &trainer->batch;
    const rnn_model *model = trainer->model;
    struct joint joint = {trainer, tally};
    const rnn_exchange exchange = {&joint, add_losses, NULL};
    const bool joins = trainer->ranks->count > 1;
    rnn_status status;
    window.lengths = batch->window_lengths;
    window.first_stream = batch->first;
    window.exchange = joins ? &exchange : NULL;
    if (batch->streams)
        status = model->training->grad(trainer->parameters, trainer->state, trainer->work, &window,
                                       (const void *const *)batch->inputs, (const void *const *)batch->targets, loss,
                                       gradient, NULL);
    else
        status = call_without_streams(&joint, loss, gradient);
    if (status == RNN_OK && !joins) {
        tally_take(tally, trainer->state, trainer->work);
        trainer->stops = trainer->stop && trainer->stop();
    }
    if (status == RNN_OK && gradient && tally_call_counts(tally))
        compress_sum(&trainer->compress, gradient, trainer->position.step);
    return status;
}

void trainer_begin_streams(struct trainer *trainer)
{
    if (trainer->batch.streams)
        trainer->model->training->state_init(trainer->state, trainer->batch.streams);
}
