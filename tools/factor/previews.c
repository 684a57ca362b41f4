/* Previews of output layers, SVD-softmax (docs/forms.md): candidates for matrices whose products become probabilities.
 *
 * Only an inference network has them, losses compute all columns. So they are tried where the metric is of what the
 * inference network gives, accuracy, and only as they are compiled, on top of the fastest state that has been found. */
#include <string.h>

#include "base/arena.h"
#include "factor/search.h"
#include "network/program.h"

/* Columns of the preview and rows to refine. */
static const int previews[][2] = {{16, 32}, {32, 64}, {64, 128}, {128, 512}};
enum { PREVIEWS = sizeof previews / sizeof *previews };

/* ---- output layers ---- */

/* A walk from outputs back to what they are computed from, value by value. */
struct walk {
    bool *seen, *scores; /* by value; scores: products with it are sums that softmax takes */
    const struct value **open;
    int count;
};

/* Goes on from a term, within sums: its depth is that of an expression. */
static void walk_sum(struct walk *walk, const struct term *term)
{
    const struct term *weights = term->kind == TERM_OP && term->op == OP_product ? term->args[0] : NULL;
    if (weights && weights->kind == TERM_VALUE)
        walk->scores[weights->value->id] = true;
    if (term->kind == TERM_VALUE && !walk->seen[term->value->id]) {
        walk->seen[term->value->id] = true;
        walk->open[walk->count++] = term->value;
    }
    const bool sums = term->kind == TERM_OP && (term->op == OP_add || term->op == OP_sub || term->op == OP_copy);
    for (int i = 0; sums && i < term->count; i++)
        walk_sum(walk, term->args[i]);
}

static void walk_values(struct walk *walk)
{
    while (walk->count) {
        const struct value *value = walk->open[--walk->count];
        if (value->term)
            walk_sum(walk, value->term);
    }
}

/* Returns the softmax that a value is, or its logarithm, under whatever names, or NULL. */
static const struct term *softmax_of(const struct value *value)
{
    const struct term *term = value->term;
    while (term && term->kind == TERM_VALUE)
        term = term->value->term;
    const bool found = term && term->kind == TERM_OP && (term->op == OP_softmax || term->op == OP_log_softmax);
    return found ? term : NULL;
}

/* Returns, by value, which parameters are matrices of output layers. */
static const bool *find_outputs(const struct factoring *factoring)
{
    const struct program *program = factoring->program;
    struct walk walk = {ARENA_ARRAY(factoring->arena, bool, program->value_count + 1),
                        ARENA_ARRAY(factoring->arena, bool, program->value_count + 1),
                        ARENA_ARRAY(factoring->arena, const struct value *, program->value_count + 1), 0};
    for (int i = 0; i < program->output_count; i++) {
        const struct term *softmax = softmax_of(program->outputs[i].value);
        if (softmax)
            walk_sum(&walk, softmax->args[0]);
    }
    walk_values(&walk);
    return walk.scores;
}

static bool is_output(const struct group *group, const bool *outputs)
{
    bool all = group->form == FORM_SVD;
    for (int i = 0; i < group->matrix_count; i++)
        all &= outputs[group->matrices[i]->value->id];
    return all;
}

/* ---- candidates ---- */

/* Gives a group a preview: of factors of the rank that it has, or of all columns (`whole`), from which refined rows are
 * what the matrix gives. False if its matrices are too small, or have no factors. */
static bool take_preview(const struct group *group, const int preview[2], bool whole, struct choice *choice)
{
    if (!whole && choice->form == FORM_DENSE)
        return false;
    for (int i = 0; i < group->matrix_count; i++) {
        const int *dim = group->matrices[i]->value->shape.dim, full = dim[0] < dim[1] ? dim[0] : dim[1];
        if (whole && (i == 0 || full < choice->rank))
            choice->rank = full;
        if (preview[1] >= dim[0])
            return false;
    }
    choice->form = FORM_SVD;
    choice->preview = preview[0];
    choice->refine = preview[1];
    return preview[0] < choice->rank;
}

/* Adds a state, to be judged as it is compiled, if it is right and predicted to be faster than `now`. */
static bool add_preview(struct search *search, const struct choice *choices, const char **error)
{
    const struct factoring *factoring = search->factoring;
    struct forecast forecast;
    set_forms(search, choices);
    if (!program_is_right(&factoring->options->network, rewrite_program(factoring, NULL)))
        return true;
    if (!predict_network(search, choices, &forecast, error))
        return false;
    if (is_faster(search, forecast.time))
        state_of(search, choices, false, forecast.time)->previews = true;
    return true;
}

/* Adds `now` with one preview of one group. */
static bool try_preview(struct search *search, int g, const int preview[2], bool whole, const char **error)
{
    struct choice *choices = ARENA_ARRAY(search->factoring->arena, struct choice, search->group_count);
    memcpy(choices, search->now.choices, (size_t)search->group_count * sizeof *choices);
    return !take_preview(&search->groups[g], preview, whole, &choices[g]) || add_preview(search, choices, error);
}

bool add_previews(struct search *search, const char **error)
{
    if (search->metric != METRIC_ACCURACY)
        return true;
    const bool *outputs = find_outputs(search->factoring);
    for (int g = 0; g < search->group_count; g++)
        for (int i = 0; is_output(&search->groups[g], outputs) && i < PREVIEWS; i++)
            if (!try_preview(search, g, previews[i], false, error) || !try_preview(search, g, previews[i], true, error))
                return false;
    return true;
}
