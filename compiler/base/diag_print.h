/* The inside of the diagnostics, shared by the collector (diag.c), the two printers and the language server. */
#ifndef RNNC_BASE_DIAG_PRINT_H
#define RNNC_BASE_DIAG_PRINT_H

#include "base/diag.h"

#define DIAGNOSTIC_KINDS(X)                                                                                            \
    X(ERROR, "error")                                                                                                  \
    X(WARNING, "warning")                                                                                              \
    X(NOTE, "note")

enum diagnostic_kind {
#define X(id, name) DIAGNOSTIC_##id,
    DIAGNOSTIC_KINDS(X)
#undef X
};

struct diagnostic {
    enum diagnostic_kind kind;
    struct span span; /* within the source */
    const char *message;
};

struct diagnostics {
    struct arena *arena;
    const struct source *source;
    struct diagnostic *items;
    int count, capacity;
};

const char *diagnostic_kind_name(enum diagnostic_kind kind); /* "error", "warning", "note" */

/* Bytes of the well-formed UTF-8 character at `data`, of which `length` bytes are left; 0 where there is none. */
int utf8_character_length(const char *data, size_t length);

/* A copy with a question mark in the place of each ill-formed byte. */
char *utf8_repair(struct arena *arena, const char *data, size_t length);

void diag_print_text(const struct diagnostics *diag, const struct diag_options *options, FILE *out);

/* An array of objects in the form that gcc's -fdiagnostics-format=json gives: kind, message, locations with caret and
 * finish, and notes as children of the error or warning before them. Always all of them. */
void diag_print_json(const struct diagnostics *diag, FILE *out);

#endif
