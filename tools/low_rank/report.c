#include <string.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

const char *form_text(struct arena *arena, enum parameter_form form, int rank)
{
    if (form == FORM_DENSE)
        return "dense";
    return arena_printf(arena, "%s(%d)", form == FORM_SVD ? "svd" : "cp", rank);
}

static int longest_name(const struct factoring *factoring)
{
    int longest = 9;
    for (int i = 0; i < factoring->matrix_count; i++) {
        const int length = (int)strlen(factoring->matrices[i].value->name);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* The part of its energy, the sum of the squares of the singular values, that a matrix keeps at ranks that double. */
void report_spectra(const struct factoring *factoring, struct text *text)
{
    const int width = longest_name(factoring);
    int spectra = 0;
    for (int i = 0; i < factoring->matrix_count; i++)
        spectra += factoring->matrices[i].spectrum.count > 0;
    if (!spectra)
        return;
    text_printf(text, "Energy kept by the first singular values:\n\n%-*s  %-13s stable rank", width, "parameter", "");
    int ranks = 0;
    for (int i = 0; i < factoring->matrix_count; i++)
        for (int r = RANK_STEP, k = 1; r < factoring->matrices[i].spectrum.count; r *= 2, k++)
            ranks = k > ranks ? k : ranks;
    for (int k = 0; k < ranks; k++)
        text_printf(text, " %6d", RANK_STEP << k);
    text_printf(text, "\n");
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        if (!matrix->spectrum.count)
            continue;
        text_printf(text, "%-*s  %-13s %11.1f", width, matrix->value->name,
                    shape_text(factoring->arena, &matrix->value->shape), spectrum_stable_rank(&matrix->spectrum));
        for (int r = RANK_STEP; r < matrix->spectrum.count; r *= 2)
            text_printf(text, " %6.4f", spectrum_kept(&matrix->spectrum, r));
        text_printf(text, "\n");
    }
}

/* Parameters of the program, with forms or without. */
static long count_parameters(const struct factoring *factoring, bool factored)
{
    long count = 0;
    for (int i = 0; i < factoring->program->parameter_count; i++)
        count += shape_size(&factoring->program->parameters[i]->shape);
    for (int i = 0; factored && i < factoring->matrix_count; i++)
        count += factors_size(&factoring->matrices[i]) - matrix_size(&factoring->matrices[i]);
    return count;
}

void report_forms(const struct factoring *factoring, struct text *text)
{
    const int width = longest_name(factoring);
    bool chosen = false;
    for (int i = 0; i < factoring->matrix_count; i++)
        chosen |= factoring->matrices[i].form != FORM_DENSE;
    if (!chosen)
        return;
    text_printf(text, "%s%-*s  %-13s %-10s %8s %10s %10s\n", text->length ? "\n" : "", width, "parameter", "", "form",
                "error", "numbers", "before");
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        if (matrix->form == FORM_DENSE)
            continue;
        text_printf(text, "%-*s  %-13s %-10s %8.4f %10ld %10ld\n", width, matrix->value->name,
                    shape_text(factoring->arena, &matrix->value->shape),
                    form_text(factoring->arena, matrix->form, matrix->rank), matrix->error, factors_size(matrix),
                    matrix_size(matrix));
    }
    text_printf(text,
                "\nerror: the norm of what the factors miss, over the norm of the parameter\n"
                "network: %ld parameters instead of %ld\n",
                count_parameters(factoring, true), count_parameters(factoring, false));
}
