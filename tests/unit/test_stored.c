/* Products of weights of fewer bits, against sums in double of the rounded weights. */
#include <stdlib.h>
#include <string.h>

#include "stored_test.h"

enum { ROWS_MOST = 7, COLUMNS_MOST = 13, SMALL = 40, RIGHTS_MOST = 9, RIGHTS_ROWS = 3, RIGHTS_COLUMNS = 3 };

/* One kernel of `rows` accumulators, of which an operand covers `part` from `first` on. */
struct kernel {
    rnn_storage storage;
    int rows, first, part, units, k, columns;
    int side, panels;
    rnn_real *weights, *rounded; /* [part][units][k] */
    rnn_stored *packed;
    rnn_real *x; /* [columns] vectors of k numbers, `stride` apart */
    int stride;
};

static struct kernel kernel_new(rnn_storage storage, int rows, int first, int part, int units, int k, int columns)
{
    struct kernel kernel = {storage, rows, first, part, units, k, columns, 0, 0, NULL, NULL, NULL, NULL, 0};
    kernel.side = RNN_SIDE(rows, units);
    kernel.panels = RNN_PANELS(rows, units);
    const size_t count = (size_t)part * (size_t)units * (size_t)k;
    kernel.weights = allocate(count * sizeof(rnn_real));
    kernel.rounded = allocate(count * sizeof(rnn_real));
    for (size_t i = 0; i < count; i++)
        kernel.weights[i] = number((int)i);
    assert_true(rnn_round_rows(kernel.rounded, kernel.weights, storage, (ptrdiff_t)part * units, k));
    const size_t packed = RNN_STORED(storage, rows, part, units, k);
    kernel.packed = allocate(packed + 1);
    memset(kernel.packed, 0xff, packed + 1);
    for (int row = 0; row < part; row++) {
        const rnn_stored_packing packing = {storage, 0, k, {0, 0, kernel.side, part, row, k, 1, units, k}};
        assert_true(rnn_stored_pack_panels(kernel.packed, kernel.weights + (ptrdiff_t)row * units * k, &packing));
    }
    assert_int_equal(kernel.packed[packed], 0xff);
    kernel.stride = k + k % 3;
    kernel.x = columns_new(columns, k, kernel.stride);
    return kernel;
}

static void kernel_free(struct kernel *kernel)
{
    free(kernel->weights);
    free(kernel->rounded);
    free(kernel->packed);
    free(kernel->x);
}

/* A sum in double, and what the sum of a kernel may be off by. */
struct wanted {
    double sum, tolerance;
};

static struct wanted wanted_sum(const struct kernel *kernel, int row, int unit, int column)
{
    struct wanted wanted = {(double)number(row + unit + column), sizeof(rnn_real) == 4 ? 1e-6 : 1e-14};
    if (row < kernel->first || row >= kernel->first + kernel->part || unit >= kernel->units)
        return wanted;
    const rnn_real *weights = kernel->rounded + ((ptrdiff_t)(row - kernel->first) * kernel->units + unit) * kernel->k;
    double size = 0, most = 0;
    for (int j = 0; j < kernel->k; j++) {
        const double x = (double)kernel->x[column * kernel->stride + j];
        wanted.sum += (double)weights[j] * x;
        size += fabs((double)weights[j]);
        most = fmax(most, fabs(x));
    }
    wanted.tolerance *= kernel->k + 1;
    if (RNN_KEPT_AS(kernel->storage) == RNN_INT8) /* half a step of a column times the weights */
        wanted.tolerance += size * most / RNN_INT8_MOST / 2 * 1.001;
    return wanted;
}

/* As emitted code multiplies. There the number of rows is a constant. Panels in turn with columns that were rounded for
 * all of them. */
static void multiply_panel(const struct kernel *kernel, int panel, rnn_vec *sum)
{
    if (kernel->storage == RNN_INT8 && (panel + kernel->units) % 2) {
        rnn_real *quantised = allocate((size_t)RNN_QUANTISED(kernel->k) * (size_t)kernel->columns * sizeof *quantised);
        rnn_quantise(quantised, kernel->x, kernel->stride, kernel->k, kernel->columns);
        rnn_quantised_product(sum + kernel->first * kernel->side, kernel->rows * kernel->side, kernel->packed, RNN_INT8,
                              panel, kernel->part * kernel->side, quantised, kernel->x, kernel->stride, kernel->k,
                              kernel->columns);
        free(quantised);
        return;
    }
    rnn_stored_product(sum + kernel->first * kernel->side, kernel->rows * kernel->side, kernel->packed, kernel->storage,
                       panel, kernel->part * kernel->side, kernel->x, kernel->stride, kernel->k, kernel->columns);
}

static void check_panel(const struct kernel *kernel, int panel)
{
    rnn_vec sum[COLUMNS_MOST * ROWS_MOST * 4];
    const int sum_stride = kernel->rows * kernel->side;
    for (int c = 0; c < kernel->columns; c++)
        for (int r = 0; r < sum_stride; r++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                const int unit = (panel * kernel->side + r % kernel->side) * RNN_LANES + lane;
                RNN_LANE(sum[c * sum_stride + r], lane) = number(r / kernel->side + unit + c);
            }
    multiply_panel(kernel, panel, sum);
    for (int c = 0; c < kernel->columns; c++)
        for (int r = 0; r < sum_stride; r++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                const int row = r / kernel->side;
                const int unit = (panel * kernel->side + r % kernel->side) * RNN_LANES + lane;
                const struct wanted wanted = wanted_sum(kernel, row, unit, c);
                const double error = fabs((double)RNN_LANE(sum[c * sum_stride + r], lane) - wanted.sum);
                if (!(error <= wanted.tolerance))
                    fail_msg("storage %d, %d rows, %d units, k %d: row %d, unit %d, column %d of %d is off by %g",
                             (int)kernel->storage, kernel->rows, kernel->units, kernel->k, row, unit, c,
                             kernel->columns, error);
            }
}

static void check_kernel(int rows, int first, int part, int units, int k, int columns)
{
    for (int s = 0; s < STORAGES; s++) {
        struct kernel kernel = kernel_new(storages[s], rows, first, part, units, k, columns);
        for (int panel = 0; panel < kernel.panels; panel++)
            check_panel(&kernel, panel);
        kernel_free(&kernel);
    }
}

static void test_products(void **state)
{
    (void)state;
    for (int rows = 1; rows <= ROWS_MOST; rows++)
        for (int units = 1; units <= SMALL; units += 3)
            for (int columns = 1; columns <= COLUMNS_MOST; columns++)
                check_kernel(rows, 0, rows, units, 1 + (rows * 5 + units * 3 + columns * 7) % 21, columns);
}

static void test_every_k(void **state)
{
    (void)state;
    for (int k = 1; k <= 70; k++)
        for (int columns = 1; columns <= COLUMNS_MOST; columns += 2) {
            check_kernel(1, 0, 1, 1, k, columns);
            check_kernel(4, 0, 4, RNN_LANES + 1, k, columns);
        }
}

/* Long sums are made in runs. */
static void test_long_sums(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 5; rows++)
        for (int columns = 1; columns <= COLUMNS_MOST; columns += 3) {
            check_kernel(rows, 0, rows, RNN_LANES, 300 + rows, columns);
            check_kernel(rows, 0, rows, 3, 1030 + columns, columns);
        }
}

/* An operand that covers only some of the rows leaves the others alone. */
static void test_parts_of_the_rows(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 5; rows++)
        for (int first = 0; first < rows; first++)
            for (int part = 1; first + part <= rows; part++)
                for (int columns = 1; columns <= COLUMNS_MOST; columns += 4)
                    check_kernel(rows, first, part, 3 * RNN_LANES + 1, 7, columns);
}

/* NaN and infinity come through, where numbers are rounded too; other columns do not see them. */
static void test_no_numbers(void **state)
{
    (void)state;
    const rnn_real bad[] = {NAN, INFINITY, -INFINITY};
    for (int s = 0; s < STORAGES; s++)
        for (int i = 0; i < 9; i++) {
            struct kernel kernel = kernel_new(storages[s], 1, 0, 1, 3, 600, 3);
            kernel.x[kernel.stride + i * 70] = bad[i % 3];
            rnn_vec sum[3 * 4];
            rnn_panel_clear(sum, 3 * kernel.side);
            multiply_panel(&kernel, 0, sum);
            for (int c = 0; c < 3; c++)
                assert_true((rnn_vec_sum(sum[c * kernel.side]) - rnn_vec_sum(sum[c * kernel.side]) == 0) == (c != 1));
            kernel_free(&kernel);
        }
}

/* Checks the products of a panel with several right-hand sides: the columns of the kernel, `columns` each. With int8
 * panels in turn with columns that were rounded before. */
static void check_right_hand_sides(const struct kernel *kernel, int panel, int count, int columns)
{
    rnn_vec sum[RIGHTS_COLUMNS * RIGHTS_MOST * RIGHTS_ROWS * 4];
    rnn_right right[RIGHTS_MOST];
    rnn_real *quantised[RIGHTS_MOST];
    const int rows = kernel->part * kernel->side, sum_stride = count * rows, k = kernel->k;
    const int rounds = kernel->storage == RNN_INT8 && panel % 2 == 0;
    for (int i = 0; i < count; i++) {
        right[i] = (rnn_right){kernel->x + i * columns * kernel->stride, kernel->stride};
        quantised[i] = allocate((size_t)RNN_QUANTISED(k) * (size_t)columns * sizeof(rnn_real));
        rnn_quantise(quantised[i], right[i].x, kernel->stride, k, columns);
    }
    for (int at = 0; at < columns * sum_stride; at++)
        for (int lane = 0; lane < RNN_LANES; lane++) {
            int row = at % rows, unit = (panel * kernel->side + row % kernel->side) * RNN_LANES + lane;
            RNN_LANE(sum[at], lane) = number(row / kernel->side + unit + at / rows % count * columns + at / sum_stride);
        }
    if (rounds)
        rnn_quantised_products(sum, sum_stride, kernel->packed, RNN_INT8, panel, rows,
                               (const rnn_real *const *)quantised, right, count, k, columns);
    else
        rnn_stored_products(sum, sum_stride, kernel->packed, kernel->storage, panel, rows, right, count, k, columns);
    for (int at = 0; at < columns * sum_stride; at++)
        for (int lane = 0; lane < RNN_LANES; lane++) {
            int row = at % rows, unit = (panel * kernel->side + row % kernel->side) * RNN_LANES + lane;
            int column = at / rows % count * columns + at / sum_stride;
            if (unit >= kernel->units)
                continue;
            const struct wanted wanted = wanted_sum(kernel, row / kernel->side, unit, column);
            if (!(fabs((double)RNN_LANE(sum[at], lane) - wanted.sum) <= wanted.tolerance))
                fail_msg("storage %d, %d rows, k %d, %d right-hand sides: row %d, unit %d, column %d is %g, not %g",
                         kernel->storage, kernel->part, k, count, row, unit, column, (double)RNN_LANE(sum[at], lane),
                         wanted.sum);
        }
    for (int i = 0; i < count; i++)
        free(quantised[i]);
}

/* One column reads a panel once for all right-hand sides, as many at a time as there are accumulators. */
static void test_right_hand_sides(void **state)
{
    (void)state;
    for (int s = 0; s < STORAGES; s++)
        for (int rows = 1; rows <= RIGHTS_ROWS; rows++)
            for (int count = 1; count <= RIGHTS_MOST; count++)
                for (int columns = 1; columns <= RIGHTS_COLUMNS; columns++) {
                    const int k = count == 4 && columns == 1 ? 600 + rows : 1 + (count * 3 + columns) % 11;
                    struct kernel kernel =
                        kernel_new(storages[s], rows, 0, rows, 5 * RNN_LANES - 1, k, count * columns);
                    for (int panel = 0; panel < kernel.panels; panel++)
                        check_right_hand_sides(&kernel, panel, count, columns);
                    kernel_free(&kernel);
                }
}

int main(void)
{
    if (!cpu_can_run())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),         cmocka_unit_test(test_every_k),
        cmocka_unit_test(test_long_sums),        cmocka_unit_test(test_parts_of_the_rows),
        cmocka_unit_test(test_right_hand_sides), cmocka_unit_test(test_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
