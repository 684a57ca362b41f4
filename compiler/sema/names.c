/* Names: the symbols of an instance, and errors about unknown names. */
#include "sema/names.h"

#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"

/* Checks that no name is the beginning of another, up to a dot: the part behind it would have two meanings. */
static bool check_stems(struct elaboration *e, struct instance *instance, const struct name *name)
{
    struct symbol *other = map_get(&instance->stems, name->text);
    const char *longer = other ? other->name : name->text, *shorter = name->text;
    for (const char *dot = strchr(name->text, '.'); dot && !other; dot = strchr(dot + 1, '.')) {
        shorter = arena_copy_string(e->arena, name->text, (size_t)(dot - name->text));
        other = map_get(&instance->symbols, shorter);
    }
    if (!other)
        return true;
    report_error(&e->report, name->span, "'%s' and '%s' cannot both be defined: '%s' would have two meanings", shorter,
                 longer, longer);
    report_note(&e->report, other->span, "'%s' is defined here", other->name);
    return false;
}

static void add_stems(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    for (const char *dot = strchr(symbol->name, '.'); dot; dot = strchr(dot + 1, '.'))
        map_put(&instance->stems, arena_copy_string(e->arena, symbol->name, (size_t)(dot - symbol->name)), symbol);
}

struct symbol *elaborate_symbol(struct elaboration *e, struct instance *instance, enum symbol_kind kind,
                                const struct name *name)
{
    struct symbol *before = map_get(&instance->symbols, name->text);
    if (before) {
        report_error(&e->report, name->span, "'%s' is defined twice", name->text);
        report_note(&e->report, before->span, "it was first defined here");
        return NULL;
    }
    if (!check_stems(e, instance, name))
        return NULL;
    struct symbol *symbol = ARENA_NEW(e->arena, struct symbol);
    symbol->kind = kind;
    symbol->name = name->text;
    symbol->span = name->span;
    map_put(&instance->symbols, name->text, symbol);
    add_stems(e, instance, symbol);
    return symbol;
}

/* Reports a name of the file where a value is expected. */
static void tell_global(struct elaboration *e, const struct global *global, const struct name *name)
{
    const char *what = "a constant, not a value";
    if (global->definition && global->definition->kind == DEFINE_MODEL)
        what = "a model, not a value";
    else if (global->definition && global->definition->kind == DEFINE_CELL)
        what = "a cell, not a value: it has to be called";
    else if (global->definition)
        what = "a function, not a value: it has to be called";
    report_error(&e->report, name->span, "'%s' is %s", name->text, what);
    report_note(&e->report, global->span, "'%s' is defined here", name->text);
}

/* True if a wrong name may be compared with so many others. */
bool may_suggest(struct elaboration *e, int names)
{
    e->compared += names;
    return e->compared <= SUGGESTION_LIMIT;
}

/* Names that might stand where `name` does: of values and constants, or of what can be called. */
static const char *suggest_name(struct elaboration *e, const struct instance *instance, const char *name, bool callable)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, name);
    if (!may_suggest(e, (instance ? instance->symbols.count : 0) + e->globals.count))
        return NULL;
    for (int i = 0; instance && i < instance->symbols.count; i++) {
        const struct symbol *symbol = instance->symbols.entries[i].value;
        if (!callable || symbol->instance)
            suggest_consider(&suggestion, symbol->name);
    }
    for (int i = 0; i < e->globals.count; i++) {
        const struct global *global = e->globals.entries[i].value;
        if (callable == (global->definition != NULL))
            suggest_consider(&suggestion, e->globals.entries[i].key);
    }
    for (int i = 0; callable && i < OP_COUNT; i++)
        if (op_info((enum op)i)->name)
            suggest_consider(&suggestion, op_info((enum op)i)->name);
    return suggestion.best;
}

void tell_unknown(struct elaboration *e, const struct instance *instance, const struct name *name, bool callable)
{
    if (strcmp(name->text, "t") == 0) {
        report_error(&e->report, name->span,
                     "'t' stands only in delays, as in h[t-1]: this frame's value is plain 'h', on the left side too");
        return;
    }
    const struct global *global = map_get(&e->globals, name->text);
    if (global) {
        tell_global(e, global, name);
        return;
    }
    const char *best = suggest_name(e, instance, name->text, callable);
    report_error(&e->report, name->span, callable ? "unknown cell or function '%s'" : "unknown name '%s'", name->text);
    if (best)
        report_note(&e->report, name->span, "did you mean '%s'?", best);
    else if (callable && name->text[0] >= 'A' && name->text[0] <= 'Z') /* LSTM, as other languages have it */
        report_note(&e->report, name->span,
                    "no cell is built in: its equations stand in this file; examples/ has many");
}

void note_similar_function(struct elaboration *e, struct span span, const char *name)
{
    const char *best = suggest_name(e, NULL, name, true);
    if (best)
        report_note(&e->report, span, "did you mean '%s'?", best);
}

/* `list` with one more name in quotes, or "..." in its place where there are many. */
const char *list_name(struct elaboration *e, const char *list, const char *name, int *count)
{
    enum { MOST = 20 };
    if (*count > MOST)
        return list;
    const char *quoted = *count < MOST ? arena_printf(e->arena, "'%s'", name) : "...";
    return arena_printf(e->arena, "%s%s%s", list, (*count)++ ? ", " : "", quoted);
}
