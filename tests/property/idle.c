/* Removes definitions that nothing reads: after something has been taken out of a program, more of it can go. */
#include <string.h>

#include "edit.h"
#include "syntax/tree.h"

static bool expr_reads(const struct expr *expr, const char *name)
{
    if (!expr)
        return false;
    if (expr->kind == EXPR_NAME && strcmp(expr->name.text, name) == 0)
        return true;
    for (int i = 0; i < expr->count; i++)
        if (expr_reads(expr->args[i], name))
            return true;
    for (int i = 0; i < expr->subscript_count; i++)
        if (expr_reads(expr->subscripts[i].begin, name) || expr_reads(expr->subscripts[i].end, name))
            return true;
    return false;
}

static bool declarator_reads(const struct declarator *declarator, const char *name)
{
    for (int i = 0; i < declarator->dimension_count; i++)
        if (expr_reads(declarator->dimensions[i].expr, name))
            return true;
    return expr_reads(declarator->start, name) || expr_reads(declarator->vocabulary, name);
}

static bool statement_defines(const struct statement *statement, const char *name)
{
    for (int i = 0; i < statement->count && statement->kind != STATEMENT_OUTPUT; i++)
        if (strcmp(statement->declarators[i].name.text, name) == 0)
            return true;
    const struct expr *path = statement->kind == STATEMENT_INIT ? statement->values[0] : NULL;
    return path && path->kind == EXPR_NAME && strcmp(path->name.text, name) == 0;
}

static bool statement_reads(const struct statement *statement, const char *name)
{
    for (int i = 0; i < statement->count; i++)
        if (declarator_reads(&statement->declarators[i], name) ||
            (statement->kind == STATEMENT_OUTPUT && strcmp(statement->declarators[i].name.text, name) == 0))
            return true;
    for (int i = statement->kind == STATEMENT_INIT && statement->values[0]->kind == EXPR_NAME;
         i < statement->value_count; i++)
        if (expr_reads(statement->values[i], name))
            return true;
    return false;
}

/* True if something but its own equations reads the name. */
static bool definition_reads(const struct tree_definition *definition, const char *name)
{
    for (int i = 0; i < definition->output_count; i++)
        if (strcmp(definition->outputs[i].name.text, name) == 0 || declarator_reads(&definition->outputs[i], name))
            return true;
    for (int i = 0; i < definition->input_count; i++)
        if (declarator_reads(&definition->inputs[i], name))
            return true;
    for (int i = 0; i < definition->statement_count; i++)
        if (!statement_defines(definition->statements[i], name) && statement_reads(definition->statements[i], name))
            return true;
    return false;
}

static bool is_idle(const struct tree_definition *definition, const struct statement *statement)
{
    if (statement->kind == STATEMENT_OUTPUT || statement->kind == STATEMENT_LOSS)
        return false;
    for (int i = 0; i < statement->count; i++)
        if (definition_reads(definition, statement->declarators[i].name.text))
            return false;
    const struct expr *path = statement->kind == STATEMENT_INIT ? statement->values[0] : NULL;
    return !path || (path->kind == EXPR_NAME && !definition_reads(definition, path->name.text));
}

/* Takes out everything that no output needs, over any number of steps. */
void remove_idle(struct tree_definition *definition)
{
    bool progress = true;
    while (progress) {
        progress = false;
        for (int i = 0; i < definition->statement_count; i++) {
            struct statement *statement = definition->statements[i];
            for (int k = 0; statement->kind == STATEMENT_PARAM && k < statement->count && statement->count > 1; k++)
                if (!definition_reads(definition, statement->declarators[k].name.text)) {
                    REMOVE(statement->declarators, statement->count, k);
                    progress = true;
                }
            if (is_idle(definition, statement)) {
                REMOVE(definition->statements, definition->statement_count, i);
                progress = true;
            }
        }
    }
}
