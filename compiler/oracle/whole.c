/* Products with weights in int8: a network may multiply whole numbers, and then rounds what it multiplies with to
 * 16 bits, as docs/language.md says. Where results are rounded, these are too. */
#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "oracle/evaluation.h"

/* True for a term that is computed from parameters in int8. */
static bool term_is_whole(const struct evaluation *evaluation, const struct term *term)
{
    bool whole = term->kind == TERM_VALUE && evaluation->whole[term->value->id];
    for (int i = 0; i < term->count && !whole && (term->kind == TERM_OP || term->kind == TERM_PART); i++)
        whole = term_is_whole(evaluation, term->args[i]);
    return whole;
}

void oracle_find_whole(struct evaluation *evaluation)
{
    const struct program *program = evaluation->program;
    if (!evaluation->call->round_to_float || is_of_training(evaluation))
        return;
    evaluation->whole = ARENA_ARRAY(evaluation->memory, bool, program->value_count + 1);
    bool changed = false;
    for (int i = 0; i < program->parameter_count; i++) {
        evaluation->whole[program->parameters[i]->id] = program->parameters[i]->storage == PRECISION_INT8;
        changed |= program->parameters[i]->storage == PRECISION_INT8;
    }
    while (changed) {
        changed = false;
        for (int i = 0; i < program->value_count; i++) {
            const struct value *value = program->values[i];
            if (value->time != TIME_STATIC || !value->term || evaluation->whole[i] ||
                !term_is_whole(evaluation, value->term))
                continue;
            evaluation->whole[i] = changed = true;
        }
    }
}

/* Numbers are multiples of the largest one's magnitude / 32639. A network may do so for parts of them, whose largest is
 * no larger. Where roundings are drawn, these are: up or down. */
const double *oracle_multiplied(const struct evaluation *evaluation, const struct term *weights, const double *x,
                                long n)
{
    if (!evaluation->whole || !term_is_whole(evaluation, weights))
        return x;
    double *out = ARENA_ARRAY(evaluation->scratch, double, n + 1), largest = 0;
    struct random *random = evaluation->call->rounding;
    for (long i = 0; i < n; i++)
        largest = isfinite(x[i]) ? fmax(largest, fabs(x[i])) : INFINITY;
    double step = largest / 32639;
    for (long i = 0; i < n; i++) {
        double whole = x[i] / step;
        if (!isfinite(step))
            out[i] = NAN;
        else if (step > 0)
            out[i] = step * (!random ? nearbyint(whole) : random_bits(random) & 1 ? ceil(whole) : floor(whole));
    }
    return out;
}
