/* Reporting, private to sema: an error inside a cell is found once for each instance, but reported once. */
#ifndef RNNC_SEMA_REPORT_H
#define RNNC_SEMA_REPORT_H

#include <stdbool.h>

#include "base/map.h"
#include "base/source.h"
#include "base/text.h"

struct arena;
struct diagnostics;
struct origin;
struct value;

struct report {
    struct arena *arena;
    struct diagnostics *diag;
    const struct source *source;
    struct map told; /* "begin:text" of what has been reported */
    bool repeated;   /* the last error was reported before: its notes are left out too */
    int error_count;
    const struct origin *origin; /* the instance that is being looked at; a note says so */
};

void report_init(struct report *report, struct arena *arena, struct diagnostics *diag, const struct source *source);

void report_error(struct report *report, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning(struct report *report, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_note(struct report *report, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The source text of a span for messages that quote it: white space made single, long text shortened. */
const char *report_excerpt(const struct report *report, struct span span);

#endif
