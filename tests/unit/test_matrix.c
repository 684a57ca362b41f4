/* Products and parts of static values: every size around a tile, rows and columns at any distance. */
#include <string.h>

#include "rnn/matrix.h"
#include "vec_test.h"

enum { MOST = RNN_PRODUCT_COLUMNS + RNN_PRODUCT_WIDTH + 2, DEPTH_MOST = RNN_PRODUCT_DEPTH + 3, GUARD = 8 };

/* Small whole numbers, whose sums are exact in any order. */
static rnn_real digit(int i, int j) { return (rnn_real)((i * 7 + j * 3) % 11 - 5); }

static struct {
    rnn_real a[2 * MOST * DEPTH_MOST], b[2 * DEPTH_MOST * MOST], to[MOST * MOST + GUARD];
} m;

/* [n, depth] times [depth, columns], with the rows of A and of B so far apart, and their columns. */
static void check_product(int n, int depth, int columns, int turned_a, int turned_b)
{
    const int a_row = turned_a ? 1 : depth + 1, a_step = turned_a ? n + 1 : 1;
    const int b_row = turned_b ? 1 : columns + 1, b_step = turned_b ? depth + 1 : 1;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < depth; k++)
            m.a[i * a_row + k * a_step] = digit(i, k);
    for (int k = 0; k < depth; k++)
        for (int j = 0; j < columns; j++)
            m.b[k * b_row + j * b_step] = digit(k + 1, j);
    for (int i = 0; i < n * columns + GUARD; i++)
        m.to[i] = -1000;
    rnn_matrix_product(m.to, m.a, a_row, a_step, m.b, b_row, b_step, n, depth, columns);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < columns; j++) {
            rnn_real sum = 0;
            for (int k = 0; k < depth; k++)
                sum += digit(i, k) * digit(k + 1, j);
            assert_true(m.to[i * columns + j] == sum);
        }
    for (int i = 0; i < GUARD; i++)
        assert_true(m.to[n * columns + i] == -1000);
}

static void test_products(void **state)
{
    (void)state;
    const int rows[] = {1, RNN_PRODUCT_ROWS, RNN_PRODUCT_ROWS + 1, RNN_PRODUCT_STRIP, RNN_PRODUCT_STRIP + 2};
    const int columns[] = {1,
                           RNN_LANES - 1,
                           RNN_LANES + 1,
                           RNN_PRODUCT_WIDTH,
                           RNN_PRODUCT_WIDTH + 1,
                           RNN_PRODUCT_COLUMNS + RNN_PRODUCT_WIDTH,
                           MOST - 1};
    const int depths[] = {1, 2, RNN_PRODUCT_DEPTH, DEPTH_MOST - 1};
    for (int turned = 0; turned < 4; turned++)
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 7; j++)
                for (int k = 0; k < 4; k++)
                    check_product(rows[i], depths[k], columns[j], turned & 1, turned >> 1);
}

/* Nothing behind the last unit is read or written. */
static void test_lanes_left(void **state)
{
    (void)state;
    for (int left = 1; left <= 2 * RNN_LANES; left++) {
        rnn_real memory[2 * RNN_LANES];
        for (int i = 0; i < 2 * RNN_LANES; i++)
            memory[i] = (rnn_real)(i + 1);
        const rnn_vec v = rnn_vec_load_left(memory, left);
        rnn_vec_add_left(memory, rnn_vec_splat(100), left);
        for (int i = 0; i < RNN_LANES; i++)
            assert_true(v[i] == (i < left ? (rnn_real)(i + 1) : 0));
        for (int i = 0; i < 2 * RNN_LANES; i++)
            assert_true(memory[i] == (rnn_real)(i + 1 + (i < left && i < RNN_LANES ? 100 : 0)));
    }
}

static void test_strides(void **state)
{
    (void)state;
    rnn_real from[2 * 3 * 4], to[4 * 3 * 2], sum[3] = {1, 2, 3};
    for (int i = 0; i < 24; i++)
        from[i] = (rnn_real)i;
    const rnn_strides turned = {{2, 3, 4}, {1, 2, 6}, {12, 4, 1}}, rows = {{2, 3, 1}, {0, 1, 0}, {4, 1, 0}};
    rnn_copy_strided(to, from, &turned);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                assert_true(to[i + 2 * j + 6 * k] == from[12 * i + 4 * j + k]);
    rnn_add_strided(sum, from, &rows); /* both rows into the same elements */
    for (int j = 0; j < 3; j++)
        assert_true(sum[j] == (rnn_real)(j + 1 + j + 4 + j));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_lanes_left),
        cmocka_unit_test(test_strides),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
