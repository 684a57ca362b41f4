/* Inside the oracle: one evaluation, and the three levels of it.
 *   oracle.c       which value at which frame is needed next: a stack instead of recursion, since a program may chain
 *                  any number of equations over any number of frames
 *   term.c         one term at one frame, from values that are known: recursion over the term, which the parser bounds
 *   elementwise.c, operation.c, loss.c   one operation on its operands
 * slope.c, slope_elementwise.c and slope_operation.c are the same for derivatives along a direction. */
#ifndef RNNC_ORACLE_EVALUATION_H
#define RNNC_ORACLE_EVALUATION_H

#include <stdbool.h>

#include "oracle/oracle.h"
#include "sema/program.h"

struct arena;

/* The ids that a value is computed from at a frame: none, or only -1, or at least one other. */
enum ids { NO_IDS, IDS_MISSING, IDS_THERE };

/* A value at one frame. */
struct slot {
    double *data;  /* NULL until it is known */
    double *slope; /* known with it, where the call has a direction */
    enum ids ids;  /* known with it, where the call has losses */
    bool visited;  /* what it reads has been demanded */
};

struct demand {
    const struct value *value;
    int frame;
};

struct evaluation {
    const struct program *program;
    const struct oracle_call *call;
    struct arena *memory;        /* holds known values, until the end of the call */
    struct arena *scratch;       /* holds the results of terms, until the value that they belong to is known */
    const double **given;        /* [value id] data of a parameter, an input or a target; NULL for an equation */
    const double **given_slopes; /* likewise where the call moves it, else NULL */
    bool *whole; /* [value id] static, and computed from parameters in int8; NULL where that makes no difference */
    struct slot **slots; /* [value id][frame, or 0 if the value is not of frame time]; NULL unless an equation */
    struct demand *demands;
    int demand_count, demand_capacity;
};

/* True if the call computes as training does. */
static inline bool is_of_training(const struct evaluation *evaluation)
{
    return evaluation->call->losses || evaluation->call->full_numbers;
}

/* The value at a frame of the sequence, 0 .. length-1. Demanding puts it on the stack unless it is known; reading it
 * before it is known is an internal error. */
void oracle_demand_value(struct evaluation *evaluation, const struct value *value, int frame);
const double *oracle_read_value(const struct evaluation *evaluation, const struct value *value, int frame);
const double *oracle_read_slope(const struct evaluation *evaluation, const struct value *value, int frame);
enum ids oracle_read_ids(const struct evaluation *evaluation, const struct value *value, int frame);

/* Demands everything that the term reads at the frame. */
void oracle_demand_term(struct evaluation *evaluation, const struct term *term, int frame);
/* The term at the frame: shape_size(&term->shape) numbers, valid as long as the scratch arena. */
const double *oracle_evaluate_term(struct evaluation *evaluation, const struct term *term, int frame);
const double *oracle_evaluate_slope(struct evaluation *evaluation, const struct term *term, int frame);
/* args[0] restricted to a range in each of its dimensions. */
const double *oracle_take_part(struct evaluation *evaluation, const struct term *term, const double *whole);
/* Frames of its first argument that an operation needs: all of them, or one end of the sequence, or this frame. */
struct frames {
    int begin, end;
};
struct frames oracle_frames_needed(const struct evaluation *evaluation, const struct term *term, int frame);

/* The slopes of its result by each operand, written into by[3] of zeros. */
void oracle_elementwise_slopes(enum op op, const double *operands, double result, double *by);

/* Any other operation of one frame. x[i] is the term's args[i]; `out` has the term's size and is zeroed. */
void oracle_operation(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                      double *out);

/* The same for the losses of one frame; cross_entropy with an id of -1 gives 0. */
void oracle_frame_loss(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                       double *out);
/* ctc of the sequence, and its slope if the call has a direction. */
struct log_sum {
    double value, slope;
};
struct log_sum oracle_ctc(struct evaluation *evaluation, const struct term *term);
/* The ids that a term is computed from at the frame, by cross_entropy. */
enum ids oracle_find_ids(struct evaluation *evaluation, const struct term *term, int frame);

/* A slope times the slope of an operand. If one is 0 the result is 0, even if the other is infinite or NaN: an operand
 * that does not move has no influence, nor has one that a condition leaves out. */
static inline double moved_by(double slope, double moves) { return slope == 0 || moves == 0 ? 0 : slope * moves; }

/* Computes `out`, zeroed before, as the slope of an operation's result from the slopes of all units of its operands. */
struct slope_operands {
    const double *const *x;  /* [term->count] the operands */
    const double *const *dx; /* their slopes */
    const double *y;         /* the result */
};
void oracle_operation_slope(const struct evaluation *evaluation, const struct term *term,
                            const struct slope_operands *of, double *out);

/* Steps that several operations are made of, each rounded: sums; (x - mean) / deviation as z, for which the deviation
 * sqrt(variance + 1e-5) is returned; the log of softmax. */
double oracle_sum(const struct evaluation *evaluation, const double *x, long n);
double oracle_dot(const struct evaluation *evaluation, const double *x, long x_stride, const double *y, long y_stride,
                  long n);
double oracle_normalise(const struct evaluation *evaluation, const double *x, long n, double *z);
void oracle_log_softmax(const struct evaluation *evaluation, const double *x, long n, double *out);

/* The numbers of a parameter as its storage holds them, in the arena. */
const double *oracle_store(struct arena *arena, const struct value *parameter, const double *numbers);

/* Finds the values that are computed from parameters in int8, where results are rounded. */
void oracle_find_whole(struct evaluation *evaluation);
/* The right-hand sides of weights: where results are rounded and the weights come from int8, n numbers rounded as such
 * products round them, in the scratch arena; else x itself. */
const double *oracle_multiplied(const struct evaluation *evaluation, const struct term *weights, const double *x,
                                long n);

/* Rounds an operation's result if the call asks for it. */
double oracle_round(const struct oracle_call *call, double x);
static inline double rounded(const struct evaluation *evaluation, double x)
{
    return evaluation->call->round_to_float ? oracle_round(evaluation->call, x) : x;
}

#endif
