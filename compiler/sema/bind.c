/* Binding: the numbers behind the dimensions of an instance, from the brackets of its call and the shapes of its
 * arguments, and the shapes that follow from them. */
#include "sema/bind.h"

#include <string.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/instances.h"
#include "sema/shape_errors.h"
#include "sema/shapes.h"

/* True for a dimension, false for a constant. */
static bool is_dimension(const struct symbol *symbol) { return symbol->kind == SYMBOL_NUMBER && !symbol->definition; }

/* Gives `value`, an input declared as ids, its type if the vocabulary is known; true if that is new. */
static bool declare_ids(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                        struct value *value)
{
    int vocabulary;
    enum evaluation done = evaluate_size(e, instance, declarator->vocabulary, &vocabulary);
    instance->failed |= done == EVALUATION_WRONG;
    if (done != EVALUATION_DONE)
        return false;
    value->typed = true;
    value->declared = true;
    value->shape = (struct shape){0};
    value->vocabulary = vocabulary;
    value->labels = strcmp(declarator->type.text, "labels") == 0;
    solver_touch(&e->solver, value);
    return true;
}

/* Gives `value` the declared shape if all of its dimensions are known; true if that is new. An instance that is not
 * bound yet cannot be without it. */
static bool declare_shape(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                          struct value *value)
{
    if (value && !value->declared && declarator->type.text)
        return declare_ids(e, instance, declarator, value);
    if (!value || value->declared || !declarator->has_dimensions)
        return false;
    for (int i = 0; i < declarator->dimension_count; i++) {
        int size;
        enum evaluation done = evaluate_size(e, instance, declarator->dimensions[i].expr, &size);
        instance->failed |= done == EVALUATION_WRONG && !instance->bound;
        if (done != EVALUATION_DONE)
            return false;
    }
    struct shape shape;
    if (!evaluate_shape(e, instance, declarator, SHAPE_MAX_RANK, &shape)) {
        instance->failed |= !instance->bound;
        return false;
    }
    value->declared = true;
    value->shape = shape;
    name_sizes(e, instance, declarator, value);
    solver_touch(&e->solver, value);
    return true;
}

/* Binds the dimension that `expr` names, if it is one that is open. */
static bool bind_dimension(struct instance *instance, const struct declarator *input, const struct expr *expr, int size)
{
    struct symbol *symbol = expr->kind == EXPR_NAME ? map_get(&instance->symbols, expr->name.text) : NULL;
    if (!symbol || symbol->known || !is_dimension(symbol))
        return false;
    symbol->known = true;
    symbol->number = (struct number){true, size, size};
    symbol->bound_by = input->name.text;
    return true;
}

/* Binds the open dimensions of an input from the shape of its argument, if that is known. */
static bool bind_from_argument(struct elaboration *e, struct instance *instance, const struct declarator *input,
                               const struct value *value)
{
    if (value && !value->declared && input->type.text && value->vocabulary)
        return bind_dimension(instance, input, input->vocabulary, value->vocabulary);
    if (!value || value->declared || !input->has_dimensions || value->shape.rank <= 0)
        return false;
    if (value->shape.rank != input->dimension_count) {
        report_error(&e->report, value->term->span, "'%s' of '%s' has %d dimension%s, but '%s' is %s", input->name.text,
                     instance->definition->name.text, input->dimension_count, plural(input->dimension_count),
                     report_excerpt(&e->report, value->term->span), shape_words(&e->report, &value->shape));
        report_note(&e->report, input->span, "'%s' is declared here", input->name.text);
        instance->failed = true;
        return false;
    }
    bool progress = false;
    for (int i = 0; i < input->dimension_count; i++)
        progress |= bind_dimension(instance, input, input->dimensions[i].expr, value->shape.dim[i]);
    return progress;
}

static bool all_known(const struct instance *instance)
{
    for (int i = 0; i < instance->symbols.count; i++) {
        const struct symbol *symbol = instance->symbols.entries[i].value;
        if (is_dimension(symbol) && !symbol->known)
            return false;
    }
    return true;
}

/* Copies to a shared instance the dimensions and functions of the one whose weights it uses. */
static void copy_dimensions(struct instance *instance)
{
    for (int i = 0; i < instance->symbols.count; i++) {
        struct symbol *symbol = instance->symbols.entries[i].value;
        const struct symbol *shared = map_get(&instance->shared->symbols, symbol->name);
        if ((!is_dimension(symbol) && symbol->kind != SYMBOL_FUNCTION) || !shared)
            continue;
        symbol->known = shared->known;
        symbol->function = shared->function;
        symbol->number = shared->number;
        symbol->bound_by = shared->bound_by;
    }
}

void bind_instance(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    if (instance->bound || instance->failed || !instance->called)
        return;
    if (instance->shared && !instance->shared->bound) {
        wait_for(e, instance->shared, TASK_BIND, instance, NULL);
        return;
    }
    if (instance->shared)
        copy_dimensions(instance);
    for (bool progress = true; progress && !instance->failed;) {
        progress = false;
        for (int i = 0; i < definition->input_count; i++) {
            progress |= declare_shape(e, instance, &definition->inputs[i], instance->inputs[i]);
            progress |= bind_from_argument(e, instance, &definition->inputs[i], instance->inputs[i]);
        }
        for (int i = 0; i < definition->output_count; i++)
            declare_shape(e, instance, &definition->outputs[i], instance_output(instance, i));
    }
    if (!instance->failed && all_known(instance))
        finish_binding(e, instance);
}

/* Checks an equation that declares the shape of an output already declared in the head. */
static void check_output_shape(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                               const struct symbol *symbol)
{
    const struct tree_definition *definition = instance->definition;
    struct shape shape;
    if (!evaluate_shape(e, instance, declarator, SHAPE_MAX_RANK, &shape) || shape_equal(&shape, &symbol->value->shape))
        return;
    report_error(&e->report, declarator->span, "'%s' is %s here, but %s as an output of '%s'", symbol->name,
                 shape_words(&e->report, &shape), shape_words(&e->report, &symbol->value->shape),
                 definition->name.text);
    for (int i = 0; i < definition->output_count; i++)
        if (instance_output(instance, i) == symbol->value)
            report_note(&e->report, definition->outputs[i].span, "the output is declared here");
}

/* Declared shapes of the values that a statement defines. */
static void declare_shapes(struct elaboration *e, struct instance *instance, const struct statement *statement)
{
    for (int i = 0; i < statement->count; i++) {
        const struct declarator *declarator = &statement->declarators[i];
        struct symbol *symbol = map_get(&instance->symbols, declarator->name.text);
        if (!symbol || symbol->declarator != declarator)
            continue;
        if (statement->kind == STATEMENT_PARAM)
            shape_parameter(e, instance, symbol);
        else if (!symbol->value)
            continue;
        else if (statement->kind == STATEMENT_INPUT || statement->kind == STATEMENT_TARGET)
            shape_leaf(e, instance, declarator, symbol->value);
        else if (!declarator->has_dimensions)
            continue;
        else if (!symbol->value->declared)
            declare_shape(e, instance, declarator, symbol->value);
        else
            check_output_shape(e, instance, declarator, symbol);
    }
}

void finish_binding(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    instance->bound = true;
    evaluate_constants(e, instance, &instance->symbols);
    for (int i = 0; i < definition->output_count; i++)
        declare_shape(e, instance, &definition->outputs[i], instance_output(instance, i));
    for (int i = 0; i < definition->statement_count; i++)
        if (definition->statements[i]->kind != STATEMENT_CONST)
            declare_shapes(e, instance, definition->statements[i]);
    for (int i = 0; i < instance->entry_count; i++)
        if (instance->entries[i].instance)
            create_layers(e, instance->entries[i].instance);
    if (definition->kind == DEFINE_FUNCTION)
        push_task(e, TASK_BUILD, instance, NULL);
    for (int i = 0; i < definition->statement_count; i++)
        push_task(e, TASK_BUILD, instance, definition->statements[i]);
    wake_waiting(e, instance);
}
