/* Calls that make an instance: `h1 = LSTM[n](x)`, `h = stack 2 reverse LSTM[n](x)`, `h3 = h1(x2)`. */
#include "sema/instances.h"
#include "sema/names.h"

/* Takes `stack k` and `reverse` off and returns the call itself, or NULL if there is none. */
static const struct expr *unwrap(const struct expr *expr, struct callee *callee)
{
    *callee = (struct callee){.direction = 1};
    for (;;) {
        if (expr->kind == EXPR_STACK && !callee->layer_count) {
            callee->layer_count = expr->args[0];
            expr = expr->args[1];
        } else if (expr->kind == EXPR_REVERSE) {
            callee->direction = -callee->direction;
            expr = expr->args[0];
        } else {
            break;
        }
    }
    if (expr->kind != EXPR_CALL)
        return NULL;
    callee->call = expr;
    callee->name = expr->args[0];
    if (callee->name->kind == EXPR_INDEX) {
        callee->brackets = callee->name;
        callee->name = callee->name->args[0];
    }
    return expr;
}

/* The symbol of another equation of this instance that `name` leads to, or NULL. */
static struct symbol *find_equation(struct instance *instance, const struct expr *name, const struct statement *but)
{
    struct symbol *symbol = map_get(&instance->symbols, name->name.text);
    bool equation = symbol && symbol->kind == SYMBOL_VALUE && symbol->statement && symbol->statement != but &&
                    symbol->statement->kind == STATEMENT_EQUATION && symbol->statement->value_count;
    return equation ? symbol : NULL;
}

/* True for the name of a function that the cell is given, which hides everything else of that name. */
static bool is_function(const struct instance *instance, const struct expr *name)
{
    const struct symbol *symbol = map_get(&instance->symbols, name->name.text);
    return symbol && symbol->kind == SYMBOL_FUNCTION;
}

/* True if an equation makes an instance: it calls a cell, or a name that stands for an instance. In the second case
 * *next is that name. */
static bool makes_instance(struct instance *instance, const struct statement *statement, struct symbol **next)
{
    struct callee callee;
    *next = NULL;
    if (!unwrap(statement->values[0], &callee))
        return false;
    const bool is_import = names_import(instance, callee.name);
    if (callee.name->kind != EXPR_NAME && !is_import)
        return callee.name->kind == EXPR_MEMBER;
    if (!is_import && is_function(instance, callee.name))
        return false;
    *next = is_import ? NULL : find_equation(instance, callee.name, statement);
    const struct global *global = find_global_at(instance, callee.name);
    return global && global->definition && global->definition->kind == DEFINE_CELL;
}

/* True if a name of this instance stands for an instance. The result is kept with all names on the way. */
static bool names_instance(struct instance *instance, struct symbol *symbol)
{
    bool found = false;
    struct symbol *next = NULL;
    for (struct symbol *step = symbol; step; step = next) {
        if (step->instance_known) {
            found = step->is_instance;
            break;
        }
        found = makes_instance(instance, step->statement, &next);
        step->instance_known = true; /* which also ends a circle of names */
    }
    for (struct symbol *step = symbol; step && step->is_instance != found; step = next) {
        step->is_instance = found;
        makes_instance(instance, step->statement, &next);
    }
    return found;
}

static bool is_wrapped(const struct callee *callee) { return callee->layer_count || callee->direction < 0; }

static void tell_no_cell(struct elaboration *e, const struct callee *callee)
{
    report_error(&e->report, callee->name->span, "'%s' takes a call of a cell, which '%s' is not",
                 callee->layer_count ? "stack" : "reverse", report_excerpt(&e->report, callee->name->span));
}

/* Finds what a name at the top of a file, this one or an import, makes of the call. */
static enum callee_kind find_global_callee(struct elaboration *e, struct instance *instance, struct callee *callee)
{
    const struct name *name = &callee->name->name;
    const bool is_import = names_import(instance, callee->name);
    const struct global *global = find_global_at(instance, callee->name);
    const struct tree_definition *definition = global ? global->definition : NULL;
    if (definition && definition->kind == DEFINE_CELL) {
        callee->cell = definition;
        return CALLEE_INSTANCE;
    }
    if (definition && definition->kind == DEFINE_MODEL)
        report_error(&e->report, name->span, "'%s' is a model, which cannot be called: make it a cell", name->text);
    else if (is_import && !definition)
        tell_imported(e, instance, callee->name, true);
    else if (is_wrapped(callee) && !global && op_find(name->text, (int)(name->span.end - name->span.begin)) == OP_COUNT)
        tell_unknown(e, instance, name, true);
    else if (is_wrapped(callee))
        tell_no_cell(e, callee);
    else
        return CALLEE_NONE;
    return CALLEE_WRONG;
}

static enum callee_kind find_named_callee(struct elaboration *e, struct instance *instance,
                                          const struct statement *statement, struct callee *callee)
{
    if (is_function(instance, callee->name)) {
        if (is_wrapped(callee))
            tell_no_cell(e, callee);
        return is_wrapped(callee) ? CALLEE_WRONG : CALLEE_NONE;
    }
    if (names_instance(instance, find_equation(instance, callee->name, statement)))
        return CALLEE_INSTANCE;
    return find_global_callee(e, instance, callee);
}

enum callee_kind find_callee(struct elaboration *e, struct instance *instance, const struct statement *statement,
                             struct callee *callee)
{
    bool defines = statement->kind == STATEMENT_EQUATION || statement->kind == STATEMENT_OUTPUT;
    if (!defines || !statement->value_count || !statement->values[0])
        return CALLEE_NONE;
    if (!unwrap(statement->values[0], callee)) /* the parser makes sure of calls behind `stack` and `reverse` */
        return CALLEE_NONE;
    if (callee->name->kind == EXPR_NAME)
        return find_named_callee(e, instance, statement, callee);
    if (names_import(instance, callee->name))
        return find_global_callee(e, instance, callee);
    if (callee->name->kind == EXPR_MEMBER)
        return CALLEE_INSTANCE;
    if (!is_wrapped(callee))
        return CALLEE_NONE;
    tell_no_cell(e, callee);
    return CALLEE_WRONG;
}
