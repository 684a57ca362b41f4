/* Panels against plain loops in double: every number of rows, units on and off the width of a vector, every width of a
 * tile, one column. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "panel_test.h"
#include "rnn/panel.h"

enum { ROWS_MOST = 14, UNITS_MOST = 70, COLUMNS_MOST = 2 * RNN_TILE_COLUMNS };

static void *allocate(size_t count)
{
    size_t size = (count * sizeof(rnn_real) + RNN_VECTOR_BYTES - 1) / RNN_VECTOR_BYTES * RNN_VECTOR_BYTES;
    void *memory = aligned_alloc(RNN_VECTOR_BYTES, size);
    assert_non_null(memory);
    return memory;
}

/* One kernel of `rows` accumulators, of which an operand covers `part` from `first` on. */
struct kernel {
    int rows, first, part, units, k, columns;
    int side, panels;
    rnn_real *weights; /* [part][units][k] */
    rnn_real *packed;
    rnn_real *x; /* [columns] vectors of k numbers, `stride` apart */
    int stride;
};

static struct kernel kernel_new(int rows, int first, int part, int units, int k, int columns)
{
    struct kernel kernel = {.rows = rows, .first = first, .part = part, .units = units, .k = k, .columns = columns};
    kernel.side = RNN_SIDE(rows, units);
    kernel.panels = RNN_PANELS(rows, units);
    size_t count = (size_t)part * (size_t)units * (size_t)k, packed = RNN_PACKED(rows, part, units, k);
    kernel.weights = malloc(count * sizeof(rnn_real));
    assert_non_null(kernel.weights);
    for (size_t i = 0; i < count; i++)
        kernel.weights[i] = number((int)i);
    kernel.packed = allocate(packed);
    for (size_t i = 0; i < packed; i++)
        kernel.packed[i] = NAN;
    for (int row = 0; row < part; row++)
        rnn_pack_panels(kernel.packed, kernel.side, part, row, kernel.weights + (ptrdiff_t)row * units * k, k, 1, units,
                        k);
    kernel.stride = k + k % 3;
    kernel.x = columns_new(columns, k, kernel.stride);
    return kernel;
}

static void kernel_free(struct kernel *kernel)
{
    free(kernel->weights);
    free(kernel->packed);
    free(kernel->x);
}

/* What a sum of a unit holds in front of the products. */
static double start_of(int row, int unit, int column) { return number(row + unit + column); }

/* Returns what the products add to it. */
static double wanted_sum(const struct kernel *kernel, int row, int unit, int column)
{
    double sum = 0;
    if (unit >= kernel->units || row < kernel->first || row >= kernel->first + kernel->part)
        return sum;
    for (int j = 0; j < kernel->k; j++)
        sum += (double)kernel->weights[((ptrdiff_t)(row - kernel->first) * kernel->units + unit) * kernel->k + j] *
               (double)kernel->x[column * kernel->stride + j];
    return sum;
}

/* As emitted code multiplies. There the number of rows is a constant. */
static void multiply_panel(const struct kernel *kernel, int panel, rnn_vec *sum)
{
    rnn_panel_product(sum + kernel->first * kernel->side, kernel->rows * kernel->side, kernel->packed, panel,
                      kernel->part * kernel->side, kernel->x, kernel->stride, kernel->k, kernel->columns);
}

/* Compares the sums of a panel, which began with start_of, or fresh. */
static void check_sums(const struct kernel *kernel, int panel, const rnn_vec *sum, bool fresh)
{
    const int sum_stride = kernel->rows * kernel->side;
    const double tolerance = (sizeof(rnn_real) == 4 ? 1e-6 : 1e-14) * (kernel->k + 1);
    for (int c = 0; c < kernel->columns; c++)
        for (int r = 0; r < sum_stride; r++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                int row = r / kernel->side, unit = (panel * kernel->side + r % kernel->side) * RNN_LANES + lane;
                double wanted = wanted_sum(kernel, row, unit, c) + (fresh ? 0 : start_of(row, unit, c));
                double error = fabs((double)sum[c * sum_stride + r][lane] - wanted);
                if (!(error <= tolerance))
                    fail_msg("%d rows, %d units, k %d: row %d, unit %d, column %d of %d is off by %g", kernel->rows,
                             kernel->units, kernel->k, row, unit, c, kernel->columns, error);
            }
}

static void check_panel(const struct kernel *kernel, int panel)
{
    rnn_vec sum[COLUMNS_MOST * ROWS_MOST * 4];
    const int sum_stride = kernel->rows * kernel->side;
    for (int c = 0; c < kernel->columns; c++)
        for (int r = 0; r < sum_stride; r++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                int unit = (panel * kernel->side + r % kernel->side) * RNN_LANES + lane;
                sum[c * sum_stride + r][lane] = (rnn_real)start_of(r / kernel->side, unit, c);
            }
    multiply_panel(kernel, panel, sum);
    check_sums(kernel, panel, sum, false);
    if (kernel->part < kernel->rows)
        return;
    for (int i = 0; i < kernel->columns * sum_stride; i++)
        sum[i] = rnn_vec_splat(NAN);
    rnn_panel_first_product(sum, kernel->packed, panel, sum_stride, kernel->x, kernel->stride, kernel->k,
                            kernel->columns);
    check_sums(kernel, panel, sum, true);
}

static void check_kernel(int rows, int first, int part, int units, int k, int columns)
{
    struct kernel kernel = kernel_new(rows, first, part, units, k, columns);
    for (int panel = 0; panel < kernel.panels; panel++)
        check_panel(&kernel, panel);
    kernel_free(&kernel);
}

static void test_products(void **state)
{
    (void)state;
    for (int rows = 1; rows <= ROWS_MOST; rows++)
        for (int units = 1; units <= UNITS_MOST; units += 2)
            for (int columns = 1; columns <= COLUMNS_MOST; columns++)
                check_kernel(rows, 0, rows, units, 1 + (rows * 5 + units * 3 + columns * 7) % 21, columns);
}

/* Sums over k are split in up to four: every remainder, with every split. */
static void test_every_k(void **state)
{
    (void)state;
    for (int k = 1; k <= 40; k++)
        for (int columns = 1; columns <= COLUMNS_MOST; columns++) {
            check_kernel(1, 0, 1, 1, k, columns);
            check_kernel(1, 0, 1, 5 * RNN_LANES, k, columns);
            check_kernel(4, 0, 4, RNN_LANES + 1, k, columns);
        }
}

/* Long sums are made in runs that fit a cache. */
static void test_long_sums(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 7; rows++)
        for (int columns = 2; columns <= COLUMNS_MOST; columns += 3)
            check_kernel(rows, 0, rows, RNN_LANES, RNN_RUN + 5 * columns, columns);
}

/* An operand that covers only some of the rows leaves the others alone. */
static void test_parts_of_the_rows(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 5; rows++)
        for (int first = 0; first < rows; first++)
            for (int part = 1; first + part <= rows; part++)
                for (int columns = 1; columns <= COLUMNS_MOST; columns += 2)
                    check_kernel(rows, first, part, 3 * RNN_LANES + 1, 7, columns);
}

/* Checks the products of a panel with several right-hand sides: the columns of the kernel, `columns` each. */
static void check_right_hand_sides(const struct kernel *kernel, int panel, int count, int columns)
{
    enum { MOST = 9 };
    rnn_vec sum[3 * MOST * 3 * 4];
    rnn_right right[MOST];
    const int rows = kernel->part * kernel->side, sum_stride = count * rows;
    for (int i = 0; i < count; i++)
        right[i] = (rnn_right){kernel->x + i * columns * kernel->stride, kernel->stride};
    for (int at = 0; at < columns * sum_stride; at++)
        for (int lane = 0; lane < RNN_LANES; lane++) {
            int row = at % rows, unit = (panel * kernel->side + row % kernel->side) * RNN_LANES + lane;
            sum[at][lane] = (rnn_real)start_of(row / kernel->side, unit, at / rows % count * columns + at / sum_stride);
        }
    rnn_panel_products(sum, sum_stride, kernel->packed, panel, rows, right, count, kernel->k, columns);
    const double tolerance = (sizeof(rnn_real) == 4 ? 1e-6 : 1e-14) * (kernel->k + 1);
    for (int at = 0; at < columns * sum_stride; at++)
        for (int lane = 0; lane < RNN_LANES; lane++) {
            int row = at % rows, unit = (panel * kernel->side + row % kernel->side) * RNN_LANES + lane;
            int column = at / rows % count * columns + at / sum_stride;
            double start = start_of(row / kernel->side, unit, column);
            assert_true(fabs((double)sum[at][lane] - start - wanted_sum(kernel, row / kernel->side, unit, column)) <=
                        tolerance);
        }
}

/* One column reads a panel once for all right-hand sides, as many at a time as there are accumulators. */
static void test_right_hand_sides(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 3; rows++)
        for (int count = 1; count <= 9; count++)
            for (int columns = 1; columns <= 3; columns++) {
                struct kernel kernel =
                    kernel_new(rows, 0, rows, 5 * RNN_LANES - 1, 1 + (count * 3 + columns) % 11, count * columns);
                for (int panel = 0; panel < kernel.panels; panel++)
                    check_right_hand_sides(&kernel, panel, count, columns);
                kernel_free(&kernel);
            }
}

/* Every number of a packed matrix is written, and none behind it; units that are not there weigh 0. */
static void test_packing(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 5; rows++)
        for (int units = 1; units <= UNITS_MOST; units += 3) {
            struct kernel kernel = kernel_new(rows, 0, rows, units, 3, 1);
            double sum = 0, wanted = 0;
            size_t count = RNN_PACKED(rows, rows, units, 3);
            assert_true(count >= (size_t)rows * (size_t)units * 3);
            for (size_t i = 0; i < count; i++)
                sum += (double)kernel.packed[i];
            for (int i = 0; i < rows * units * 3; i++)
                wanted += (double)kernel.weights[i];
            assert_true(fabs(sum - wanted) < 1e-9); /* false where anything is still NaN */
            kernel_free(&kernel);
        }
}

/* A matrix is packed by strides: a transposed one, and a part of a larger one. */
static void test_packing_by_strides(void **state)
{
    (void)state;
    enum { UNITS = 11, K = 37, LARGE = 2 * K + 3, SIDE = RNN_SIDE(1, UNITS) };
    rnn_real plain[UNITS * K], transposed[K * UNITS], larger[UNITS * LARGE], sparse[UNITS * LARGE];
    for (int i = 0; i < UNITS * LARGE; i++)
        larger[i] = sparse[i] = NAN;
    for (int i = 0; i < UNITS; i++)
        for (int j = 0; j < K; j++)
            plain[i * K + j] = transposed[j * UNITS + i] = larger[i * LARGE + 2 + j] = sparse[i * LARGE + 1 + 2 * j] =
                number(i * K + j);
    const size_t count = RNN_PACKED(1, 1, UNITS, K), size = count * sizeof(rnn_real);
    rnn_real *a = allocate(count), *b = allocate(count), *c = allocate(count), *d = allocate(count);
    rnn_pack_panels(a, SIDE, 1, 0, plain, K, 1, UNITS, K);
    rnn_pack_panels(b, SIDE, 1, 0, transposed, 1, UNITS, UNITS, K);
    rnn_pack_panels(c, SIDE, 1, 0, larger + 2, LARGE, 1, UNITS, K);
    rnn_pack_panels(d, SIDE, 1, 0, sparse + 1, LARGE, 2, UNITS, K);
    assert_memory_equal(a, b, size);
    assert_memory_equal(a, c, size);
    assert_memory_equal(a, d, size);
    free(a);
    free(b);
    free(c);
    free(d);
}

/* Panels cover all blocks of units with no panel to spare; the sums of a batch leave room in a first-level cache. */
static void test_sizes(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 2 * ROWS_MOST; rows++)
        for (int units = 1; units <= 4 * UNITS_MOST; units++) {
            int blocks = RNN_BLOCKS(units), side = RNN_SIDE(rows, units), panels = RNN_PANELS(rows, units),
                batch = RNN_BATCH(rows, units);
            assert_true(blocks * RNN_LANES >= units && (blocks - 1) * RNN_LANES < units);
            assert_true(side >= 1 && side <= blocks && side <= 4);
            assert_true(panels * side >= blocks && (panels - 1) * side < blocks);
            assert_true(batch >= RNN_BATCH_LEAST && batch <= RNN_BATCH_MOST && batch % RNN_TILE_COLUMNS == 0);
            assert_true(batch == RNN_BATCH_LEAST || batch * rows * side * RNN_VECTOR_BYTES <= RNN_BATCH_BYTES);
        }
}

/* ---- tiles ---- */

/* Passes follow each other through all rows of a panel, and those with more rows come first. */
static void test_rows_have_places(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 4 * ROWS_MOST; rows++)
        for (int row = 0, first = 0, of_pass = RNN_PASS_ROWS; row < rows; row++) {
            const rnn_pass_place place = rnn_place_row(row, rows);
            if (row == first + of_pass || row == 0) {
                assert_true(place.rows <= of_pass);
                first = row;
                of_pass = place.rows;
            }
            assert_int_equal(place.first, first);
            assert_int_equal(place.row, row - first);
            assert_int_equal(place.rows, of_pass);
            assert_true(first + of_pass <= rows && (of_pass >= 2 || rows == 1 || RNN_PASS_ROWS == 2));
        }
}

/* Accumulators, rows and a number of a column fit the registers that there are for them. */
static void test_tiles_fit(void **state)
{
    (void)state;
    for (int rows = 1; rows <= RNN_PASS_ROWS; rows++) {
        assert_in_range(RNN_TILE_WIDTH(rows), 3, RNN_TILE_COLUMNS); /* so that none is left with one column */
        assert_true(rows * RNN_TILE_WIDTH(rows) <= RNN_ACCUMULATORS);
        assert_true(rows * RNN_TILE_WIDTH(rows) + rows + 1 <= (RNN_ACCUMULATORS >= 16 ? 32 : 16));
    }
}

struct batches {
    int widths[64], count, next;
};

static void take_batch(struct batches *batches, int first, int columns)
{
    assert_int_equal(first, batches->next);
    batches->widths[batches->count++] = columns;
    batches->next = first + columns;
}

static void test_batches_cover_columns(void **state)
{
    (void)state;
    for (int most = 1; most <= RNN_TILE_COLUMNS; most++)
        for (int count = 0; count <= 60; count++) {
            struct batches batches = {.count = 0};
            RNN_FOR_BATCHES(count, most, take_batch, &batches)
            assert_int_equal(batches.next, count);
            assert_int_equal(batches.count, (count + most - 1) / most); /* as few as there can be */
            for (int i = 0; i < batches.count; i++) {
                assert_in_range(batches.widths[i], 1, most);
                assert_true(batches.widths[0] - batches.widths[i] <= 1); /* of nearly equal width */
            }
        }
}

/* ---- columns of the caller ---- */

static void test_padded_columns(void **state)
{
    (void)state;
    enum { COLUMNS = 3 };
    for (int n = 1; n <= 2 * RNN_LANES + 1; n++) {
        const int pad = RNN_PAD(n);
        rnn_real *given = malloc((size_t)(n * COLUMNS) * sizeof *given),
                 *back = malloc((size_t)(n * COLUMNS) * sizeof *back);
        rnn_real *padded = allocate((size_t)(pad * COLUMNS));
        assert_true(given && back);
        for (int i = 0; i < n * COLUMNS; i++)
            given[i] = number(i);
        for (int i = 0; i < pad * COLUMNS; i++)
            padded[i] = 77;
        rnn_pad_columns(padded, given, n, COLUMNS);
        for (int c = 0; c < COLUMNS; c++)
            for (int i = 0; i < pad; i++)
                assert_true(padded[c * pad + i] == (i < n ? given[c * n + i] : 77));
        rnn_unpad_columns(back, padded, n, COLUMNS);
        assert_memory_equal(back, given, (size_t)(n * COLUMNS) * sizeof *given);
        free(given);
        free(back);
        free(padded);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_every_k),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_parts_of_the_rows),
        cmocka_unit_test(test_right_hand_sides),
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_packing_by_strides),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_rows_have_places),
        cmocka_unit_test(test_tiles_fit),
        cmocka_unit_test(test_batches_cover_columns),
        cmocka_unit_test(test_padded_columns),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
