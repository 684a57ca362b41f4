/* Numbers of fewer bits: every number there is rounded and read back, the scales of int8, numbers that it does not
 * have, and how numbers come to where kernels read them: matrices by strides, tables. */
#include <string.h>

#include "stored_test.h"

enum { SMALL = 40 };

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
    const rnn_real largest[] = {1, -3.4028235e38f};
    assert_true(isfinite(127 * rnn_int8_scale(largest, 2)));
    assert_int_equal(rnn_int8_of_float(-3.4028235e38f, rnn_int8_scale(largest, 2)), -127);
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
                    rnn_stored_product(sum, SIDE, a, RNN_INT8, unit / RNN_LANES / SIDE, SIDE, x, K, K, 1);
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
        cmocka_unit_test(test_f16),         cmocka_unit_test(test_bf16),    cmocka_unit_test(test_lanes_of_f16),
        cmocka_unit_test(test_scale),       cmocka_unit_test(test_no_int8), cmocka_unit_test(test_packing_by_strides),
        cmocka_unit_test(test_packing_all), cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
