/* Milliseconds of the gradient of one weight [N, M] (arguments), as one product over 64 frames, and as 64 products over
 * one, and their ratio: medians of a second's worth. */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "rnn/model.h"
#include "rnn/outer.h"
#include "timing.h"

enum { CALLS_MOST = 10000, WEIGHT_FRAMES = 64 };

/* Returns the time of this thread: a call is long enough to be interrupted by others. */
static double now(void) { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

static int time_weights(int n, int m)
{
    rnn_real *a = rnn_alloc((size_t)WEIGHT_FRAMES * (size_t)RNN_PAD(n) * sizeof *a, 64);
    rnn_real *b = rnn_alloc((size_t)WEIGHT_FRAMES * (size_t)RNN_PAD(m) * sizeof *b, 64);
    rnn_real *to = rnn_alloc((size_t)n * (size_t)m * sizeof *to, 64);
    rnn_real *scratch = rnn_alloc(RNN_OUTER_SCRATCH(n, m) * sizeof *scratch, 64);
    static double times[2][CALLS_MOST];
    int count = 0;
    const int left = WEIGHT_FRAMES;
    for (double begun = now(); now() < begun + 1 && count < CALLS_MOST; count++)
        for (int one = 0; one < 2; one++) { /* in turn */
            const double start = now();
            for (int t = 0; t < WEIGHT_FRAMES; t += one ? 1 : WEIGHT_FRAMES)
                rnn_outer(to, m, 1, a + (ptrdiff_t)t * RNN_PAD(n), RNN_PAD(n), n, b + (ptrdiff_t)t * RNN_PAD(m),
                          RNN_PAD(m), m, one ? 1 : WEIGHT_FRAMES, 1, &left, 0, scratch, &rnn_alone);
            times[one][count] = now() - start;
        }
    const double all = median(times[0], count), each = median(times[1], count);
    printf("%.4f ms at once, %.4f ms frame by frame, ratio %.2f; %.1f GFLOP/s at once\n", all * 1e3, each * 1e3,
           each / all, 2.0 * WEIGHT_FRAMES * n * m / all / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    enum { MOST = 8192 };
    if (argc == 3)
        return time_weights(number_of(argv[1], MOST), number_of(argv[2], MOST));
    fprintf(stderr, "usage: train N M\n");
    return 2;
}
