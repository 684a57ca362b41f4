#include <string.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

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

/* Numbers of all parameters of the program and their bytes in memory, as they were or as chosen. */
static void count_parameters(const struct factoring *factoring, bool chosen, long *numbers, long *bytes)
{
    static const struct choice as_it_is = {.storage = PRECISION_F32};
    *numbers = 0;
    for (int i = 0; i < factoring->program->parameter_count; i++)
        *numbers += shape_size(&factoring->program->parameters[i]->shape);
    *bytes = 4 * *numbers;
    for (int i = 0; chosen && i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        *numbers += kept_size(matrix, &matrix->choice) - matrix_size(matrix);
        *bytes += kept_bytes(matrix, &matrix->choice) - kept_bytes(matrix, &as_it_is);
    }
}

/* The table of those that are not kept as they are. */
static void report_table(const struct factoring *factoring, struct text *text)
{
    const int width = longest_name(factoring);
    text_printf(text, "%s%-*s  %-13s %-12s %8s %10s %10s %10s\n", text->length ? "\n" : "", width, "parameter", "",
                "form", "error", "numbers", "before", "bytes");
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        if (!choice_is_none(&matrix->choice))
            text_printf(text, "%-*s  %-13s %-12s %8.4f %10ld %10ld %10ld\n", width, matrix->value->name,
                        shape_text(factoring->arena, &matrix->value->shape),
                        choice_text(factoring->arena, &matrix->choice), matrix->error,
                        kept_size(matrix, &matrix->choice), matrix_size(matrix), kept_bytes(matrix, &matrix->choice));
    }
    long numbers, bytes, numbers_before, bytes_before;
    count_parameters(factoring, true, &numbers, &bytes);
    count_parameters(factoring, false, &numbers_before, &bytes_before);
    text_printf(
        text,
        "\nerror: the norm of what is lost of the parameter, over its norm%s; bytes: in memory, for inference in f32\n"
        "network: %ld parameters instead of %ld, %ld bytes instead of %ld\n",
        factoring->trained ? ", before training" : "", numbers, numbers_before, bytes, bytes_before);
}

static void report_imported(const struct factoring *factoring, struct text *text)
{
    const struct program *program = factoring->program;
    for (int i = 0; i < program->parameter_count; i++) {
        const struct value *value = program->parameters[i];
        if (can_have_form(value) && is_imported(factoring->source, value))
            text_printf(text, "%s stays dense: it is declared in '%s', which the program imports\n", value->name,
                        source_file_at(factoring->source, value->span.begin)->name);
    }
}

void report_forms(const struct factoring *factoring, struct text *text)
{
    bool chosen = false;
    for (int i = 0; i < factoring->matrix_count; i++)
        chosen |= !choice_is_none(&factoring->matrices[i].choice);
    if (chosen)
        report_table(factoring, text);
    for (int i = 0; i < factoring->matrix_count; i++)
        if (factoring->matrices[i].reason)
            text_printf(text, "%s stays dense: %s\n", factoring->matrices[i].value->name,
                        factoring->matrices[i].reason);
    report_imported(factoring, text);
}
