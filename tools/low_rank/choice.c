#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

long matrix_size(const struct matrix *matrix) { return shape_size(&matrix->value->shape); }

long factors_size(const struct matrix *matrix)
{
    const int *dim = matrix->value->shape.dim;
    switch (matrix->form) {
    case FORM_DENSE:
        return matrix_size(matrix);
    case FORM_SVD:
        return (long)matrix->rank * (dim[0] + dim[1]);
    case FORM_CP:
        return (long)matrix->rank * (dim[0] + dim[1] + dim[2]);
    }
    return 0;
}

struct form {
    const char *text, *pattern;
    enum parameter_form form;
    int rank;
};

/* Reads NAME=svd:64. */
static bool read_form(struct arena *arena, const char *text, struct form *form, const char **error)
{
    const char *equals = strrchr(text, '=');
    const char *const rank = equals ? strchr(equals, ':') : NULL;
    form->text = text;
    *error = arena_printf(arena, "--form %s: needs NAME=svd:RANK or NAME=cp:RANK, as 'h.U=svd:64'", text);
    if (!rank || equals == text)
        return false;
    const size_t length = (size_t)(rank - equals - 1);
    if (length == 3 && strncmp(equals + 1, "svd", length) == 0)
        form->form = FORM_SVD;
    else if (length == 2 && strncmp(equals + 1, "cp", length) == 0)
        form->form = FORM_CP;
    else
        return false;
    char *end;
    const long number = strtol(rank + 1, &end, 10);
    if (rank[1] < '0' || rank[1] > '9' || *end || number < 1 || number > 1000000)
        return false;
    form->pattern = arena_copy_string(arena, text, (size_t)(equals - text));
    form->rank = (int)number;
    *error = NULL;
    return true;
}

/* Returns why a parameter cannot have a form; NULL: it can. */
static const char *form_fault(struct arena *arena, const struct matrix *matrix, const struct form *form)
{
    const struct shape *shape = &matrix->value->shape;
    const char *name = matrix->value->name;
    const int needed = form->form == FORM_SVD ? 2 : 3;
    if (shape->rank != needed)
        return arena_printf(arena, "--form %s: '%s' is %s; %s", form->text, name, shape_text(arena, shape),
                            form->form == FORM_SVD ? "svd is for matrices, cp for what has three dimensions"
                                                   : "cp is for what has three dimensions, svd for matrices");
    const struct matrix changed = {
        .value = matrix->value, .weights = matrix->weights, .form = form->form, .rank = form->rank};
    if (factors_size(&changed) >= matrix_size(matrix))
        return arena_printf(arena,
                            "--form %s: its factors would have %ld numbers, and '%s' has %ld: take a smaller rank",
                            form->text, factors_size(&changed), name, matrix_size(matrix));
    return NULL;
}

static const char *list_names(const struct factoring *factoring)
{
    struct text text;
    text_init(&text, factoring->arena);
    for (int i = 0; i < factoring->matrix_count; i++)
        text_printf(&text, "%s'%s'", i ? ", " : "", factoring->matrices[i].value->name);
    return factoring->matrix_count ? text.data : "none";
}

/* Gives a form to the parameters that its pattern matches. */
static bool take_form(struct factoring *factoring, const struct form *form, const char **error)
{
    int taken = 0;
    for (int i = 0; i < factoring->matrix_count; i++) {
        struct matrix *matrix = &factoring->matrices[i];
        if (fnmatch(form->pattern, matrix->value->name, 0) != 0)
            continue;
        *error = form_fault(factoring->arena, matrix, form);
        if (*error)
            return false;
        matrix->form = form->form;
        matrix->rank = form->rank;
        taken++;
    }
    if (!taken)
        *error = arena_printf(factoring->arena, "--form %s: no matrix without a form has that name; there are: %s",
                              form->text, list_names(factoring));
    return taken > 0;
}

/* Finds two parameters that one declaration declares, in instances of a cell, with different forms. */
static bool forms_agree(const struct factoring *factoring, const char **error)
{
    for (int i = 0; i < factoring->matrix_count; i++)
        for (int k = 0; k < i; k++) {
            const struct matrix *a = &factoring->matrices[k], *b = &factoring->matrices[i];
            if (a->value->span.begin != b->value->span.begin || (a->form == b->form && a->rank == b->rank))
                continue;
            int line, column;
            source_locate(factoring->source, a->value->span.begin, &line, &column);
            *error = arena_printf(factoring->arena,
                                  "'%s' and '%s' are declared together, in line %d: give both the same form, with a "
                                  "pattern that matches both",
                                  a->value->name, b->value->name, line);
            return false;
        }
    return true;
}

bool choose_forms(struct factoring *factoring, const struct words *forms, const char **error)
{
    for (int i = 0; i < forms->count; i++) {
        struct form form;
        if (!read_form(factoring->arena, forms->items[i], &form, error) || !take_form(factoring, &form, error))
            return false;
    }
    return forms_agree(factoring, error);
}
