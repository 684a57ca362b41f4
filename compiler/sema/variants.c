/* Variants: which parameters of a program the forms of --variants are about. */
#include <string.h>

#include "base/arena.h"
#include "sema/check.h"
#include "sema/forms.h"
#include "sema/sema.h"

struct expansion {
    struct arena *arena;
    const struct program *program;
    const bool *looked_up; /* by value: embed reads rows of it */
    struct form_options forms;
};

static void note_lookup(void *context, const struct term *term)
{
    bool *looked_up = context;
    if (term->kind == TERM_OP && term->op == OP_embed && term->args[0]->kind == TERM_VALUE)
        looked_up[term->args[0]->value->id] = true;
}

/* True if a decomposition makes a parameter smaller, or takes its form away. Of a table whose rows are looked up there
 * is nothing to multiply. */
static bool is_worth(const struct expansion *expansion, const struct form_option *form, const struct value *value)
{
    const int *dim = value->shape.dim;
    const long rank = form->rank;
    switch (form->form) {
    case FORM_DENSE:
        return value->form != FORM_DENSE;
    case FORM_SVD:
        return value->shape.rank == 2 && !expansion->looked_up[value->id] &&
               rank * ((long)dim[0] + dim[1]) < (long)dim[0] * dim[1];
    case FORM_CP:
        return value->shape.rank == 3 && rank * ((long)dim[0] + dim[1] + dim[2]) < shape_size(&value->shape);
    }
    return false;
}

static void push(struct form_options *forms, const struct form_option *form)
{
    ARENA_PUSH(forms->arena, forms->items, forms->count, forms->capacity, *form);
}

static void add_form(struct expansion *expansion, struct form_option form, const struct value *value)
{
    form.pattern = value->name;
    form.exact = true;
    push(&expansion->forms, &form);
}

/* Adds a form without a pattern for each parameter that it is about; returns NULL or an error. */
static const char *expand_form(struct expansion *expansion, const struct form_option *form)
{
    struct form_option decomposes = *form, stores = *form;
    decomposes.stores = stores.decomposes = false;
    int worth = 0;
    for (int i = 0; i < expansion->program->value_count; i++) {
        const struct value *value = expansion->program->values[i];
        if (!value_is_parameter(value))
            continue;
        const bool is = form->decomposes && is_worth(expansion, form, value);
        worth += is;
        if (is)
            add_form(expansion, decomposes, value);
        if (form->stores && value->shape.rank >= 2)
            add_form(expansion, stores, value);
    }
    if (!form->decomposes || form->form == FORM_DENSE || worth)
        return NULL;
    return arena_printf(expansion->arena, "%s %s: no %s becomes smaller by %s(%d)", form->given_by, form->text,
                        form->form == FORM_SVD ? "matrix" : "parameter with three dimensions",
                        form->form == FORM_SVD ? "svd" : "cp", form->rank);
}

const char *expand_variant(struct arena *arena, const struct program *program, const struct variant_option *variant,
                           struct sema_options *options)
{
    bool *looked_up = ARENA_ARRAY(arena, bool, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->term)
            walk_term(program->values[i]->term, note_lookup, looked_up);
    struct expansion expansion = {arena, program, looked_up, {.arena = arena}};
    for (int i = 0; i < options->form_count; i++)
        push(&expansion.forms, &options->forms[i]);
    const char *error = NULL;
    for (int i = 0; i < variant->forms.count && !error; i++)
        if (variant->forms.items[i].pattern)
            push(&expansion.forms, &variant->forms.items[i]);
        else
            error = expand_form(&expansion, &variant->forms.items[i]);
    options->forms = expansion.forms.items;
    options->form_count = expansion.forms.count;
    return error;
}
