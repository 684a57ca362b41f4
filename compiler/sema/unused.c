/* Definitions that the compiled program does not reach, or whose dimensions are not known: they have no shapes, but
 * their names can be checked. */
#include <string.h>

#include "base/arena.h"
#include "sema/instances.h"
#include "sema/names.h"
#include "sema/resolve.h"
#include "sema/terms.h"

/* The names of a definition. Those that an expression reads have to exist; their kind is checked only where there are
 * shapes. */
struct scope {
    struct elaboration *e;
    struct instance names; /* only its symbols: all of the definition */
};

static bool is_known(const struct scope *scope, const char *name)
{
    return map_get(&scope->names.symbols, name) || find_global(&scope->names, name) ||
           op_find(name, (int)strlen(name)) != OP_COUNT;
}

static void check_expr(struct scope *scope, const struct expr *expr);

static void check_subscripts(struct scope *scope, const struct expr *expr)
{
    for (int i = 0; i < expr->subscript_count; i++) {
        check_expr(scope, expr->subscripts[i].begin);
        check_expr(scope, expr->subscripts[i].end);
        check_expr(scope, expr->subscripts[i].step);
    }
}

static void check_callee(struct scope *scope, const struct expr *callee)
{
    if (callee->kind == EXPR_INDEX) {
        check_subscripts(scope, callee);
        callee = callee->args[0];
    }
    if (names_import(&scope->names, callee) && !find_global_at(&scope->names, callee))
        tell_imported(scope->e, &scope->names, callee, true);
    else if (callee->kind != EXPR_NAME)
        check_expr(scope, callee);
    else if (!is_known(scope, callee->name.text))
        tell_unknown(scope->e, &scope->names, &callee->name, true);
}

/* True if a path begins with the beginning of a dotted name. */
static bool is_dotted(const struct scope *scope, const struct expr *expr)
{
    while (expr->kind == EXPR_MEMBER)
        expr = expr->args[0];
    return expr->kind == EXPR_NAME && map_get(&scope->names.stems, expr->name.text);
}

/* Recurses over the expression, whose depth the parser bounds. `t` is checked with delays. */
static void check_expr(struct scope *scope, const struct expr *expr)
{
    if (!expr || (expr->kind == EXPR_MEMBER && is_dotted(scope, expr)))
        return;
    if (names_import(&scope->names, expr)) {
        if (!find_global_at(&scope->names, expr))
            tell_imported(scope->e, &scope->names, expr, false);
        return;
    }
    if (expr->kind == EXPR_NAME && strcmp(expr->name.text, "t") != 0 && !is_known(scope, expr->name.text))
        tell_unknown(scope->e, &scope->names, &expr->name, false);
    if (expr->kind == EXPR_CALL)
        check_callee(scope, expr->args[0]);
    for (int i = expr->kind == EXPR_CALL; i < expr->count - is_lasting_dropout(expr); i++)
        check_expr(scope, expr->args[i]);
    check_subscripts(scope, expr);
}

static void declare(struct scope *scope, const struct name *name)
{
    elaborate_symbol(scope->e, &scope->names, SYMBOL_VALUE, name);
}

/* Declares the dimension that an input introduces, if it is a new name. */
static void declare_dimension(struct scope *scope, const struct expr *expr)
{
    if (expr && expr->kind == EXPR_NAME && !map_get(&scope->names.symbols, expr->name.text) &&
        !find_global(&scope->names, expr->name.text))
        declare(scope, &expr->name);
}

static void declare_all(struct scope *scope, const struct tree_definition *definition)
{
    for (int i = 0; i < definition->dimension_count; i++)
        if (definition->dimensions[i].expr->kind == EXPR_NAME)
            declare(scope, &definition->dimensions[i].expr->name);
    for (int i = 0; i < definition->input_count; i++)
        declare(scope, &definition->inputs[i].name);
    for (int i = 0; i < definition->input_count; i++) {
        const struct declarator *input = &definition->inputs[i];
        for (int k = 0; k < input->dimension_count; k++)
            declare_dimension(scope, input->dimensions[k].expr);
        declare_dimension(scope, input->vocabulary);
    }
    for (int i = 0; i < definition->statement_count; i++) {
        const struct statement *statement = definition->statements[i];
        bool names_only = statement->kind == STATEMENT_OUTPUT && !statement->value_count;
        for (int k = 0; k < statement->count && !names_only; k++)
            if (!statement->declarators[k].part)
                declare(scope, &statement->declarators[k].name);
    }
}

static void check_declarator(struct scope *scope, const struct declarator *declarator)
{
    for (int i = 0; i < declarator->dimension_count; i++) {
        check_expr(scope, declarator->dimensions[i].expr);
        check_expr(scope, declarator->dimensions[i].fallback);
    }
    if (declarator->part)
        check_subscripts(scope, declarator->part);
    check_expr(scope, declarator->form_rank);
    check_expr(scope, declarator->form_preview);
    check_expr(scope, declarator->form_refine);
    check_expr(scope, declarator->start);
    check_expr(scope, declarator->distribution_argument);
    check_expr(scope, declarator->vocabulary);
    check_expr(scope, declarator->vocabulary_fallback);
}

static void check_statement(struct scope *scope, const struct statement *statement)
{
    for (int i = 0; i < statement->count; i++)
        check_declarator(scope, &statement->declarators[i]);
    for (int i = 0; i < statement->value_count; i++)
        check_expr(scope, statement->values[i]);
    if (statement->kind == STATEMENT_OUTPUT && !statement->value_count &&
        !is_known(scope, statement->declarators[0].name.text))
        tell_unknown(scope->e, &scope->names, &statement->declarators[0].name, false);
}

static void check_definition(struct elaboration *e, struct module *module, const struct tree_definition *definition)
{
    struct scope scope = {.e = e, .names = {.definition = definition, .module = module}};
    map_init(&scope.names.symbols, e->arena);
    map_init(&scope.names.stems, e->arena);
    declare_all(&scope, definition);
    for (int i = 0; i < definition->dimension_count; i++)
        check_expr(&scope, definition->dimensions[i].fallback);
    for (int i = 0; i < definition->input_count; i++)
        check_declarator(&scope, &definition->inputs[i]);
    for (int i = 0; i < definition->output_count; i++) {
        const struct name *name = &definition->outputs[i].name;
        check_declarator(&scope, &definition->outputs[i]);
        if (!map_get(&scope.names.symbols, name->text))
            report_error(&e->report, name->span, "'%s' is an output of '%s', but no equation defines it", name->text,
                         definition->name.text);
    }
    for (int i = 0; i < definition->statement_count; i++)
        check_statement(&scope, definition->statements[i]);
    check_expr(&scope, definition->value);
}

void check_unused(struct elaboration *e)
{
    for (int i = 0; i < e->instance_count; i++)
        if (e->instances[i]->bound)
            e->instances[i]->module->used[e->instances[i]->definition->index] = true;
    e->report.origin = NULL;
    for (struct module *module = e->modules; module <= e->main; module++)
        for (int i = 0; i < module->tree->definition_count; i++) {
            const struct tree_definition *definition = module->tree->definitions[i];
            if (definition->kind != DEFINE_CONST && definition->kind != DEFINE_IMPORT && !module->used[i])
                check_definition(e, module, definition);
        }
}
