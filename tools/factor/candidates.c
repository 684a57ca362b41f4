#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "factor/search.h"
#include "network/program.h"

/* The part of its time that a network has to save for a form to be tried. */
static const double gain_least = 0.003;
/* Ranks are multiples of this or, where vectors hold more numbers, of those. */
static const int rank_least = 8;

double group_error(const struct group *group, int rank)
{
    double most = -1;
    for (int i = 0; i < group->matrix_count && group->form == FORM_SVD; i++)
        most = fmax(most, sqrt(fmax(0, 1 - spectrum_kept(&group->matrices[i]->spectrum, rank))));
    return most;
}

/* ---- groups ---- */

static struct group *group_of(struct search *search, const struct matrix *matrix)
{
    for (int g = 0; g < search->group_count; g++)
        if (search->groups[g].matrices[0]->value->span.begin == matrix->value->span.begin)
            return &search->groups[g];
    struct group *group = &search->groups[search->group_count++];
    group->matrices = ARENA_ARRAY(search->factoring->arena, struct matrix *, search->factoring->matrix_count);
    group->form = matrix->value->shape.rank == 2 ? FORM_SVD : FORM_CP;
    return group;
}

static void collect_groups(struct search *search)
{
    struct factoring *factoring = search->factoring;
    search->groups = ARENA_ARRAY(factoring->arena, struct group, factoring->matrix_count + 1);
    for (int i = 0; i < factoring->matrix_count; i++) {
        struct group *group = group_of(search, &factoring->matrices[i]);
        group->matrices[group->matrix_count++] = &factoring->matrices[i];
    }
}

/* ---- candidates ---- */

/* True if a rank makes all matrices of the group smaller. */
static bool is_smaller(const struct group *group, int rank)
{
    const struct choice choice = {.form = group->form, .rank = rank, .storage = PRECISION_F32};
    bool smaller = true;
    for (int i = 0; i < group->matrix_count; i++)
        smaller &= kept_size(group->matrices[i], &choice) < matrix_size(group->matrices[i]);
    return smaller;
}

/* Returns choices that leave all groups as they are but for one. */
static const struct choice *choose_alone(const struct search *search, const struct group *group, struct choice choice)
{
    struct choice *choices = ARENA_ARRAY(search->factoring->arena, struct choice, search->group_count + 1);
    choices[group - search->groups] = choice;
    return choices;
}

/* True if the program is right with the group's form: a cp parameter may only be multiplied with vectors. */
static bool form_fits(struct search *search, const struct group *group, int rank)
{
    const struct factoring *factoring = search->factoring;
    const struct choice choice = {.form = group->form, .rank = rank, .storage = PRECISION_F32};
    set_forms(search, choose_alone(search, group, choice));
    return program_is_right(&factoring->options->network, rewrite_program(factoring, NULL));
}

/* Finds the ranks that fill lanes and make the group smaller. */
static void find_ranks(struct search *search, struct group *group, int lanes)
{
    const int step = lanes > rank_least ? lanes : rank_least;
    int count = 0;
    while (is_smaller(group, (count + 1) * step))
        count++;
    if (!count)
        group->reason = "it is too small";
    else if (!form_fits(search, group, step))
        group->reason = "the program does not allow it";
    if (group->reason)
        return;
    group->ranks = ARENA_ARRAY(search->factoring->arena, int, count);
    for (int i = 0; i < count; i++)
        group->ranks[i] = (i + 1) * step;
    group->rank_count = count;
}

/* Finds out what a group saves with one choice. */
static bool try_alone(struct search *search, struct group *group, struct choice choice, const struct forecast *dense,
                      double *saved, const char **error)
{
    struct forecast forecast;
    if (!predict_network(search, choose_alone(search, group, choice), &forecast, error))
        return false;
    *saved = dense->time - forecast.time;
    if (*saved > group->gain) {
        group->gain = *saved;
        group->within_cycle = dense->within_cycles - forecast.within_cycles > *saved / 2;
    }
    return true;
}

/* Finds out what a group can save, alone: by its smallest rank, or by a storage. */
static bool find_gain(struct search *search, struct group *group, const struct forecast *dense, const char **error)
{
    double saved = 0;
    if (group->rank_count) {
        const struct choice least = {.form = group->form, .rank = group->ranks[0], .storage = PRECISION_F32};
        if (!try_alone(search, group, least, dense, &saved, error))
            return false;
        if (saved < gain_least * dense->time) {
            group->reason = "it would save no time";
            group->rank_count = 0;
        }
    }
    for (int storage = PRECISION_F16; storage < PRECISION_COUNT; storage++)
        if (!try_alone(search, group, (struct choice){.storage = (enum precision)storage}, dense, &saved, error))
            return false;
    return true;
}

/* Those within cycles first; then by what they can save. Others stay in the order of the program. */
static int compare(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->within_cycle != y->within_cycle)
        return x->within_cycle ? -1 : 1;
    if (x->gain != y->gain)
        return x->gain > y->gain ? -1 : 1;
    const uint32_t at = x->matrices[0]->value->span.begin, other = y->matrices[0]->value->span.begin;
    return (at > other) - (at < other);
}

bool find_groups(struct search *search, struct forecast *dense, const char **error)
{
    collect_groups(search);
    const struct choice *none = ARENA_ARRAY(search->factoring->arena, struct choice, search->group_count + 1);
    if (!predict_network(search, none, dense, error))
        return false;
    for (int g = 0; g < search->group_count; g++) {
        find_ranks(search, &search->groups[g], dense->lanes);
        if (!find_gain(search, &search->groups[g], dense, error))
            return false;
    }
    set_forms(search, none);
    qsort(search->groups, (size_t)search->group_count, sizeof *search->groups, compare);
    return true;
}
