/* Columns of every length around the lanes, against sums in long double; the padding holds NaN or infinity before and
 * must hold 0 after. */
#include <stdlib.h>
#include <string.h>

#include "rnn/column.h"
#include "vec_test.h"

enum { LONGEST = 700, ROOM = RNN_PAD(LONGEST) + RNN_LANES };

#ifdef RNN_REAL_DOUBLE
static const double unit = 0x1p-53;
#else
static const double unit = 0x1p-24;
#endif

static const int lengths[] = {1,  2,  3,  4,  5,  7,   8,   9,   15,  16,  17,  31,
                              32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 511, 699};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

/* Four columns; behind the padding of each a guard that nothing may touch. */
struct columns {
    _Alignas(RNN_VECTOR_BYTES) rnn_real x[ROOM], y[ROOM], gain[ROOM], bias[ROOM];
};

static rnn_real draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (rnn_real)((*seed >> 8) / 8388608.0 - 1);
}

static void fill_column(rnn_real *column, int n, rnn_real scale, rnn_real shift, rnn_real padding, uint32_t *seed)
{
    for (int i = 0; i < ROOM; i++)
        column[i] = i < n ? scale * draw(seed) + shift : padding;
}

static void fill(struct columns *c, int n, rnn_real scale, rnn_real shift, rnn_real padding)
{
    uint32_t seed = (uint32_t)n + 1;
    fill_column(c->x, n, scale, shift, padding, &seed);
    fill_column(c->gain, n, 1, 1, padding, &seed);
    fill_column(c->bias, n, 1, 0, padding, &seed);
    for (int i = 0; i < ROOM; i++)
        c->y[i] = padding;
}

static void check_padding(const rnn_real *y, int n, rnn_real padding)
{
    for (int i = n; i < RNN_PAD(n); i++)
        assert_true(y[i] == 0);
    for (int i = RNN_PAD(n); i < ROOM; i++)
        assert_true(y[i] == padding || (isnan(padding) && isnan(y[i])));
}

static void near(long double found, long double wanted, long double bound)
{
    if (!(fabsl(found - wanted) <= bound))
        fail_msg("%.10Lg is not %.10Lg within %.3Lg", found, wanted, bound);
}

/* Runs `check` for every length, kind of padding, and place of the result: apart, or over the operand. */
static void each_column(rnn_real scale, rnn_real shift,
                        void (*check)(struct columns *, rnn_real *y, int n, rnn_real padding))
{
    const rnn_real paddings[] = {NAN, INFINITY, -INFINITY, (rnn_real)1e30};
    struct columns *c = aligned_alloc(RNN_VECTOR_BYTES, sizeof *c);
    assert_non_null(c);
    for (int l = 0; l < LENGTHS; l++)
        for (int p = 0; p < 4; p++)
            for (int in_place = 0; in_place < 2; in_place++) {
                fill(c, lengths[l], scale, shift, paddings[p]);
                check(c, in_place ? c->x : c->y, lengths[l], paddings[p]);
            }
    free(c);
}

/* ---- reductions ---- */

static void check_reductions(struct columns *c, rnn_real *y, int n, rnn_real padding)
{
    (void)y;
    (void)padding;
    long double sum = 0, size = 0, dot = 0, products = 0, most = c->x[0];
    for (int i = 0; i < n; i++) {
        long double x = c->x[i], product = x * (long double)c->gain[i];
        sum += x;
        size += fabsl(x);
        dot += product;
        products += fabsl(product);
        most = x > most ? x : most;
    }
    /* a sum of n numbers over at least 2 partial sums rounds at most n/2 + 5 times */
    long double rounds = (n / 2 + 8) * (long double)unit;
    near((long double)rnn_column_sum(c->x, n), sum, rounds * size);
    near((long double)rnn_column_mean(c->x, n), sum / n, (rounds * size + (long double)unit * fabsl(sum)) / n);
    near((long double)rnn_column_dot(c->x, c->gain, n), dot, (rounds + (long double)unit) * products);
    assert_true((long double)rnn_column_maximum(c->x, n) == most);
}

static void test_reductions(void **state)
{
    (void)state;
    each_column(3, (rnn_real)0.25, check_reductions);
    each_column(1, -100, check_reductions);
}

/* A number in any one place is seen, exactly once. */
static void test_every_place(void **state)
{
    (void)state;
    struct columns *c = aligned_alloc(RNN_VECTOR_BYTES, sizeof *c);
    assert_non_null(c);
    for (int n = 1; n <= 150; n++)
        for (int place = 0; place < n; place++) {
            fill(c, n, 0, 0, NAN);
            c->x[place] = 3;
            c->gain[place] = 5;
            assert_true(rnn_column_sum(c->x, n) == 3);
            assert_true(rnn_column_dot(c->x, c->gain, n) == 15);
            assert_true(rnn_column_maximum(c->x, n) == 3);
            c->x[place] = NAN;
            assert_true(isnan(rnn_column_sum(c->x, n)) && isnan(rnn_column_maximum(c->x, n)));
        }
    free(c);
}

/* ---- softmax ---- */

static void check_softmax(struct columns *c, rnn_real *y, int n, rnn_real padding)
{
    long double exact[LONGEST], most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        most = fmaxl(most, (long double)c->x[i]);
    for (int i = 0; i < n; i++) {
        /* as rnn_real gives it: the difference rounds, and that is the caller's loss */
        exact[i] = expl((long double)(rnn_real)(c->x[i] - (rnn_real)most));
        sum += exact[i];
    }
    rnn_column_softmax(y, c->x, n);
    long double total = 0;
    for (int i = 0; i < n; i++) {
        near((long double)y[i], exact[i] / sum, (n / 2 + 12) * (long double)unit * exact[i] / sum + 1e-37L);
        total += (long double)y[i];
    }
    near(total, 1, (n / 2 + 12) * (long double)unit);
    check_padding(y, n, padding);
}

static void check_log_softmax(struct columns *c, rnn_real *y, int n, rnn_real padding)
{
    long double exact[LONGEST], most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        most = fmaxl(most, (long double)c->x[i]);
    for (int i = 0; i < n; i++) {
        exact[i] = (long double)(rnn_real)(c->x[i] - (rnn_real)most);
        sum += expl(exact[i]);
    }
    rnn_column_log_softmax(y, c->x, n);
    for (int i = 0; i < n; i++) {
        long double wanted = exact[i] - logl(sum);
        near((long double)y[i], wanted, ((n / 2 + 12) + 4 * (logl(sum) + fabsl(wanted))) * (long double)unit);
    }
    check_padding(y, n, padding);
}

static void test_softmax(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        void (*check)(struct columns *, rnn_real *, int, rnn_real) = k ? check_log_softmax : check_softmax;
        each_column(3, 0, check);
        each_column(60, 0, check);
        each_column(1, 1000, check);
        each_column(1, -1000, check);
        each_column((rnn_real)1e30, 0, check);
    }
}

static void test_softmax_extremes(void **state)
{
    (void)state;
    struct columns *c = aligned_alloc(RNN_VECTOR_BYTES, sizeof *c);
    assert_non_null(c);
    fill(c, 5, 0, 2, NAN);
    c->x[1] = c->x[4] = -INFINITY; /* impossible classes */
    rnn_column_softmax(c->y, c->x, 5);
    const rnn_real third = (rnn_real)(1 / 3.0);
    const rnn_real wanted[] = {third, 0, third, third, 0};
    for (int i = 0; i < 5; i++)
        near((long double)c->y[i], (long double)wanted[i], 4 * (long double)unit);
    rnn_column_log_softmax(c->y, c->x, 5);
    assert_true(c->y[1] == -INFINITY && c->y[4] == -INFINITY);
    near((long double)c->y[0], -logl(3), 8 * (long double)unit);

    c->x[2] = NAN;
    rnn_column_softmax(c->y, c->x, 5);
    for (int i = 0; i < 5; i++)
        assert_true(isnan(c->y[i]));
    check_padding(c->y, 5, NAN);
    free(c);
}

/* ---- layernorm ---- */

static void check_layernorm(struct columns *c, rnn_real *y, int n, rnn_real padding)
{
    rnn_real x[LONGEST];
    memcpy(x, c->x, (size_t)n * sizeof x[0]);
    long double mean = 0, variance = 0, largest = 0;
    for (int i = 0; i < n; i++) {
        mean += (long double)x[i] / n;
        largest = fmaxl(largest, fabsl((long double)x[i]));
    }
    for (int i = 0; i < n; i++)
        variance += ((long double)x[i] - mean) * ((long double)x[i] - mean) / n;
    long double deviation = sqrtl(variance + 1e-5L);
    rnn_column_layernorm(y, c->x, c->gain, c->bias, n);
    for (int i = 0; i < n; i++) {
        long double z = ((long double)x[i] - mean) / deviation, gain = (long double)c->gain[i];
        /* the mean is off by the rounding of the sum, z by that over the deviation, plus the rounding of the squares */
        long double bound = (n / 2 + 12) * (long double)unit * (largest / deviation + fabsl(z) + 1);
        near((long double)y[i], gain * z + (long double)c->bias[i], (fabsl(gain) + 1) * bound);
    }
    check_padding(y, n, padding);
}

/* With the gains as what is received. */
static void check_layernorm_slope(struct columns *c, rnn_real *y, int n, rnn_real padding)
{
    rnn_real x[LONGEST];
    memcpy(x, c->x, (size_t)n * sizeof x[0]);
    long double mean = 0, variance = 0, middle = 0, along = 0, largest = 0, most = 0, far = 0;
    for (int i = 0; i < n; i++) {
        mean += (long double)x[i] / n;
        middle += (long double)c->gain[i] / n;
        largest = fmaxl(largest, fabsl((long double)x[i]));
        most = fmaxl(most, fabsl((long double)c->gain[i]));
    }
    for (int i = 0; i < n; i++)
        variance += ((long double)x[i] - mean) * ((long double)x[i] - mean) / n;
    const long double deviation = sqrtl(variance + 1e-5L);
    for (int i = 0; i < n; i++) {
        along += (long double)c->gain[i] * ((long double)x[i] - mean) / deviation / n;
        far = fmaxl(far, fabsl((long double)x[i] - mean) / deviation);
    }
    rnn_column_layernorm_slope(y, c->x, c->gain, n);
    for (int i = 0; i < n; i++) {
        const long double z = ((long double)x[i] - mean) / deviation;
        /* as above: of z twice, as a factor and in the mean, and of the mean of what is received */
        const long double bound = (n / 2 + 12) * (long double)unit * (largest / deviation + far + 1);
        near((long double)y[i], ((long double)c->gain[i] - middle - z * along) / deviation,
             3 * (far + 1) * most * bound / deviation);
    }
    check_padding(y, n, padding);
}

static void test_layernorm_slope(void **state)
{
    (void)state;
    each_column(1, 0, check_layernorm_slope);
    each_column(1, 100, check_layernorm_slope);
    each_column((rnn_real)1e-3, 0, check_layernorm_slope);
    each_column(0, 2, check_layernorm_slope);
}

static void test_layernorm(void **state)
{
    (void)state;
    each_column(1, 0, check_layernorm);
    each_column(10, 5, check_layernorm);
    each_column(1, 100, check_layernorm);
    each_column((rnn_real)1e-3, 0, check_layernorm); /* where 1e-5 is not small */
    each_column(0, 2, check_layernorm);              /* a constant column gives the bias */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reductions), cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_softmax),    cmocka_unit_test(test_softmax_extremes),
        cmocka_unit_test(test_layernorm),  cmocka_unit_test(test_layernorm_slope),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
