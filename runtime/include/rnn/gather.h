/* Values over time: last, first, sum, mean and maximum over the frames of a sequence, gathered block by block.
 *
 * `so_far` is [streams] columns of `pad` numbers that outlive the blocks, `value` [frames][streams] columns of one
 * block. ends: for each stream, its own frames within the block; NULL: all. ages: for each stream, its frames before
 * the block.
 *
 * A sum keeps its digits however many frames there are: its columns of so_far hold 2 * pad numbers, the sums and behind
 * them their rounding errors, twice the digits together (double-float arithmetic: Dekker 1971). */
#ifndef RNN_GATHER_H
#define RNN_GATHER_H

#include "rnn/library.h"
#include "rnn/past.h"
#include "rnn/vec.h"

/* Starts a stream: 0, or for a maximum -infinity. count: numbers in a column of so_far. */
RNN_HELPER void rnn_gather_start(rnn_real *so_far, int count, int maximum, int stream)
{
    for (int i = 0; i < count; i++)
        so_far[(ptrdiff_t)stream * count + i] = maximum ? -INFINITY : 0;
}

/* Copies a stream's gathered numbers from one place to another. */
RNN_HELPER void rnn_gather_keep(rnn_real *to, const rnn_real *from, int count, int stream)
{
    memcpy(to + (ptrdiff_t)stream * count, from + (ptrdiff_t)stream * count, (size_t)count * sizeof *to);
}

/* Copies the numbers that streams have gathered to streams of another call, or of the same. */
RNN_HELPER void rnn_gather_copy(rnn_real *to, int to_first, const rnn_real *from, int first, int count, int numbers)
{
    memmove(to + (ptrdiff_t)to_first * numbers, from + (ptrdiff_t)first * numbers,
            (size_t)count * (size_t)numbers * sizeof *to);
}

/* Adds one frame to a stream's sums. */
RNN_HELPER void rnn_gather_add(rnn_real *so_far, const rnn_real *value, int pad)
{
    for (int i = 0; i < pad; i += RNN_LANES) {
        const rnn_vec sum = rnn_vec_load(so_far + i), x = rnn_vec_load(value + i), more = sum + x, part = more - sum;
        const rnn_vec lost = (sum - (more - part)) + (x - part); /* more + lost = sum + x, exactly (Knuth) */
        const rnn_vec rest = rnn_vec_load(so_far + pad + i) + lost, all = more + rest;
        const rnn_mask finite = rnn_mask_eq(more - more, rnn_vec_splat(0));
        rnn_vec_store(so_far + i, rnn_vec_pick(finite, all, more));
        rnn_vec_store(so_far + pad + i, rnn_vec_pick(finite, rest - (all - more), rnn_vec_splat(0)));
    }
}

RNN_HELPER void rnn_gather_sum(rnn_real *so_far, const rnn_real *value, int pad, int frames, int streams,
                               const int *ends)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            if (!ends || t < ends[stream])
                rnn_gather_add(so_far + (ptrdiff_t)stream * 2 * pad, value + ((ptrdiff_t)t * streams + stream) * pad,
                               pad);
}

RNN_HELPER void rnn_gather_max(rnn_real *so_far, const rnn_real *value, int pad, int frames, int streams,
                               const int *ends)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            for (int i = 0; i < pad && (!ends || t < ends[stream]); i += RNN_LANES) {
                rnn_real *to = so_far + (ptrdiff_t)stream * pad + i;
                const rnn_real *from = value + ((ptrdiff_t)t * streams + stream) * pad + i;
                rnn_vec_store(to, rnn_vec_max(rnn_vec_load(to), rnn_vec_load(from)));
            }
}

RNN_HELPER void rnn_gather_last(rnn_real *so_far, const rnn_real *value, int pad, int frames, int streams,
                                const int *ends)
{
    for (int stream = 0; stream < streams; stream++) {
        const int end = ends ? ends[stream] : frames;
        if (end > 0)
            memcpy(so_far + (ptrdiff_t)stream * pad, value + ((ptrdiff_t)(end - 1) * streams + stream) * pad,
                   (size_t)pad * sizeof *so_far);
    }
}

RNN_HELPER void rnn_gather_first(rnn_real *so_far, const rnn_real *value, int pad, int frames, int streams,
                                 const int *ends, const int64_t *ages)
{
    for (int stream = 0; stream < streams; stream++)
        if (ages[stream] == 0 && (ends ? ends[stream] : frames) > 0)
            memcpy(so_far + (ptrdiff_t)stream * pad, value + (ptrdiff_t)stream * pad, (size_t)pad * sizeof *so_far);
}

/* Adds the frames that read out of range with this delay: the first of a sequence, or, reading ahead, the last. Of a
 * sequence that began before this call, initial values are in the past that it reads, and count only with `of_pasts`.
 * left: for each stream, its frames from the block's first on; done: frames of the call before the block. */
RNN_HELPER void rnn_gather_outside(rnn_real *so_far, const rnn_real *value, int pad, int frames, int streams,
                                   const int64_t *ages, const int *left, int done, int delay, int of_pasts)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++) {
            const int outside = delay > 0 ? (of_pasts || ages[stream] == done) && ages[stream] + t < delay
                                          : (int64_t)t - delay >= left[stream];
            if (outside && t < left[stream])
                rnn_gather_add(so_far + (ptrdiff_t)stream * 2 * pad, value + ((ptrdiff_t)t * streams + stream) * pad,
                               pad);
        }
}

/* Computes the value of sequences of `ages` frames: 0 if there was none. */
RNN_HELPER void rnn_gather_finish(rnn_real *value, const rnn_real *so_far, int pad, int streams, const int64_t *ages)
{
    for (int stream = 0; stream < streams; stream++)
        for (int i = 0; i < pad; i++) {
            const ptrdiff_t at = (ptrdiff_t)stream * pad + i;
            value[at] = ages[stream] == 0 ? 0 : so_far[at];
        }
}

/* Does the same for sums, or with `mean` for means. The result is the sum to within half its last place; infinity and
 * NaN come through. */
RNN_HELPER void rnn_gather_finish_sum(rnn_real *value, const rnn_real *so_far, int pad, int mean, int streams,
                                      const int64_t *ages)
{
    for (int stream = 0; stream < streams; stream++)
        for (int i = 0; i < pad; i++) {
            const rnn_real sum = so_far[(ptrdiff_t)stream * 2 * pad + i];
            value[(ptrdiff_t)stream * pad + i] = ages[stream] == 0 ? 0 : mean ? sum / (rnn_real)ages[stream] : sum;
        }
}

#endif
