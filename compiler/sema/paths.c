/* Paths: finds the symbol that `h1.cell.c` leads to. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "sema/names.h"

/* Finds `name` inside `instance`, the one that `path` leads to. */
static struct symbol *find_member(struct elaboration *e, struct instance *instance, const struct name *name,
                                  const struct expr *path)
{
    struct symbol *symbol = map_get(&instance->symbols, name->text);
    if (symbol)
        return symbol;
    struct suggestion suggestion;
    suggest_init(&suggestion, name->text);
    for (int i = 0; i < instance->symbols.count && may_suggest(e, 1); i++)
        suggest_consider(&suggestion, instance->symbols.entries[i].key);
    report_error(&e->report, name->span, "there is no '%s' in '%s', an instance of '%s'", name->text,
                 report_excerpt(&e->report, path->span), instance->definition->name.text);
    if (suggestion.best)
        report_note(&e->report, name->span, "did you mean '%s'?", suggestion.best);
    return NULL;
}

/* Layer `name` ("0", "1", ...) of a stack. */
static struct instance *find_layer(struct elaboration *e, struct instance *stack, const struct name *name,
                                   struct instance **wait)
{
    char *end;
    long index = strtol(name->text, &end, 10);
    if (*end || end == name->text) {
        report_error(&e->report, name->span, "'%s' is a stack: its layers are '%s.0', '%s.1' and so on", stack->path,
                     stack->path, stack->path);
        return NULL;
    }
    if (!stack->layers && !stack->failed) {
        *wait = stack;
        return NULL;
    }
    if (!stack->failed && index >= stack->count)
        report_error(&e->report, name->span, "'%s' has %d layers, the last one is '%s.%d'", stack->path, stack->count,
                     stack->path, stack->count - 1);
    return index < stack->count ? stack->layers[index] : NULL;
}

/* True for `u = Unknwon[n](x)`, a call of an unknown name: that u is not an instance need not be reported too. */
static bool calls_unknown(const struct instance *owner, const struct symbol *symbol)
{
    bool defines = symbol->statement && symbol->statement->kind == STATEMENT_EQUATION;
    const struct expr *expr = defines ? symbol->statement->values[0] : NULL;
    while (expr && (expr->kind == EXPR_STACK || expr->kind == EXPR_REVERSE))
        expr = expr->args[expr->count - 1];
    if (!expr || expr->kind != EXPR_CALL)
        return false;
    const struct expr *name = expr->args[0]->kind == EXPR_INDEX ? expr->args[0]->args[0] : expr->args[0];
    if (names_import(owner, name))
        return !find_global_at(owner, name);
    return name->kind == EXPR_NAME && !map_get(&owner->symbols, name->name.text) &&
           !find_global(owner, name->name.text) && op_find(name->name.text, (int)strlen(name->name.text)) == OP_COUNT;
}

/* The expressions of a path: nodes[i] reaches from its beginning to the name i. */
struct path {
    const struct expr **nodes;
    int count;
};

static struct path flatten(struct elaboration *e, const struct expr *expr)
{
    struct path path = {NULL, 1};
    for (const struct expr *node = expr; node->kind == EXPR_MEMBER; node = node->args[0])
        path.count++;
    path.nodes = ARENA_ARRAY(e->arena, const struct expr *, path.count);
    for (int i = path.count - 1; i >= 0; i--, expr = i >= 0 ? expr->args[0] : expr)
        path.nodes[i] = expr;
    return path;
}

/* Finds the symbol of `instance` that continues the path from name *at, and moves *at to the last part of the symbol's
 * name. NULL if there is none; then *at is the last part that a dotted name begins with. */
static struct symbol *find_step(struct elaboration *e, struct instance *instance, const struct path *path, int *at,
                                const char **text)
{
    *text = path->nodes[*at]->name.text;
    while (*at + 1 < path->count && map_get(&instance->stems, *text)) {
        ++*at;
        *text = arena_printf(e->arena, "%s.%s", *text, path->nodes[*at]->name.text);
    }
    return map_get(&instance->symbols, *text);
}

/* Reports a path that fails at a name that `instance` does not have. */
static void tell_step(struct elaboration *e, struct instance *instance, const struct path *path, int first, int at,
                      const char *text)
{
    struct name name = {text, {path->nodes[first]->name.span.begin, path->nodes[at]->name.span.end}};
    if (first)
        find_member(e, instance, &name, path->nodes[first - 1]);
    else
        tell_unknown(e, instance, &name, false);
}

/* Follows the path as far as instances go. Gives a symbol, in *owner; or a layer in *layer and no symbol; or neither,
 * after an error or if *wait has to exist first. */
static struct symbol *walk_path(struct elaboration *e, struct instance *instance, const struct path *path,
                                struct instance **owner, struct instance **layer, struct instance **wait)
{
    *layer = NULL;
    *owner = instance;
    if (path->nodes[0]->kind != EXPR_NAME) {
        report_error(&e->report, path->nodes[0]->span, "'%s' is not an instance of a cell",
                     report_excerpt(&e->report, path->nodes[0]->span));
        return NULL;
    }
    for (int at = 0;; at++) {
        int first = at;
        const char *text;
        struct symbol *symbol = find_step(e, *owner, path, &at, &text);
        if (!symbol)
            tell_step(e, *owner, path, first, at, text);
        if (!symbol || at == path->count - 1)
            return symbol;
        struct instance *inner = symbol->instance;
        if (!inner && symbol->pending) {
            *wait = symbol->pending;
            return NULL;
        }
        if (!inner && !calls_unknown(*owner, symbol)) {
            report_error(&e->report, path->nodes[at]->span, "'%s' is not an instance of a cell",
                         report_excerpt(&e->report, path->nodes[at]->span));
            report_note(&e->report, symbol->span, "'%s' is defined here", symbol->name);
        }
        while (inner && inner->is_stack) {
            if (++at == path->count - 1) {
                *layer = inner;
                return NULL;
            }
            inner = find_layer(e, inner, &path->nodes[at]->name, wait);
        }
        if (!inner)
            return NULL;
        *owner = inner;
    }
}

struct instance *resolve_instance(struct elaboration *e, struct instance *instance, const struct expr *expr,
                                  struct instance **wait)
{
    struct instance *owner, *stack;
    struct path path = flatten(e, expr);
    struct symbol *symbol = walk_path(e, instance, &path, &owner, &stack, wait);
    if (stack)
        return find_layer(e, stack, &expr->name, wait);
    if (!symbol || symbol->instance || calls_unknown(owner, symbol))
        return symbol ? symbol->instance : NULL;
    if (symbol->pending) {
        *wait = symbol->pending;
        return NULL;
    }
    report_error(&e->report, expr->span, "'%s' is not an instance of a cell", report_excerpt(&e->report, expr->span));
    report_note(&e->report, symbol->span, "'%s' is defined here", symbol->name);
    return NULL;
}

/* `h.c` of a stack: an output of its top layer. */
static struct symbol *find_stack_output(struct elaboration *e, struct instance *stack, const struct expr *path,
                                        struct instance **owner, struct instance **wait)
{
    const struct tree_definition *cell = stack->definition;
    for (int i = 0; i < cell->output_count; i++) {
        if (strcmp(cell->outputs[i].name.text, path->name.text) != 0)
            continue;
        if (!stack->layers && !stack->failed)
            *wait = stack;
        if (!stack->layers)
            return NULL;
        *owner = stack->layers[stack->count - 1];
        return find_member(e, *owner, &path->name, path->args[0]);
    }
    if (isdigit((unsigned char)*path->name.text))
        report_error(&e->report, path->span, "'%s' is a layer, not a value: write '%s.%s'",
                     report_excerpt(&e->report, path->span), report_excerpt(&e->report, path->span),
                     cell->outputs[0].name.text);
    else
        report_error(&e->report, path->name.span, "'%s' is a stack: write '%s.0.%s' for the one in its first layer",
                     stack->path, stack->path, path->name.text);
    return NULL;
}

struct symbol *resolve_path(struct elaboration *e, struct instance *instance, const struct expr *expr,
                            struct instance **owner, struct instance **wait)
{
    struct instance *stack;
    struct path path = flatten(e, expr);
    int errors = e->report.error_count;
    struct symbol *symbol = walk_path(e, instance, &path, owner, &stack, wait);
    if (!stack && !symbol && e->report.error_count > errors && path.count > 1 && strcmp(expr->name.text, "T") == 0)
        report_note(&e->report, expr->name.span, "a transposed matrix is written 'transpose(W)'");
    return stack ? find_stack_output(e, stack, expr, owner, wait) : symbol;
}

struct instance *peek_instance(struct elaboration *e, struct instance *instance, const struct expr *expr)
{
    const char *text;
    struct path path = flatten(e, expr);
    if (path.nodes[0]->kind != EXPR_NAME)
        return NULL;
    for (int at = 0; at < path.count && instance; at++) {
        if (instance->is_stack) {
            char *end;
            long index = strtol(path.nodes[at]->name.text, &end, 10);
            instance =
                !*end && instance->layers && index >= 0 && index < instance->count ? instance->layers[index] : NULL;
            continue;
        }
        struct symbol *symbol = find_step(e, instance, &path, &at, &text);
        instance = symbol ? symbol->instance : NULL;
    }
    return instance;
}
