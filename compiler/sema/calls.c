/* Calls: of cells and functions with their arguments. */
#include <string.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/functions.h"
#include "sema/instances.h"
#include "sema/names.h"
#include "sema/terms.h"

static bool is_bound_by_inputs(const struct tree_definition *cell, const char *name)
{
    for (int i = 0; i < cell->input_count; i++) {
        const struct declarator *input = &cell->inputs[i];
        for (int k = 0; k < input->dimension_count; k++) {
            const struct expr *expr = input->dimensions[k].expr;
            if (expr->kind == EXPR_NAME && strcmp(expr->name.text, name) == 0)
                return true;
        }
        const struct expr *vocabulary = input->vocabulary;
        if (vocabulary && vocabulary->kind == EXPR_NAME && strcmp(vocabulary->name.text, name) == 0)
            return true;
    }
    return false;
}

/* Says that the default of a dimension that is not given is for another case. */
static void note_default(struct builder *b, const struct tree_definition *cell, int index)
{
    if (index >= cell->dimension_count || !cell->dimensions[index].fallback || is_function_place(b->e, cell, index))
        return;
    report_note(&b->e->report, cell->dimensions[index].expr->span,
                "the default of '%s' is for '%s' compiled alone: a call gives it",
                report_excerpt(&b->e->report, cell->dimensions[index].expr->span), cell->name.text);
}

/* Checks that everything left out of the brackets follows: dimensions from the arguments, if there are no brackets at
 * all; functions from their defaults, if they come last. */
static bool check_left_out(struct builder *b, const struct tree_definition *cell, const struct expr *call)
{
    for (int i = 0; i < cell->dimension_count; i++) {
        const char *name = report_excerpt(&b->e->report, cell->dimensions[i].expr->span);
        bool is_function = is_function_place(b->e, cell, i);
        if (is_function ? cell->dimensions[i].fallback != NULL : is_bound_by_inputs(cell, name))
            continue;
        report_error(&b->e->report, call->args[0]->span, "the %s '%s' of '%s' is not given: write '%s[...](...)'",
                     is_function ? "function" : "dimension", name, cell->name.text, cell->name.text);
        report_note(&b->e->report, cell->name.span, "'%s' is defined here", cell->name.text);
        note_default(b, cell, i);
        return false;
    }
    return true;
}

static bool check_given(struct builder *b, const struct tree_definition *cell, const struct expr *brackets)
{
    int given = brackets->subscript_count, least = cell->dimension_count;
    while (least > 0 && is_function_place(b->e, cell, least - 1) && cell->dimensions[least - 1].fallback)
        least--;
    if (given >= least && given <= cell->dimension_count)
        return true;
    bool any = false;
    for (int i = 0; i < cell->dimension_count; i++)
        any |= is_function_place(b->e, cell, i);
    report_error(&b->e->report, brackets->span, "'%s' has %d dimension%s%s, but %d %s given", cell->name.text,
                 cell->dimension_count, plural(cell->dimension_count), any ? " and functions" : "", given,
                 given == 1 ? "is" : "are");
    report_note(&b->e->report, cell->name.span, "'%s' is defined here", cell->name.text);
    note_default(b, cell, given);
    return false;
}

static bool set_dimension(struct builder *b, struct instance *instance, int index, const struct expr *given)
{
    const struct tree_definition *cell = instance->definition;
    int size;
    if (!check_dimension(b, cell, index, given) || evaluate_size(b->e, b->instance, given, &size) != EVALUATION_DONE)
        return false;
    const struct expr *expr = cell->dimensions[index].expr;
    struct symbol *symbol = expr->kind == EXPR_NAME ? map_get(&instance->symbols, expr->name.text) : NULL;
    if (!symbol || symbol->kind != SYMBOL_NUMBER)
        return false;
    symbol->known = true;
    symbol->number = (struct number){true, size, size};
    return true;
}

static bool set_dimensions(struct builder *b, struct instance *instance, const struct expr *call,
                           const struct expr *brackets)
{
    const struct tree_definition *cell = instance->definition;
    if (instance->shared)
        return true;
    int given = brackets ? brackets->subscript_count : 0;
    if (brackets ? !check_given(b, cell, brackets) : !check_left_out(b, cell, call))
        return false;
    for (int i = 0; i < cell->dimension_count; i++) {
        const struct subscript *subscript = i < given ? &brackets->subscripts[i] : NULL;
        if (subscript && subscript->is_range) {
            report_error(&b->e->report, subscript->span, "a dimension is expected here, not a range");
            return false;
        }
        if (is_function_place(b->e, cell, i)) {
            if (!set_function(b, instance, i, subscript ? subscript->begin : NULL))
                return false;
        } else if (subscript && !set_dimension(b, instance, i, subscript->begin)) {
            return false;
        }
    }
    return true;
}

static bool call_instance(struct builder *b, struct instance *instance, const struct expr *call,
                          const struct expr *brackets)
{
    instance->failed = !set_dimensions(b, instance, call, brackets);
    instance->called = true;
    push_task(b->e, TASK_BIND, instance, NULL);
    return !instance->failed;
}

static bool check_count(struct builder *b, const struct tree_definition *definition, const struct expr *call)
{
    int given = call->count - 1, wanted = definition->input_count;
    if (given == wanted)
        return true;
    report_error(&b->e->report, call->span, "'%s' takes %d input%s, but %d %s given", definition->name.text, wanted,
                 plural(wanted), given, given == 1 ? "is" : "are");
    report_note(&b->e->report, definition->name.span, "'%s' is defined here", definition->name.text);
    return false;
}

/* Calls the layers above the first: each reads the output of the layer below, and the other inputs of the first. */
static bool call_upper_layers(struct builder *b, struct instance *stack, const struct expr *call,
                              const struct expr *brackets)
{
    struct instance *bottom = stack->layers[0];
    for (int i = 1; i < stack->count; i++) {
        struct instance *layer = stack->layers[i];
        for (int k = 0; k < stack->definition->input_count; k++) {
            struct value *from = k ? bottom->inputs[k] : instance_output(stack->layers[i - 1], 0);
            if (from && layer->inputs[k])
                set_term(b->e, layer->inputs[k], term_value(b, from, call->args[k + 1]->span));
        }
        if (!call_instance(b, layer, call, brackets))
            return false;
    }
    return true;
}

bool build_arguments(struct builder *b, struct instance *instance, const struct expr *call, const struct expr *brackets)
{
    if (!check_count(b, instance->definition, call)) {
        build_in_vain(b, call);
        return false;
    }
    if (instance->is_stack && !instance->layers)
        return false;
    struct instance *bottom = instance->is_stack ? instance->layers[0] : instance;
    for (int i = 0; i < instance->definition->input_count; i++) {
        struct term *term = build_term(b, call->args[i + 1]);
        if (bottom->inputs[i])
            set_term(b->e, bottom->inputs[i], term);
    }
    return call_instance(b, bottom, call, brackets) &&
           (!instance->is_stack || call_upper_layers(b, instance, call, brackets));
}

/* A call inside an expression: an instance without a name. */
static struct built build_anonymous(struct builder *b, const struct expr *call, const struct expr *brackets,
                                    const struct tree_definition *definition)
{
    struct elaboration *e = b->e;
    if (definition->kind == DEFINE_MODEL) {
        report_error(&e->report, call->span, "'%s' is a model, which cannot be called: make it a cell",
                     definition->name.text);
        return (struct built){0};
    }
    const char *path = elaborate_unique(e, arena_printf(e->arena, "%s.%s", b->base, definition->name.text));
    struct instance *instance = instance_new(e, b->instance, path, definition, call);
    if (!instance)
        return (struct built){0};
    instance->hidden = true;
    struct entry entry = {.instance = instance};
    ARENA_PUSH(e->arena, b->instance->entries, b->instance->entry_count, b->instance->entry_capacity, entry);
    declare_instances(e);
    if (e->full || !build_arguments(b, instance, call, brackets))
        return (struct built){0};
    struct value *output = instance_output(instance, 0);
    return output ? built_of(term_value(b, output, call->span)) : (struct built){0};
}

/* `LSTM(n)(x)` */
static void note_round_dimensions(struct builder *b, const struct expr *callee)
{
    const struct expr *name = callee->kind == EXPR_CALL ? callee->args[0] : NULL;
    const struct global *global = name ? find_global_at(b->instance, name) : NULL;
    if (global && global->definition && global->definition->kind == DEFINE_CELL)
        report_note(&b->e->report, name->span, "dimensions stand in square brackets: '%s[...](...)'",
                    report_excerpt(&b->e->report, name->span));
}

/* `f(v)`, where `f` is a function of the file but an instance here. */
static void note_hidden(struct builder *b, const struct expr *callee)
{
    const struct global *global = callee->kind == EXPR_NAME ? find_global(b->instance, callee->name.text) : NULL;
    if (global && global->definition)
        report_note(&b->e->report, global->span, "the instance '%s' hides what has this name here", callee->name.text);
}

/* A call of the function that the cell was given. */
static struct built build_given(struct builder *b, const struct expr *call, const struct expr *brackets,
                                const struct symbol *symbol)
{
    if (brackets)
        report_error(&b->e->report, brackets->span, "'%s' has no dimensions in brackets", symbol->name);
    if (brackets || !symbol->known)
        return (struct built){0};
    if (symbol->function.definition)
        return build_anonymous(b, call, NULL, symbol->function.definition);
    return build_operation_call(b, call, symbol->function.op);
}

/* A call of what an import has, as part of an expression. */
static struct built build_imported(struct builder *b, const struct expr *call, const struct expr *callee,
                                   const struct expr *brackets)
{
    const struct global *global = find_global_at(b->instance, callee);
    if (global && global->definition)
        return build_anonymous(b, call, brackets, global->definition);
    tell_imported(b->e, b->instance, callee, true);
    build_in_vain(b, call);
    return (struct built){0};
}

struct built build_call(struct builder *b, const struct expr *call)
{
    struct report *report = &b->e->report;
    const struct expr *callee = call->args[0], *brackets = NULL;
    if (callee->kind == EXPR_INDEX) {
        brackets = callee;
        callee = callee->args[0];
    }
    if (names_import(b->instance, callee))
        return build_imported(b, call, callee, brackets);
    struct symbol *symbol = callee->kind == EXPR_NAME ? map_get(&b->instance->symbols, callee->name.text) : NULL;
    if (callee->kind == EXPR_MEMBER || (symbol && symbol->instance)) {
        report_error(report, call->span,
                     "'%s' uses an instance again: this has to be the whole right side of an equation",
                     report_excerpt(report, call->span));
        note_hidden(b, callee);
        return (struct built){0};
    }
    if (callee->kind != EXPR_NAME) {
        report_error(report, callee->span, "'%s' cannot be called", report_excerpt(report, callee->span));
        note_round_dimensions(b, callee);
        return (struct built){0};
    }
    if (symbol && symbol->kind == SYMBOL_FUNCTION)
        return build_given(b, call, brackets, symbol);
    const struct global *global = find_global(b->instance, callee->name.text);
    if (global && global->definition)
        return build_anonymous(b, call, brackets, global->definition);
    enum op op = op_find(callee->name.text, (int)strlen(callee->name.text));
    if (op != OP_COUNT && brackets) {
        report_error(report, brackets->span, "'%s' has no dimensions in brackets", callee->name.text);
    } else if (op != OP_COUNT) {
        return build_operation_call(b, call, op);
    } else if (symbol || global) {
        report_error(report, callee->span, "'%s' is no cell or function and cannot be called", callee->name.text);
        report_note(report, symbol ? symbol->span : global->span, "'%s' is defined here", callee->name.text);
    } else {
        tell_unknown(b->e, b->instance, &callee->name, true);
    }
    build_in_vain(b, call);
    return (struct built){0};
}
