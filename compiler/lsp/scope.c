#include "lsp/scope.h"

#include <string.h>

/* ---- lists ---- */

static const enum declaration_kind kinds_of_statements[] = {
    [STATEMENT_PARAM] = DECLARATION_PARAMETER, [STATEMENT_CONST] = DECLARATION_CONSTANT,
    [STATEMENT_INPUT] = DECLARATION_INPUT,     [STATEMENT_TARGET] = DECLARATION_TARGET,
    [STATEMENT_OUTPUT] = DECLARATION_OUTPUT,   [STATEMENT_EQUATION] = DECLARATION_EQUATION};

static const enum declaration_kind kinds_of_definitions[] = {[DEFINE_CELL] = DECLARATION_CELL,
                                                             [DEFINE_MODEL] = DECLARATION_MODEL,
                                                             [DEFINE_FUNCTION] = DECLARATION_FUNCTION,
                                                             [DEFINE_CONST] = DECLARATION_CONSTANT,
                                                             [DEFINE_IMPORT] = DECLARATION_IMPORT};

static bool list_statement(const struct tree_definition *within, const struct statement *statement,
                           declaration_visit *visit, void *context)
{
    if (statement->kind == STATEMENT_INIT || statement->kind == STATEMENT_LOSS)
        return true;
    for (int i = 0; i < statement->count; i++) {
        const struct declaration declaration = {.kind = kinds_of_statements[statement->kind],
                                                .name = statement->declarators[i].name,
                                                .span = statement->span,
                                                .within = within,
                                                .statement = statement};
        if (declaration.name.text && !visit(context, &declaration))
            return false;
    }
    return true;
}

/* Lists the inputs or outputs in the head. */
static bool list_head(const struct tree_definition *within, enum declaration_kind kind,
                      const struct declarator *declarators, int count, declaration_visit *visit, void *context)
{
    for (int i = 0; i < count; i++) {
        const struct declaration declaration = {
            .kind = kind, .name = declarators[i].name, .span = declarators[i].span, .within = within};
        if (declaration.name.text && !visit(context, &declaration))
            return false;
    }
    return true;
}

/* Lists names of `dimensions`; others in them are references. */
static bool list_dimensions(const struct tree_definition *within, const struct dimension *dimensions, int count,
                            declaration_visit *visit, void *context)
{
    for (int i = 0; i < count; i++) {
        const struct expr *expr = dimensions[i].expr;
        if (!expr || expr->kind != EXPR_NAME)
            continue;
        const struct declaration declaration = {
            .kind = DECLARATION_DIMENSION, .name = expr->name, .span = expr->span, .within = within};
        if (!visit(context, &declaration))
            return false;
    }
    return true;
}

void scope_list_parts(const struct tree_definition *definition, declaration_visit *visit, void *context)
{
    for (int i = 0; i < definition->statement_count; i++)
        if (!list_statement(definition, definition->statements[i], visit, context))
            return;
    if (!list_head(definition, DECLARATION_INPUT, definition->inputs, definition->input_count, visit, context) ||
        !list_head(definition, DECLARATION_OUTPUT, definition->outputs, definition->output_count, visit, context) ||
        !list_dimensions(definition, definition->dimensions, definition->dimension_count, visit, context))
        return;
    for (int i = 0; i < definition->input_count; i++) /* x[m] makes m a name, too */
        if (!list_dimensions(definition, definition->inputs[i].dimensions, definition->inputs[i].dimension_count, visit,
                             context))
            return;
}

void scope_list_top(const struct tree *tree, declaration_visit *visit, void *context)
{
    for (int i = 0; i < tree->definition_count; i++) {
        const struct tree_definition *definition = tree->definitions[i];
        if (definition->kind == DEFINE_CONST) {
            if (definition->constants && !list_statement(NULL, definition->constants, visit, context))
                return;
            continue;
        }
        const struct declaration declaration = {.kind = kinds_of_definitions[definition->kind],
                                                .name = definition->name,
                                                .span = definition->span,
                                                .definition = definition};
        if (declaration.name.text && !visit(context, &declaration))
            return;
    }
}

const struct tree_definition *scope_definition_at(const struct tree *tree, uint32_t offset)
{
    for (int i = 0; i < tree->definition_count; i++) {
        const struct tree_definition *definition = tree->definitions[i];
        if (definition->span.begin <= offset && offset <= definition->span.end)
            return definition;
    }
    return NULL;
}

/* ---- meaning ---- */

struct search {
    const char *name;
    struct declaration *found;
    bool done;
};

static bool compare(void *context, const struct declaration *declaration)
{
    struct search *search = context;
    search->done = strcmp(declaration->name.text, search->name) == 0;
    if (search->done)
        *search->found = *declaration;
    return !search->done;
}

static bool find_part(const struct tree_definition *definition, const char *name, struct declaration *found)
{
    struct search search = {.name = name, .found = found};
    scope_list_parts(definition, compare, &search);
    return search.done;
}

static bool find_top(const struct tree *tree, const char *name, struct declaration *found)
{
    struct search search = {.name = name, .found = found};
    scope_list_top(tree, compare, &search);
    return search.done;
}

bool scope_find(const struct tree *tree, const struct tree_definition *from, struct scope scope, const char *name,
                struct declaration *found)
{
    if (scope.cell)
        return find_part(scope.cell, name, found);
    if (scope.module)
        return find_top(scope.module, name, found);
    return (from && find_part(from, name, found)) || find_top(tree, name, found);
}

/* The cell that the right side of an equation is an instance of, or NULL: LSTM[n](x), torch.LSTM[n](x), and these
 * behind `stack 2` and `reverse`. */
static const struct tree_definition *find_called(const struct tree *tree, const struct expr *value)
{
    while (value && (value->kind == EXPR_STACK || value->kind == EXPR_REVERSE))
        value = value->args[value->kind == EXPR_STACK];
    const struct expr *callee = value && value->kind == EXPR_CALL ? value->args[0] : NULL;
    if (callee && callee->kind == EXPR_INDEX)
        callee = callee->args[0];
    struct declaration found;
    if (callee && callee->kind == EXPR_NAME && find_top(tree, callee->name.text, &found))
        return found.definition;
    if (callee && callee->kind == EXPR_MEMBER && callee->args[0]->kind == EXPR_NAME &&
        find_top(tree, callee->args[0]->name.text, &found) && found.kind == DECLARATION_IMPORT &&
        found.definition->import->imported && find_top(found.definition->import->imported, callee->name.text, &found))
        return found.definition;
    return NULL;
}

static bool is_layer(const char *name) { return *name >= '0' && *name <= '9'; }

struct scope scope_follow(const struct tree *tree, const struct tree_definition *from, const struct name *names,
                          int count)
{
    struct scope scope = {0};
    for (int i = 0; i < count; i++) {
        struct declaration found;
        if (scope.cell && is_layer(names[i].text)) /* h.0 of `h = stack 2 LSTM[n](x)` */
            continue;
        if (!scope_find(tree, from, scope, names[i].text, &found))
            return (struct scope){0};
        const struct tree *here = found.within ? found.within->tree : tree;
        scope = (struct scope){0};
        if (found.kind == DECLARATION_IMPORT)
            scope.module = found.definition->import->imported;
        else if (found.kind == DECLARATION_EQUATION && found.statement->value_count)
            scope.cell = find_called(here, found.statement->values[0]);
        if (!scope.cell && !scope.module)
            break;
    }
    return scope;
}
