/* Building: the statements of a bound instance become terms. */
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/instances.h"
#include "sema/names.h"
#include "sema/shapes.h"
#include "sema/terms.h"

/* Finds a stack in `expr` whose layers do not exist yet, or NULL. */
static struct instance *find_wait(struct elaboration *e, struct instance *instance, const struct expr *expr)
{
    struct instance *owner, *wait = NULL;
    if (expr->kind == EXPR_MEMBER && !names_import(instance, expr)) {
        resolve_path(e, instance, expr, &owner, &wait);
        return wait;
    }
    for (int i = expr->kind == EXPR_CALL; i < expr->count && !wait; i++) /* the callee is not a value */
        wait = find_wait(e, instance, expr->args[i]);
    return wait;
}

static struct value *left_value(const struct instance *instance, const struct statement *statement, int index)
{
    const struct declarator *declarator = &statement->declarators[index];
    const struct symbol *symbol = map_get(&instance->symbols, declarator->name.text);
    return symbol && symbol->declarator == declarator ? symbol->value : NULL;
}

static void set_left(struct builder *b, const struct statement *statement, int index, struct term *term)
{
    struct value *value = left_value(b->instance, statement, index);
    if (value)
        set_term(b->e, value, term);
}

static void set_left_output(struct builder *b, const struct statement *statement, int index, struct value *output,
                            struct span call)
{
    struct value *value = left_value(b->instance, statement, index);
    if (!value || !output)
        return;
    value->stands_for = output;
    set_term(b->e, value, term_value(b, output, call));
}

/* Builds `h1 = LSTM[n](x)`: the names on the left are its outputs. */
static void build_instance(struct builder *b, const struct statement *statement, const struct callee *callee)
{
    struct value *first = left_value(b->instance, statement, 0);
    struct symbol *symbol = first ? map_get(&b->instance->symbols, statement->declarators[0].name.text) : NULL;
    struct instance *instance = symbol ? symbol->instance : NULL;
    if (!instance)
        return;
    create_layers(b->e, instance);
    if (instance->is_stack && !instance->layers && instance->shared) {
        wait_for(b->e, instance->shared, TASK_BUILD, b->instance, statement);
        return;
    }
    if (!build_arguments(b, instance, callee->call, callee->brackets))
        return;
    int outputs = instance->definition->output_count;
    if (statement->count > outputs)
        report_error(&b->e->report, statement->declarators[outputs].name.span,
                     "'%s' has %d output%s, but there are %d names", instance->definition->name.text, outputs,
                     plural(outputs), statement->count);
    for (int i = 0; i < statement->count && i < outputs; i++)
        set_left_output(b, statement, i, instance_output(instance, i), callee->call->span);
}

static bool is_split(const struct builder *b, const struct expr *expr)
{
    const struct symbol *symbol = map_get(&b->instance->symbols, "split");
    return expr->kind == EXPR_CALL && expr->args[0]->kind == EXPR_NAME &&
           strcmp(expr->args[0]->name.text, "split") == 0 && !find_global(b->instance, "split") &&
           !(symbol && symbol->kind == SYMBOL_FUNCTION);
}

/* Builds `i, f = split(e, 2)`: parts of a hidden value, or of the value that e names. */
static void build_split(struct builder *b, const struct statement *statement)
{
    const struct expr *call = statement->values[0];
    int count = 0;
    if (call->count != 3) {
        report_error(&b->e->report, call->span, "'split' takes 2 operands, but %d %s given", call->count - 1,
                     call->count == 2 ? "is" : "are");
        return;
    }
    struct term *whole = build_term(b, call->args[1]);
    if (evaluate_count(b->e, b->instance, call->args[2], "the number of parts", 1, INT_MAX, &count) !=
            EVALUATION_DONE ||
        !whole)
        return;
    if (count != statement->count) {
        report_error(&b->e->report, statement->span, "'split' gives %d part%s, but there %s %d name%s on the left",
                     count, plural(count), statement->count == 1 ? "is" : "are", statement->count,
                     plural(statement->count));
        return;
    }
    struct value *value = whole->kind == TERM_VALUE ? whole->value : term_hidden(b, "split", whole);
    for (int i = 0; i < count; i++) {
        struct part *part = ARENA_NEW(b->e->arena, struct part);
        part->split_index = i;
        part->split_count = count;
        struct term *term = term_op(b, OP_copy, call->span, 1, term_value(b, value, call->args[1]->span), NULL);
        term->kind = TERM_PART;
        term->part = part;
        set_left(b, statement, i, term);
    }
}

static void build_equation(struct builder *b, const struct statement *statement)
{
    struct callee callee;
    enum callee_kind kind = find_callee(b->e, b->instance, statement, &callee);
    if (kind == CALLEE_INSTANCE) {
        build_instance(b, statement, &callee);
    } else if (kind == CALLEE_NONE && is_split(b, statement->values[0])) {
        build_split(b, statement);
    } else if (kind == CALLEE_NONE) {
        struct term *term = build_term(b, statement->values[0]);
        if (statement->count > 1)
            report_error(&b->e->report, statement->span, "%d names on the left, but one value on the right",
                         statement->count);
        set_left(b, statement, 0, term);
    }
}

static void build_init(struct builder *b, const struct statement *statement)
{
    struct report *report = &b->e->report;
    const struct expr *path = statement->values[0];
    struct instance *owner, *wait = NULL;
    struct symbol *symbol = resolve_path(b->e, b->instance, path, &owner, &wait);
    b->base = arena_printf(b->e->arena, "%s.init", symbol ? elaborate_path(b->e, owner, symbol->name) : "init");
    struct term *term = build_term(b, statement->values[1]);
    if (!symbol || !term)
        return;
    struct value *value = symbol->kind == SYMBOL_VALUE ? symbol->value : NULL;
    if (!value || value->kind == VALUE_PARAMETER) {
        report_error(report, path->span, "'%s' does not change with time, so it has no init",
                     report_excerpt(report, path->span));
        report_note(report, symbol->span, "'%s' is defined here", symbol->name);
    } else if (value->init && value->init_depth == b->instance->depth) {
        report_error(report, path->span, "init of '%s' is given twice", value->name);
        report_note(report, value->init->span, "it was first given here");
    } else {
        solver_read(&b->e->solver, term);
        if (value->init && value->init_depth < b->instance->depth)
            return; /* replaced by whoever made the instance */
        value->init = term;
        value->init_depth = b->instance->depth;
    }
}

static void build_loss(struct builder *b, const struct statement *statement)
{
    struct term *term = build_term(b, statement->values[0]);
    const struct tree_definition *definition = b->instance->definition;
    int index = 0;
    for (int i = 0; definition->statements[i] != statement; i++)
        index += definition->statements[i]->kind == STATEMENT_LOSS;
    b->e->program->losses[index] = (struct loss){term, statement->values[0]->span};
    if (term)
        solver_read(&b->e->solver, term);
}

/* The name that hidden values of a statement are called after. */
static const char *base_of(struct elaboration *e, const struct instance *instance, const struct statement *statement)
{
    const char *name = statement->count ? statement->declarators[0].name.text : "loss";
    return elaborate_path(e, instance, name);
}

void build_statement(struct elaboration *e, struct instance *instance, const struct statement *statement)
{
    if (!statement) {
        struct builder b = {e, instance, instance->path, instance->result->equation};
        set_term(e, instance->result, build_term(&b, instance->definition->value));
        return;
    }
    for (int i = 0; i < statement->value_count && statement->kind != STATEMENT_CONST; i++) {
        struct instance *wait = find_wait(e, instance, statement->values[i]);
        if (wait) {
            wait_for(e, wait, TASK_BUILD, instance, statement);
            return;
        }
    }
    struct builder b = {e, instance, base_of(e, instance, statement), statement->span};
    switch (statement->kind) {
    case STATEMENT_EQUATION:
        build_equation(&b, statement);
        break;
    case STATEMENT_OUTPUT:
        if (statement->value_count)
            build_equation(&b, statement);
        break;
    case STATEMENT_INIT:
        build_init(&b, statement);
        break;
    case STATEMENT_LOSS:
        if (!instance->parent && instance->definition->kind == DEFINE_MODEL)
            build_loss(&b, statement);
        break;
    case STATEMENT_PARAM:
    case STATEMENT_CONST:
    case STATEMENT_INPUT:
    case STATEMENT_TARGET:
        break;
    }
}
