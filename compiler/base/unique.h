/* Unique names: a set of strings that hands out a fresh one for each request. */
#ifndef RNNC_BASE_UNIQUE_H
#define RNNC_BASE_UNIQUE_H

#include <stddef.h>

struct arena;

struct unique_entry {
    const char *name; /* NULL: free */
    int suffix;       /* the last one tried behind this name */
};

struct unique {
    struct arena *arena;
    struct unique_entry *slots;
    size_t size, count;
};

void unique_init(struct unique *unique, struct arena *arena);

/* stem if it is free, else stem_2, stem_3, ... Dots become underscores. */
const char *unique_name(struct unique *unique, const char *stem);

#endif
