/* -D: constants, dimensions and functions from the command line. */
#include <math.h>
#include <string.h>

#include "base/suggest.h"
#include "sema/names.h"
#include "sema/resolve.h"
#include "sema/sema.h"

/* -D NAME=VALUE for a constant or dimension. */
void define_number(struct elaboration *e, struct symbol *symbol)
{
    for (int i = 0; i < e->options->definition_count; i++) {
        const struct definition *definition = &e->options->definitions[i];
        if (strcmp(definition->name, symbol->name) != 0)
            continue;
        e->definitions_used[i] = true;
        double value = definition->function ? 1 : definition->value;
        bool whole = value == floor(value) && fabs(value) < 0x1p53;
        if (definition->function)
            report_error(&e->report, symbol->span, "-D %s=%s: '%s' is a number", symbol->name, definition->function,
                         symbol->name);
        symbol->known = true;
        symbol->evaluated = PROGRESS_DONE;
        symbol->number = (struct number){whole, whole ? (int64_t)value : 0, value};
        if (!symbol->definition && (!whole || value < 1 || value > SHAPE_MAX_ELEMENTS)) {
            report_error(&e->report, symbol->span, "-D %s=%.15g: a dimension is a whole number from 1 to %d",
                         symbol->name, value, SHAPE_MAX_ELEMENTS);
            symbol->number = (struct number){true, 1, 1};
        }
    }
}

static bool is_definable(const struct symbol *symbol)
{
    return symbol->kind == SYMBOL_NUMBER || symbol->kind == SYMBOL_FUNCTION;
}

static const char *list_definable(struct elaboration *e)
{
    const char *list = "";
    int count = 0;
    const struct map *globals = &e->main->globals;
    for (int i = 0; i < globals->count + e->top->symbols.count; i++) {
        bool is_global = i < globals->count;
        const struct map_entry *entry = is_global ? &globals->entries[i] : &e->top->symbols.entries[i - globals->count];
        if (is_global ? ((struct global *)entry->value)->constant != NULL : is_definable(entry->value))
            list = list_name(e, list, entry->key, &count);
    }
    return list;
}

void tell_undefined(struct elaboration *e)
{
    for (int i = 0; i < e->options->definition_count; i++) {
        if (e->definitions_used[i])
            continue;
        const char *name = e->options->definitions[i].name;
        struct suggestion suggestion;
        suggest_init(&suggestion, name);
        for (int k = 0; k < e->main->globals.count; k++)
            if (((struct global *)e->main->globals.entries[k].value)->constant)
                suggest_consider(&suggestion, e->main->globals.entries[k].key);
        for (int k = 0; k < e->top->symbols.count; k++)
            if (is_definable(e->top->symbols.entries[k].value))
                suggest_consider(&suggestion, e->top->symbols.entries[k].key);
        report_error(&e->report, e->top->definition->name.span, "-D %s: there is no such constant or dimension in '%s'",
                     name, e->top->definition->name.text);
        const char *list = list_definable(e);
        if (suggestion.best)
            report_note(&e->report, e->top->definition->name.span, "did you mean '%s'?", suggestion.best);
        report_note(&e->report, e->top->definition->name.span,
                    *list ? "-D can set %s" : "there is nothing that -D can set", list);
    }
}
