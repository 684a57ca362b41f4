/* The cache of compiled networks. What is built lies in a folder of its own until it is complete. */
#ifndef RNN_TOOLS_CACHE_H
#define RNN_TOOLS_CACHE_H

#include <stdbool.h>

struct arena;

/* words[0 .. count-1] preprocess or compile net.c, given what to make of it; the first name_count are the compiler
 * itself. */
struct compiler {
    const char *const *name;
    int name_count;
    const char *const *words;
    int count;
};

/* $XDG_CACHE_HOME/rnnc or ~/.cache/rnnc, made if need be; NULL with *error. */
const char *cache_folder(struct arena *arena, const char **error);

/* A new folder inside the cache to build in; NULL with *error. */
const char *cache_begin(struct arena *arena, const char *cache, const char **error);

/* The library compiled from net.c in `folder`: from the cache if it is there, else compiled and put there. NULL with
 * *error, or with *error NULL if the compiler has said it. */
const char *cache_build(struct arena *arena, const char *cache, const char *folder, const struct compiler *compiler,
                        const char **error);

/* Removes what is left of the folder. */
void cache_end(struct arena *arena, const char *folder);

#endif
