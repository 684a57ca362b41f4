/* Weights of fewer bits: rounding of every number there is, products against sums in double of the rounded weights,
 * tables, packing by strides, numbers that int8 does not have. */
#include <stdlib.h>
#include <string.h>

#include "rnn/stored.h"
#include "vec_test.h"

enum { ROWS_MOST = 7, COLUMNS_MOST = 13, SMALL = 40 };

static const rnn_storage storages[] = {RNN_F32, RNN_F16, RNN_BF16, RNN_INT8};
enum { STORAGES = sizeof storages / sizeof storages[0] };

/* Numbers that add up to many different sums, the same ones on every machine. */
static rnn_real number(int i) { return (rnn_real)((i * 7919 + 12345) % 2003) / 1001 - 1; }

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(RNN_VECTOR_BYTES, (bytes + RNN_VECTOR_BYTES) / RNN_VECTOR_BYTES * RNN_VECTOR_BYTES);
    assert_non_null(memory);
    return memory;
}

/* ---- rounding ---- */

static float f16_of(int bits) { return rnn_float_of_f16((uint16_t)bits); }
static float bf16_of(int bits) { return rnn_float_of_bf16((uint16_t)bits); }
static int of_f16(float x) { return rnn_f16_of_float(x); }
static int of_bf16(float x) { return rnn_bf16_of_float(x); }

/* A number of 16 bits, read as its definition says, in double. */
static double defined(int bits, int fraction_bits)
{
    const int exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1),
              fraction = bits & ((1 << fraction_bits) - 1);
    const double size = exponent ? ldexp(1 + ldexp(fraction, -fraction_bits), exponent - bias)
                                 : ldexp(fraction, 1 - bias - fraction_bits);
    return bits & 0x8000 ? -size : size;
}

static void check_rounding(float (*read)(int), int (*rounded)(float), int fraction_bits)
{
    const int infinity = ((1 << (15 - fraction_bits)) - 1) << fraction_bits;
    for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
        for (int bits = 0; bits < infinity; bits++) {
            const float x = read(sign | bits);
            assert_true((double)x == defined(sign | bits, fraction_bits));
            assert_int_equal(rounded(x), sign | bits);
            if (bits + 1 == infinity)
                break;
            const float next = read(sign | (bits + 1)), middle = (float)(((double)x + (double)next) / 2);
            assert_int_equal(rounded(middle), sign | (bits + bits % 2));
            assert_int_equal(rounded(nextafterf(middle, x)), sign | bits);
            assert_int_equal(rounded(nextafterf(middle, next)), sign | (bits + 1));
        }
        const float more = sign ? -3.4028235e38f : 3.4028235e38f;
        assert_int_equal(rounded(more), sign | (infinity - 1));
        assert_int_equal(rounded(sign ? -INFINITY : INFINITY), sign | infinity);
        assert_true(isinf(read(sign | infinity)));
        assert_true(isnan(read(rounded(sign ? -NAN : NAN))));
    }
}

static void test_f16(void **state)
{
    (void)state;
    check_rounding(f16_of, of_f16, 10);
    assert_int_equal(rnn_f16_of_float(65519), 0x7bff);
    assert_int_equal(rnn_f16_of_float(65520), 0x7bff);
    assert_int_equal(rnn_f16_of_float(-1e9f), 0xfbff);
}

static void test_bf16(void **state)
{
    (void)state;
    check_rounding(bf16_of, of_bf16, 7);
}

/* Lanes read every number as one number is read. */
static void test_lanes_of_f16(void **state)
{
    (void)state;
#if RNN_HAS_F16 && !defined(RNN_REAL_DOUBLE)
    for (int bits = 0; bits < 0x10000; bits += RNN_LANES) {
        rnn_bits16 halves[RNN_LANES];
        for (int lane = 0; lane < RNN_LANES; lane++)
            halves[lane] = (uint16_t)(bits + lane);
        const rnn_vec v = rnn_f16_load((const rnn_stored *)halves);
        for (int lane = 0; lane < RNN_LANES; lane++)
            assert_true(v[lane] == f16_of(bits + lane) || (isnan(v[lane]) && isnan(f16_of(bits + lane))));
    }
#endif
}

static double sum_of_squares(const rnn_real *x, int n, float scale)
{
    double sum = 0;
    for (int j = 0; j < n; j++) {
        const double q = fmax(-127, fmin(127, nearbyint((double)(float)x[j] / (double)scale)));
        const double error = (double)(float)((double)(float)x[j] - (double)scale * q);
        sum += error * error;
    }
    return sum;
}

/* No candidate is better than the scale chosen, and the first is not always chosen. */
static void test_scale(void **state)
{
    (void)state;
    int smaller = 0;
    for (int row = 0; row < 200; row++) {
        rnn_real x[300];
        const int n = 1 + row * 7 % 300;
        double most = 0;
        for (int j = 0; j < n; j++) {
            x[j] = number(row * 300 + j) * number(row + j * 17);
            most = fmax(most, fabs((double)(float)x[j]));
        }
        const float scale = rnn_int8_scale(x, n);
        const double least = sum_of_squares(x, n, scale);
        int found = 0;
        for (int i = 0; i < RNN_INT8_SCALES; i++) {
            const float other = (float)(most / (127 + i));
            const double error = sum_of_squares(x, n, other);
            assert_true(found ? least <= error : least < error || other == scale);
            found |= other == scale;
        }
        assert_true(found);
        smaller += scale != (float)(most / 127);
        for (int j = 0; j < n; j++)
            assert_int_equal(rnn_int8_of_float((float)x[j], scale),
                             (int)fmax(-127, fmin(127, nearbyint((double)(float)x[j] / (double)scale))));
    }
    assert_true(smaller > 10);
    const rnn_real none[] = {0, -0.0f, 0}, tiny[] = {(rnn_real)1e-35, 0};
    assert_true(rnn_int8_scale(none, 3) == 0);
    assert_true(rnn_int8_scale(tiny, 2) == 0);
    assert_int_equal(rnn_int8_of_float(1e-35f, 0), 0);
}

static void test_no_int8(void **state)
{
    (void)state;
    const rnn_real bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        rnn_real x[] = {1, 2, 3, bad[i], 5, 6};
        rnn_stored table[RNN_STORED_TABLE(RNN_INT8, 3, 2)];
        assert_false(rnn_stored_pack_table(table, RNN_INT8, x, 3, 2));
        const rnn_stored_packing packing = {RNN_INT8, 0, 2, {0, 0, RNN_SIDE(1, 3), 1, 0, 2, 1, 3, 2}};
        rnn_stored *packed = allocate(RNN_STORED(RNN_INT8, 1, 1, 3, 2));
        assert_false(rnn_stored_pack_all(packed, x, &packing, 1));
        free(packed);
        assert_false(rnn_round_rows(x, x, RNN_INT8, 3, 2));
        assert_true(isnan(x[2]) && isnan(x[3]) && !isnan(x[1]) && !isnan(x[4]));
        assert_true(rnn_round_rows(x + 4, x + 4, RNN_INT8, 1, 2));
    }
}

/* ---- products ---- */

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
    const size_t numbers = (size_t)(columns - 1) * (size_t)kernel.stride + (size_t)k; /* not one more */
    kernel.x = malloc(numbers * sizeof(rnn_real));
    assert_non_null(kernel.x);
    for (size_t i = 0; i < numbers; i++)
        kernel.x[i] = (int)i % kernel.stride < k ? number((int)i + 99) : NAN;
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
                sum[c * sum_stride + r][lane] = number(r / kernel->side + unit + c);
            }
    multiply_panel(kernel, panel, sum);
    for (int c = 0; c < kernel->columns; c++)
        for (int r = 0; r < sum_stride; r++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                const int row = r / kernel->side;
                const int unit = (panel * kernel->side + r % kernel->side) * RNN_LANES + lane;
                const struct wanted wanted = wanted_sum(kernel, row, unit, c);
                const double error = fabs((double)sum[c * sum_stride + r][lane] - wanted.sum);
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
                assert_true((sum[c * kernel.side][1] - sum[c * kernel.side][1] == 0) == (c != 1));
            kernel_free(&kernel);
        }
}

/* ---- packing ---- */

/* A matrix is packed by strides: a part of a larger one, whose whole rows give int8 its scales, or a transposed one. */
static void test_packing_by_strides(void **state)
{
    (void)state;
    enum { UNITS = 11, K = 37, LARGE = 2 * K + 3, SIDE = RNN_SIDE(1, UNITS) };
    rnn_real plain[UNITS * K], transposed[K * UNITS], larger[UNITS * LARGE], sum_of_bytes = 0;
    for (int i = 0; i < UNITS * LARGE; i++)
        larger[i] = number(i) * 3;
    for (int s = 0; s < STORAGES; s++) {
        const rnn_storage storage = storages[s];
        rnn_real rounded[UNITS * LARGE];
        assert_true(rnn_round_rows(rounded, larger, storage, UNITS, LARGE));
        for (int i = 0; i < UNITS; i++)
            for (int j = 0; j < K; j++) /* a rounded number stays as it is, and its row has one of 127 scales or so */
                plain[i * K + j] = transposed[j * UNITS + i] = rounded[i * LARGE + 2 + j];
        const size_t size = RNN_STORED(storage, 1, 1, UNITS, K);
        rnn_stored *a = allocate(size), *b = allocate(size), *c = allocate(size);
        const rnn_stored_packing part = {storage, 2, LARGE, {0, 0, SIDE, 1, 0, LARGE, 1, UNITS, K}};
        const rnn_stored_packing whole = {storage, 0, K, {0, 0, SIDE, 1, 0, K, 1, UNITS, K}};
        const rnn_stored_packing turned = {storage, 0, K, {0, 0, SIDE, 1, 0, 1, UNITS, UNITS, K}};
        memset(a, 0, size);
        memset(b, 0, size);
        memset(c, 0, size);
        assert_true(rnn_stored_pack_panels(a, larger + 2, &part));
        assert_true(rnn_stored_pack_panels(b, plain, &whole));
        if (storage != RNN_INT8) {
            assert_true(rnn_stored_pack_panels(c, transposed, &turned));
            assert_memory_equal(a, b, size);
            assert_memory_equal(a, c, size);
        } else {
            rnn_real x[K], y;
            for (int j = 0; j < K; j++)
                x[j] = 0;
            for (int j = 0; j < K; j++) {
                x[j] = 1;
                for (int unit = 0; unit < UNITS; unit++) {
                    rnn_vec sum[4];
                    rnn_panel_clear(sum, SIDE);
                    rnn_stored_product(sum, SIDE, a, storage, unit / RNN_LANES / SIDE, SIDE, x, K, K, 1);
                    y = sum[unit / RNN_LANES % SIDE][unit % RNN_LANES];
                    assert_true(fabs((double)y - (double)plain[unit * K + j]) <= 1e-6 * fabs((double)y));
                    sum_of_bytes += y;
                }
                x[j] = 0;
            }
            assert_true(sum_of_bytes != 0);
        }
        free(a);
        free(b);
        free(c);
    }
}

/* Several matrices of a network at once, one of them beside the other. */
static void test_packing_all(void **state)
{
    (void)state;
    enum { UNITS = 21, K = 9, ROWS = 2 };
    rnn_real weights[ROWS * UNITS * K];
    for (int i = 0; i < ROWS * UNITS * K; i++)
        weights[i] = number(i);
    for (int s = 0; s < STORAGES; s++) {
        const size_t size = RNN_STORED(storages[s], ROWS, ROWS, UNITS, K);
        rnn_stored *a = allocate(size + RNN_VECTOR_BYTES), *b = allocate(size);
        memset(a, 0, size + RNN_VECTOR_BYTES);
        memset(b, 0, size);
        rnn_stored_packing packing[ROWS];
        for (int row = 0; row < ROWS; row++) {
            const rnn_packing plain = {RNN_VECTOR_BYTES,
                                       (size_t)row * UNITS * K * sizeof(rnn_real),
                                       RNN_SIDE(ROWS, UNITS),
                                       ROWS,
                                       row,
                                       K,
                                       1,
                                       UNITS,
                                       K};
            const rnn_stored_packing one = {storages[s], 0, K, plain};
            packing[row] = one;
            assert_true(rnn_stored_pack_panels(b, weights + row * UNITS * K, &one));
        }
        assert_true(rnn_stored_pack_all(a, weights, packing, ROWS));
        assert_memory_equal(a + RNN_VECTOR_BYTES, b, size);
        free(a);
        free(b);
    }
}

static void test_tables(void **state)
{
    (void)state;
    enum { ROWS = 13 };
    for (int s = 0; s < STORAGES; s++)
        for (int n = 1; n < SMALL; n++) {
            rnn_real weights[ROWS * SMALL], rounded[ROWS * SMALL], column[SMALL + 1];
            for (int i = 0; i < ROWS * n; i++)
                weights[i] = number(i);
            const size_t size = RNN_STORED_TABLE(storages[s], ROWS, n);
            rnn_stored *table = allocate(size + 1);
            table[size] = 77;
            assert_true(rnn_stored_pack_table(table, storages[s], weights, ROWS, n));
            assert_int_equal(table[size], 77);
            assert_true(rnn_round_rows(rounded, weights, storages[s], ROWS, n));
            for (int id = -1; id <= ROWS; id++) {
                column[n] = 99;
                rnn_stored_embed(column, table, storages[s], id, ROWS, n);
                for (int j = 0; j < n; j++)
                    assert_true(column[j] == (id < 0 || id == ROWS ? 0 : rounded[id * n + j]));
                assert_true(column[n] == 99);
            }
            free(table);
        }
}

int main(void)
{
    if (!cpu_can_run())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f16),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_lanes_of_f16),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_no_int8),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_every_k),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_parts_of_the_rows),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_packing_by_strides),
        cmocka_unit_test(test_packing_all),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
