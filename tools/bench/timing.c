#include "bench/timing.h"

#include <stdlib.h>
#include <time.h>

enum { CALLS_MOST = 1000000, CALLS_LEAST = 5, CALLS_WARM = 3 };

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

bool timing_measure(rnn_status (*call)(void *context), void *context, double seconds, struct timing *timing,
                    const char **error)
{
    double *taken = malloc(CALLS_MOST * sizeof *taken);
    *error = taken ? NULL : "out of memory";
    int count = -CALLS_WARM;
    for (double begun = seconds_now(), start = begun;
         !*error && (count < CALLS_LEAST || (start < begun + seconds && count < CALLS_MOST)); count++) {
        const rnn_status status = call(context);
        const double ended = seconds_now();
        if (status != RNN_OK)
            *error = rnn_status_text(status);
        if (count >= 0)
            taken[count] = ended - start;
        start = seconds_now();
    }
    if (!*error)
        *timing = timing_of(taken, count);
    free(taken);
    return !*error;
}
