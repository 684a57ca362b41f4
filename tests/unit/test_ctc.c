/* The CTC loss and its gradient: against all paths of tiny sequences, against the oracle on longer ones, and where
 * nothing can be spelt. Compiled for float and for double. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "oracle/oracle.h"
#include "rnn/ctc.h"
#include "sema_check.h"

/* Of results that are rounded once to rnn_real. */
static const double unit = sizeof(rnn_real) == sizeof(float) ? 0x1p-23 : 0x1p-48;

enum { FRAMES = 5, SYMBOLS = 3, GUARD = 4, MOST = 200 * 7 };

static void near(double found, double wanted, double bound)
{
    if (!(fabs(found - wanted) <= bound))
        fail_msg("%.17g is not %.17g within %.3g", found, wanted, bound);
}

/* Numbers in [-scale, scale) that rnn_real holds. */
static void fill(rnn_real *x, int count, double scale, uint32_t seed)
{
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (rnn_real)(scale * ((seed >> 8) / 8388608.0 - 1));
    }
}

/* rnn_ctc with scratch of exactly the size that it asks for, so that a sanitizer sees any more. */
static double ctc(const rnn_real *x, ptrdiff_t stride, int frames, int n, const int32_t *labels, int count,
                  rnn_real *gradient, ptrdiff_t gradient_stride, rnn_real scale)
{
    rnn_real *scratch = malloc(rnn_ctc_scratch(frames, n, count) * sizeof *scratch);
    assert_non_null(scratch);
    rnn_real loss = rnn_ctc(x, stride, frames, n, labels, count, gradient, gradient_stride, scale, scratch);
    free(scratch);
    return (double)loss;
}

/* ---- all paths ---- */

/* True if the path, its symbols the digits of a number to the base of SYMBOLS, spells the labels. */
static int spells(int path, int frames, const int32_t *labels, int count)
{
    int before = 0, spelt = 0;
    for (int t = 0; t < frames; t++, path /= SYMBOLS) {
        int symbol = path % SYMBOLS;
        if (symbol && symbol != before && (spelt == count || labels[spelt++] != symbol))
            return 0;
        before = symbol;
    }
    return spelt == count;
}

static double loss_of_paths(const double *x, int frames, const int32_t *labels, int count)
{
    double sum = 0;
    int paths = 1;
    for (int t = 0; t < frames; t++)
        paths *= SYMBOLS;
    for (int path = 0; path < paths; path++) {
        double probability = spells(path, frames, labels, count);
        for (int t = 0, rest = path; t < frames; t++, rest /= SYMBOLS) {
            double total = 0;
            for (int k = 0; k < SYMBOLS; k++)
                total += exp(x[t * SYMBOLS + k]);
            probability *= exp(x[t * SYMBOLS + rest % SYMBOLS]) / total;
        }
        sum += probability;
    }
    return -log(sum);
}

/* Rows sum to 0, but for the rounding of logarithms: once a frame, of numbers of the size of the loss. */
static void check_rows(const rnn_real *gradient, ptrdiff_t stride, int frames, int n, double scale, double loss)
{
    for (int t = 0; t < frames; t++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += (double)gradient[t * stride + k];
        near(sum, 0, scale * (n * unit + (isinf(loss) ? 0 : frames * DBL_EPSILON * loss)));
    }
}

static void check_against_paths(int frames, const int32_t *labels, int count, uint32_t seed)
{
    enum { STRIDE = SYMBOLS + 2, GRADIENT_STRIDE = SYMBOLS + 1 };
    rnn_real x[FRAMES * STRIDE], gradient[FRAMES * GRADIENT_STRIDE];
    double exact[FRAMES * SYMBOLS];
    fill(x, FRAMES * STRIDE, 2, seed);
    for (int i = 0; i < FRAMES * GRADIENT_STRIDE; i++)
        gradient[i] = 77;
    for (int i = 0; i < frames * SYMBOLS; i++)
        exact[i] = (double)x[i / SYMBOLS * STRIDE + i % SYMBOLS];
    double wanted = loss_of_paths(exact, frames, labels, count);
    double found = ctc(x, STRIDE, frames, SYMBOLS, labels, count, gradient, GRADIENT_STRIDE, 3);
    assert_true(found == ctc(x, STRIDE, frames, SYMBOLS, labels, count, NULL, 0, 3));
    if (isinf(wanted))
        assert_true(found == INFINITY);
    else
        near(found, wanted, unit * (1 + wanted));
    for (int i = 0; i < frames * SYMBOLS; i++) {
        double slope = 0, at = exact[i], step = 0x1p-13;
        if (!isinf(wanted)) {
            exact[i] = at + step;
            slope += loss_of_paths(exact, frames, labels, count);
            exact[i] = at - step;
            slope -= loss_of_paths(exact, frames, labels, count);
            exact[i] = at;
        }
        near((double)gradient[i / SYMBOLS * GRADIENT_STRIDE + i % SYMBOLS], 3 * slope / (2 * step), 1e-7 + 4 * unit);
    }
    for (int i = 0; i < FRAMES * GRADIENT_STRIDE; i++) /* what is between and behind the rows */
        assert_true((i % GRADIENT_STRIDE < SYMBOLS && i / GRADIENT_STRIDE < frames) || gradient[i] == 77);
    check_rows(gradient, GRADIENT_STRIDE, frames, SYMBOLS, 3, wanted);
}

/* Every sequence of up to FRAMES labels, on every number of frames. */
static void test_all_paths(void **state)
{
    (void)state;
    for (int frames = 0; frames <= FRAMES; frames++)
        for (int count = 0; count <= FRAMES; count++)
            for (int bits = 0; bits < 1 << count; bits++) {
                int32_t labels[FRAMES];
                for (int i = 0; i < count; i++)
                    labels[i] = 1 + (bits >> i & 1);
                check_against_paths(frames, labels, count, (uint32_t)(frames * 100 + count * 40 + bits));
            }
}

/* ---- the oracle ---- */

/* Of the logits x + step * direction. */
static double oracle_loss(const char *text, const rnn_real *x, const rnn_real *direction, double step, int frames,
                          int n, const int32_t *labels, int count)
{
    struct checked checked = check_correct(text);
    struct arena *arena = checked.arena;
    double *input = ARENA_ARRAY(arena, double, frames *n + 1), *target = ARENA_ARRAY(arena, double, count + 1);
    for (int i = 0; i < frames * n; i++)
        input[i] = (double)x[i] + step * (double)direction[i];
    for (int i = 0; i < count; i++)
        target[i] = labels[i];
    struct oracle_loss loss;
    struct oracle_call call = {.frames = frames,
                               .length = frames,
                               .parameters = (const double *[]){NULL},
                               .inputs = (const double *[]){input},
                               .outputs = (double *[]){NULL},
                               .targets = (const double *[]){target},
                               .label_counts = &count,
                               .losses = &loss};
    oracle_run(checked.program, &call);
    checked_free(&checked);
    assert_int_equal(loss.count, 1);
    return loss.sum;
}

static void check_against_oracle(int frames, int count, double scale)
{
    enum { N = 7 };
    const char *text = "model m { input x[7]; target y: labels[7]; output x; loss ctc(x, y) }";
    static rnn_real x[MOST], direction[MOST], gradient[MOST];
    int32_t labels[60];
    fill(x, frames * N, scale, (uint32_t)(frames + count));
    fill(direction, frames * N, 1, (uint32_t)count);
    for (int i = 0; i < count; i++)
        labels[i] = 1 + (i * i + i / 3) % (N - 1);
    double wanted = oracle_loss(text, x, direction, 0, frames, N, labels, count);
    assert_true(isfinite(wanted));
    near(ctc(x, N, frames, N, labels, count, gradient, N, 1), wanted, unit * (1 + fabs(wanted)));
    check_rows(gradient, N, frames, N, 1, wanted);
    double step = 1e-4, slope = 0, size = 0;
    for (int i = 0; i < frames * N; i++) {
        slope += (double)gradient[i] * (double)direction[i];
        size += fabs((double)gradient[i]);
    }
    double more = oracle_loss(text, x, direction, step, frames, N, labels, count),
           less = oracle_loss(text, x, direction, -step, frames, N, labels, count);
    near(slope, (more - less) / (2 * step), 1e-6 * size);
}

static void test_oracle(void **state)
{
    (void)state;
    for (int count = 0; count <= 60; count += 12) {
        check_against_oracle(200, count, 3);
        check_against_oracle(200, count, 300);
        check_against_oracle(120, count, 1);
    }
}

/* ---- corners ---- */

static void test_nothing_to_spell_with(void **state)
{
    (void)state;
    const rnn_real x[] = {0, 1, 2, 3, 4, 5};
    rnn_real gradient[6] = {9, 9, 9, 9, 9, 9};
    const int32_t labels[] = {2, 2};
    assert_true(ctc(x, 3, 2, 3, labels, 2, gradient, 3, 1) == INFINITY);
    for (int i = 0; i < 6; i++)
        assert_true(gradient[i] == 0);
    assert_true(ctc(x, 3, 0, 3, labels, 1, gradient, 3, 1) == INFINITY);
    assert_true(ctc(x, 3, 0, 3, labels, 0, gradient, 3, 1) == 0);
    assert_true(ctc(x, 1, 6, 1, labels, 0, gradient, 1, 1) == 0); /* one symbol: the blank is certain */
    for (int i = 0; i < 6; i++)
        assert_true(gradient[i] == 0);
}

static void test_extremes(void **state)
{
    (void)state;
    /* A class that is impossible: the label must be spelt in the other frame. */
    rnn_real x[] = {0, -INFINITY, 0, 0, 0, 0}, gradient[6];
    const int32_t labels[] = {1};
    near(ctc(x, 3, 2, 3, labels, 1, gradient, 3, 1), -log(0.5 / 3), 4 * unit);
    const double wanted[] = {-0.5, 0, 0.5, 1 / 3.0, -2 / 3.0, 1 / 3.0};
    for (int i = 0; i < 6; i++)
        near((double)gradient[i], wanted[i], 2 * unit);
    x[4] = -INFINITY; /* in none */
    assert_true(ctc(x, 3, 2, 3, labels, 1, gradient, 3, 1) == INFINITY && gradient[0] == 0);
    /* Sizes whose exponentials are infinite or 0. */
    rnn_real large[] = {-1000, 1000, 0, 1000, -1000, 0};
    near(ctc(large, 3, 2, 3, labels, 1, gradient, 3, 1), 0, unit);
    near((double)gradient[1], 0, unit);
    near(ctc(large, 3, 2, 3, (const int32_t[]){2}, 1, gradient, 3, 1), 1000, 1000 * unit); /* 2 and the blank */
    near((double)gradient[2], -1, unit);
    near((double)gradient[1], 1, unit);
    near((double)gradient[3], 0, unit);
    for (int place = 0; place < 6; place++) {
        rnn_real broken[] = {0, 1, 2, 3, 4, 5};
        broken[place] = NAN;
        assert_true(isnan(ctc(broken, 3, 2, 3, labels, 1, gradient, 3, 1)));
        assert_true(isnan(gradient[place / 3 * 3 + 1]));
    }
}

static void test_scratch(void **state)
{
    (void)state;
    assert_true(rnn_ctc_scratch(INT32_MAX, INT32_MAX, INT32_MAX) <= SIZE_MAX / sizeof(rnn_real));
    assert_true(rnn_ctc_scratch(INT32_MAX, INT32_MAX, INT32_MAX) >= (size_t)INT32_MAX * INT32_MAX / 4);
    assert_true(rnn_ctc_scratch(10, 5, 4) > rnn_ctc_scratch(10, 5, 3));
    /* It may lie anywhere that rnn_real may. */
    rnn_real x[] = {0, 1, 2, 3, 4, 5}, gradient[6];
    const int32_t labels[] = {1};
    double wanted = ctc(x, 3, 2, 3, labels, 1, NULL, 3, 1);
    rnn_real *scratch = malloc((rnn_ctc_scratch(2, 3, 1) + GUARD) * sizeof *scratch);
    assert_non_null(scratch);
    for (int shift = 0; shift < GUARD; shift++)
        assert_true((double)rnn_ctc(x, 3, 2, 3, labels, 1, gradient, 3, 1, scratch + shift) == wanted);
    free(scratch);
}

static void test_check_labels(void **state)
{
    (void)state;
    int counts[] = {2, 0, 3};
    int32_t ids[] = {1, 4, 0, 9, 9, 9, 2, 2, 3};
    const int lengths[] = {2, 0, 4};
    rnn_labels labels = {3, counts, ids};
    assert_int_equal(rnn_check_labels(&labels, 5, lengths, 4, 3), RNN_OK);
    assert_int_equal(rnn_check_labels(&labels, 5, NULL, 4, 3), RNN_OK);
    assert_int_equal(rnn_check_labels(&labels, 5, NULL, 3, 3), RNN_ERROR_LENGTH); /* 2, blank, 2, 3 */
    assert_int_equal(rnn_check_labels(&labels, 5, NULL, 3, 2), RNN_OK);
    assert_int_equal(rnn_check_labels(&labels, 4, lengths, 4, 3), RNN_ERROR_ID);
    counts[1] = 1; /* a 9, of a stream without frames */
    assert_int_equal(rnn_check_labels(&labels, 5, lengths, 4, 3), RNN_OK);
    assert_int_equal(rnn_check_labels(&labels, 5, NULL, 4, 3), RNN_ERROR_ID);
    counts[1] = 4;
    assert_int_equal(rnn_check_labels(&labels, 5, lengths, 4, 3), RNN_ERROR_LENGTH);
    counts[1] = -1;
    assert_int_equal(rnn_check_labels(&labels, 5, lengths, 4, 3), RNN_ERROR_LENGTH);
    counts[1] = 0;
    ids[0] = 0; /* the blank is no label */
    assert_int_equal(rnn_check_labels(&labels, 5, lengths, 4, 3), RNN_ERROR_ID);
    assert_int_equal(rnn_check_labels(NULL, 5, lengths, 4, 3), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_labels(&(rnn_labels){3, NULL, ids}, 5, NULL, 4, 3), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_labels(&(rnn_labels){3, counts, NULL}, 5, NULL, 4, 3), RNN_ERROR_ARGUMENT);
    const int none[] = {0, 0, 0};
    assert_int_equal(rnn_check_labels(&(rnn_labels){0, none, NULL}, 5, NULL, 4, 3), RNN_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_paths), cmocka_unit_test(test_oracle),  cmocka_unit_test(test_nothing_to_spell_with),
        cmocka_unit_test(test_extremes),  cmocka_unit_test(test_scratch), cmocka_unit_test(test_check_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
