/* Memory that a forward pass keeps in its work for a backward pass, beside values: the window, with its lengths, and
 * the ages that streams had. They are the head of the work:
 *
 *   rnn_kept | rnn_state with the ages | lengths, [streams] | the rest */
#ifndef RNN_KEPT_H
#define RNN_KEPT_H

#include "rnn/call.h"

typedef struct {
    uint64_t mark; /* RNN_KEPT_MARK behind a forward pass: memory that holds none is refused */
    rnn_window window;
} rnn_kept;

#define RNN_KEPT_MARK UINT64_C(0x9d2c5680f3a1b7e4)

/* Returns the bytes of the head. */
RNN_HELPER size_t rnn_kept_size(int streams)
{
    return RNN_ROUND(sizeof(rnn_kept)) + rnn_state_head(streams) +
           RNN_ROUND((size_t)(streams > 0 ? streams : 0) * sizeof(int));
}

/* Returns a state with the ages of streams before the forward pass, and nothing of their past. */
RNN_HELPER void *rnn_kept_state(void *work) { return (char *)work + RNN_ROUND(sizeof(rnn_kept)); }

RNN_HELPER int *rnn_kept_lengths(void *work, int streams)
{
    return (int *)(void *)((char *)rnn_kept_state(work) + rnn_state_head(streams));
}

/* Returns the work behind the head. */
RNN_HELPER void *rnn_kept_rest(void *work, int streams) { return (char *)work + rnn_kept_size(streams); }

/* Begins a forward pass, which rnn_kept_end ends. */
RNN_HELPER void rnn_kept_begin(void *work, const void *state, const rnn_window *window)
{
    const int streams = rnn_streams(state);
    rnn_kept *const kept = (rnn_kept *)work;
    kept->mark = 0;
    kept->window = *window;
    memcpy(rnn_kept_state(work), state, sizeof(rnn_state) + (size_t)streams * sizeof(int64_t));
    if (window->lengths)
        memcpy(rnn_kept_lengths(work, streams), window->lengths, (size_t)streams * sizeof(int));
}

RNN_HELPER void rnn_kept_end(void *work) { ((rnn_kept *)work)->mark = RNN_KEPT_MARK; }

/* Returns the streams of the forward pass; 0 if the work holds none. */
RNN_HELPER int rnn_kept_streams(void *work)
{
    if (!work || !rnn_holds_ages(work) || ((const rnn_kept *)work)->mark != RNN_KEPT_MARK)
        return 0;
    return rnn_streams(rnn_kept_state(work));
}

/* Returns the window of the forward pass, with the lengths that are kept. */
RNN_HELPER rnn_window rnn_kept_window(void *work)
{
    rnn_window window = ((const rnn_kept *)work)->window;
    if (window.lengths)
        window.lengths = rnn_kept_lengths(work, rnn_streams(rnn_kept_state(work)));
    return window;
}

/* Checks the arguments of a backward pass. streams: rnn_kept_streams(work). */
RNN_HELPER rnn_status rnn_check_backward(const void *params, int streams, const void *gradient)
{
    return params && streams && gradient ? RNN_OK : RNN_ERROR_ARGUMENT;
}

/* Completes the adjoint of the past of a value, frames -1, -2, ..., each [streams][n]. Frames of the past that are
 * still in the past after the call hand on what is given for them. Frames that a stream has not had, in whose place
 * initial values are read, have no adjoint. before: what comes out; NULL: it is not wanted. after: what was given;
 * NULL: 0. begin: numbers of one stream that stand in front of it in both arrays. */
RNN_HELPER void rnn_finish_past(rnn_real *before, const rnn_real *after, int begin, int past, int n,
                                const rnn_call *call)
{
    const ptrdiff_t frame = (ptrdiff_t)call->streams * n, first = (ptrdiff_t)call->streams * begin;
    for (int stream = 0; before && stream < call->streams; stream++)
        for (int k = 0, length = rnn_length(call, stream); k < past; k++) {
            rnn_real *const to = before + first + k * frame + (ptrdiff_t)stream * n;
            const rnn_real *const from = after && length < past - k ? after + (to - before) + length * frame : NULL;
            for (int i = 0; i < n; i++)
                to[i] = k >= call->began[stream] ? 0 : from ? to[i] + from[i] : to[i];
        }
}

#endif
