/* Ranks from stable ranks.
 *
 * The stable rank of a matrix, |A|_F^2 / |A|_2^2 (Rudelson and Vershynin, "Sampling from large matrices: an approach
 * through geometric functional analysis", J. ACM 54(4), 2007, where it is the numerical rank), is the energy over that
 * of the first singular value: it is small for what has few strong directions, and barely moves with noise. Noise
 * itself, n m independent numbers, has not min(n, m) but about n m / (sqrt(n) + sqrt(m))^2, since its largest singular
 * value is sqrt(n) + sqrt(m) times their deviation (Geman, "A limit theorem for the norm of random matrices", 1980).
 * Ranks are stable ranks in the unit that gives noise the full rank:
 *
 *     rank = stable rank (1 + sqrt(min / max))^2, rounded up to the next multiple of RANK_STEP
 *
 * so that a matrix that has learned nothing stays dense. */
#include <math.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

int spectrum_rank(const struct spectrum *spectrum)
{
    const double least = spectrum->count, most = fmax(spectrum->rows, spectrum->columns);
    const double rank = spectrum_stable_rank(spectrum) * pow(1 + sqrt(least / most), 2);
    return RANK_STEP * (int)ceil(rank / RANK_STEP);
}

/* True if the term looks up rows of the value: of an embedding table, of which a frame reads one. */
static bool looks_up(const struct term *term, const struct value *value)
{
    if (!term)
        return false;
    bool found = term->kind == TERM_OP && term->op == OP_embed && term->args[0]->value == value;
    for (int i = 0; !found && i < term->count; i++)
        found = looks_up(term->args[i], value);
    return found;
}

static bool is_table(const struct program *program, const struct value *value)
{
    bool found = false;
    for (int i = 0; i < program->value_count; i++)
        found |= looks_up(program->values[i]->term, value) || looks_up(program->values[i]->init, value);
    for (int i = 0; i < program->loss_count; i++)
        found |= looks_up(program->losses[i].term, value);
    return found;
}

/* Returns why a parameter gets no rank of its own, or NULL. */
static const char *fault_of(const struct program *program, const struct matrix *matrix)
{
    if (matrix->value->shape.rank != 2)
        return "only matrices have a stable rank; --form may give it a form";
    if (matrix->value->fixed)
        return "it is fixed";
    if (is_table(program, matrix->value))
        return "its rows are looked up, not multiplied";
    return matrix->spectrum.energy > 0 ? NULL : "it is 0";
}

/* Gives those that one declaration declares, in several instances of a cell, the largest of their ranks, if it makes
 * all of them smaller. */
static void choose_rank(struct factoring *factoring, const struct matrix *first)
{
    const char *reason = NULL;
    int rank = 0;
    for (struct matrix *m = factoring->matrices; m < factoring->matrices + factoring->matrix_count; m++)
        if (m->value->span.begin == first->value->span.begin && !reason) {
            reason = fault_of(factoring->program, m);
            rank = reason || rank > spectrum_rank(&m->spectrum) ? rank : spectrum_rank(&m->spectrum);
        }
    for (struct matrix *m = factoring->matrices; m < factoring->matrices + factoring->matrix_count; m++)
        if (m->value->span.begin == first->value->span.begin && !reason) {
            const struct choice choice = {.form = FORM_SVD, .rank = rank, .storage = m->choice.storage};
            if (kept_size(m, &choice) >= matrix_size(m))
                reason = arena_printf(factoring->arena, "factors of rank %d would have no fewer numbers", rank);
        }
    for (struct matrix *m = factoring->matrices; m < factoring->matrices + factoring->matrix_count; m++)
        if (m->value->span.begin == first->value->span.begin) {
            m->choice.form = reason ? FORM_DENSE : FORM_SVD;
            m->choice.rank = reason ? 0 : rank;
            m->reason = reason;
        }
}

void choose_ranks(struct factoring *factoring)
{
    for (int i = 0; i < factoring->matrix_count; i++)
        if (factoring->matrices[i].choice.form == FORM_DENSE && !factoring->matrices[i].reason)
            choose_rank(factoring, &factoring->matrices[i]);
}
