/* Operations on a whole column: a value of n >= 1 units in memory aligned to RNN_VECTOR_BYTES with room for RNN_PAD(n)
 * units.
 *
 * The padding of an operand may hold anything, NaN included; the padding of a result is 0. The result may be an
 * operand. Sums are float sums of RNN_LANES * 4 partial sums. */
#ifndef RNN_COLUMN_H
#define RNN_COLUMN_H

#include "rnn/vec.h"

#define RNN_COLUMN RNN_HELPER

/* Returns units i, i + 1, ... of x; `rest` in the lanes from unit n on. */
RNN_INLINE rnn_vec rnn_column_lanes(const rnn_real *x, int i, int n, rnn_real rest)
{
    rnn_vec v = rnn_vec_load(x + i);
    return n - i >= RNN_LANES ? v : rnn_vec_pick(rnn_mask_first(n - i), v, rnn_vec_splat(rest));
}

/* Stores v as units i, i + 1, ... of y; 0 in the padding. */
RNN_INLINE void rnn_column_put(rnn_real *y, int i, int n, rnn_vec v)
{
    rnn_vec_store(y + i, n - i >= RNN_LANES ? v : rnn_vec_pick(rnn_mask_first(n - i), v, rnn_vec_splat(0)));
}

/* sum x_i y_i */
RNN_COLUMN rnn_real rnn_column_dot(const rnn_real *x, const rnn_real *y, int n)
{
    rnn_vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    const int whole = n - n % (4 * RNN_LANES); /* where n is a constant, so is what is left */
    for (int i = 0; i < whole; i += 4 * RNN_LANES) {
        s0 = rnn_vec_madd(rnn_vec_load(x + i), rnn_vec_load(y + i), s0);
        s1 = rnn_vec_madd(rnn_vec_load(x + i + RNN_LANES), rnn_vec_load(y + i + RNN_LANES), s1);
        s2 = rnn_vec_madd(rnn_vec_load(x + i + 2 * RNN_LANES), rnn_vec_load(y + i + 2 * RNN_LANES), s2);
        s3 = rnn_vec_madd(rnn_vec_load(x + i + 3 * RNN_LANES), rnn_vec_load(y + i + 3 * RNN_LANES), s3);
    }
    for (int i = whole; i < n; i += RNN_LANES)
        s0 = rnn_vec_madd(rnn_column_lanes(x, i, n, 0), rnn_column_lanes(y, i, n, 0), s0);
    return rnn_vec_sum((s0 + s1) + (s2 + s3));
}

/* sum x_i */
RNN_COLUMN rnn_real rnn_column_sum(const rnn_real *x, int n)
{
    rnn_vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    const int whole = n - n % (4 * RNN_LANES); /* where n is a constant, so is what is left */
    for (int i = 0; i < whole; i += 4 * RNN_LANES) {
        s0 += rnn_vec_load(x + i);
        s1 += rnn_vec_load(x + i + RNN_LANES);
        s2 += rnn_vec_load(x + i + 2 * RNN_LANES);
        s3 += rnn_vec_load(x + i + 3 * RNN_LANES);
    }
    for (int i = whole; i < n; i += RNN_LANES)
        s0 += rnn_column_lanes(x, i, n, 0);
    return rnn_vec_sum((s0 + s1) + (s2 + s3));
}

/* sum x_i / n */
RNN_COLUMN rnn_real rnn_column_mean(const rnn_real *x, int n) { return rnn_column_sum(x, n) / (rnn_real)n; }

/* max x_i, or NaN where there is one */
RNN_COLUMN rnn_real rnn_column_maximum(const rnn_real *x, int n)
{
    rnn_vec most = rnn_column_lanes(x, 0, n, -INFINITY);
    for (int i = RNN_LANES; i < n; i += RNN_LANES)
        most = rnn_vec_max(most, rnn_column_lanes(x, i, n, -INFINITY));
    return rnn_vec_maximum(most);
}

/* y_i = e^(x_i - m) / sum_j e^(x_j - m), m = max x: no exponent overflows, and the sum is 1 or more. */
RNN_COLUMN void rnn_column_softmax(rnn_real *y, const rnn_real *x, int n)
{
    rnn_vec most = rnn_vec_splat(rnn_column_maximum(x, n)), sum = {0};
    for (int i = 0; i < n; i += RNN_LANES) {
        rnn_vec e = rnn_vec_exp(rnn_column_lanes(x, i, n, -INFINITY) - most);
        sum += e;
        rnn_vec_store(y + i, e);
    }
    rnn_vec scale = rnn_vec_splat(1 / rnn_vec_sum(sum));
    for (int i = 0; i < n; i += RNN_LANES)
        rnn_column_put(y, i, n, rnn_vec_load(y + i) * scale);
}

/* y_i = (x_i - m) - log sum_j e^(x_j - m), m = max x */
RNN_COLUMN void rnn_column_log_softmax(rnn_real *y, const rnn_real *x, int n)
{
    rnn_vec most = rnn_vec_splat(rnn_column_maximum(x, n)), sum = {0};
    for (int i = 0; i < n; i += RNN_LANES)
        sum += rnn_vec_exp(rnn_column_lanes(x, i, n, -INFINITY) - most);
    rnn_vec log_sum = rnn_vec_splat(rnn_log(rnn_vec_sum(sum)));
    for (int i = 0; i < n; i += RNN_LANES)
        rnn_column_put(y, i, n, (rnn_vec_load(x + i) - most) - log_sum);
}

/* -log softmax(x)_id; 0 where there is no id (below 0). The id is a number here: see OP id. */
RNN_COLUMN rnn_real rnn_column_cross_entropy(const rnn_real *x, const rnn_real *id, int n)
{
    rnn_vec most = rnn_vec_splat(rnn_column_maximum(x, n)), sum = {0};
    if (*id < 0)
        return 0;
    for (int i = 0; i < n; i += RNN_LANES)
        sum += rnn_vec_exp(rnn_column_lanes(x, i, n, -INFINITY) - most);
    return rnn_log(rnn_vec_sum(sum)) - (x[(int)*id] - rnn_first_lane(most));
}

/* Its derivative by x: softmax(x) - (1 at the id), or 0. */
RNN_COLUMN void rnn_column_cross_entropy_slope(rnn_real *y, const rnn_real *x, const rnn_real *id, int n)
{
    rnn_column_softmax(y, x, n);
    if (*id >= 0)
        y[(int)*id] -= 1;
    for (int i = 0; i < RNN_PAD(n) && *id < 0; i += RNN_LANES)
        rnn_vec_store(y + i, rnn_vec_splat(0));
}

/* Sets the four sums that others are added to beside each other to 0. */
RNN_INLINE void rnn_column_clear(rnn_vec s[4])
{
    for (int k = 0; k < 4; k++)
        s[k] = rnn_vec_splat(0);
}

/* sum (x_i - m)^2 */
RNN_COLUMN rnn_real rnn_column_squares(const rnn_real *x, rnn_real m, int n)
{
    rnn_vec s[4], center = rnn_vec_splat(m);
    const int whole = n - n % (4 * RNN_LANES);
    rnn_column_clear(s);
    for (int i = 0; i < whole; i += 4 * RNN_LANES)
        for (int k = 0; k < 4; k++) {
            const rnn_vec d = rnn_vec_load(x + i + k * RNN_LANES) - center;
            s[k] = rnn_vec_madd(d, d, s[k]);
        }
    for (int i = whole; i < n; i += RNN_LANES) {
        const rnn_vec d = rnn_column_lanes(x, i, n, m) - center;
        s[0] = rnn_vec_madd(d, d, s[0]);
    }
    return rnn_vec_sum((s[0] + s[1]) + (s[2] + s[3]));
}

/* 1 / sqrt(variance + 1e-5), the variance with divisor n, of units whose mean is m. */
RNN_COLUMN rnn_real rnn_column_scale(const rnn_real *x, rnn_real m, int n)
{
    return 1 / rnn_sqrt(rnn_column_squares(x, m, n) / (rnn_real)n + (rnn_real)1e-5);
}

/* y_i = gain_i (x_i - mean) / sqrt(variance + 1e-5) + bias_i, the variance with divisor n (Ba, Kiros, Hinton 2016, eq.
 * 3 and 4) */
RNN_COLUMN void rnn_column_layernorm(rnn_real *y, const rnn_real *x, const rnn_real *gain, const rnn_real *bias, int n)
{
    const rnn_real mean = rnn_column_mean(x, n);
    const rnn_vec center = rnn_vec_splat(mean), scale = rnn_vec_splat(rnn_column_scale(x, mean, n));
    for (int i = 0; i < n; i += RNN_LANES)
        rnn_column_put(
            y, i, n,
            rnn_vec_madd(rnn_vec_load(gain + i), (rnn_vec_load(x + i) - center) * scale, rnn_vec_load(bias + i)));
}

/* y = J^T g, J the derivative of z = (x - mean) / sqrt(variance + 1e-5) by x: y_i = (g_i - mean(g) - z_i mean(g z)) /
 * sqrt(variance + 1e-5) */
RNN_COLUMN void rnn_column_layernorm_slope(rnn_real *y, const rnn_real *x, const rnn_real *g, int n)
{
    const rnn_real mean = rnn_column_mean(x, n), scale = rnn_column_scale(x, mean, n);
    const rnn_vec center = rnn_vec_splat(mean);
    const int whole = n - n % (4 * RNN_LANES);
    rnn_vec s[4];
    rnn_column_clear(s);
    for (int i = 0; i < whole; i += 4 * RNN_LANES)
        for (int k = 0; k < 4; k++)
            s[k] =
                rnn_vec_madd(rnn_vec_load(g + i + k * RNN_LANES), rnn_vec_load(x + i + k * RNN_LANES) - center, s[k]);
    for (int i = whole; i < n; i += RNN_LANES)
        s[0] = rnn_vec_madd(rnn_column_lanes(g, i, n, 0), rnn_column_lanes(x, i, n, mean) - center, s[0]);
    const rnn_real along = rnn_vec_sum((s[0] + s[1]) + (s[2] + s[3])) / (rnn_real)n;
    const rnn_vec middle = rnn_vec_splat(rnn_column_mean(g, n)), part = rnn_vec_splat(-along * scale * scale);
    for (int i = 0; i < n; i += RNN_LANES)
        rnn_column_put(y, i, n,
                       rnn_vec_madd(part, rnn_vec_load(x + i) - center, rnn_vec_load(g + i) - middle) *
                           rnn_vec_splat(scale));
}

#endif
