#include "base/diag.h"

#include <stdarg.h>
#include <string.h>

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

static bool is_known(const struct diagnostics *diag, int count, const struct diagnostic *item)
{
    for (int i = 0; i < count; i++)
        if (diag->items[i].kind == item->kind && diag->items[i].span.begin == item->span.begin &&
            strcmp(diag->items[i].message, item->message) == 0)
            return true;
    return false;
}

void diag_join(struct diagnostics *to, const struct diagnostics *from)
{
    const int before = to->count;
    bool known = false; /* with its notes */
    for (int i = 0; i < from->count; i++) {
        const struct diagnostic *item = &from->items[i];
        known = item->kind == DIAGNOSTIC_NOTE ? known : is_known(to, before, item);
        if (!known)
            ARENA_PUSH(to->arena, to->items, to->count, to->capacity, *item);
    }
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
