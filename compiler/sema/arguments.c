/* Checks of arguments against the declared inputs of a cell. */
#include <string.h>

#include "sema/bind.h"
#include "sema/shape_errors.h"
#include "sema/shapes.h"

/* True for a value with an equation of its own: infer-shapes reports that it is open. */
static bool is_told_open(const struct term *term)
{
    return term->kind == TERM_VALUE && term->value->term && term->value->term->kind != TERM_VALUE;
}

/* Reports an argument that does not fit the declared input: ids of a vocabulary, or numbers of a shape. */
static void tell_wrong_argument(struct elaboration *e, const struct instance *instance, const struct declarator *input,
                                const struct value *value)
{
    const struct term *term = value->term;
    const char *cell = instance->definition->name.text, *argument = report_excerpt(&e->report, term->span);
    if (input->type.text && !term_is_id(term))
        report_error(&e->report, term->span, "'%s' of '%s' takes %s, but '%s' is real", input->name.text, cell,
                     strcmp(input->type.text, "labels") == 0 ? "labels" : "ids", argument);
    else if (input->type.text)
        report_error(&e->report, term->span, "'%s' of '%s' is %s[%d], but '%s' is %s", input->name.text, cell,
                     input->type.text, value->vocabulary, argument, tell_shape(&e->report, term));
    else
        report_error(&e->report, term->span, "'%s' of '%s' is %s, but '%s' is %s", input->name.text, cell,
                     shape_words(&e->report, &value->shape), argument, tell_shape(&e->report, term));
    report_note(&e->report, input->span, "'%s' is declared here", input->name.text);
}

/* Reports an instance that still waits for the shape of an argument when nothing else is left to do. If others wait for
 * it in turn, only the first is reported. */
static void tell_argument(struct elaboration *e, struct instance *instance)
{
    const struct tree_definition *definition = instance->definition;
    for (int i = 0; i < definition->input_count; i++) {
        const struct value *value = instance->inputs[i];
        const struct declarator *input = &definition->inputs[i];
        if (!value || value->declared || !(input->has_dimensions || input->type.text) || !value->term)
            continue;
        if (input->type.text) {
            tell_wrong_argument(e, instance, input, value);
            return;
        }
        const char *argument = report_excerpt(&e->report, value->term->span);
        if (value->shape.rank == 0 && !term_has_open_part(value->term)) {
            report_error(&e->report, value->term->span, "'%s' of '%s' is a vector, but '%s' is a scalar",
                         input->name.text, definition->name.text, argument);
            report_note(&e->report, input->span, "'%s' is declared here", input->name.text);
        } else if (!e->report.error_count && !is_told_open(value->term)) {
            report_error(&e->report, value->term->span, "the shape of '%s' is not known, so '%s' of '%s' has no size",
                         argument, input->name.text, definition->name.text);
            report_note(&e->report, value->term->span, "declare it with an equation of its own: 'name[n] = %s'",
                        argument);
        }
        return;
    }
}

bool tell_unbound(struct elaboration *e)
{
    bool any = false;
    for (int i = 0; i < e->instance_count; i++) {
        struct instance *instance = e->instances[i];
        e->report.origin = instance->origin.parent;
        if (!instance->called || instance->bound || instance->failed)
            continue;
        tell_argument(e, instance);
        any = true;
    }
    return any;
}

static void note_bound(struct elaboration *e, const struct instance *instance, const struct expr *expr)
{
    const struct symbol *symbol = expr->kind == EXPR_NAME ? map_get(&instance->symbols, expr->name.text) : NULL;
    if (symbol && symbol->bound_by)
        report_note(&e->report, expr->span, "'%s' is %lld because of '%s'", symbol->name,
                    (long long)symbol->number.integer, symbol->bound_by);
}

static bool fits_argument(const struct value *value)
{
    const struct term *term = value->term;
    if (!value->typed)
        return term_has_open_part(term) || shape_equal(&term->shape, &value->shape);
    return term_is_id(term) && term->value->vocabulary == value->vocabulary && term->value->labels == value->labels;
}

/* Checks arguments against the shapes and types of inputs that were known before them. Nothing is left to be inferred,
 * so that concat may count its scalars. */
void check_arguments(struct elaboration *e)
{
    for (int id = 0; id < e->solver.count; id++) {
        struct instance *instance = e->owners[id];
        struct value *value = e->solver.nodes[id].value;
        if (!instance || !value->term || !value->declared)
            continue;
        shape_term(value->term, true, NULL);
        if (fits_argument(value))
            continue;
        int index = 0;
        while (instance->inputs[index] != value)
            index++;
        const struct declarator *input = &instance->definition->inputs[index];
        e->report.origin = instance->origin.parent;
        tell_wrong_argument(e, instance, input, value);
        for (int i = 0; i < input->dimension_count; i++)
            note_bound(e, instance, input->dimensions[i].expr);
        if (input->vocabulary)
            note_bound(e, instance, input->vocabulary);
        value->term = NULL;
    }
}
