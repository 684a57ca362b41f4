/* Slopes of columns, products, moves and losses, from those of their operands. */
#include <math.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "oracle/evaluation.h"

typedef void slope(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                   double *out);

static long operand_size(const struct term *term, int operand) { return shape_size(&term->args[operand]->shape); }

/* ---- operations that are linear in their operands ---- */

static void linear(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                   double *out)
{
    oracle_operation(evaluation, term, of->dx, out);
}

static void bilinear(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                     double *out)
{
    long size = shape_size(&term->shape);
    double *second = ARENA_ARRAY(evaluation->scratch, double, size + 1);
    oracle_operation(evaluation, term, (const double *[]){of->dx[0], of->x[1]}, out);
    oracle_operation(evaluation, term, (const double *[]){of->x[0], of->dx[1]}, second);
    for (long i = 0; i < size; i++)
        out[i] = rounded(evaluation, out[i] + second[i]);
}

/* Linear in each of three factors. */
static void trilinear(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                      double *out)
{
    long size = shape_size(&term->shape);
    double *one = ARENA_ARRAY(evaluation->scratch, double, size + 1);
    for (int k = 0; k < 3; k++) {
        const double *operands[3] = {of->x[0], of->x[1], of->x[2]};
        operands[k] = of->dx[k];
        oracle_operation(evaluation, term, operands, one);
        for (long i = 0; i < size; i++)
            out[i] = rounded(evaluation, out[i] + one[i]);
    }
}

/* Bilinear in A and z, as losses are wanted, and linear in the summand. */
static void refined_product(const struct evaluation *evaluation, const struct term *term,
                            const struct slope_operands *of, double *out)
{
    long rows = term->args[0]->shape.dim[0], columns = term->args[0]->shape.dim[1];
    for (long r = 0; r < rows; r++) {
        double first = oracle_dot(evaluation, of->dx[0] + r * columns, 1, of->x[1], 1, columns);
        double second = oracle_dot(evaluation, of->x[0] + r * columns, 1, of->dx[1], 1, columns);
        out[r] = rounded(evaluation, first + second);
        if (term->count > 2)
            out[r] = rounded(evaluation, out[r] + of->dx[2][term->args[2]->shape.rank ? r : 0]);
    }
}

/* Linear in the table. */
static void embed(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                  double *out)
{
    oracle_operation(evaluation, term, (const double *[]){of->dx[0], of->x[1]}, out);
}

/* ---- columns ---- */

/* dy_i = y_i (dx_i - sum_j y_j dx_j) */
static void softmax(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                    double *out)
{
    long n = operand_size(term, 0);
    double mean = 0;
    for (long i = 0; i < n; i++)
        mean = rounded(evaluation, mean + moved_by(of->y[i], of->dx[0][i]));
    for (long i = 0; i < n; i++)
        out[i] = rounded(evaluation, moved_by(of->y[i], rounded(evaluation, of->dx[0][i] - mean)));
}

/* dy_i = dx_i - sum_j exp(y_j) dx_j */
static void log_softmax(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                        double *out)
{
    long n = operand_size(term, 0);
    double mean = 0;
    for (long i = 0; i < n; i++)
        mean = rounded(evaluation, mean + moved_by(rounded(evaluation, exp(of->y[i])), of->dx[0][i]));
    for (long i = 0; i < n; i++)
        out[i] = rounded(evaluation, of->dx[0][i] - mean);
}

/* y = z gain + bias with z = (x - mean) / deviation: dz = (dx - mean(dx) - z mean(z dx)) / deviation. */
static void layernorm(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                      double *out)
{
    long n = operand_size(term, 0);
    double *z = ARENA_ARRAY(evaluation->scratch, double, n + 1);
    double deviation = oracle_normalise(evaluation, of->x[0], n, z);
    double shift = rounded(evaluation, oracle_sum(evaluation, of->dx[0], n) / (double)n);
    double stretch = rounded(evaluation, oracle_dot(evaluation, z, 1, of->dx[0], 1, n) / (double)n);
    for (long i = 0; i < n; i++) {
        long gain = term->args[1]->shape.rank ? i : 0, bias = term->args[2]->shape.rank ? i : 0;
        double rest = rounded(evaluation, rounded(evaluation, of->dx[0][i] - shift) - z[i] * stretch);
        double scaled = rounded(evaluation, rounded(evaluation, rest / deviation) * of->x[1][gain]);
        out[i] = rounded(evaluation, rounded(evaluation, scaled + z[i] * of->dx[1][gain]) + of->dx[2][bias]);
    }
}

static void maximum(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                    double *out)
{
    (void)evaluation;
    long best = 0;
    for (long i = 1; i < operand_size(term, 0); i++)
        best = of->x[0][i] > of->x[0][best] ? i : best;
    *out = of->dx[0][best];
}

/* ---- losses ---- */

/* sum_i softmax(x)_i dx_i - dx_id; nothing for an id of -1 */
static void cross_entropy(const struct evaluation *evaluation, const struct term *term, const struct slope_operands *of,
                          double *out)
{
    long n = operand_size(term, 0), id = (long)of->x[1][0];
    double *log_p = ARENA_ARRAY(evaluation->scratch, double, n + 1);
    oracle_log_softmax(evaluation, of->x[0], n, log_p);
    for (long i = 0; i < n && id >= 0; i++) {
        double p = rounded(evaluation, exp(log_p[i]));
        *out = rounded(evaluation, *out + moved_by(rounded(evaluation, p - (i == id)), of->dx[0][i]));
    }
}

/* mean_i ((sigmoid(x_i) - y_i) dx_i - x_i dy_i) */
static void binary_cross_entropy(const struct evaluation *evaluation, const struct term *term,
                                 const struct slope_operands *of, double *out)
{
    long n = operand_size(term, 0);
    double sum = 0;
    for (long i = 0; i < n; i++) {
        double p = rounded(evaluation, oracle_elementwise(OP_sigmoid, &of->x[0][i]));
        sum = rounded(evaluation, sum + moved_by(rounded(evaluation, p - of->x[1][i]), of->dx[0][i]));
        sum = rounded(evaluation, sum - moved_by(of->x[0][i], of->dx[1][i]));
    }
    *out = rounded(evaluation, sum / (double)n);
}

/* mean_i 2 (x_i - y_i) (dx_i - dy_i) */
static void mean_squared_error(const struct evaluation *evaluation, const struct term *term,
                               const struct slope_operands *of, double *out)
{
    long n = operand_size(term, 0);
    double sum = 0;
    for (long i = 0; i < n; i++) {
        double difference = rounded(evaluation, of->x[0][i] - of->x[1][i]);
        sum = rounded(evaluation, sum + moved_by(2 * difference, rounded(evaluation, of->dx[0][i] - of->dx[1][i])));
    }
    *out = rounded(evaluation, sum / (double)n);
}

static slope *const slopes[OP_COUNT] = {
    [OP_softmax] = softmax,
    [OP_log_softmax] = log_softmax,
    [OP_layernorm] = layernorm,
    [OP_sum] = linear,
    [OP_mean] = linear,
    [OP_maximum] = maximum,
    [OP_dot] = bilinear,
    [OP_product] = bilinear,
    [OP_matmul] = bilinear,
    [OP_svd] = bilinear,
    [OP_cp] = trilinear,
    [OP_refined_product] = refined_product,
    [OP_transpose] = linear,
    [OP_concat] = linear,
    [OP_embed] = embed,
    [OP_cross_entropy] = cross_entropy,
    [OP_binary_cross_entropy] = binary_cross_entropy,
    [OP_mse] = mean_squared_error,
};

void oracle_operation_slope(const struct evaluation *evaluation, const struct term *term,
                            const struct slope_operands *of, double *out)
{
    if (!slopes[term->op])
        internal_error("oracle: '%s' has no slope", op_info(term->op)->id);
    slopes[term->op](evaluation, term, of, out);
}
