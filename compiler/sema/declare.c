/* Declaring: the names of an instance, in two turns over its statements. The first makes the symbols, so that the
 * second, which makes values and instances in the order of the text, can tell a call of a cell from one of an instance.
 */
#include <string.h>

#include "base/arena.h"
#include "sema/forms.h"
#include "sema/functions.h"
#include "sema/instances.h"
#include "sema/names.h"

static bool is_input(const struct instance *instance, const struct symbol *symbol)
{
    if (symbol->statement)
        return symbol->statement->kind == STATEMENT_INPUT || symbol->statement->kind == STATEMENT_TARGET;
    for (int i = 0; i < instance->definition->input_count; i++)
        if (symbol->declarator == &instance->definition->inputs[i])
            return true;
    return false;
}

static struct symbol *declare_name(struct elaboration *e, struct instance *instance, enum symbol_kind kind,
                                   const struct declarator *declarator, const struct statement *statement)
{
    struct symbol *before = map_get(&instance->symbols, declarator->name.text);
    bool defines = statement && (statement->kind == STATEMENT_EQUATION || statement->kind == STATEMENT_OUTPUT);
    if (before && defines && is_input(instance, before)) {
        bool is_target = before->statement && before->statement->kind == STATEMENT_TARGET;
        report_error(&e->report, declarator->name.span, "'%s' is %s and cannot be defined", before->name,
                     is_target ? "a target" : "an input");
        report_note(&e->report, before->span, "it is declared here");
        return NULL;
    }
    struct symbol *symbol = elaborate_symbol(e, instance, kind, &declarator->name);
    if (!symbol)
        return NULL;
    symbol->declarator = declarator;
    symbol->statement = statement;
    return symbol;
}

static void declare_dimension(struct elaboration *e, struct instance *instance, int index)
{
    const struct expr *expr = instance->definition->dimensions[index].expr;
    bool is_function = is_function_place(e, instance->definition, index);
    if (expr->kind == EXPR_NAME)
        elaborate_symbol(e, instance, is_function ? SYMBOL_FUNCTION : SYMBOL_NUMBER, &expr->name);
    else
        report_error(&e->report, expr->span, "expected the name of a dimension, found '%s'",
                     report_excerpt(&e->report, expr->span));
}

/* `cell LSTM[n](x[m])`, `cell Emb[n](x: index[v])`: m and v are dimensions too, unless they are constants of the file.
 */
static void declare_input_dimension(struct elaboration *e, struct instance *instance, const struct expr *expr)
{
    if (!expr || expr->kind != EXPR_NAME)
        return;
    const struct global *global = find_global(instance, expr->name.text);
    if (!map_get(&instance->symbols, expr->name.text) && !(global && global->constant))
        elaborate_symbol(e, instance, SYMBOL_NUMBER, &expr->name);
}

static void declare_inputs(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    for (int i = 0; i < definition->dimension_count; i++)
        declare_dimension(e, instance, i);
    instance->inputs = ARENA_ARRAY(e->arena, struct value *, definition->input_count + 1);
    for (int i = 0; i < definition->input_count; i++) {
        const struct declarator *input = &definition->inputs[i];
        struct symbol *symbol = declare_name(e, instance, SYMBOL_VALUE, input, NULL);
        if (!symbol)
            continue;
        enum value_kind kind = instance->parent ? VALUE_EQUATION : VALUE_INPUT;
        symbol->value = elaborate_value(e, instance, kind, elaborate_path(e, instance, symbol->name), symbol->span,
                                        instance->parent ? instance->call->span : input->span);
        instance->inputs[i] = symbol->value;
        e->owners[symbol->value->id] = instance;
    }
    for (int i = 0; i < definition->input_count; i++) {
        const struct declarator *input = &definition->inputs[i];
        for (int k = 0; k < input->dimension_count; k++)
            declare_input_dimension(e, instance, input->dimensions[k].expr);
        declare_input_dimension(e, instance, input->vocabulary);
    }
}

/* True for a statement that only a model may have (input, target, output, loss) and that stands in a cell. */
static bool is_misplaced(const struct instance *instance, const struct statement *statement)
{
    bool only = statement->kind == STATEMENT_INPUT || statement->kind == STATEMENT_TARGET ||
                statement->kind == STATEMENT_OUTPUT || statement->kind == STATEMENT_LOSS;
    return only && (instance->parent || instance->definition->kind != DEFINE_MODEL);
}

static void tell_misplaced(struct elaboration *e, struct instance *instance, const struct statement *statement)
{
    report_error(&e->report, statement->span, "'%s' stands only in a model, and '%s' is a cell",
                 statement_word(statement->kind), instance->definition->name.text);
}

/* Reports parameters of a call inside an expression, which has no name to call the weights after. */
static void tell_hidden_parameters(struct elaboration *e, struct instance *instance)
{
    struct instance *outer = instance;
    while (outer->parent->hidden && outer->parent->definition->kind != DEFINE_FUNCTION)
        outer = outer->parent;
    const struct tree_definition *around = outer->parent->definition;
    e->report.origin = outer->origin.parent;
    if (around->kind == DEFINE_FUNCTION)
        report_error(&e->report, outer->call->span,
                     "'%s' has parameters, which a function cannot own: make '%s' a cell", outer->definition->name.text,
                     around->name.text);
    else
        report_error(&e->report, outer->call->span,
                     "'%s' has parameters: its call has to be the whole right side of an equation, which names them",
                     outer->definition->name.text);
    e->report.origin = &instance->origin;
}

static void declare_names(struct elaboration *e, struct instance *instance, const struct statement *statement)
{
    enum symbol_kind kind = statement->kind == STATEMENT_CONST ? SYMBOL_NUMBER : SYMBOL_VALUE;
    bool names_only = statement->kind == STATEMENT_OUTPUT && !statement->value_count;
    if (is_misplaced(instance, statement))
        tell_misplaced(e, instance, statement);
    if (statement->kind == STATEMENT_PARAM && instance->hidden && !instance->shared)
        tell_hidden_parameters(e, instance);
    if (names_only)
        return;
    for (int i = 0; i < statement->count; i++) {
        const struct declarator *declarator = &statement->declarators[i];
        if (declarator->part)
            continue;
        struct written_form form = {0};
        if (statement->kind == STATEMENT_PARAM)
            form = find_form(e, instance, declarator);
        struct symbol *symbol = declare_name(e, instance, form.word ? SYMBOL_FACTORED : kind, declarator, statement);
        if (symbol)
            symbol->written = form;
        if (symbol && statement->kind == STATEMENT_CONST)
            symbol->definition = statement->values[i];
    }
}

static void create_parameter(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    const struct declarator *declarator = symbol->declarator;
    if (instance->shared) {
        struct symbol *shared = map_get(&instance->shared->symbols, symbol->name);
        if (shared && shared->statement == symbol->statement) {
            symbol->form = shared->form;
            symbol->value = shared->value;
            memcpy(symbol->factors, shared->factors, sizeof symbol->factors);
        }
        return;
    }
    const char *path = elaborate_path(e, instance, symbol->name);
    const char *word = symbol->written.word;
    if (!word) {
        symbol->value = elaborate_value(e, instance, VALUE_PARAMETER, path, symbol->span, declarator->span);
        symbol->value->fixed = declarator->fixed;
        symbol->value->storage = symbol->written.storage;
        return;
    }
    bool is_svd = strcmp(word, "svd") == 0;
    if (!is_svd && strcmp(word, "cp") != 0)
        return; /* the parser has reported it */
    symbol->form = is_svd ? FORM_SVD : FORM_CP;
    for (int i = 0; i < (is_svd ? 2 : 3); i++) {
        const char *name = arena_printf(e->arena, "%s.%c", path, 'A' + i);
        symbol->factors[i] = elaborate_value(e, instance, VALUE_PARAMETER, name, symbol->span, declarator->span);
        symbol->factors[i]->form = symbol->form;
        symbol->factors[i]->fixed = declarator->fixed;
        symbol->factors[i]->storage = symbol->written.storage;
        symbol->factors[i]->multiplied = symbol->written.multiplies;
    }
    symbol->value = elaborate_value(e, instance, VALUE_EQUATION, path, symbol->span, declarator->span);
    symbol->value->form = symbol->form;
}

/* Keeps `b[n:2*n] = 1` until the shape of b is known. */
static void note_part(struct elaboration *e, struct instance *instance, const struct declarator *declarator)
{
    struct symbol *symbol = map_get(&instance->symbols, declarator->name.text);
    struct span span = declarator->part->span;
    const char *text = report_excerpt(&e->report, span);
    bool has_start = declarator->start || declarator->distribution.text;
    if (!symbol || !symbol->statement || symbol->statement->kind != STATEMENT_PARAM)
        report_error(&e->report, span, "'%s' stands for a part of a parameter, but no parameter '%s' is declared here",
                     text, declarator->name.text);
    else if (declarator->has_form || declarator->storage.text || declarator->fixed || !has_start)
        report_error(&e->report, span, "of a part of a parameter nothing but a start value is declared, as in '%s = 1'",
                     text);
    else if (symbol->kind == SYMBOL_FACTORED)
        report_error(&e->report, span, "'%s' has a form, whose factors start as a whole", declarator->name.text);
    else if (!instance->shared)
        ARENA_PUSH(e->arena, symbol->parts, symbol->part_count, symbol->part_capacity, declarator);
}

static void create_values(struct elaboration *e, struct instance *instance, const struct statement *statement)
{
    bool first = true;
    if (is_misplaced(instance, statement))
        return;
    for (int i = 0; i < statement->count; i++) {
        const struct declarator *declarator = &statement->declarators[i];
        if (declarator->part) {
            note_part(e, instance, declarator);
            continue;
        }
        struct symbol *symbol = map_get(&instance->symbols, declarator->name.text);
        if (!symbol || symbol->declarator != declarator || symbol->kind == SYMBOL_NUMBER)
            continue;
        if (statement->kind == STATEMENT_PARAM) {
            create_parameter(e, instance, symbol);
            continue;
        }
        if (first)
            create_instance(e, instance, symbol, statement);
        first = false;
        enum value_kind kind = statement->kind == STATEMENT_INPUT    ? VALUE_INPUT
                               : statement->kind == STATEMENT_TARGET ? VALUE_TARGET
                                                                     : VALUE_EQUATION;
        const char *path = elaborate_path(e, instance, symbol->name);
        symbol->value = elaborate_value(e, instance, kind, path, symbol->span, statement->span);
    }
}

static void check_outputs(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    for (int i = 0; i < definition->output_count; i++) {
        const struct name *name = &definition->outputs[i].name;
        struct symbol *symbol = map_get(&instance->symbols, name->text);
        bool is_equation =
            symbol && symbol->kind == SYMBOL_VALUE && !(symbol->value && symbol->value->kind == VALUE_PARAMETER);
        if (!symbol || (instance->parent && !is_equation)) /* of the top, list_outputs reports more */
            report_error(&e->report, name->span, "'%s' is an output of '%s', but no equation defines it", name->text,
                         definition->name.text);
    }
}

static void declare_instance(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    e->report.origin = instance->parent ? &instance->origin : NULL;
    declare_inputs(e, instance);
    for (int i = 0; i < definition->statement_count; i++)
        declare_names(e, instance, definition->statements[i]);
    for (int i = 0; i < definition->statement_count && !e->full; i++)
        create_values(e, instance, definition->statements[i]);
    if (definition->kind == DEFINE_FUNCTION)
        instance->result = elaborate_value(e, instance, VALUE_EQUATION, elaborate_path(e, instance, "result"),
                                           instance->call->span, instance->call->span);
    else
        check_outputs(e, instance);
}

void declare_instances(struct elaboration *e)
{
    const struct origin *origin = e->report.origin;
    while (e->undeclared_count && !e->full)
        declare_instance(e, e->undeclared[--e->undeclared_count]);
    e->report.origin = origin;
}
