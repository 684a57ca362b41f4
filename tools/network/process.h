/* Running other programs. */
#ifndef RNN_TOOLS_PROCESS_H
#define RNN_TOOLS_PROCESS_H

#include <stdbool.h>

#include "base/text.h"

/* Runs arguments[0], found on PATH, and waits for it; `arguments` ends with NULL. Its output goes where our own goes,
 * but its standard output is collected if `output` is not NULL. *status receives its exit status, 128 + n if signal n
 * ended it. SIGINT, SIGTERM and SIGHUP are passed on to the program, and come to us when it has ended. False, with a
 * sentence, if it could not be started. */
bool process_run(struct arena *arena, const char *const *arguments, struct text *output, int *status,
                 const char **error);

/* The same, and calls watch(context) four times a second meanwhile, unless it is NULL. */
bool process_run_watched(struct arena *arena, const char *const *arguments, struct text *output,
                         void (*watch)(void *context), void *context, int *status, const char **error);

#endif
