/* The cache of compiled networks: a file for each, named after everything that it depends on.
 *
 * Files loaded from it run, so none is loaded that others could have put there or that is not whole: the folder is the
 * user's own and nobody else may write to it, and so is the file, which ends with its size and a hash of itself.
 * Anything else there is built again and replaced. A build has a folder of its own until it is complete. */
#ifndef RNN_TOOLS_CACHE_H
#define RNN_TOOLS_CACHE_H

#include <stdbool.h>

struct arena;

struct cache {
    const char *folder;    /* $XDG_CACHE_HOME/rnnc or ~/.cache/rnnc */
    const char *processor; /* what -march=native depends on */
};

/* words[0 .. count-1] preprocess or compile net.c, given the options for the result; the first name_count are the
 * compiler itself. */
struct compiler {
    const char *const *name;
    int name_count;
    const char *const *words;
    int count;
    bool quiet; /* nothing is said while it compiles */
};

/* Makes the folder if need be. False, with *error, if there is none that can be trusted. */
bool cache_open(struct arena *arena, struct cache *cache, const char **error);

/* A new folder inside the cache to build in; NULL with *error. Removes those that killed processes left there. */
const char *cache_begin(struct arena *arena, const struct cache *cache, const char **error);

/* The library compiled from net.c in `folder`: from the cache if it is there, else compiled and put there. NULL with
 * *error, or with *error NULL if the compiler has reported it. */
const char *cache_build(struct arena *arena, const struct cache *cache, const char *folder,
                        const struct compiler *compiler, const char **error);

/* Removes what is left of the folder. */
void cache_end(struct arena *arena, const char *folder);

/* The lines of /proc/cpuinfo that name the first processor and what it can do. */
const char *cache_describe_processor(struct arena *arena, const char *cpuinfo);

#endif
