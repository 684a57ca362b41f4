#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

long matrix_size(const struct matrix *matrix) { return shape_size(&matrix->value->shape); }

long kept_size(const struct matrix *matrix, const struct choice *choice)
{
    const int *dim = matrix->value->shape.dim;
    switch (choice->form) {
    case FORM_DENSE:
        return matrix_size(matrix);
    case FORM_SVD:
        return (long)choice->rank * (dim[0] + dim[1]);
    case FORM_CP:
        return (long)choice->rank * (dim[0] + dim[1] + dim[2]);
    }
    return 0;
}

/* Bytes in int8, with a scale for each row; but the last factor of cp, which is read transposed, is kept as f32. */
static long kept_int8(const struct matrix *matrix, const struct choice *choice)
{
    const int *dim = matrix->value->shape.dim;
    switch (choice->form) {
    case FORM_DENSE:
        return matrix_size(matrix) + 4 * (matrix_size(matrix) / dim[matrix->value->shape.rank - 1]);
    case FORM_SVD:
        return kept_size(matrix, choice) + 4 * ((long)dim[0] + choice->rank);
    case FORM_CP:
        return (choice->rank + 4L) * (dim[0] + dim[1]) + 4L * choice->rank * dim[2];
    }
    return 0;
}

long kept_bytes(const struct matrix *matrix, const struct choice *choice)
{
    const long size = kept_size(matrix, choice);
    switch (choice->storage) {
    case PRECISION_F16:
    case PRECISION_BF16:
        return 2 * size;
    case PRECISION_INT8:
        return kept_int8(matrix, choice);
    case PRECISION_F32:
    case PRECISION_COUNT:
        break;
    }
    return 4 * size;
}

bool choice_is_none(const struct choice *choice)
{
    return choice->form == FORM_DENSE && choice->storage == PRECISION_F32;
}

bool choice_is_same(const struct choice *a, const struct choice *b)
{
    return a->form == b->form && a->rank == b->rank && a->storage == b->storage && a->preview == b->preview &&
           a->refine == b->refine;
}

const char *choice_text(struct arena *arena, const struct choice *choice)
{
    const char *storage = choice->storage == PRECISION_F32 ? "" : precision_name(choice->storage);
    if (choice->form == FORM_DENSE)
        return *storage ? storage : "dense";
    const char *preview =
        choice->preview ? arena_printf(arena, ", preview = %d, refine = %d", choice->preview, choice->refine) : "";
    return arena_printf(arena, "%s(%d%s)%s%s", choice->form == FORM_SVD ? "svd" : "cp", choice->rank, preview,
                        *storage ? " " : "", storage);
}

/* Returns why a parameter cannot have what a --form gives; NULL: it can. */
static const char *form_fault(struct arena *arena, const struct matrix *matrix, const struct form_option *option)
{
    const struct shape *shape = &matrix->value->shape;
    const char *name = matrix->value->name;
    const struct choice choice = {.form = option->form, .rank = option->rank, .storage = PRECISION_F32};
    if (option->form != FORM_DENSE && shape->rank != (option->form == FORM_SVD ? 2 : 3))
        return arena_printf(arena, "--form %s: '%s' is %s; %s", option->text, name, shape_text(arena, shape),
                            option->form == FORM_SVD ? "svd is for matrices, cp for what has three dimensions"
                                                     : "cp is for what has three dimensions, svd for matrices");
    const int *dim = shape->dim;
    if (option->preview &&
        (option->rank > dim[0] || option->rank > dim[1] || option->preview > option->rank || option->refine > dim[0]))
        return arena_printf(arena,
                            "--form %s: '%s' is %s: take a rank that is no larger than both, a preview no larger than "
                            "the rank, and no more units to refine than rows",
                            option->text, name, shape_text(arena, shape));
    if (option->form != FORM_DENSE && !option->preview && kept_size(matrix, &choice) >= matrix_size(matrix))
        return arena_printf(arena,
                            "--form %s: its factors would have %ld numbers, and '%s' has %ld: take a smaller rank",
                            option->text, kept_size(matrix, &choice), name, matrix_size(matrix));
    return NULL;
}

bool is_imported(const struct source *source, const struct value *value)
{
    return source_file_at(source, value->span.begin) != source->files;
}

bool can_have_form(const struct value *value)
{
    return value->form == FORM_DENSE && value->storage == PRECISION_F32 && value->shape.rank >= 2;
}

/* Returns why no matrix has a name that the pattern fits. */
static const char *explain_none(const struct factoring *factoring, const struct form_option *option)
{
    const struct program *program = factoring->program;
    for (int i = 0; i < program->parameter_count; i++) {
        const struct value *value = program->parameters[i];
        if (is_imported(factoring->source, value) && can_have_form(value) &&
            fnmatch(option->pattern, value->name, 0) == 0)
            return arena_printf(
                factoring->arena,
                "--form %s: '%s' is declared in '%s', which the program imports: copy the cell into the "
                "program to give it a form there",
                option->text, value->name, source_file_at(factoring->source, value->span.begin)->name);
    }
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

/* Returns what is to be said of matrices of imported cells, which have names and cannot be given a form: "" of none. */
static const char *list_imported(const struct factoring *factoring)
{
    struct text text;
    int count = 0;
    text_init(&text, factoring->arena);
    for (int i = 0; i < factoring->program->parameter_count; i++) {
        const struct value *value = factoring->program->parameters[i];
        if (is_imported(factoring->source, value) && can_have_form(value))
            text_printf(&text, "%s'%s'",
                        count++ ? ", " : "; imported, so that their cells have to be copied first: ", value->name);
    }
    return count ? text.data : "";
}

/* Gives what a --form says to the parameters that its pattern matches. */
static bool take_form(struct factoring *factoring, const struct form_option *option, const char **error)
{
    int taken = 0;
    for (int i = 0; i < factoring->matrix_count; i++) {
        struct matrix *matrix = &factoring->matrices[i];
        if (fnmatch(option->pattern, matrix->value->name, 0) != 0)
            continue;
        *error = form_fault(factoring->arena, matrix, option);
        if (*error)
            return false;
        if (option->decomposes) {
            matrix->choice.form = option->form;
            matrix->choice.rank = option->rank;
            matrix->choice.preview = option->preview;
            matrix->choice.refine = option->refine;
        }
        if (option->stores)
            matrix->choice.storage = option->storage;
        taken++;
    }
    if (!taken)
        *error = explain_none(factoring, option);
    if (!taken && !*error)
        *error = arena_printf(factoring->arena, "--form %s: no matrix without a form has that name; there are: %s%s",
                              option->text, list_names(factoring), list_imported(factoring));
    return taken > 0;
}

/* Finds two parameters that one declaration declares, in instances of a cell, with different forms. */
static bool forms_agree(const struct factoring *factoring, const char **error)
{
    for (int i = 0; i < factoring->matrix_count; i++)
        for (int k = 0; k < i; k++) {
            const struct matrix *a = &factoring->matrices[k], *b = &factoring->matrices[i];
            if (a->value->span.begin != b->value->span.begin || choice_is_same(&a->choice, &b->choice))
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

bool choose_forms(struct factoring *factoring, const struct form_options *forms, const char **error)
{
    for (int i = 0; i < forms->count; i++)
        if (!take_form(factoring, &forms->items[i], error))
            return false;
    return forms_agree(factoring, error);
}
