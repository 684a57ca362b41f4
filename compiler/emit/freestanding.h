/* C that needs no runtime: it carries the headers that it would include. */
#ifndef RNNC_EMIT_FREESTANDING_H
#define RNNC_EMIT_FREESTANDING_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct text;

/* A header of the runtime, as runtime/include has it. */
struct runtime_text {
    const char *name; /* "rnn/vec.h" */
    const unsigned char *text;
    size_t length;
};

/* All of them, by name; the last has no name. */
extern const struct runtime_text runtime_texts[];

/* Copies lines of C, and for each `#include "rnn/..."` the header's text in its place, once, with what it includes.
 * Conditions whose outcome is known (no OpenMP, no double, lanes of one number with `plain`) are resolved. `guards`:
 * headers keep theirs, as the file is a header that stands beside others. `declared`: the lines stand behind such a
 * header, whose texts are left out. */
struct carrying {
    bool plain, guards, declared;
};
void carry_headers(struct text *out, const char *lines, const struct carrying *how, struct arena *arena);

/* prune.c: copies of such text what the code needs. */
void prune_runtime(struct text *out, const char *text, const char *code, struct arena *arena);

#endif
