#include "command/progress.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

struct progress progress_begin(void) { return (struct progress){.begun = now(), .terminal = isatty(STDERR_FILENO)}; }

void progress_next(struct progress *progress, const char *what, double total)
{
    progress->what = what;
    progress->done = 0;
    progress->total = total;
}

static void show(const struct progress *progress, double time)
{
    fprintf(stderr, progress->terminal ? "\r%s" : "rnn: %s", progress->what);
    if (progress->total > 0)
        fprintf(stderr, ", %.0f %%", 100 * fmin(progress->done / progress->total, 1));
    fprintf(stderr, progress->terminal ? ", %.0f s\033[K" : ", %.0f s\n", time - progress->begun);
}

void progress_step(void *context)
{
    struct progress *progress = context;
    if (!progress)
        return;
    const double first = progress->terminal ? 2 : 10, between = progress->terminal ? 0.25 : 30;
    progress->done++;
    double time = now();
    if (!progress->what || time < progress->begun + first || time < progress->shown + between)
        return;
    progress->shown = time;
    show(progress, time);
}

void progress_end(struct progress *progress)
{
    if (progress->terminal && progress->shown > 0)
        fputs("\r\033[K", stderr);
    progress->shown = 0;
    progress->what = NULL;
}
