/* Start values of a network's parameters: their distributions, their parts, and what they depend on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rnn/weights.h"

enum { DRAWS = 40000 };

static void draw(const char *name, rnn_start start, double number, int count, uint64_t seed, double *out)
{
    const rnn_tensor tensor = {.name = name, .rank = 1, .shape = {count}, .start = start, .start_number = number};
    rnn_model model = {.name = "m", .real_size = 8, .parameters = &tensor, .parameter_count = 1};
    assert_int_equal(rnn_parameters_init(&model, out, seed), RNN_OK);
}

/* Parts start otherwise than the whole, later ones over earlier ones; what is drawn for an element does not depend on
 * what is drawn for others. */
static void test_parts(void **state)
{
    (void)state;
    const rnn_start_part bias_parts[] = {{{2}, {2}, RNN_START_CONSTANT, 1}, {{3}, {1}, RNN_START_CONSTANT, 5}};
    const rnn_start_part matrix_parts[] = {{{0, 1, 0}, {2, 2, 2}, RNN_START_IDENTITY, 3},
                                           {{1, 3, 0}, {1, 2, 3}, RNN_START_ORTHOGONAL, 1},
                                           {{0, 0, 2}, {1, 5, 1}, RNN_START_CONSTANT, -1}};
    rnn_tensor own[] = {{.name = "b", .rank = 1, .shape = {6}, .parts = bias_parts, .part_count = 2},
                        {.name = "Z",
                         .rank = 3,
                         .shape = {2, 5, 3},
                         .offset = 6,
                         .start = RNN_START_NORMAL,
                         .start_number = 1,
                         .parts = matrix_parts,
                         .part_count = 3}};
    rnn_model model = {.name = "m", .real_size = 8, .parameters = own, .parameter_count = 2};
    double x[36], whole[36];
    assert_int_equal(rnn_parameters_init(&model, x, 1), RNN_OK);
    own[1].part_count = 0;
    assert_int_equal(rnn_parameters_init(&model, whole, 1), RNN_OK);
    const double wanted[] = {0, 0, 1, 5, 0, 0};
    assert_memory_equal(x, wanted, sizeof wanted);
    double product = 0, squares[2] = {0, 0};
    for (int m = 0; m < 2; m++)
        for (int r = 0; r < 5; r++)
            for (int c = 0; c < 3; c++) {
                double z = x[6 + (m * 5 + r) * 3 + c];
                int orthogonal = m == 1 && r >= 3;
                if (m == 0 && c == 2)
                    assert_true(z == -1);
                else if (r >= 1 && r < 3 && c < 2)
                    assert_true(z == (r - 1 == c ? 3 : 0));
                else if (!orthogonal)
                    assert_true(z == whole[6 + (m * 5 + r) * 3 + c] && z != 0);
                if (orthogonal)
                    squares[r - 3] += z * z;
                product += orthogonal && r == 3 ? z * x[6 + (m * 5 + 4) * 3 + c] : 0;
            }
    assert_true(fabs(product) < 1e-12 && fabs(squares[0] - 1) < 1e-12 && fabs(squares[1] - 1) < 1e-12);
}

/* Mean, variance and the fourth moment over the variance squared, each to 6 standard errors; the draws never repeat
 * their neighbour. */
static void check_moments(const double *x, double variance, double kurtosis)
{
    double mean = 0, second = 0, fourth = 0, lagged = 0;
    for (int i = 0; i < DRAWS; i++) {
        mean += x[i] / DRAWS;
        second += x[i] * x[i] / DRAWS;
        fourth += x[i] * x[i] * x[i] * x[i] / DRAWS;
        lagged += i ? x[i] * x[i - 1] / DRAWS : 0;
    }
    double error = 6 / sqrt(DRAWS);
    assert_true(fabs(mean) < error * sqrt(variance));
    assert_true(fabs(second / variance - 1) < error * sqrt(kurtosis - 1));
    assert_true(fabs(fourth / (variance * variance) - kurtosis) < error * 10);
    assert_true(fabs(lagged) < error * variance);
}

static void test_distributions(void **state)
{
    (void)state;
    static double x[DRAWS];
    for (uint64_t seed = 0; seed < 4; seed++) {
        draw("w", RNN_START_NORMAL, 0.1, DRAWS, seed, x);
        check_moments(x, 0.01, 3);
        draw("w", RNN_START_UNIFORM, 0.5, DRAWS, seed, x);
        check_moments(x, 0.25 / 3, 9.0 / 5);
        for (int i = 0; i < DRAWS; i++)
            assert_true(fabs(x[i]) < 0.5);
        draw("w", RNN_START_CONSTANT, 0.25, DRAWS, seed, x);
        for (int i = 0; i < DRAWS; i++)
            assert_true(x[i] == 0.25);
    }
}

/* An element depends on seed, name and place alone. */
static void test_counters(void **state)
{
    (void)state;
    double a[8], b[8], c[8], d[8];
    draw("w", RNN_START_NORMAL, 1, 8, 1, a);
    draw("w", RNN_START_NORMAL, 1, 4, 1, b);
    draw("v", RNN_START_NORMAL, 1, 8, 1, c);
    draw("w", RNN_START_NORMAL, 1, 8, 2, d);
    for (int i = 0; i < 8; i++) {
        assert_true(i >= 4 || a[i] == b[i]);
        assert_true(a[i] != c[i] && a[i] != d[i] && c[i] != d[i]);
        for (int k = 0; k < i; k++)
            assert_true(a[i] != a[k]);
    }
    /* pinned, so that a seed in a paper stays what it was */
    draw("w", RNN_START_UNIFORM, 1, 2, 1, a);
    assert_true(fabs(a[0] - 0.629433923924178) < 1e-12);
    assert_true(fabs(a[1] - -0.585865941509787) < 1e-12);
}

/* Beside other parameters, in float, at an offset: the same numbers. */
static void test_start_places(void **state)
{
    (void)state;
    const rnn_tensor pair[] = {
        {.name = "c", .rank = 1, .shape = {2}, .start = RNN_START_CONSTANT, .start_number = 1},
        {.name = "w", .rank = 2, .shape = {2, 2}, .offset = 3, .start = RNN_START_NORMAL, .start_number = 1}};
    rnn_model model = {.name = "m", .real_size = 4, .parameters = pair, .parameter_count = 2};
    float found[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    double wanted[4];
    assert_int_equal(rnn_parameters_init(&model, found, 1), RNN_OK);
    draw("w", RNN_START_NORMAL, 1, 4, 1, wanted);
    for (int i = 0; i < 4; i++)
        assert_true(found[3 + i] == (float)wanted[i]);
    assert_true(found[0] == 1 && found[1] == 1 && found[2] == 9 && found[7] == 9);
}

/* The rows of each matrix, or its columns where they are fewer, are orthonormal. */
static void check_orthonormal(const double *matrix, int rows, int columns)
{
    int tall = rows > columns, count = tall ? columns : rows, n = tall ? rows : columns;
    for (int a = 0; a < count; a++)
        for (int b = 0; b <= a; b++) {
            double dot = 0;
            for (int i = 0; i < n; i++)
                dot += tall ? matrix[i * columns + a] * matrix[i * columns + b]
                            : matrix[a * columns + i] * matrix[b * columns + i];
            assert_true(fabs(dot - (a == b)) < 1e-14);
        }
}

static void test_orthogonal(void **state)
{
    (void)state;
    const int shapes[][3] = {{1, 5, 5}, {1, 3, 9}, {1, 40, 10}, {3, 4, 6}, {1, 200, 200}, {1, 1, 1}, {1, 7, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        int k = shapes[s][0], rows = shapes[s][1], columns = shapes[s][2];
        rnn_tensor tensor = {.name = "w", .rank = 3, .shape = {k, rows, columns}, .start = RNN_START_ORTHOGONAL};
        if (k == 1) {
            tensor.rank = 2;
            tensor.shape[0] = rows;
            tensor.shape[1] = columns;
        }
        rnn_model model = {.name = "m", .real_size = 8, .parameters = &tensor, .parameter_count = 1};
        double *matrix = calloc((size_t)(k * rows * columns), sizeof *matrix);
        assert_non_null(matrix);
        assert_int_equal(rnn_parameters_init(&model, matrix, 7), RNN_OK);
        for (int i = 0; i < k; i++)
            check_orthonormal(matrix + i * rows * columns, rows, columns);
        assert_true(k == 1 || matrix[0] != matrix[rows * columns]);
        free(matrix);
    }
    double row[9];
    draw("w", RNN_START_ORTHOGONAL, 0, 9, 1, row);
    check_orthonormal(row, 1, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_distributions), cmocka_unit_test(test_counters),
        cmocka_unit_test(test_start_places), cmocka_unit_test(test_orthogonal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
