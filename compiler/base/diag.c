#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag_print.h"

static void add(struct diagnostics *diag, enum diagnostic_kind kind, struct span span, const char *format, va_list args)
{
    uint32_t length = (uint32_t)diag->source->length;
    struct diagnostic diagnostic = {.kind = kind, .message = arena_vprintf(diag->arena, format, args)};
    diagnostic.span.begin = span.begin < length ? span.begin : length;
    diagnostic.span.end = span.end < length ? span.end : length;
    ARENA_PUSH(diag->arena, diag->items, diag->count, diag->capacity, diagnostic);
}

struct diagnostics *diag_new(struct arena *arena, const struct source *source)
{
    struct diagnostics *diag = ARENA_NEW(arena, struct diagnostics);
    diag->arena = arena;
    diag->source = source;
    return diag;
}

void diag_error(struct diagnostics *diag, struct span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diag, DIAGNOSTIC_ERROR, span, format, args);
    va_end(args);
}

void diag_warning(struct diagnostics *diag, struct span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diag, DIAGNOSTIC_WARNING, span, format, args);
    va_end(args);
}

void diag_note(struct diagnostics *diag, struct span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diag, DIAGNOSTIC_NOTE, span, format, args);
    va_end(args);
}

void diag_promote_warnings(struct diagnostics *diag)
{
    for (int i = 0; i < diag->count; i++) {
        if (diag->items[i].kind != DIAGNOSTIC_WARNING)
            continue;
        diag->items[i].kind = DIAGNOSTIC_ERROR;
        diag->items[i].message = arena_printf(diag->arena, "%s [-Werror]", diag->items[i].message);
    }
}

static int count_kind(const struct diagnostics *diag, enum diagnostic_kind kind)
{
    int count = 0;
    for (int i = 0; i < diag->count; i++)
        count += diag->items[i].kind == kind;
    return count;
}

int diag_error_count(const struct diagnostics *diag) { return count_kind(diag, DIAGNOSTIC_ERROR); }

int diag_warning_count(const struct diagnostics *diag) { return count_kind(diag, DIAGNOSTIC_WARNING); }

/* An error or warning with the notes behind it, and where it stands in the order in which they were found. */
struct group {
    uint32_t begin;
    int first, end;
};

static int compare_groups(const void *a, const void *b)
{
    const struct group *one = a, *other = b;
    if (one->begin != other->begin)
        return one->begin < other->begin ? -1 : 1;
    return one->first - other->first;
}

/* In the order of the text, whichever stage found them. */
static struct diagnostics sort_groups(const struct diagnostics *diag)
{
    struct diagnostics sorted = *diag;
    struct group *groups = ARENA_ARRAY(diag->arena, struct group, diag->count + 1);
    int count = 0;
    for (int i = 0; i < diag->count; i++) {
        if (i == 0 || diag->items[i].kind != DIAGNOSTIC_NOTE)
            groups[count++] = (struct group){diag->items[i].span.begin, i, i};
        groups[count - 1].end = i + 1;
    }
    qsort(groups, (size_t)count, sizeof *groups, compare_groups);
    sorted.items = ARENA_ARRAY(diag->arena, struct diagnostic, diag->count + 1);
    sorted.count = 0;
    for (int i = 0; i < count; i++)
        for (int k = groups[i].first; k < groups[i].end; k++)
            sorted.items[sorted.count++] = diag->items[k];
    return sorted;
}

void diag_print(const struct diagnostics *diag, const struct diag_options *options, FILE *out)
{
    const struct diagnostics sorted = sort_groups(diag);
    if (options->json)
        diag_print_json(&sorted, out);
    else
        diag_print_text(&sorted, options, out);
}
