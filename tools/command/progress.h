/* Progress of long work, for people: nothing for the first seconds; then a line on a terminal that is written anew, or
 * one now and then if standard error is a file. */
#ifndef RNN_TOOLS_PROGRESS_H
#define RNN_TOOLS_PROGRESS_H

#include <stdbool.h>

struct progress {
    const char *what;   /* the work being done */
    double done, total; /* of equations at frames; total 0: not known */
    double begun, shown;
    bool terminal;
};

struct progress progress_begin(void);

/* Begins the next piece of work, of a known amount. */
void progress_next(struct progress *progress, const char *what, double total);

/* Counts one equation done. `progress` is a struct progress, or NULL if nobody waits: an oracle_call.computed. */
void progress_step(void *progress);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
