/* Calls of the network on this rank's streams of a batch, joined with those of the other ranks. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "train/trainer.h"

/* A call that is being made. */
struct joint {
    struct trainer *trainer;
    struct tally *tally; /* gets the losses */
    void *gradient;
    bool overlaps;          /* sums of gradients begin while others are still computed */
    int next;               /* in sum_order: those before are being summed, or have been gathered */
    size_t gathered, begun; /* of trainer->small: how many numbers it has, and of how many the sum has begun */
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

/* ---- sums of gradients ---- */

/* Gradients are summed parameter by parameter, or part by part, in the same order on all ranks: that in which the last
 * rank, which always has streams, has completed them in its first call. Small ones are gathered, and summed together: a
 * sum takes some time to begin, and many that are under way at once are in each other's way. */

enum { SMALL_BYTES = 1 << 18, GATHERED_BYTES = 1 << 20 };

static bool is_small(const rnn_model *model, const struct summed *summed)
{
    return summed->count * (size_t)model->real_size < SMALL_BYTES;
}

/* Allocates what small gradients are gathered in. */
static void open_small(struct trainer *trainer)
{
    const rnn_model *model = trainer->model;
    size_t units = 0;
    for (int i = 0; i < trainer->sum_count; i++)
        units += is_small(model, &trainer->sum_order[i]) ? trainer->sum_order[i].count : 0;
    trainer->small = arena_alloc(trainer->arena, units + 1, (size_t)model->real_size);
}

static char *at(const rnn_model *model, void *numbers, size_t place)
{
    return (char *)numbers + place * (size_t)model->real_size;
}

/* Returns its numbers within a gradient. */
static char *numbers_of(const rnn_model *model, void *gradient, const struct summed *summed)
{
    return at(model, gradient, model->parameters[summed->parameter].offset + summed->first);
}

static void begin_gathered(struct joint *joint)
{
    struct trainer *trainer = joint->trainer;
    const rnn_model *model = trainer->model;
    ranks_begin_sum(trainer->ranks, at(model, trainer->small, joint->begun), joint->gathered - joint->begun,
                    model->real_size);
    joint->begun = joint->gathered;
}

static void gather(struct joint *joint, const struct summed *summed)
{
    const rnn_model *model = joint->trainer->model;
    const size_t size = (size_t)model->real_size;
    memcpy(at(model, joint->trainer->small, joint->gathered), numbers_of(model, joint->gradient, summed),
           summed->count * size);
    joint->gathered += summed->count;
    if ((joint->gathered - joint->begun) * size >= GATHERED_BYTES)
        begin_gathered(joint);
}

/* Puts the sums of small gradients in their places. */
static void spread(const struct joint *joint)
{
    const struct trainer *trainer = joint->trainer;
    const rnn_model *model = trainer->model;
    size_t place = 0;
    for (int i = 0; i < trainer->sum_count; i++) {
        const struct summed *summed = &trainer->sum_order[i];
        if (!is_small(model, summed))
            continue;
        memcpy(numbers_of(model, joint->gradient, summed), at(model, trainer->small, place),
               summed->count * (size_t)model->real_size);
        place += summed->count;
    }
}

/* Notes the order of the first call, on all ranks. */
static void find_order(struct trainer *trainer)
{
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "%d", trainer->heard_count);
    for (int i = 0; i < trainer->heard_count; i++)
        text_printf(&text, " %d %zu %zu", trainer->heard[i].parameter, trainer->heard[i].first,
                    trainer->heard[i].count);
    char *at = arena_printf(arena, "%s", ranks_text(trainer->ranks, arena, trainer->ranks->count - 1, text.data));
    trainer->sum_count = (int)strtol(at, &at, 10);
    trainer->sum_order = ARENA_ARRAY(trainer->arena, struct summed, trainer->sum_count + 1);
    for (int i = 0; i < trainer->sum_count; i++) {
        const int parameter = (int)strtol(at, &at, 10);
        const size_t first = strtoul(at, &at, 10), count = strtoul(at, &at, 10);
        trainer->sum_order[i] = (struct summed){parameter, first, count};
    }
    trainer->heard_count = 0; /* of an order that was not known yet */
    arena_free(arena);
}

/* Begins the sums of gradients that are complete, as far as the order allows. */
static void begin_sums(struct joint *joint, bool all)
{
    struct trainer *trainer = joint->trainer;
    const rnn_model *model = trainer->model;
    if (!trainer->small)
        open_small(trainer);
    for (; joint->next < (all ? trainer->sum_count : trainer->heard_count); joint->next++) {
        const struct summed *summed = &trainer->sum_order[joint->next];
        if (is_small(model, summed))
            gather(joint, summed);
        else
            ranks_begin_sum(trainer->ranks, numbers_of(model, joint->gradient, summed), summed->count,
                            model->real_size);
    }
    if (joint->next == trainer->sum_count)
        begin_gathered(joint);
}

/* Notes what is complete: the next of the order, or, where that is not known yet, its next one. */
static void note_heard(struct trainer *trainer, const struct summed *summed)
{
    if (!trainer->sum_order) {
        ARENA_PUSH(trainer->arena, trainer->heard, trainer->heard_count, trainer->heard_capacity, *summed);
        return;
    }
    const struct summed *next = &trainer->sum_order[trainer->heard_count];
    if (trainer->heard_count < trainer->sum_count && next->parameter == summed->parameter &&
        next->first == summed->first && next->count == summed->count)
        trainer->heard_count++;
}

static void hear_of_gradient(void *context, int parameter, size_t first, size_t count)
{
    struct joint *joint = context;
    struct trainer *trainer = joint->trainer;
    note_heard(trainer, &(struct summed){parameter, first, count});
    if (joint->overlaps && tally_call_counts(joint->tally)) {
        begin_sums(joint, false);
        ranks_push_sums(trainer->ranks);
    }
}

static void sum_gradient(struct joint *joint)
{
    struct trainer *trainer = joint->trainer;
    if (!trainer->sum_order && trainer->ranks->count > 1)
        find_order(trainer);
    if (!tally_call_counts(joint->tally))
        return;
    if (!compress_sends_all(&trainer->compress, trainer->position.step)) {
        compress_sum(&trainer->compress, joint->gradient);
    } else if (trainer->ranks->count > 1) {
        begin_sums(joint, true);
        ranks_end_sums(trainer->ranks);
        spread(joint);
    }
}

/* ---- calls ---- */

rnn_status trainer_call(struct trainer *trainer, rnn_window window, struct tally *tally, double *loss, void *gradient)
{
    const struct batch *batch = &trainer->batch;
    const rnn_model *model = trainer->model;
    const bool joins = trainer->ranks->count > 1;
    struct joint joint = {.trainer = trainer, .tally = tally, .gradient = gradient};
    const rnn_exchange exchange = {&joint, add_losses, hear_of_gradient};
    rnn_status status;
    window.lengths = batch->window_lengths;
    window.first_stream = batch->first;
    window.exchange = joins ? &exchange : NULL;
    joint.overlaps = trainer->sum_order && !trainer->options->no_overlap &&
                     compress_sends_all(&trainer->compress, trainer->position.step);
    trainer->heard_count = 0;
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
    if (status == RNN_OK && gradient)
        sum_gradient(&joint);
    return status;
}

void trainer_begin_streams(struct trainer *trainer)
{
    if (trainer->batch.streams)
        trainer->model->training->state_init(trainer->state, trainer->batch.streams);
}
