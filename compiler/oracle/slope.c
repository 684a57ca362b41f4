/* The slope of a term along the direction of the call: the forward mode of algorithmic differentiation (Griewank,
 * Walther, "Evaluating Derivatives", 2nd edition, 2008, section 3.1), recursive over the term as term.c is. Slopes are
 * computed from the results of operations, which with round_to_float are the rounded ones, and each step is rounded
 * too: they lose their digits where a gradient in float does, as 1 - y^2 does where y = tanh(x) is nearly 1. */
#include <stddef.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "oracle/evaluation.h"

static const double *no_slope(const struct evaluation *evaluation, const struct shape *shape)
{
    return ARENA_ARRAY(evaluation->scratch, double, shape_size(shape) + 1);
}

/* The slope of a delayed read outside the sequence. */
static const double *slope_outside(struct evaluation *evaluation, const struct term *term)
{
    const struct term *init = value_init(term->value);
    double *out = ARENA_ARRAY(evaluation->scratch, double, shape_size(&term->shape) + 1);
    if (!term->reads_init || !init)
        return out;
    const double *slope = oracle_evaluate_slope(evaluation, init, 0);
    for (long i = 0; i < shape_size(&term->shape); i++)
        out[i] = slope[init->shape.rank ? i : 0];
    return out;
}

static void slope_over_time(struct evaluation *evaluation, const struct term *term, double *out)
{
    long size = shape_size(&term->shape);
    double *most = ARENA_ARRAY(evaluation->scratch, double, size + 1);
    struct frames frames = oracle_frames_needed(evaluation, term, 0);
    for (int f = frames.begin; f < frames.end; f++) {
        const double *x = oracle_evaluate_term(evaluation, term->args[0], f);
        const double *dx = oracle_evaluate_slope(evaluation, term->args[0], f);
        for (long i = 0; i < size; i++) {
            bool first = f == frames.begin, larger = first || x[i] > most[i];
            if (first || (term->op == OP_max_over_time && larger))
                out[i] = dx[i];
            else if (term->op != OP_max_over_time)
                out[i] = rounded(evaluation, out[i] + dx[i]);
            most[i] = larger ? x[i] : most[i];
        }
    }
    for (long i = 0; i < size && term->op == OP_mean_over_time; i++)
        out[i] = rounded(evaluation, out[i] / evaluation->call->length);
}

static void slope_elementwise(const struct evaluation *evaluation, const struct term *term,
                              const struct slope_operands *of, double *out)
{
    for (long i = 0; i < shape_size(&term->shape); i++) {
        double operands[3] = {0}, by[3] = {0};
        for (int k = 0; k < term->count; k++)
            operands[k] = of->x[k][term->args[k]->shape.rank ? i : 0]; /* only [] spreads */
        oracle_elementwise_slopes(term->op, operands, of->y[i], by);
        for (int k = 0; k < term->count; k++)
            out[i] = rounded(evaluation, out[i] + moved_by(rounded(evaluation, by[k]),
                                                           of->dx[k][term->args[k]->shape.rank ? i : 0]));
    }
}

static const double *slope_of_operation(struct evaluation *evaluation, const struct term *term, int frame)
{
    double *out = ARENA_ARRAY(evaluation->scratch, double, shape_size(&term->shape) + 1);
    enum op_class class = op_info(term->op)->class;
    if (class == OP_CLASS_OVER_TIME) {
        slope_over_time(evaluation, term, out);
        return out;
    }
    if (term->op == OP_ctc) {
        *out = oracle_ctc(evaluation, term).slope;
        return out;
    }
    const double **x = ARENA_ARRAY(evaluation->scratch, const double *, term->count + 1);
    const double **dx = ARENA_ARRAY(evaluation->scratch, const double *, term->count + 1);
    for (int i = 0; i < term->count; i++) {
        x[i] = oracle_evaluate_term(evaluation, term->args[i], frame);
        dx[i] = oracle_evaluate_slope(evaluation, term->args[i], frame);
    }
    const struct slope_operands of = {x, dx, oracle_evaluate_term(evaluation, term, frame)};
    if (class == OP_CLASS_ELEMENTWISE)
        slope_elementwise(evaluation, term, &of, out);
    else
        oracle_operation_slope(evaluation, term, &of, out);
    return out;
}

const double *oracle_evaluate_slope(struct evaluation *evaluation, const struct term *term, int frame)
{
    switch (term->kind) {
    case TERM_NUMBER:
        return no_slope(evaluation, &term->shape);
    case TERM_VALUE:
        return oracle_read_slope(evaluation, term->value, frame);
    case TERM_DELAY:
        if (frame - term->delay >= 0 && frame - term->delay < evaluation->call->length)
            return oracle_read_slope(evaluation, term->value, frame - term->delay);
        return slope_outside(evaluation, term);
    case TERM_PART:
        return oracle_take_part(evaluation, term, oracle_evaluate_slope(evaluation, term->args[0], frame));
    case TERM_OP:
        return slope_of_operation(evaluation, term, frame);
    }
    internal_error("oracle: a term is of no known kind");
}
