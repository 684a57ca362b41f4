#include "sema/report.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "sema/program.h"

enum { ORIGINS_MAX = 3 };

void report_init(struct report *report, struct arena *arena, struct diagnostics *diag, const struct source *source)
{
    *report = (struct report){.arena = arena, .diag = diag, .source = source};
    map_init(&report->told, arena);
}

static bool is_repeated(struct report *report, struct span span, const char *text)
{
    char *key = arena_printf(report->arena, "%u:%s", (unsigned)span.begin, text);
    report->repeated = map_get(&report->told, key) != NULL;
    if (!report->repeated)
        map_put(&report->told, key, report);
    return report->repeated;
}

static void note_origin(struct report *report)
{
    const struct origin *origin = report->origin;
    for (int i = 0; origin && i < ORIGINS_MAX; i++, origin = origin->parent) {
        if (strlen(origin->path) > SOURCE_EXCERPT_MOST)
            diag_note(report->diag, origin->call, "in an instance of '%s'", origin->cell);
        else
            diag_note(report->diag, origin->call, "in '%s', an instance of '%s'", origin->path, origin->cell);
    }
}

void report_error(struct report *report, struct span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(report->arena, format, args);
    va_end(args);
    report->error_count++;
    if (is_repeated(report, span, text))
        return;
    diag_error(report->diag, span, "%s", text);
    note_origin(report);
}

void report_warning(struct report *report, struct span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(report->arena, format, args);
    va_end(args);
    if (!is_repeated(report, span, text))
        diag_warning(report->diag, span, "%s", text);
}

void report_note(struct report *report, struct span span, const char *format, ...)
{
    if (report->repeated)
        return;
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(report->arena, format, args);
    va_end(args);
    diag_note(report->diag, span, "%s", text);
}

const char *report_excerpt(const struct report *report, struct span span)
{
    return source_excerpt(report->arena, report->source, span);
}
