#include "bench/timing.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS_MOST = 1000000, CALLS_LEAST = 5, TOGETHER_MOST = 1000 };
static const double sample_least = 5e-6; /* seconds: of shorter calls, of which the clock would be a part, several make
                                            a sample for the median */

static double seconds_on(clockid_t timer)
{
    struct timespec now;
    clock_gettime(timer, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double seconds_now(void) { return seconds_on(CLOCK_MONOTONIC); }
double seconds_of_thread(void) { return seconds_on(CLOCK_THREAD_CPUTIME_ID); }

static int compare_seconds(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct timing timing_of(double *seconds, int count)
{
    qsort(seconds, (size_t)count, sizeof *seconds, compare_seconds);
    const int late = (int)((999L * count + 999) / 1000) - 1;
    return (struct timing){.median = seconds[(count - 1) / 2], .late = seconds[late], .calls = count};
}

struct samples {
    rnn_status (*call)(void *context);
    void *context;
    double *seconds; /* of a call; CALLS_MOST */
    int count;
};

/* Adds samples of so many calls each until a moment, and at least a few. */
static rnn_status add_samples(struct samples *samples, int together, double until)
{
    const int least = samples->count + CALLS_LEAST;
    double start = seconds_now();
    while (samples->count < CALLS_MOST && (samples->count < least || start < until)) {
        for (int i = 0; i < together; i++) {
            const rnn_status status = samples->call(samples->context);
            if (status != RNN_OK)
                return status;
        }
        samples->seconds[samples->count++] = (seconds_now() - start) / together;
        start = seconds_now();
    }
    return RNN_OK;
}

static rnn_status measure(struct samples *samples, double seconds, struct timing *timing)
{
    rnn_status status = add_samples(samples, 1, 0); /* warms up */
    samples->count = 0;
    const double begun = seconds_now();
    if (status == RNN_OK)
        status = add_samples(samples, 1, begun + seconds / 2);
    if (status != RNN_OK)
        return status;
    *timing = timing_of(samples->seconds, samples->count);
    if (timing->median >= sample_least) {
        status = add_samples(samples, 1, begun + seconds);
        *timing = timing_of(samples->seconds, samples->count);
        return status;
    }
    samples->count = 0;
    status =
        add_samples(samples, (int)(sample_least / fmax(timing->median, sample_least / TOGETHER_MOST)), begun + seconds);
    timing->median = timing_of(samples->seconds, samples->count).median;
    return status;
}

bool timing_measure(rnn_status (*call)(void *context), void *context, double seconds, struct timing *timing,
                    const char **error)
{
    struct samples samples = {call, context, malloc(CALLS_MOST * sizeof *samples.seconds), 0};
    const rnn_status status = samples.seconds ? measure(&samples, seconds, timing) : RNN_OK;
    *error = !samples.seconds ? "out of memory" : status != RNN_OK ? rnn_status_text(status) : NULL;
    free(samples.seconds);
    return !*error;
}
