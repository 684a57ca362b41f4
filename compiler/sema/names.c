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

struct global *find_global(const struct instance *instance, const char *name)
{
    return map_get(&instance->module->globals, name);
}

bool names_import(const struct instance *instance, const struct expr *expr)
{
    if (expr->kind != EXPR_MEMBER || expr->args[0]->kind != EXPR_NAME)
        return false;
    const char *name = expr->args[0]->name.text;
    const struct global *global = find_global(instance, name);
    return global && global->module && !map_get(&instance->symbols, name) && !map_get(&instance->stems, name);
}

struct global *find_global_at(const struct instance *instance, const struct expr *expr)
{
    if (expr->kind == EXPR_NAME)
        return find_global(instance, expr->name.text);
    if (!names_import(instance, expr))
        return NULL;
    struct global *global = map_get(&find_global(instance, expr->args[0]->name.text)->module->globals, expr->name.text);
    return global && global->module ? NULL : global; /* what a file imports is its own */
}

/* Reports a name at the top of a file where a value is expected. */
static void tell_global(struct elaboration *e, const struct global *global, const struct name *name)
{
    const char *what = "a constant, not a value";
    if (global->module)
        what = "an import, not a value: what it has is read with a dot";
    else if (global->definition && global->definition->kind == DEFINE_MODEL)
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
    const struct map *globals = &instance->module->globals;
    if (!may_suggest(e, instance->symbols.count + globals->count))
        return NULL;
    for (int i = 0; i < instance->symbols.count; i++) {
        const struct symbol *symbol = instance->symbols.entries[i].value;
        if (!callable || symbol->instance)
            suggest_consider(&suggestion, symbol->name);
    }
    for (int i = 0; i < globals->count; i++) {
        const struct global *global = globals->entries[i].value;
        if (callable == (global->definition != NULL) && !global->module)
            suggest_consider(&suggestion, globals->entries[i].key);
    }
    for (int i = 0; callable && i < OP_COUNT; i++)
        if (op_info((enum op)i)->name)
            suggest_consider(&suggestion, op_info((enum op)i)->name);
    return suggestion.best;
}

/* Says where a cell may be that is called and not there, as LSTM, which other languages have. */
static void note_cells(struct elaboration *e, const struct instance *instance, const struct name *name)
{
    const struct map *globals = &instance->module->globals;
    for (int i = 0; i < globals->count; i++) {
        const struct module *module = ((const struct global *)globals->entries[i].value)->module;
        const struct global *global = module ? map_get(&module->globals, name->text) : NULL;
        if (!global || global->module)
            continue;
        report_note(&e->report, name->span, "did you mean '%s.%s'?", globals->entries[i].key, name->text);
        return;
    }
    report_note(
        &e->report, name->span,
        "no cell is built in: its equations stand in this file, or in one that it imports, as 'import std.torch', "
        "of which 'torch.LSTM[n](x)' is a cell");
}

/* Functions that other languages have, and what is written in their place. */
static const char product_hint[] = "a product is written 'W @ x', of two vectors 'v @ w'";
static const char concat_hint[] = "vectors are put behind each other by 'concat(a, b, ...)'";
static const char number_hint[] = "a number spreads over a vector: 'v[n] = 0', 'param b[n] = 0'";
static const char complex_hint[] = "numbers are real: a complex value is two, of its real and its imaginary part";

static const struct {
    const char *name, *hint;
} elsewhere[] = {
    {"dot", product_hint},
    {"matmul", product_hint},
    {"mm", product_hint},
    {"mv", product_hint},
    {"outer", "a matrix that changes with time is written by its rows: row i of an outer product is 'v[i] * w'"},
    {"cat", concat_hint},
    {"concatenate", concat_hint},
    {"zeros", number_hint},
    {"ones", number_hint},
    {"real", complex_hint},
    {"imag", complex_hint},
    {"complex", complex_hint},
    {"cumsum", "a running sum is 's = s[t-1] + x', where 's[n] = ...' declares its shape"},
    {"square", "a square is written 'v * v'"},
    {"norm", "the norm of a vector is 'sqrt(v @ v)'"},
    {"round", "the nearest whole number is 'floor(v + 0.5)'"},
    {"logsumexp", "write 'm + log(sum(exp(v - m)))' with 'm = maximum(v)'"},
    {"repeat", "a number spreads over a vector by itself; a vector is repeated by 'concat(v, v)'"},
    {"reshape",
     "what changes with time has no rows and columns: parts of a vector are 'v[0:4]', or 'a, b = split(v, 2)'"},
    {"erf", "erf is within 'gelu(v)', which is 'v * (1 + erf(v / sqrt(2))) / 2'"},
    {"atan", "no inverse of a function of angles is there: an angle is kept as its sine and its cosine"},
    {"argmax", "which unit is the largest says 'v == maximum(v)', 1 there and 0 elsewhere"},
    {"conv1d", "a convolution is written 'W @ concat(x[t-2], x[t-1], x)'"},
    {"one_hot", "the row of a matrix that an id names is 'embed(E, id)'"},
};

static void note_elsewhere(struct elaboration *e, const struct name *name)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(elsewhere[i].name, name->text) == 0)
            report_note(&e->report, name->span, "%s", elsewhere[i].hint);
}

void tell_unknown(struct elaboration *e, const struct instance *instance, const struct name *name, bool callable)
{
    if (strcmp(name->text, "t") == 0) {
        report_error(&e->report, name->span,
                     "'t' stands only in delays, as in h[t-1]: this frame's value is plain 'h', on the left side too");
        return;
    }
    const struct global *global = find_global(instance, name->text);
    if (global) {
        tell_global(e, global, name);
        return;
    }
    const char *best = suggest_name(e, instance, name->text, callable);
    report_error(&e->report, name->span, callable ? "unknown cell or function '%s'" : "unknown name '%s'", name->text);
    if (best)
        report_note(&e->report, name->span, "did you mean '%s'?", best);
    else if (callable && name->text[0] >= 'A' && name->text[0] <= 'Z') /* LSTM, as other languages have it */
        note_cells(e, instance, name);
    else
        note_elsewhere(e, name);
}

void tell_imported(struct elaboration *e, const struct instance *instance, const struct expr *expr, bool callable)
{
    const struct global *import = find_global(instance, expr->args[0]->name.text),
                        *global = find_global_at(instance, expr);
    if (global) {
        tell_global(e, global, &expr->name);
        return;
    }
    const struct map *globals = &import->module->globals;
    struct suggestion suggestion;
    suggest_init(&suggestion, expr->name.text);
    for (int i = 0; i < globals->count && may_suggest(e, 1); i++) {
        const struct global *other = globals->entries[i].value;
        if (!other->module && callable == (other->definition != NULL))
            suggest_consider(&suggestion, globals->entries[i].key);
    }
    report_error(&e->report, expr->name.span, "there is no '%s' in '%s'", expr->name.text, expr->args[0]->name.text);
    if (suggestion.best)
        report_note(&e->report, expr->name.span, "did you mean '%s'?", suggestion.best);
    report_note(&e->report, import->span, "'%s' is imported here", expr->args[0]->name.text);
}

void note_similar_function(struct elaboration *e, struct span span, const char *name)
{
    const char *best = suggest_name(e, &e->main->scope, name, true);
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
