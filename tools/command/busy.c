#include "command/busy.h"

#include <sys/resource.h>
#include <time.h>

/* A program that has its processors to itself leaves them a few times a second, to the system's own work; one that
 * shares a processor, for each slice of its time: 3 ms or 10 ms on Linux. */
static const double displaced_most = 40; /* times a second of processor time, whatever the number of threads */
static const double time_least = 0.2;    /* seconds of it from which the count says something */
static const double several_least = 1.2; /* seconds of all threads for one of this one's, where others compute too */

static double seconds_on(clockid_t timer)
{
    struct timespec now;
    clock_gettime(timer, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct usage usage_now(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (struct usage){.of_thread = seconds_on(CLOCK_THREAD_CPUTIME_ID),
                          .of_all = seconds_on(CLOCK_PROCESS_CPUTIME_ID),
                          .displaced = usage.ru_nivcsw};
}

struct busyness usage_judge(const struct usage *begin, const struct usage *end)
{
    const double time = end->of_all - begin->of_all;
    const double rate = time >= time_least ? (double)(end->displaced - begin->displaced) / time : 0;
    return (struct busyness){.displaced = rate > displaced_most ? rate : 0,
                             .several = time > several_least * (end->of_thread - begin->of_thread)};
}
