/* Columns, products and moves: operations that need all units of an operand at one frame. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "base/random.h"
#include "oracle/evaluation.h"

typedef void operation(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                       double *out);

static long operand_size(const struct term *term, int operand) { return shape_size(&term->args[operand]->shape); }

static double largest(const double *x, long n)
{
    double most = x[0];
    for (long i = 1; i < n; i++)
        most = x[i] > most || isnan(x[i]) ? x[i] : most;
    return most;
}

/* A sum so far. The program does not fix the order of additions, and a network adds in that of its vectors and
 * accumulators: where roundings are drawn, so is the number of accumulators, which take the terms in turn. Digits that
 * cancel in one order are lost in another, as of 1 - 1 + 1 - 1 ... in two accumulators. */
enum { MOST_ACCUMULATORS = 32 };
struct adding {
    const struct evaluation *evaluation;
    double sums[MOST_ACCUMULATORS];
    int count, next;
};

static struct adding adding_start(const struct evaluation *evaluation)
{
    struct random *random = evaluation->call->rounding;
    return (struct adding){.evaluation = evaluation, .count = random ? 1 << random_bits(random) % 6 : 1};
}

static void add_term(struct adding *adding, double term)
{
    double *sum = &adding->sums[adding->next];
    *sum = rounded(adding->evaluation, *sum + term);
    adding->next = (adding->next + 1) % adding->count;
}

static double adding_end(struct adding *adding)
{
    for (int half = adding->count / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            adding->sums[i] = rounded(adding->evaluation, adding->sums[i] + adding->sums[i + half]);
    return adding->sums[0];
}

double oracle_sum(const struct evaluation *evaluation, const double *x, long n)
{
    struct adding adding = adding_start(evaluation);
    for (long i = 0; i < n; i++)
        add_term(&adding, x[i]);
    return adding_end(&adding);
}

double oracle_dot(const struct evaluation *evaluation, const double *x, long x_stride, const double *y, long y_stride,
                  long n)
{
    struct adding adding = adding_start(evaluation);
    for (long i = 0; i < n; i++)
        add_term(&adding, x[i * x_stride] * y[i * y_stride]);
    return adding_end(&adding);
}

/* exp(x_i - m) / sum_j exp(x_j - m), m the largest x_i */
static void softmax(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    long n = operand_size(term, 0);
    double most = largest(x[0], n);
    for (long i = 0; i < n; i++)
        out[i] = rounded(evaluation, exp(x[0][i] - most));
    double sum = oracle_sum(evaluation, out, n);
    for (long i = 0; i < n; i++)
        out[i] = rounded(evaluation, out[i] / sum);
}

/* x_i - m - log sum_j exp(x_j - m) */
void oracle_log_softmax(const struct evaluation *evaluation, const double *x, long n, double *out)
{
    double most = largest(x, n), sum = 0;
    for (long i = 0; i < n; i++)
        sum = rounded(evaluation, sum + exp(x[i] - most));
    double log_sum = rounded(evaluation, log(sum));
    for (long i = 0; i < n; i++)
        out[i] = rounded(evaluation, rounded(evaluation, x[i] - most) - log_sum);
}

static void log_softmax(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                        double *out)
{
    oracle_log_softmax(evaluation, x[0], operand_size(term, 0), out);
}

double oracle_normalise(const struct evaluation *evaluation, const double *x, long n, double *z)
{
    double mean = rounded(evaluation, oracle_sum(evaluation, x, n) / (double)n);
    for (long i = 0; i < n; i++)
        z[i] = rounded(evaluation, x[i] - mean);
    double variance = rounded(evaluation, oracle_dot(evaluation, z, 1, z, 1, n) / (double)n);
    double deviation = rounded(evaluation, sqrt(variance + 1e-5));
    for (long i = 0; i < n; i++)
        z[i] = rounded(evaluation, z[i] / deviation);
    return deviation;
}

/* (x_i - mean) / sqrt(variance + 1e-5) * gain + bias, with the biased variance. Ba, Kiros, Hinton, "Layer
 * Normalization", arXiv:1607.06450, equation 4. */
static void layernorm(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    long n = operand_size(term, 0);
    oracle_normalise(evaluation, x[0], n, out);
    for (long i = 0; i < n; i++) {
        double gain = term->args[1]->shape.rank ? x[1][i] : x[1][0];
        double bias = term->args[2]->shape.rank ? x[2][i] : x[2][0];
        out[i] = rounded(evaluation, rounded(evaluation, out[i] * gain) + bias);
    }
}

static void sum(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    *out = oracle_sum(evaluation, x[0], operand_size(term, 0));
}

static void mean(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    long n = operand_size(term, 0);
    *out = rounded(evaluation, oracle_sum(evaluation, x[0], n) / (double)n);
}

static void maximum(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    (void)evaluation;
    *out = largest(x[0], operand_size(term, 0));
}

static void dot(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    *out = oracle_dot(evaluation, x[0], 1, x[1], 1, operand_size(term, 0));
}

/* [r, c] @ [c]; for [k, r, c] the k products one after the other, which row-major order makes one with k * r rows. */
static void product(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    long columns = operand_size(term, 1);
    long rows = shape_size(&term->shape);
    const double *right = oracle_multiplied(evaluation, term->args[0], x[1], columns);
    for (long r = 0; r < rows; r++)
        out[r] = oracle_dot(evaluation, x[0] + r * columns, 1, right, 1, columns);
}

/* [r, k] @ [k, c] */
static void matmul(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    int inner = term->args[1]->shape.dim[0], columns = term->args[1]->shape.dim[1];
    long rows = inner ? operand_size(term, 0) / inner : 0;
    for (long r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            out[r * columns + c] = oracle_dot(evaluation, x[0] + r * inner, 1, x[1] + c, columns, inner);
}

/* Marks the largest of n numbers, of equal ones the first, as many as there are but NaN. */
static void mark_largest(const double *x, long n, int count, bool *marked)
{
    for (int k = 0; k < count; k++) {
        long most = -1;
        for (long i = 0; i < n; i++)
            if (!marked[i] && !isnan(x[i]) && (most < 0 || x[i] > x[most]))
                most = i;
        if (most < 0)
            return;
        marked[most] = true;
    }
}

/* A z + summand with the first columns of A, and for the largest units of that the rest of the sum. Training has all
 * columns. */
static void refined_product(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                            double *out)
{
    long rows = term->args[0]->shape.dim[0];
    int columns = term->args[0]->shape.dim[1], first = is_of_training(evaluation) ? columns : term->preview;
    for (long r = 0; r < rows; r++) {
        out[r] = oracle_dot(evaluation, x[0] + r * columns, 1, x[1], 1, first);
        if (term->count > 2)
            out[r] = rounded(evaluation, out[r] + x[2][term->args[2]->shape.rank ? r : 0]);
    }
    if (first == columns)
        return;
    bool *marked = ARENA_ARRAY(evaluation->scratch, bool, rows + 1);
    mark_largest(out, rows, term->refine, marked);
    for (long r = 0; r < rows; r++)
        if (marked[r])
            out[r] = rounded(evaluation, out[r] + oracle_dot(evaluation, x[0] + r * columns + first, 1, x[1] + first, 1,
                                                             columns - first));
}

static void transpose(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    (void)evaluation;
    int rows = term->shape.dim[0], columns = term->shape.dim[1];
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            out[(long)r * columns + c] = x[0][(long)c * rows + r];
}

static void concat(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    (void)evaluation;
    for (int k = 0; k < term->count; k++) {
        long size = operand_size(term, k);
        memcpy(out, x[k], (size_t)size * sizeof *out);
        out += size;
    }
}

/* Row `id` of [V, n]; zeros for -1. */
static void embed(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    (void)evaluation;
    long n = shape_size(&term->shape);
    long id = (long)x[1][0];
    for (long i = 0; i < n && id >= 0; i++)
        out[i] = x[0][id * n + i];
}

/* [k, r], [n, r], [m, r]: element (i, j, l) is the sum over q of A[i, q] B[j, q] C[l, q]. */
static void cp(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    int rank = term->args[0]->shape.dim[1], rows = term->shape.dim[1], columns = term->shape.dim[2];
    double *scaled = ARENA_ARRAY(evaluation->scratch, double, rank + 1);
    for (int i = 0; i < term->shape.dim[0]; i++)
        for (int j = 0; j < rows; j++) {
            for (int q = 0; q < rank; q++)
                scaled[q] = rounded(evaluation, x[0][(long)i * rank + q] * x[1][(long)j * rank + q]);
            for (int l = 0; l < columns; l++)
                *out++ = oracle_dot(evaluation, scaled, 1, x[2] + (long)l * rank, 1, rank);
        }
}

static operation *const operations[OP_COUNT] = {
    [OP_softmax] = softmax,
    [OP_log_softmax] = log_softmax,
    [OP_layernorm] = layernorm,
    [OP_sum] = sum,
    [OP_mean] = mean,
    [OP_maximum] = maximum,
    [OP_dot] = dot,
    [OP_product] = product,
    [OP_matmul] = matmul,
    [OP_refined_product] = refined_product,
    [OP_svd] = matmul,
    [OP_cp] = cp,
    [OP_transpose] = transpose,
    [OP_concat] = concat,
    [OP_embed] = embed,
};

void oracle_operation(const struct evaluation *evaluation, const struct term *term, const double *const *x, double *out)
{
    if (!operations[term->op])
        internal_error("oracle: '%s' is no operation of a program", op_info(term->op)->id);
    operations[term->op](evaluation, term, x, out);
}
