/* Lanes against C's own operators: comparisons, choices, bounds, NaN, parts of vectors at the end of a page, flushing.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rnn/vec.h"
#include "vec_test.h"

static const rnn_real values[] = {0, (rnn_real)-0.0, 1,         -1,       (rnn_real)0.5, (rnn_real)-1.5,  2,
                                  3, (rnn_real)1e30, -INFINITY, INFINITY, NAN,           (rnn_real)-1e-30};
enum { VALUES = sizeof values / sizeof values[0] };

static int same(rnn_real a, rnn_real b) { return a == b || (a != a && b != b); }

static rnn_vec ramp(rnn_real first)
{
    rnn_vec v = {0};
    for (int i = 0; i < RNN_LANES; i++)
        v[i] = first + (rnn_real)i;
    return v;
}

#define CHECK(vector, scalar, wanted)                                                                                  \
    do {                                                                                                               \
        rnn_vec lanes_ = (vector);                                                                                     \
        rnn_real wanted_ = (wanted);                                                                                   \
        assert_true(same((scalar), wanted_));                                                                          \
        for (int lane_ = 0; lane_ < RNN_LANES; lane_++)                                                                \
            assert_true(same(lanes_[lane_], wanted_));                                                                 \
    } while (0)

static void test_sizes(void **state)
{
    (void)state;
    enum { PADDED = RNN_PAD(3 * RNN_LANES + 1) }; /* a constant */
    assert_int_equal(sizeof(rnn_vec), RNN_VECTOR_BYTES);
    assert_int_equal(RNN_LANES * (int)sizeof(rnn_real), RNN_VECTOR_BYTES);
    assert_int_equal(PADDED, 4 * RNN_LANES);
    assert_int_equal(RNN_PAD(0), 0);
    assert_int_equal(RNN_PAD(RNN_LANES), RNN_LANES);
    size_t large = (size_t)3 << 40;
    assert_true(RNN_PAD(large + 1) == large + (size_t)RNN_LANES);
}

static void test_comparisons(void **state)
{
    (void)state;
    for (int i = 0; i < VALUES; i++)
        for (int j = 0; j < VALUES; j++) {
            volatile rnn_real a = values[i], b = values[j];
            rnn_vec x = rnn_vec_splat(a), y = rnn_vec_splat(b);
            CHECK(rnn_vec_lt(x, y), rnn_lt(a, b), a < b ? 1 : 0);
            CHECK(rnn_vec_le(x, y), rnn_le(a, b), a <= b ? 1 : 0);
            CHECK(rnn_vec_eq(x, y), rnn_eq(a, b), a == b ? 1 : 0);
            CHECK(rnn_vec_ne(x, y), rnn_ne(a, b), a != b ? 1 : 0);
            CHECK(rnn_vec_where(x, y, x), rnn_where(a, b, a), a != 0 ? b : a);
        }
}

static rnn_real lower(rnn_real a, rnn_real b) { return a != a || b != b ? (rnn_real)NAN : a < b ? a : b; }
static rnn_real upper(rnn_real a, rnn_real b) { return a != a || b != b ? (rnn_real)NAN : a > b ? a : b; }

static void test_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < VALUES; i++)
        for (int j = 0; j < VALUES; j++) {
            volatile rnn_real a = values[i], b = values[j];
            rnn_vec x = rnn_vec_splat(a), y = rnn_vec_splat(b);
            CHECK(rnn_vec_min(x, y), rnn_min(a, b), lower(a, b));
            CHECK(rnn_vec_max(x, y), rnn_max(a, b), upper(a, b));
            CHECK(rnn_vec_clip(x, y, rnn_vec_splat(2)), rnn_clip(a, b, 2), lower(upper(a, b), 2));
            CHECK(rnn_vec_clip(x, rnn_vec_splat(-1), y), rnn_clip(a, -1, b), lower(upper(a, -1), b));
            CHECK(rnn_vec_leaky_relu(x, y), rnn_leaky_relu(a, b), a > 0 ? a : a * b);
        }
}

static void test_rectifiers(void **state)
{
    (void)state;
    for (int i = 0; i < VALUES; i++) {
        volatile rnn_real a = values[i];
        rnn_vec x = rnn_vec_splat(a);
        CHECK(x, a, a);
        CHECK(rnn_vec_relu(x), rnn_relu(a), upper(a, 0));
        CHECK(rnn_vec_hard_tanh(x), rnn_hard_tanh(a), lower(upper(a, -1), 1));
        CHECK(rnn_vec_abs(x), rnn_abs(a), a < 0 ? -a : a);
        CHECK(rnn_vec_hard_sigmoid(x, rnn_vec_splat((rnn_real)0.25), rnn_vec_splat((rnn_real)0.5)),
              rnn_hard_sigmoid(a, (rnn_real)0.25, (rnn_real)0.5),
              lower(upper((rnn_real)0.25 * a + (rnn_real)0.5, 0), 1));
    }
    assert_true(signbit(rnn_vec_splat((rnn_real)-0.0)[0]));
    assert_false(signbit(rnn_vec_abs(rnn_vec_splat((rnn_real)-0.0))[0]));
    assert_false(signbit(rnn_abs((rnn_real)-0.0)));
}

/* Each lane is its own: no operation may take one for another. */
static void test_lanes_apart(void **state)
{
    (void)state;
    rnn_vec x = ramp(-2), y = ramp(0) * rnn_vec_splat((rnn_real)0.5), least = rnn_vec_min(x, y),
            chosen = rnn_vec_where(rnn_vec_lt(x, y), x, -y), size = rnn_vec_abs(x), relu = rnn_vec_relu(x);
    for (int i = 0; i < RNN_LANES; i++) {
        assert_true(least[i] == lower(x[i], y[i]));
        assert_true(chosen[i] == (x[i] < y[i] ? x[i] : -y[i]));
        assert_true(size[i] == (x[i] < 0 ? -x[i] : x[i]));
        assert_true(relu[i] == upper(x[i], 0));
    }
}

static void test_over_lanes(void **state)
{
    (void)state;
    assert_true(rnn_vec_sum(ramp(1)) == (rnn_real)(RNN_LANES * (RNN_LANES + 1) / 2));
    for (int i = 0; i < RNN_LANES; i++) {
        rnn_vec v = rnn_vec_splat(-7);
        v[i] = -3;
        assert_true(rnn_vec_maximum(v) == -3);
        assert_true(rnn_vec_sum(v) == (rnn_real)(-7 * RNN_LANES + 4));
        v[i] = NAN;
        assert_true(isnan(rnn_vec_maximum(v)));
        v[i] = -INFINITY;
        assert_true(rnn_vec_maximum(v) == (RNN_LANES > 1 ? -7 : -INFINITY));
    }
}

/* The vector ends where the next page must not be touched. */
static void test_parts(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (int count = 0; count <= RNN_LANES; count++) {
        rnn_real *end = (rnn_real *)(void *)(pages + page), *p = end - count;
        end[-RNN_LANES - 1] = 99;
        for (int i = 0; i < count; i++)
            p[i] = (rnn_real)(i + 1);
        rnn_vec v = rnn_vec_load_part(p, count);
        for (int i = 0; i < RNN_LANES; i++)
            assert_true(v[i] == (i < count ? (rnn_real)(i + 1) : 0));
        rnn_vec_store_part(p, ramp(10), count);
        for (int i = 0; i < count; i++)
            assert_true(p[i] == (rnn_real)(i + 10));
        assert_true(end[-RNN_LANES - 1] == 99);
    }
    munmap(pages, 2 * page);
}

static void test_memory(void **state)
{
    (void)state;
    _Alignas(RNN_VECTOR_BYTES) rnn_real from[3 * RNN_LANES], to[3 * RNN_LANES] = {0};
    for (int i = 0; i < 3 * RNN_LANES; i++)
        from[i] = (rnn_real)i;
    rnn_vec_store(to + RNN_LANES, rnn_vec_load(from + RNN_LANES));
    rnn_vec v = rnn_vec_load_unaligned(from + 1);
    for (int i = 0; i < RNN_LANES; i++) {
        assert_true(v[i] == (rnn_real)(i + 1));
        assert_true(to[i] == 0 && to[2 * RNN_LANES + i] == 0 && to[RNN_LANES + i] == from[RNN_LANES + i]);
    }
    rnn_vec_store_unaligned(to + 1, v);
    assert_true(to[0] == 0 && to[1] == 1 && to[RNN_LANES] == (rnn_real)RNN_LANES);
    assert_true(to[RNN_LANES + 1] == from[RNN_LANES + 1]);
}

static void test_flush(void **state)
{
    (void)state;
#if defined(__SSE2__) || defined(__aarch64__)
    int flushes = 1;
#else
    int flushes = 0;
#endif
    volatile float least = 0x1p-126f, half = 0.5f, subnormal = 0x1p-130f, large = 0x1p100f;
    for (int depth = 0; depth < 2; depth++) {
        rnn_flush_state outer = rnn_flush_begin(), inner = rnn_flush_begin();
        assert_true((least * half == 0) == flushes);
        assert_true((subnormal * large == 0) == flushes);
        rnn_flush_end(inner);
        assert_true((least * half == 0) == flushes);
        rnn_flush_end(outer);
        assert_true(least * half == 0x1p-127f);
        assert_true(subnormal * large == 0x1p-30f);
    }
}

/* With subnormal numbers as zero: what is computed, the lesser or greater of two too, is 0 in lanes of any width; what
 * is only chosen or moved stays. (Without SSE, min and max are choices.) */
#if defined(__SSE2__)
enum { COMPUTED = 9, CHOSEN = 4 };

static __attribute__((noinline)) void treat_subnormal(const rnn_vec *from, rnn_vec *computed, rnn_vec *chosen)
{
    const rnn_vec x = *from, zero = rnn_vec_splat(0), one = rnn_vec_splat(1);
    const rnn_vec results[COMPUTED] = {rnn_vec_relu(x),      rnn_vec_min(x, one),        rnn_vec_min(one, x),
                                       rnn_vec_max(x, -one), rnn_vec_max(-one, x),       rnn_vec_clip(x, -one, one),
                                       rnn_vec_hard_tanh(x), rnn_vec_madd(x, one, zero), x + zero};
    const rnn_vec choices[CHOSEN] = {rnn_vec_where(one, x, zero), rnn_vec_where(zero, zero, x), rnn_vec_abs(-x), -x};
    memcpy(computed, results, sizeof results);
    memcpy(chosen, choices, sizeof choices);
}
#endif

static void test_subnormal(void **state)
{
    (void)state;
#if defined(__SSE2__)
    const rnn_real tiny = (rnn_real)(sizeof(rnn_real) == sizeof(float) ? 1e-40 : 1e-310);
    rnn_vec x, computed[COMPUTED], chosen[CHOSEN];
    for (int i = 0; i < RNN_LANES; i++)
        x[i] = tiny;
    const rnn_flush_state flush = rnn_flush_begin();
    treat_subnormal(&x, computed, chosen);
    rnn_flush_end(flush);
    for (int i = 0; i < RNN_LANES; i++) {
        for (int k = 0; k < COMPUTED; k++)
            assert_true(computed[k][i] == 0);
        for (int k = 0; k < CHOSEN; k++)
            assert_true(chosen[k][i] != 0);
    }
#endif
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_comparisons), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_rectifiers), cmocka_unit_test(test_lanes_apart), cmocka_unit_test(test_over_lanes),
        cmocka_unit_test(test_parts),      cmocka_unit_test(test_memory),      cmocka_unit_test(test_flush),
        cmocka_unit_test(test_subnormal),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
