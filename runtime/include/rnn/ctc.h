/* The loss of connectionist temporal classification: Graves, Fernandez, Gomez, Schmidhuber, "Connectionist Temporal
 * Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", ICML 2006, sections 3 and 4.
 *
 * A path names one of n symbols for each frame, of which 0 is the blank. It spells the labels that are left when first
 * repeated symbols are merged and then blanks removed. The probability of the labels is the sum over all paths that
 * spell them, and that of a path the product over its frames of y_t(k) = softmax(logits of frame t)_k. Paths are
 * counted by the place they have reached in the labels: state s of S = 2 count + 1 is a blank if s is even, else label
 * s / 2.
 *
 * All sums are of logarithms and in double, whatever rnn_real is.
 */
#ifndef RNN_CTC_H
#define RNN_CTC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn/model.h"
#include "rnn/past.h"

/* A double within the scratch, which is memory of rnn_real. */
typedef double rnn_ctc_number __attribute__((may_alias, aligned(sizeof(rnn_real))));

/* One sequence, for the functions below. */
typedef struct {
    const rnn_real *logits;
    ptrdiff_t stride;
    int frames, n;
    const int32_t *labels;
    ptrdiff_t states;          /* S */
    rnn_ctc_number *forward;   /* [frames + 1][S]: log of the probability to be in state s after so many frames */
    rnn_ctc_number *backward;  /* [S]: log of the probability of the frames that are left, from state s */
    rnn_ctc_number *total;     /* [frames]: log sum_k e^logit_k */
    rnn_ctc_number *occupancy; /* [n]: of one frame */
} rnn_ctc_sequence;

/* Returns the numbers of type rnn_real that rnn_ctc needs as scratch for so many frames, n symbols and labels. If that
 * would overflow, it is a size that no machine has. */
RNN_HELPER size_t rnn_ctc_scratch(int frames, int n, int most_labels)
{
    const size_t states = 2 * (size_t)most_labels + 1, limit = PTRDIFF_MAX / sizeof(double);
    size_t count;
    if (__builtin_mul_overflow((size_t)frames + 2, states, &count) ||
        __builtin_add_overflow(count, (size_t)frames + (size_t)n, &count) || count > limit)
        count = limit;
    return count * (sizeof(double) / sizeof(rnn_real));
}

/* Returns log(e^a + e^b + e^c), or NaN if one of them is. */
RNN_HELPER double rnn_ctc_log_add(double a, double b, double c)
{
    double most = a > b ? a : b;
    most = most > c ? most : c;
    if (!(most > -INFINITY))
        return a + b + c;
    return most + log(exp(a - most) + exp(b - most) + exp(c - most));
}

/* Returns the symbol of state s. */
RNN_HELPER int32_t rnn_ctc_symbol(const rnn_ctc_sequence *sequence, ptrdiff_t s)
{
    return s % 2 ? sequence->labels[s / 2] : 0;
}

/* True if a path may go from state s - 2 to state s, over the blank between two labels that differ. */
RNN_HELPER int rnn_ctc_skips(const rnn_ctc_sequence *sequence, ptrdiff_t s)
{
    return s % 2 && s >= 3 && sequence->labels[s / 2] != sequence->labels[s / 2 - 1];
}

/* Returns log y_t of the symbol of state s. */
RNN_HELPER double rnn_ctc_emission(const rnn_ctc_sequence *sequence, int t, ptrdiff_t s)
{
    return (double)sequence->logits[t * sequence->stride + rnn_ctc_symbol(sequence, s)] - sequence->total[t];
}

/* Returns log sum_k e^logit_k of frame t. */
RNN_HELPER double rnn_ctc_total(const rnn_ctc_sequence *sequence, int t)
{
    const rnn_real *logits = sequence->logits + t * sequence->stride;
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < sequence->n; k++)
        most = (double)logits[k] > most ? (double)logits[k] : most;
    for (int k = 0; k < sequence->n; k++)
        sum += exp((double)logits[k] - most);
    return most + log(sum);
}

/* Fills `total` and `forward` (equation 6) and returns the logarithm of the labels' probability (equation 8). Unlike
 * there, the sum begins with a frame before the first, which is in state 0. */
RNN_HELPER double rnn_ctc_forward(const rnn_ctc_sequence *sequence)
{
    const ptrdiff_t states = sequence->states;
    rnn_ctc_number *now = sequence->forward;
    for (ptrdiff_t s = 0; s < states; s++)
        now[s] = s == 0 ? 0 : -INFINITY;
    for (int t = 0; t < sequence->frames; t++) {
        const rnn_ctc_number *before = now;
        now += states;
        sequence->total[t] = rnn_ctc_total(sequence, t);
        for (ptrdiff_t s = 0; s < states; s++) {
            double sum = rnn_ctc_log_add(before[s], s >= 1 ? before[s - 1] : -INFINITY,
                                         rnn_ctc_skips(sequence, s) ? before[s - 2] : -INFINITY);
            now[s] = sum + rnn_ctc_emission(sequence, t, s);
        }
    }
    return states > 1 ? rnn_ctc_log_add(now[states - 1], now[states - 2], -INFINITY) : (double)now[0];
}

/* Computes `backward` of frame t from that of frame t + 1 (equation 10), but without the frame's own emission, so that
 * the product of forward and backward is the probability of all paths through the state. */
RNN_HELPER void rnn_ctc_step_back(const rnn_ctc_sequence *sequence, int t)
{
    const ptrdiff_t states = sequence->states;
    rnn_ctc_number *backward = sequence->backward;
    if (t == sequence->frames - 1) {
        for (ptrdiff_t s = 0; s < states; s++)
            backward[s] = s >= states - 2 ? 0 : -INFINITY;
        return;
    }
    for (ptrdiff_t s = 0; s < states; s++)
        backward[s] += rnn_ctc_emission(sequence, t + 1, s);
    for (ptrdiff_t s = 0; s < states; s++)
        backward[s] = rnn_ctc_log_add(backward[s], s + 1 < states ? backward[s + 1] : -INFINITY,
                                      s + 2 < states && rnn_ctc_skips(sequence, s + 2) ? backward[s + 2] : -INFINITY);
}

/* Equation 16: d loss / d logit_k = y_t(k) - (probability that a path which spells the labels is in k at t). */
RNN_HELPER void rnn_ctc_backward(const rnn_ctc_sequence *sequence, double log_probability, rnn_real *gradient,
                                 ptrdiff_t gradient_stride, rnn_real scale)
{
    for (int t = sequence->frames - 1; t >= 0; t--) {
        const rnn_ctc_number *forward = sequence->forward + (t + 1) * sequence->states;
        rnn_ctc_step_back(sequence, t);
        for (int k = 0; k < sequence->n; k++)
            sequence->occupancy[k] = 0;
        for (ptrdiff_t s = 0; s < sequence->states; s++)
            sequence->occupancy[rnn_ctc_symbol(sequence, s)] +=
                exp(forward[s] + sequence->backward[s] - log_probability);
        for (int k = 0; k < sequence->n; k++) {
            double y = exp((double)sequence->logits[t * sequence->stride + k] - sequence->total[t]);
            gradient[t * gradient_stride + k] = (rnn_real)((double)scale * (y - sequence->occupancy[k]));
        }
    }
}

/* Returns the loss of one sequence, -log of the probability of its `count` labels (each 1 .. n - 1; rnn_check_labels):
 * infinite where the frames are too few for them, NaN where a logit is. The n logits of frame t are at logits + t
 * stride. gradient: n numbers for each frame, at gradient + t gradient_stride, overwritten with scale * d loss / d
 * logit, or with 0 where the loss is infinite; NULL: not wanted. scratch: rnn_ctc_scratch(frames, n, count) numbers or
 * more. */
RNN_HELPER rnn_real rnn_ctc(const rnn_real *logits, ptrdiff_t stride, int frames, int n, const int32_t *labels,
                            int count, rnn_real *gradient, ptrdiff_t gradient_stride, rnn_real scale, rnn_real *scratch)
{
    rnn_ctc_number *numbers = (rnn_ctc_number *)(void *)scratch;
    rnn_ctc_sequence sequence = {logits, stride, frames, n, labels, 2 * (ptrdiff_t)count + 1, NULL, NULL, NULL, NULL};
    sequence.forward = numbers;
    sequence.backward = sequence.forward + ((ptrdiff_t)frames + 1) * sequence.states;
    sequence.total = sequence.backward + sequence.states;
    sequence.occupancy = sequence.total + frames;

    double log_probability = rnn_ctc_forward(&sequence);
    if (gradient && log_probability == -INFINITY)
        for (int t = 0; t < frames; t++)
            memset(gradient + t * gradient_stride, 0, (size_t)n * sizeof *gradient);
    else if (gradient)
        rnn_ctc_backward(&sequence, log_probability, gradient, gradient_stride, scale);
    return (rnn_real)(0 - log_probability);
}

/* Checks the labels of a target. RNN_ERROR_ARGUMENT: counts or ids are missing. RNN_ERROR_LENGTH: a count below 0 or
 * above `most`, or more labels than the frames of the stream can spell: one for each label and one for the blank
 * between two equal ones. RNN_ERROR_ID: a label outside 1 .. vocabulary - 1. The labels of a stream without frames are
 * ignored: it has no loss. */
RNN_HELPER rnn_status rnn_check_labels(const rnn_labels *labels, int vocabulary, const int *lengths, int frames,
                                       int streams)
{
    if (!labels || !labels->counts || (!labels->ids && labels->most > 0))
        return RNN_ERROR_ARGUMENT;
    for (int stream = 0; stream < streams; stream++) {
        const int count = labels->counts[stream], length = lengths ? lengths[stream] : frames;
        if (count < 0 || count > labels->most)
            return RNN_ERROR_LENGTH;
        if (length == 0)
            continue;
        const int32_t *ids = labels->ids + (ptrdiff_t)stream * labels->most;
        int64_t needed = count;
        for (int i = 0; i < count; i++) {
            if (ids[i] < 1 || ids[i] >= vocabulary)
                return RNN_ERROR_ID;
            needed += i > 0 && ids[i] == ids[i - 1];
        }
        if (needed > length)
            return RNN_ERROR_LENGTH;
    }
    return RNN_OK;
}

#endif
