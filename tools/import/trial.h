/* Work on a file that the HDF5 library may crash or hang over, tried in a process of its own first. */
#ifndef RNN_TOOLS_IMPORT_TRIAL_H
#define RNN_TOOLS_IMPORT_TRIAL_H

#include <stdbool.h>

struct arena;

/* What the work may take: processor time, and memory beside what this process has. */
struct import_limits {
    long seconds, bytes;
};

/* A sentence that the file at `path` cannot be read for want of memory. */
const char *import_memory_error(struct arena *arena, const char *path);

/* Calls work(context), which reads the file at `path` and returns NULL or an error, in a copy of this process, which
 * ends with it: nothing else that it does is seen here. True if it returned NULL, or if there can be no more processes.
 * False with its error, or with one that says how the copy ended. SIGCHLD is no longer ignored. */
bool import_try(struct arena *arena, const char *path, const char *(*work)(void *context), void *context,
                const struct import_limits *limits, const char **error);

#endif
