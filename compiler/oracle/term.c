/* Terms: the value of a term at a frame, from values that are known. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "oracle/evaluation.h"

static bool in_sequence(const struct evaluation *evaluation, int frame)
{
    return frame >= 0 && frame < evaluation->call->length;
}

struct frames oracle_frames_needed(const struct evaluation *evaluation, const struct term *term, int frame)
{
    int length = evaluation->call->length;
    if (term->op == OP_first)
        return (struct frames){0, 1};
    if (term->op == OP_last)
        return (struct frames){length - 1, length};
    if (op_is_over_time(term->op))
        return (struct frames){0, length};
    return (struct frames){frame, frame + 1};
}

void oracle_demand_term(struct evaluation *evaluation, const struct term *term, int frame)
{
    switch (term->kind) {
    case TERM_NUMBER:
        break;
    case TERM_VALUE:
        oracle_demand_value(evaluation, term->value, frame);
        break;
    case TERM_DELAY:
        if (in_sequence(evaluation, frame - term->delay))
            oracle_demand_value(evaluation, term->value, frame - term->delay);
        else if (term->reads_init && value_init(term->value))
            oracle_demand_term(evaluation, value_init(term->value), 0);
        break;
    case TERM_PART:
        oracle_demand_term(evaluation, term->args[0], frame);
        break;
    case TERM_OP: {
        struct frames frames = oracle_frames_needed(evaluation, term, frame);
        for (int i = 0; i < term->count; i++)
            for (int f = frames.begin; f < frames.end; f++)
                oracle_demand_term(evaluation, term->args[i], f);
        break;
    }
    }
}

/* The value of a delayed read outside the sequence. */
static const double *read_outside(struct evaluation *evaluation, const struct term *term)
{
    const struct term *init = term->reads_init ? value_init(term->value) : NULL;
    long size = shape_size(&term->shape);
    double *out = ARENA_ARRAY(evaluation->scratch, double, size + 1);
    if (init) {
        const double *number = oracle_evaluate_term(evaluation, init, 0);
        for (long i = 0; i < size; i++)
            out[i] = number[init->shape.rank ? i : 0];
    } else if (term->value->vocabulary) {
        out[0] = -1; /* an id: "no token" */
    }
    return out;
}

const double *oracle_take_part(struct evaluation *evaluation, const struct term *term, const double *whole)
{
    const struct shape *shape = &term->args[0]->shape;
    int dim[SHAPE_MAX_RANK] = {1, 1, 1}, begin[SHAPE_MAX_RANK] = {0}, length[SHAPE_MAX_RANK] = {1, 1, 1};
    int step[SHAPE_MAX_RANK] = {1, 1, 1};
    int pad = SHAPE_MAX_RANK - shape->rank; /* any rank is rank 3 with leading dimensions of 1 */
    for (int i = 0; i < shape->rank; i++) {
        dim[pad + i] = shape->dim[i];
        begin[pad + i] = term->begin[i];
        length[pad + i] = term->length[i];
        step[pad + i] = term->step[i];
    }
    double *out = ARENA_ARRAY(evaluation->scratch, double, shape_size(&term->shape) + 1), *next = out;
    for (int i = 0; i < length[0]; i++)
        for (int j = 0; j < length[1]; j++)
            for (int k = 0; k < length[2]; k++)
                *next++ = whole[((begin[0] + (long)i * step[0]) * dim[1] + begin[1] + (long)j * step[1]) * dim[2] +
                                begin[2] + (long)k * step[2]];
    return out;
}

/* Sums are rounded once, when they are complete: networks keep their digits however many frames there are. */
static void reduce_over_time(struct evaluation *evaluation, const struct term *term, double *out)
{
    long size = shape_size(&term->shape);
    struct frames frames = oracle_frames_needed(evaluation, term, 0);
    for (int f = frames.begin; f < frames.end; f++) {
        const double *x = oracle_evaluate_term(evaluation, term->args[0], f);
        for (long i = 0; i < size; i++) {
            if (f == frames.begin)
                out[i] = x[i];
            else if (term->op == OP_max_over_time)
                out[i] = x[i] > out[i] || isnan(x[i]) ? x[i] : out[i];
            else
                out[i] += x[i];
        }
    }
    for (long i = 0; i < size; i++)
        out[i] = rounded(evaluation, out[i]);
    for (long i = 0; i < size && term->op == OP_mean_over_time; i++)
        out[i] = rounded(evaluation, out[i] / evaluation->call->length);
}

/* The runtime promises gelu and the like to a part of their argument, not of the result, which may be far smaller
 * (rnn/vec_math.h): they are rounded as a float of the argument's size. */
static double rounded_elementwise(const struct evaluation *evaluation, enum op op, const double *operands)
{
    double result = oracle_elementwise(op, operands);
    if (op_info(op)->error_of_argument && evaluation->call->round_to_float && isfinite(operands[0]))
        return rounded(evaluation, operands[0] + result) - operands[0];
    return rounded(evaluation, result);
}

static double stopped(struct oracle_stops *stops, double x)
{
    if (stops->replays)
        return stops->numbers[stops->next++];
    ARENA_PUSH(stops->arena, stops->numbers, stops->count, stops->capacity, x);
    return x;
}

static void apply_elementwise(struct evaluation *evaluation, const struct term *term, const double *const *x,
                              double *out)
{
    for (long i = 0; i < shape_size(&term->shape); i++) {
        double operands[3] = {0};
        for (int k = 0; k < term->count; k++)
            operands[k] = term->args[k]->shape.rank ? x[k][i] : x[k][0]; /* only [] spreads */
        out[i] = rounded_elementwise(evaluation, term->op, operands);
        if (term->op == OP_stop_gradient && evaluation->call->stops)
            out[i] = stopped(evaluation->call->stops, out[i]);
    }
}

/* An operand of a row of additions and subtractions, however they are bracketed. */
struct summand {
    const struct term *term;
    bool negative;
    const double *x;
};

static bool term_is_sum(const struct term *term)
{
    return term->kind == TERM_OP && (term->op == OP_add || term->op == OP_sub);
}

/* Adds a row of operands. The program does not fix the order, as it does not fix that of a sum over units: where
 * roundings are drawn, so is the order. */
static void add_in_any_order(struct evaluation *evaluation, const struct term *sum, int frame, double *out)
{
    struct summand *summands = NULL;
    int count = 0, capacity = 0;
    ARENA_PUSH(evaluation->scratch, summands, count, capacity, ((struct summand){.term = sum}));
    for (int i = 0; i < count;) {
        const struct summand at = summands[i];
        if (term_is_sum(at.term)) {
            bool negative = at.negative != (at.term->op == OP_sub);
            summands[i].term = at.term->args[0];
            ARENA_PUSH(evaluation->scratch, summands, count, capacity,
                       ((struct summand){at.term->args[1], negative, NULL}));
        } else {
            summands[i++].x = oracle_evaluate_term(evaluation, at.term, frame);
        }
    }
    double *numbers = ARENA_ARRAY(evaluation->scratch, double, count + 1);
    for (long u = 0; u < shape_size(&sum->shape); u++) {
        for (int i = 0; i < count; i++) {
            double x = summands[i].x[summands[i].term->shape.rank ? u : 0]; /* only [] spreads */
            numbers[i] = summands[i].negative ? -x : x;
        }
        out[u] = oracle_sum(evaluation, numbers, count);
    }
}

static const double *evaluate_operation(struct evaluation *evaluation, const struct term *term, int frame)
{
    double *out = ARENA_ARRAY(evaluation->scratch, double, shape_size(&term->shape) + 1);
    enum op_class class = op_info(term->op)->class;
    if (class == OP_CLASS_OVER_TIME) {
        reduce_over_time(evaluation, term, out);
        return out;
    }
    if (term->op == OP_ctc) {
        *out = oracle_ctc(evaluation, term).value;
        return out;
    }
    if (evaluation->call->rounding && term_is_sum(term)) {
        add_in_any_order(evaluation, term, frame, out);
        return out;
    }
    const double **x = ARENA_ARRAY(evaluation->scratch, const double *, term->count + 1);
    for (int i = 0; i < term->count; i++)
        x[i] = oracle_evaluate_term(evaluation, term->args[i], frame);
    if (class == OP_CLASS_ELEMENTWISE)
        apply_elementwise(evaluation, term, x, out);
    else if (class == OP_CLASS_LOSS)
        oracle_frame_loss(evaluation, term, x, out);
    else
        oracle_operation(evaluation, term, x, out);
    return out;
}

const double *oracle_evaluate_term(struct evaluation *evaluation, const struct term *term, int frame)
{
    switch (term->kind) {
    case TERM_NUMBER: {
        double *number = ARENA_NEW(evaluation->scratch, double);
        *number = rounded(evaluation, term->number);
        return number;
    }
    case TERM_VALUE:
        return oracle_read_value(evaluation, term->value, frame);
    case TERM_DELAY:
        if (in_sequence(evaluation, frame - term->delay))
            return oracle_read_value(evaluation, term->value, frame - term->delay);
        return read_outside(evaluation, term);
    case TERM_PART:
        return oracle_take_part(evaluation, term, oracle_evaluate_term(evaluation, term->args[0], frame));
    case TERM_OP:
        return evaluate_operation(evaluation, term, frame);
    }
    internal_error("oracle: a term is of no known kind");
}
