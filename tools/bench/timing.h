/* Times of calls, on the wall, as who waits for a frame sees them. */
#ifndef RNN_TOOLS_TIMING_H
#define RNN_TOOLS_TIMING_H

#include <stdbool.h>

#include "rnn/model.h"

double seconds_now(void);
double seconds_of_thread(void); /* that it has computed: others who take its core do not count */

struct timing {
    double median, late; /* seconds of a call; 999 of 1000 calls take no longer than `late` */
    int calls;
};

/* Sorts. */
struct timing timing_of(double *seconds, int count);

/* Repeats the call for so many seconds, and at least a few times. Each call is timed, and short ones several at a time
 * too, for the median. False if it fails, or there is no memory. */
bool timing_measure(rnn_status (*call)(void *context), void *context, double seconds, struct timing *timing,
                    const char **error);

#endif
