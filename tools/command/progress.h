/* What a person sees of work that takes long: nothing for the first seconds; then a line on a terminal that is written
 * anew, or one now and then where standard error is a file. */
#ifndef RNN_TOOLS_PROGRESS_H
#define RNN_TOOLS_PROGRESS_H

#include <stdbool.h>

struct progress {
    const char *what;   /* what is being done */
    double done, total; /* of equations at frames; total 0: not known */
    double begun, shown;
    bool terminal;
};

struct progress progress_begin(void);

/* What comes next, and how much of it there is. */
void progress_next(struct progress *progress, const char *what, double total);

/* One of them has been done. `progress` is a struct progress, or NULL where nobody waits: an oracle_call.computed. */
void progress_step(void *progress);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
