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

void diag_print_text(const struct diagnostics *diag, const struct diag_options *options, FILE *out);

/* An array of objects in the form that gcc's -fdiagnostics-format=json gives: kind, message, locations with caret and
 * finish, and notes as children of the error or warning before them. Always all of them. */
void diag_print_json(const struct diagnostics *diag, FILE *out);

#endif
