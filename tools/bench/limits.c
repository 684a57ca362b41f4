#include "bench/limits.h"

#include <dlfcn.h>
#include <math.h>

#include "bench/probes.h"
#include "bench/timing.h"
#include "rnn/model.h"

enum { ATTEMPTS = 7 };
static const double enough_bytes = 32e6;       /* of an attempt, some milliseconds; as many before, not measured */
static volatile double seen_of_all_probes = 0; /* results that a compiler must not leave out */

static const struct {
    const char *function;
    long rounds;
} probes[LIMIT_COUNT] = {
    [LIMIT_FLOPS] = {"probe_flops", 1000000},       [LIMIT_OPERATIONS] = {"probe_operations", 1000000},
    [LIMIT_FUNCTIONS] = {"probe_functions", 50000}, [LIMIT_CLOCK] = {"probe_clock", 1000000},
    [LIMIT_FRAME] = {"probe_frame", 200000},        [LIMIT_FORK] = {"probe_fork", 2000},
    [LIMIT_BARRIER] = {"probe_barrier", 10000},
};

bool limits_open(struct limits *limits, const struct network_options *options, const char **error)
{
    struct network_options of_probes = *options;
    of_probes.quiet = true;
    *limits = (struct limits){.library = library_open(&of_probes, probes_text, error),
                              .real_size = options->in_double ? (int)sizeof(double) : (int)sizeof(float)};
    return limits->library != NULL;
}

/* Threads that wait for each other are there on the wall; else the time that the thread has computed counts. */
static double seconds_for(enum limit limit)
{
    return limit == LIMIT_FORK || limit == LIMIT_BARRIER ? seconds_now() : seconds_of_thread();
}

double limits_measure(const struct limits *limits, enum limit limit)
{
    double (*probe)(long rounds, double *seen);
    *(void **)&probe = dlsym(limits->library, probes[limit].function);
    double sum = 0;
    const double begun = seconds_for(limit);
    const double amount = probe(probes[limit].rounds, &sum);
    const double nanoseconds = 1e9 * (seconds_for(limit) - begun);
    seen_of_all_probes = sum;
    return limit_is_time(limit) ? nanoseconds / amount : amount / nanoseconds;
}

static int passes_of(size_t bytes) { return (int)fmax(2, ceil(enough_bytes / (double)bytes)); }

double limits_read(const struct limits *limits, const void *data, size_t bytes, bool turns)
{
    double (*reads)(const void *data, long count, int passes, int turns);
    *(void **)&reads = dlsym(limits->library, "probe_reads");
    const int passes = passes_of(bytes);
    seen_of_all_probes = reads(data, (long)bytes / limits->real_size, passes, turns); /* into the cache that holds it */
    const double begun = seconds_of_thread();
    seen_of_all_probes = reads(data, (long)bytes / limits->real_size, passes, turns);
    return passes * (double)bytes / (1e9 * (seconds_of_thread() - begun));
}

double limits_read_all(const struct limits *limits, const void *data, size_t bytes)
{
    double (*reads)(const void *data, long count, int passes);
    *(void **)&reads = dlsym(limits->library, "probe_reads_all");
    const int passes = passes_of(bytes);
    seen_of_all_probes = reads(data, (long)bytes / limits->real_size, passes);
    const double begun = seconds_now();
    seen_of_all_probes = reads(data, (long)bytes / limits->real_size, passes);
    return limits_threads(limits) * passes * (double)bytes / (1e9 * (seconds_now() - begun));
}

int limits_threads(const struct limits *limits)
{
    int (*threads)(void);
    *(void **)&threads = dlsym(limits->library, "probe_threads");
    return threads();
}

const char *limits_instructions(const struct limits *limits)
{
    const char *(*instructions)(void);
    *(void **)&instructions = dlsym(limits->library, "probe_instructions");
    return instructions();
}

double limits_best(const struct limits *limits, enum limit limit)
{
    double best = limits_measure(limits, limit);
    for (int i = 1; i < ATTEMPTS; i++) {
        const double next = limits_measure(limits, limit);
        best = limit_is_time(limit) ? fmin(best, next) : fmax(best, next);
    }
    return best;
}

bool limits_best_read(const struct limits *limits, double bytes, double *speed, const char **error)
{
    bytes = fmax(bytes, LIMITS_READ_BYTES);
    void *data = bytes < 1e15 ? rnn_alloc((size_t)bytes, 64) : NULL;
    if (!data) {
        *error = "out of memory";
        return false;
    }
    *speed = 0;
    for (int i = 0; i < ATTEMPTS; i++)
        *speed = fmax(*speed, limits_read(limits, data, (size_t)bytes, true));
    rnn_free(data);
    return true;
}
