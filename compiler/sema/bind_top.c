/* The dimensions of the cell that is compiled alone: from -D, or else from the defaults. */
#include <string.h>

#include "base/arena.h"
#include "sema/bind.h"
#include "sema/dimensions.h"

/* The default that the program gives a dimension, for when it has no -D, or NULL. */
static const struct expr *find_fallback(const struct tree_definition *cell, const char *name)
{
    for (int i = 0; i < cell->dimension_count; i++)
        if (cell->dimensions[i].expr->kind == EXPR_NAME && strcmp(cell->dimensions[i].expr->name.text, name) == 0)
            return cell->dimensions[i].fallback;
    for (int i = 0; i < cell->input_count; i++) {
        const struct declarator *input = &cell->inputs[i];
        const struct expr *vocabulary = input->vocabulary;
        if (vocabulary && input->vocabulary_fallback && vocabulary->kind == EXPR_NAME &&
            strcmp(vocabulary->name.text, name) == 0)
            return input->vocabulary_fallback;
        for (int k = 0; k < input->dimension_count; k++) {
            const struct dimension *dimension = &input->dimensions[k];
            if (dimension->fallback && dimension->expr->kind == EXPR_NAME &&
                strcmp(dimension->expr->name.text, name) == 0)
                return dimension->fallback;
        }
    }
    return NULL;
}

static void bind_from_defaults(struct elaboration *e, struct instance *top)
{
    for (bool progress = true; progress;) {
        progress = false;
        for (int i = 0; i < top->symbols.count; i++) {
            struct symbol *symbol = top->symbols.entries[i].value;
            if (symbol->kind != SYMBOL_NUMBER || symbol->definition || symbol->known || symbol->evaluated)
                continue;
            const struct expr *fallback = find_fallback(top->definition, symbol->name);
            int size = 0;
            enum evaluation done = fallback ? evaluate_size(e, top, fallback, &size) : EVALUATION_OPEN;
            if (done == EVALUATION_OPEN)
                continue;
            symbol->evaluated = PROGRESS_DONE;
            symbol->known = done == EVALUATION_DONE;
            symbol->number = (struct number){true, size, size};
            top->failed |= !symbol->known;
            progress = true;
        }
    }
}

/* " -D n=VALUE" for each dimension that is still open and has a default, or has none. */
static const char *list_open(struct elaboration *e, const struct instance *top, bool has_default)
{
    const char *open = "";
    for (int i = 0; i < top->symbols.count; i++) {
        const struct symbol *symbol = top->symbols.entries[i].value;
        if (symbol->kind == SYMBOL_NUMBER && !symbol->definition && !symbol->known &&
            (find_fallback(top->definition, symbol->name) != NULL) == has_default)
            open = arena_printf(e->arena, "%s -D %s=VALUE", open, symbol->name);
    }
    for (int i = 0; i < top->symbols.count; i++) {
        const struct symbol *symbol = top->symbols.entries[i].value;
        if (symbol->kind == SYMBOL_FUNCTION && !symbol->known && !has_default)
            open = arena_printf(e->arena, "%s -D %s=FUNCTION", open, symbol->name);
    }
    return open;
}

static bool tell_missing(struct elaboration *e, struct instance *top)
{
    const char *missing = list_open(e, top, false), *circular = list_open(e, top, true);
    if (top->failed || (!*missing && !*circular))
        return top->failed;
    if (*missing)
        report_error(&e->report, top->definition->name.span, "to compile the cell '%s' alone, give its dimensions:%s",
                     top->definition->name.text, missing);
    else
        report_error(&e->report, top->definition->name.span,
                     "the defaults of the cell '%s' depend on themselves; to compile it alone, give its dimensions:%s",
                     top->definition->name.text, circular);
    return true;
}

void bind_top(struct elaboration *e)
{
    struct instance *top = e->top;
    bind_from_defaults(e, top);
    top->called = true;
    if (tell_missing(e, top)) {
        top->failed = true;
        return;
    }
    for (int i = 0; i < top->definition->input_count; i++)
        if (top->inputs[i])
            shape_leaf(e, top, &top->definition->inputs[i], top->inputs[i]);
    finish_binding(e, top);
}
