/* Parts of training calls beside the network itself: losses and their seeds, faults and dropout.
 *
 * Columns are laid out as everywhere: column t * streams + stream of a block of frames. `left` holds for each stream
 * the number of its frames from the block's first on, none if 0 or less; later frames are not read. */
#ifndef RNN_TRAIN_H
#define RNN_TRAIN_H

#include "rnn/model.h"
#include "rnn/team.h"
#include "rnn/tile.h"
#include "rnn/vec.h"

/* ---- losses ---- */

/* The sum of one `loss` statement so far. */
typedef struct {
    double sum, count;
    int fault_frame, fault_stream; /* the first frame whose loss is not finite, from 1 on; 0: none */
} rnn_loss_sum;

/* Adds the losses of a block whose first frame is frame `done` of the window. seed: 1 where a loss counts, else 0.
 * counts: NULL, or not 0 where it does. All three are columns of one unit. */
RNN_HELPER void rnn_seed_add(rnn_loss_sum *total, rnn_real *seed, const rnn_real *loss, const rnn_real *counts,
                             int done, int loss_from, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++) {
            const ptrdiff_t at = ((ptrdiff_t)t * streams + stream) * RNN_PAD(1);
            const int valid = done + t >= loss_from && t < left[stream] && (!counts || counts[at] != 0);
            seed[at] = (rnn_real)valid;
            if (valid) {
                total->sum += (double)loss[at];
                total->count++;
                if (!isfinite(loss[at]) && (!total->fault_frame || done + t < total->fault_frame - 1)) {
                    total->fault_frame = done + t + 1;
                    total->fault_stream = stream;
                }
            }
        }
}

/* Makes the seed of an output, of a block whose first frame is frame `done` of the window: 1 where its adjoint counts,
 * else 0; columns of one unit. */
RNN_HELPER void rnn_mark_counted(rnn_real *seed, int done, int loss_from, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            seed[((ptrdiff_t)t * streams + stream) * RNN_PAD(1)] = done + t >= loss_from && t < left[stream];
}

/* Gives, after the forward passes, the sum of the mean losses; before, the sums become those of all calls that the
 * window is exchanged with. losses: scratch, [count]. */
RNN_HELPER rnn_status rnn_finish_losses(const rnn_window *window, rnn_loss_sum *sums, rnn_loss *losses, int count,
                                        double *loss)
{
    const rnn_exchange *const exchange = window->exchange;
    rnn_status status = RNN_OK;
    double total = 0;
    for (int i = 0; i < count; i++) {
        losses[i].sum = sums[i].sum;
        losses[i].count = sums[i].count;
    }
    if (exchange && exchange->sums)
        status = exchange->sums(exchange->context, losses, count);
    for (int i = 0; i < count; i++) {
        sums[i].sum = losses[i].sum;
        sums[i].count = losses[i].count;
        total += losses[i].count == 0 ? 0 : losses[i].sum / losses[i].count;
    }
    *loss = total;
    return status;
}

/* Makes the seed of a loss, 1 where it counts, the derivative of its mean: 1 / count. */
RNN_HELPER void rnn_scale_seed(const rnn_loss_sum *total, rnn_real *seed, int frames, int streams)
{
    const rnn_real scale = total->count == 0 ? 0 : (rnn_real)(1 / total->count);
    for (ptrdiff_t column = 0; column < (ptrdiff_t)frames * streams; column++)
        seed[column * RNN_PAD(1)] *= scale;
}

/* A parameter whose gradient is told of as a whole. */
typedef struct {
    int parameter;
    size_t count; /* of its numbers */
} rnn_finished;

/* Tells those who wait for them that the gradients of these parameters are complete. */
RNN_HELPER void rnn_tell_finished(const rnn_window *window, const rnn_finished *parameters, int count)
{
    const rnn_exchange *const exchange = window->exchange;
    for (int i = 0; i < count && exchange && exchange->finished; i++)
        exchange->finished(exchange->context, parameters[i].parameter, 0, parameters[i].count);
}

/* Does the same for a part of a gradient, numbers first .. first + count - 1 of it, once all threads of a region have
 * added to it. last: the block at hand is the last one. */
RNN_HELPER void rnn_tell_part(const rnn_window *window, int last, const rnn_share *share, int parameter, size_t first,
                              size_t count)
{
    const rnn_exchange *const exchange = window->exchange;
    if (!last || !exchange || !exchange->finished)
        return;
    rnn_barrier(share);
    if (share->thread == 0)
        exchange->finished(exchange->context, parameter, first, count);
}

/* ---- faults ---- */

/* Finds the first frame before fault->frame at which a value of n units in columns of `pad` is not finite. */
RNN_HELPER void rnn_find_fault(rnn_fault *fault, const char *region, const char *value, const rnn_real *data, int n,
                               int pad, int streams, const int *lengths)
{
    for (int t = 0; t < fault->frame; t++)
        for (int stream = 0; stream < streams; stream++)
            for (int i = 0; i < n && (!lengths || t < lengths[stream]); i++)
                if (!isfinite(data[((ptrdiff_t)t * streams + stream) * pad + i])) {
                    *fault = (rnn_fault){region, value, t, stream, i};
                    return;
                }
}

/* Finds the last such frame behind fault->frame: gradients come from the end of the window. */
RNN_HELPER void rnn_find_gradient_fault(rnn_fault *fault, const char *region, const char *value, const rnn_real *data,
                                        int n, int pad, int frames, int streams, const int *lengths)
{
    for (int t = frames - 1; t > fault->frame; t--)
        for (int stream = 0; stream < streams; stream++)
            for (int i = 0; i < n && (!lengths || t < lengths[stream]); i++)
                if (!isfinite(data[((ptrdiff_t)t * streams + stream) * pad + i])) {
                    *fault = (rnn_fault){region, value, t, stream, i};
                    return;
                }
}

RNN_HELPER void rnn_find_loss_fault(rnn_fault *fault, const char *region, const char *loss, const rnn_loss_sum *total)
{
    if (total->fault_frame && total->fault_frame - 1 < fault->frame)
        *fault = (rnn_fault){region, loss, total->fault_frame - 1, total->fault_stream, 0};
}

/* ---- masks ---- */

/* Marks with 1 the first frame of each sequence, or the last, for all frames of a call of whole sequences. */
RNN_HELPER void rnn_mark_ends(rnn_real *mark, int last, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            mark[((ptrdiff_t)t * streams + stream) * RNN_PAD(1)] = t == (last ? left[stream] - 1 : 0);
}

RNN_HELPER void rnn_mark_lengths(rnn_real *length, int streams, const int *left)
{
    for (int stream = 0; stream < streams; stream++)
        length[(ptrdiff_t)stream * RNN_PAD(1)] = (rnn_real)RNN_MAX(left[stream], 1);
}

/* Returns splitmix64 (Steele, Lea, Flood 2014) of a counter: without state, so that any schedule and any number of
 * threads draw the same. */
RNN_HELPER uint64_t rnn_mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Draws a mask of dropout (Srivastava et al. 2014), inverted: each of n units is 0 with probability p, else 1 / (1 -
 * p). It depends on seed, place in the program, frame of the sequence (0 for a mask of a whole sequence; for weights
 * the call), stream (of the batch; for weights 0) and unit alone. In a window without drops it is 1. */
RNN_HELPER void rnn_keep(rnn_real *keep, int n, double p, const rnn_window *window, int place, int64_t frame,
                         int stream)
{
    uint64_t key = 0;
    if (window->drops)
        key = rnn_mix(rnn_mix(rnn_mix(window->seed) + (uint64_t)place) ^ ((uint64_t)(uint32_t)stream << 32) ^
                      (uint64_t)frame);
    for (int i = 0; i < n; i++)
        keep[i] = !window->drops                                             ? 1
                  : (double)(rnn_mix(key + (uint64_t)i) >> 11) * 0x1p-53 < p ? 0
                                                                             : (rnn_real)(1 / (1 - p));
}

#endif
