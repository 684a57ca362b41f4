/* Diagnostics: errors, warnings and notes with their places, collected as they are found and printed in the order of
 * the text, as a modern C compiler prints them. Messages are lower case, without a full stop, quote the user's names,
 * and say what was found and what was expected. */
#ifndef RNNC_BASE_DIAG_H
#define RNNC_BASE_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/source.h"

struct arena;
struct diagnostics;

struct diagnostics *diag_new(struct arena *arena, const struct source *source);

void diag_error(struct diagnostics *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(struct diagnostics *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Belongs to the error or warning before it. */
void diag_note(struct diagnostics *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the errors and warnings of another run over the same text that this one has not found. */
void diag_join(struct diagnostics *to, const struct diagnostics *from);

/* -Werror: the warnings found so far are errors. */
void diag_promote_warnings(struct diagnostics *diag);

int diag_error_count(const struct diagnostics *diag);
int diag_warning_count(const struct diagnostics *diag);

struct diag_options {
    bool json;       /* -fdiagnostics-format=json */
    bool colour;     /* on a terminal */
    int error_limit; /* print at most so many errors, then say how many more; 0: all */
};
void diag_print(const struct diagnostics *diag, const struct diag_options *options, FILE *out);

#endif
