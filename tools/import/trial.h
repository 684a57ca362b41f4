/* Work on a file that a library may crash or hang over, tried in a process of its own first. */
#ifndef RNN_TOOLS_IMPORT_TRIAL_H
#define RNN_TOOLS_IMPORT_TRIAL_H

#include <stdbool.h>

/* Calls work(context) in a copy of this process, which ends with it: nothing that it does is seen here. True if it
 * returned within so many seconds of processor time, whatever it found, or if there can be no more processes. */
bool import_try(void (*work)(void *context), void *context, long seconds);

#endif
