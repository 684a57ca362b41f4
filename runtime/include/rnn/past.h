/* The past of a value: the frames before the first of a call.
 *
 * A value with a past of d frames lies in memory as d + frames groups of `streams` columns of `pad` numbers, and is
 * named by the address of frame 0: its past is at frames -d .. -1. A value that is overwritten in place has one group,
 * which is its past before a frame and the frame itself after; it is passed as the address behind that group, with d =
 * 1.
 *
 * In a state that is stepped, a long past is a ring, so that a step need not move it: 2 d groups, in which frame 0 is
 * group d + position, and whatever is in a group from d on is also d groups below, where a later frame looks for it:
 *
 *     position 0       p p p p 0 . . .        d = 4; 0: frame 0, p: its past, .: not read
 *     position 2       b b p p p p 0 .        b: as group 4 and 5, for when the position is 0 again
 *
 * The position of a value, 0 .. d - 1, goes up by one with each step, for all streams alike. It lies in the state;
 * `ring` is its address, and NULL for a value that is no ring, as in the work of a call. */
#ifndef RNN_PAST_H
#define RNN_PAST_H

#include "rnn/library.h"
#include "rnn/status.h"
#include "rnn/vec.h"

/* Fills the past of one fresh stream with its initial value, of n numbers or (one = 1) one number for all; NULL: 0. */
RNN_HELPER void rnn_start_past(rnn_real *value, int past, int pad, int n, const rnn_real *init, int one, int streams,
                               int stream)
{
    rnn_real *const last = value + ((ptrdiff_t)stream - streams) * pad;
    for (int i = 0; past && i < pad; i++)
        last[i] = !init || i >= n ? 0 : init[one ? 0 : i];
    for (ptrdiff_t d = 1; d < past; d++)
        memcpy(last - d * streams * pad, last, (size_t)pad * sizeof *last);
}

/* Does the same on the other side: `future` frames from frame `end` on. */
RNN_HELPER void rnn_start_future(rnn_real *value, int future, int pad, int n, const rnn_real *init, int one, int end,
                                 int streams, int stream)
{
    rnn_start_past(value + (ptrdiff_t)(end + future) * streams * pad, future, pad, n, init, one, streams, stream);
}

/* Carries the past on after `frames` frames: the last `past` of all frames so far become the past of the next. */
RNN_HELPER void rnn_carry_past(rnn_real *value, int past, int pad, int frames, int streams)
{
    const ptrdiff_t size = (ptrdiff_t)past * streams * pad, moved = (ptrdiff_t)frames * streams * pad;
    if (frames < past)
        memmove(value - size, value - size + moved, (size_t)size * sizeof *value);
    else /* by vectors, as they were stored: a load that finds its data in parts waits for all of them */
        for (ptrdiff_t i = -size; i < 0; i += RNN_LANES)
            rnn_vec_store(value + i, rnn_vec_load(value + moved + i));
}

/* Returns the position of a ring; 0 for a value that is none. */
RNN_HELPER size_t rnn_ring_position(const int *ring) { return ring ? (size_t)*ring : 0; }

/* Copies what the past of `count` streams from `first` on has in upper groups to the lower ones: behind every change of
 * the past but a step. */
RNN_HELPER void rnn_mirror_past(rnn_real *value, const int *ring, int past, int pad, int streams, int first, int count)
{
    for (int d = 1; ring && d <= *ring; d++) { /* the last frames of the past */
        rnn_real *const upper = value + ((ptrdiff_t)first - (ptrdiff_t)d * streams) * pad;
        memcpy(upper - (ptrdiff_t)past * streams * pad, upper, (size_t)count * (size_t)pad * sizeof *value);
    }
}

/* Carries the past on in a ring, after one frame; where there is none, as rnn_carry_past does. */
RNN_HELPER void rnn_carry_ring(rnn_real *value, int *ring, int past, int pad, int frames, int streams)
{
    const ptrdiff_t group = (ptrdiff_t)streams * pad;
    if (!ring) {
        rnn_carry_past(value, past, pad, frames, streams);
        return;
    }
    for (ptrdiff_t i = 0; i < group; i += RNN_LANES)
        rnn_vec_store(value - past * group + i, rnn_vec_load(value + i));
    *ring = *ring + 1 < past ? *ring + 1 : 0;
}

/* Copies the past of one stream as it is after its last frame, end - 1; end = 0: before the first frame. */
RNN_HELPER void rnn_keep_past(rnn_real *to, const rnn_real *from, int past, int pad, int end, int streams, int stream)
{
    for (int d = 1; d <= past; d++)
        memcpy(to + ((ptrdiff_t)stream - (ptrdiff_t)d * streams) * pad,
               from + ((ptrdiff_t)stream + (ptrdiff_t)(end - d) * streams) * pad, (size_t)pad * sizeof *to);
}

/* Copies the past of `count` streams from `first` on to streams of another call, from `to_first` on. */
RNN_HELPER void rnn_copy_past(rnn_real *to, int to_streams, int to_first, const rnn_real *from, int streams, int first,
                              int count, int past, int pad)
{
    for (int d = 1; d <= past; d++)
        memmove(to + ((ptrdiff_t)to_first - (ptrdiff_t)d * to_streams) * pad,
                from + ((ptrdiff_t)first - (ptrdiff_t)d * streams) * pad, (size_t)count * (size_t)pad * sizeof *to);
}

/* Keeps the value of those of the streams first .. end - 1 whose last frame is t, in columns of `pad` numbers, in a
 * scan that overwrites it in place. */
RNN_SELDOM void rnn_keep_ended(rnn_real *kept, const rnn_real *value, int pad, const int *ends, int t, int first,
                               int end)
{
    for (int stream = first; stream < end; stream++)
        if (ends[stream] == t + 1)
            memcpy(kept + (ptrdiff_t)stream * pad, value + (ptrdiff_t)stream * pad, (size_t)pad * sizeof *kept);
}

/* Sets frames of an output, [frames][streams][n], behind the end of each stream to 0. ends: NULL if none has ended. */
RNN_HELPER void rnn_clear_after_end(rnn_real *out, int n, const int *ends, int frames, int streams)
{
    for (int stream = 0; ends && stream < streams; stream++)
        for (int t = ends[stream]; t < frames; t++)
            memset(out + ((ptrdiff_t)t * streams + stream) * n, 0, (size_t)n * sizeof *out);
}

/* Sets an output of sequences, [streams][n], to 0 for sequences without frames. */
RNN_HELPER void rnn_clear_empty(rnn_real *out, int n, const int64_t *ages, int streams)
{
    for (int stream = 0; stream < streams; stream++)
        if (ages[stream] == 0)
            memset(out + (ptrdiff_t)stream * n, 0, (size_t)n * sizeof *out);
}

/* Copies row `id` of a table of n columns; an id outside the table gives 0. */
RNN_HELPER void rnn_embed(rnn_real *column, const rnn_real *table, int32_t id, int vocabulary, int n)
{
    if (id >= 0 && id < vocabulary)
        memcpy(column, table + (ptrdiff_t)id * n, (size_t)n * sizeof *column);
    else
        memset(column, 0, (size_t)n * sizeof *column);
}

/* Returns units unit .. unit + RNN_LANES - 1 of that row. n: a multiple of the lanes. */
RNN_INLINE rnn_vec rnn_embed_units(const rnn_real *table, int32_t id, int vocabulary, int n, int unit)
{
    return id >= 0 && id < vocabulary ? rnn_vec_load(table + (ptrdiff_t)id * n + unit) : rnn_vec_splat(0);
}

#endif
