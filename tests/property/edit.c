#include "edit.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/text.h"
#include "syntax/tree.h"

/* Places where something can be taken out are counted in the order of the tree; at the wanted one it happens. */
struct edit {
    struct arena *arena;
    int wanted, seen;
};

static bool here(struct edit *edit) { return edit->seen++ == edit->wanted; }

static struct expr *new_number(struct edit *edit, double number, bool is_integer)
{
    struct expr *expr = ARENA_NEW(edit->arena, struct expr);
    expr->kind = EXPR_NUMBER;
    expr->number = number;
    expr->is_integer = is_integer;
    return expr;
}

/* Puts an operand in brackets, for the place of its operation, since its operator may bind less. */
static struct expr *enclosed(struct edit *edit, struct expr *expr)
{
    if (expr->kind != EXPR_BINARY && expr->kind != EXPR_NEGATE)
        return expr;
    struct expr *bracket = ARENA_NEW(edit->arena, struct expr);
    bracket->kind = EXPR_BRACKET;
    bracket->count = 1;
    bracket->args = ARENA_ARRAY(edit->arena, struct expr *, 1);
    bracket->args[0] = expr;
    return bracket;
}

static void edit_number(struct edit *edit, struct expr **slot)
{
    struct expr *expr = *slot;
    if (!expr->is_integer || expr->number <= 0)
        return;
    double smaller[] = {1, (int)(expr->number / 2), expr->number - 1};
    for (int i = 0; i < 3; i++)
        if (here(edit))
            *slot = new_number(edit, smaller[i], true);
}

static void edit_expr(struct edit *edit, struct expr **slot)
{
    struct expr *expr = *slot;
    if (!expr)
        return;
    if (expr->kind == EXPR_NUMBER) {
        edit_number(edit, slot);
        return;
    }
    for (int i = expr->kind == EXPR_CALL && expr->count > 1; i < expr->count; i++)
        if (here(edit))
            *slot = expr->kind == EXPR_BRACKET ? expr->args[i] : enclosed(edit, expr->args[i]);
    if (here(edit))
        *slot = new_number(edit, 0.5, false);
    for (int i = 1; expr->kind == EXPR_CALL && i < expr->count && expr->count > 2; i++)
        if (here(edit))
            REMOVE(expr->args, expr->count, i);
    for (int i = 0; i < expr->count; i++)
        edit_expr(edit, &expr->args[i]);
    for (int i = 0; i < expr->subscript_count; i++) {
        edit_expr(edit, &expr->subscripts[i].begin);
        edit_expr(edit, &expr->subscripts[i].end);
    }
}

static void edit_declarator(struct edit *edit, struct declarator *declarator)
{
    if (declarator->has_form && here(edit))
        declarator->has_form = false;
    if (declarator->form_preview && here(edit))
        declarator->form_preview = declarator->form_refine = NULL;
    if (declarator->fixed && here(edit))
        declarator->fixed = false;
    if (declarator->start && here(edit))
        declarator->start = NULL;
    if (declarator->distribution.text && here(edit)) {
        declarator->distribution.text = NULL;
        declarator->distribution_argument = NULL;
    }
    if (declarator->once && here(edit))
        declarator->once = false;
    if (declarator->has_dimensions && here(edit)) {
        declarator->has_dimensions = false;
        declarator->dimension_count = 0;
    }
    for (int i = 0; i < declarator->dimension_count; i++) {
        edit_expr(edit, &declarator->dimensions[i].expr);
        edit_expr(edit, &declarator->dimensions[i].fallback);
    }
    edit_expr(edit, &declarator->vocabulary);
    if (declarator->has_form)
        edit_expr(edit, &declarator->form_rank);
}

static void edit_statement(struct edit *edit, struct statement *statement)
{
    for (int i = 0; i < statement->count && statement->count > 1; i++)
        if (here(edit))
            REMOVE(statement->declarators, statement->count, i);
    for (int i = 0; i < statement->count; i++)
        edit_declarator(edit, &statement->declarators[i]);
    for (int i = 0; i < statement->value_count; i++)
        edit_expr(edit, &statement->values[i]);
}

/* Takes out every output of a model but one, and what only the others need. */
static void keep_output(struct edit *edit, struct tree_definition *definition)
{
    for (int wanted = 0, count = 1; wanted < count; wanted++) {
        bool chosen = here(edit);
        count = 0;
        for (int i = 0; i < definition->statement_count; i++) {
            if (definition->statements[i]->kind != STATEMENT_OUTPUT || count++ == wanted || !chosen)
                continue;
            REMOVE(definition->statements, definition->statement_count, i);
            i--;
        }
        if (chosen)
            remove_idle(definition);
    }
}

static void edit_definition(struct edit *edit, struct tree_definition *definition)
{
    for (int i = 0; i < definition->statement_count; i++)
        if (here(edit)) {
            REMOVE(definition->statements, definition->statement_count, i);
            remove_idle(definition);
        }
    for (int i = 0; i < definition->input_count && definition->input_count > 1; i++)
        if (here(edit))
            REMOVE(definition->inputs, definition->input_count, i);
    for (int i = 0; i < definition->output_count && definition->output_count > 1; i++)
        if (here(edit))
            REMOVE(definition->outputs, definition->output_count, i);
    for (int i = 0; i < definition->dimension_count; i++)
        edit_expr(edit, &definition->dimensions[i].fallback);
    for (int i = 0; i < definition->input_count; i++)
        edit_declarator(edit, &definition->inputs[i]);
    for (int i = 0; i < definition->output_count; i++)
        edit_declarator(edit, &definition->outputs[i]);
    for (int i = 0; i < definition->statement_count; i++)
        edit_statement(edit, definition->statements[i]);
    edit_expr(edit, &definition->value);
    if (definition->constants)
        edit_statement(edit, definition->constants);
}

const char *edit_program(struct arena *arena, const char *text, int number)
{
    const struct source *source = source_from_memory(arena, "program.rnn", text, strlen(text));
    struct tree *tree = parse(arena, source, diag_new(arena, source));
    struct edit edit = {arena, number, 0};
    for (int i = 0; i < tree->definition_count; i++)
        keep_output(&edit, tree->definitions[i]);
    for (int i = 0; i < tree->definition_count; i++)
        if (here(&edit))
            REMOVE(tree->definitions, tree->definition_count, i);
    for (int i = 0; i < tree->definition_count; i++)
        edit_definition(&edit, tree->definitions[i]);
    if (edit.seen <= number)
        return NULL;
    struct text result;
    text_init(&result, arena);
    tree_print(tree, &result);
    return result.data ? result.data : "";
}
