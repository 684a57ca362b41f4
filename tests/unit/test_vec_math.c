/* The transcendental operations against libm in long double: over all exponents of rnn_real, densely where networks
 * live, and at every special value. Prints the largest errors. */
#include <float.h>
#include <stdbool.h>
#include <string.h>

#include "rnn/vec.h"
#include "vec_test.h"

#include <math.h> /* which a file without a C library does not include */

#ifdef RNN_REAL_DOUBLE
typedef uint64_t real_bits;
#define LEAST                       DBL_MIN
#define MOST                        DBL_MAX
#define SMALLEST                    0x1p-1074
#define EITHER(if_float, if_double) (if_double)
#else
typedef uint32_t real_bits;
#define LEAST                       FLT_MIN
#define MOST                        FLT_MAX
#define SMALLEST                    0x1p-149f
#define EITHER(if_float, if_double) (if_float)
#endif

#define EXACTLY 1e-30

/* Of the numbers tried, one of so many is: where an emulator computes in long double, all would take minutes. */
#ifndef ONE_OF
#define ONE_OF 1
#endif

/* A function with its bounds: of |error| / |result|, |error|, |error| / |argument|; 0 is no bound. Results below
 * `floor` may be 0. */
struct function {
    const char *name;
    rnn_vec (*lanes)(rnn_vec);
    rnn_real (*one)(rnn_real);
    long double (*exact)(long double);
    double relative, absolute, of_argument, floor;
};

#define WRAP(name)                                                                                                     \
    static rnn_vec lanes_##name(rnn_vec x) { return rnn_vec_##name(x); }                                               \
    static rnn_real one_##name(rnn_real x) { return rnn_##name(x); }
WRAP(exp)
WRAP(log)
WRAP(sqrt)
WRAP(tanh)
WRAP(sigmoid)
WRAP(softplus)
WRAP(softsign)
WRAP(silu)
WRAP(gelu)
WRAP(floor)
WRAP(sign)
WRAP(sin)
WRAP(cos)
static rnn_vec lanes_elu(rnn_vec x) { return rnn_vec_elu(x, rnn_vec_splat((rnn_real)0.5)); }
static rnn_real one_elu(rnn_real x) { return rnn_elu(x, (rnn_real)0.5); }

static long double exact_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double exact_softplus(long double x) { return fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }
static long double exact_softsign(long double x) { return x / (1 + fabsl(x)); }
static long double exact_silu(long double x) { return x / (1 + expl(-x)); }
static long double exact_gelu(long double x) { return 0.5L * x * erfcl(-x * 0.707106781186547524400844362104849039L); }
static long double exact_elu(long double x) { return x > 0 ? x : 0.5L * expm1l(x); }

static long double exact_sign(long double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

static const struct function functions[] = {
    {"exp", lanes_exp, one_exp, expl, EITHER(2e-7, 4e-16), 0, 0, SMALLEST},
    {"log", lanes_log, one_log, logl, EITHER(2.5e-7, 4e-16), 0, 0, 0},
    {"sqrt", lanes_sqrt, one_sqrt, sqrtl, EITHER(6e-8, 1.2e-16), 0, 0, 0},
    {"tanh", lanes_tanh, one_tanh, tanhl, EITHER(3e-7, 6e-16), EITHER(2e-7, 4e-16), 0, SMALLEST},
    {"sigmoid", lanes_sigmoid, one_sigmoid, exact_sigmoid, EITHER(5e-6, 4e-16), EITHER(2e-7, 4e-16), 0, LEAST},
    {"softplus", lanes_softplus, one_softplus, exact_softplus, EITHER(3e-7, 6e-16), 0, 0, 4 * SMALLEST},
    {"softsign", lanes_softsign, one_softsign, exact_softsign, EITHER(2e-7, 4e-16), 0, 0, SMALLEST},
    {"silu", lanes_silu, one_silu, exact_silu, 0, 0, EITHER(2e-7, 4e-16), SMALLEST},
    {"gelu", lanes_gelu, one_gelu, exact_gelu, 0, 0, EITHER(2e-7, 4e-16), SMALLEST},
    {"elu", lanes_elu, one_elu, exact_elu, EITHER(3e-7, 6e-16), 0, 0, SMALLEST},
    {"floor", lanes_floor, one_floor, floorl, EXACTLY, 0, 0, 0},
    {"sign", lanes_sign, one_sign, exact_sign, EXACTLY, 0, 0, 0},
    {"sin", lanes_sin, one_sin, sinl, EITHER(6.1e-8, 2e-16), 0, 0, SMALLEST},
    {"cos", lanes_cos, one_cos, cosl, EITHER(6.1e-8, 2e-16), 0, 0, 0},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

struct worst {
    double relative, absolute, of_argument;
};

static void raise_to(double *worst, long double error, long double scale)
{
    if (scale > LEAST && error / scale > *worst)
        *worst = (double)(error / scale);
}

static void check_one(const struct function *f, rnn_real x, rnn_real y, struct worst *worst)
{
    long double wanted = f->exact((long double)x), error = fabsl((long double)y - wanted);
    if (isnan(wanted) && !isnan(x) && isinf(x))
        return; /* the formula fails where the operation has a limit: test_limits */
    if (isnan(wanted) || isinf((rnn_real)wanted)) {
        int right = isnan(wanted) ? isnan(y) : y == (rnn_real)wanted || y > MOST * (rnn_real)(1 - 1e-6);
        if (!right)
            fail_msg("%s(%a) is %a, not %La", f->name, (double)x, (double)y, wanted);
        return;
    }
    if (isnan(y) || isinf(y))
        fail_msg("%s(%a) is %a, not %La", f->name, (double)x, (double)y, wanted);
    int within = error <= f->floor || ((f->relative == 0 || error <= f->relative * fabsl(wanted)) &&
                                       (f->absolute == 0 || error <= f->absolute) &&
                                       (f->of_argument == 0 || error <= f->of_argument * fabsl((long double)x)));
    if (!within)
        fail_msg("%s(%a) is %a, not %La", f->name, (double)x, (double)y, wanted);
    if (error > f->floor) {
        raise_to(&worst->relative, error, fabsl(wanted));
        raise_to(&worst->absolute, error, 1);
        raise_to(&worst->of_argument, error, fabsl((long double)x));
    }
}

static void check_lanes(const struct function *f, rnn_vec x, struct worst *worst)
{
    rnn_vec y = f->lanes(x);
    for (int i = 0; i < RNN_LANES; i++)
        check_one(f, RNN_LANE(x, i), RNN_LANE(y, i), worst);
    rnn_real one = f->one(RNN_LANE(x, 0)), first = RNN_LANE(y, 0);
    assert_true(one == first || (isnan(one) && isnan(first)));
}

static void report(const struct function *f, const char *where, const struct worst *worst)
{
    print_message("%-8s %-12s errors up to", f->name, where);
    if (f->absolute > 0)
        print_message(" %.2g absolute", worst->absolute);
    if (f->relative > 0)
        print_message(" %.2g of the result", worst->relative);
    if (f->of_argument > 0)
        print_message(" %.2g of the argument", worst->of_argument);
    print_message("\n");
}

/* Bit patterns at equal distances: all signs, exponents (subnormal, infinite and NaN ones too), many fractions. */
static void test_every_exponent(void **state)
{
    (void)state;
    const real_bits step = ONE_OF * EITHER(6151, UINT64_C(0x0000300000123457)), count = (real_bits)-1 / step;
    for (int k = 0; k < FUNCTIONS; k++) {
        struct worst worst = {0};
        for (real_bits n = 0; n < count; n += (real_bits)RNN_LANES) {
            rnn_vec x = {0};
            for (int i = 0; i < RNN_LANES; i++) {
                real_bits bits = (n + (real_bits)i) * step;
                rnn_real number;
                memcpy(&number, &bits, sizeof number);
                RNN_LANE(x, i) = number;
            }
            check_lanes(&functions[k], x, &worst);
        }
        report(&functions[k], "everywhere", &worst);
    }
}

static void test_near_zero(void **state)
{
    (void)state;
    for (int k = 0; k < FUNCTIONS; k++) {
        struct worst worst = {0};
        for (int n = -400000; n < 400000; n += ONE_OF * RNN_LANES) {
            rnn_vec x = {0};
            for (int i = 0; i < RNN_LANES; i++)
                RNN_LANE(x, i) = (rnn_real)((n + i) * 3.0303e-5);
            check_lanes(&functions[k], x, &worst);
        }
        report(&functions[k], "in -12 .. 12", &worst);
    }
}

static rnn_real apply(const char *name, rnn_real x)
{
    for (int k = 0; k < FUNCTIONS; k++)
        if (strcmp(functions[k].name, name) == 0)
            return RNN_LANE(functions[k].lanes(rnn_vec_splat(x)), RNN_LANES - 1);
    fail_msg("no function %s", name);
    return 0;
}

/* Results that are exact. */
static void test_limits(void **state)
{
    (void)state;
    const rnn_real inf = INFINITY;
    const struct {
        const char *name;
        rnn_real x, y;
    } limits[] = {
        {"exp", inf, inf},
        {"exp", -inf, 0},
        {"exp", 0, 1},
        {"exp", 1000, inf},
        {"exp", -1000, 0},
        {"log", inf, inf},
        {"log", 0, -inf},
        {"log", 1, 0},
        {"sqrt", inf, inf},
        {"sqrt", 4, 2},
        {"tanh", inf, 1},
        {"tanh", -inf, -1},
        {"tanh", 0, 0},
        {"tanh", 40, 1},
        {"tanh", -MOST, -1},
        {"sigmoid", inf, 1},
        {"sigmoid", -inf, 0},
        {"sigmoid", 0, EITHER(0.5f, 0.5)},
        {"sigmoid", MOST, 1},
        {"sigmoid", -MOST, 0},
        {"softplus", inf, inf},
        {"softplus", -inf, 0},
        {"softsign", inf, 1},
        {"softsign", -inf, -1},
        {"silu", inf, inf},
        {"silu", -inf, 0},
        {"silu", -MOST, 0},
        {"silu", 0, 0},
        {"gelu", inf, inf},
        {"gelu", -inf, 0},
        {"gelu", -MOST, 0},
        {"gelu", 0, 0},
        {"elu", inf, inf},
        {"elu", 0, 0},
        {"elu", -inf, EITHER(-0.5f, -0.5)},
        {"tanh", SMALLEST, SMALLEST},
        {"elu", SMALLEST, SMALLEST},
        {"exp", SMALLEST, 1},
        {"floor", inf, inf},
        {"floor", -inf, -inf},
        {"floor", EITHER(-4194304.5f, -4194304.5), EITHER(-4194305, -4194305)},
        {"floor", EITHER(8388607.5f, 8388607.5), 8388607},
        {"floor", -SMALLEST, -1},
        {"sign", inf, 1},
        {"sign", -SMALLEST, -1},
        {"sign", 0, 0},
        {"sin", 0, 0},
        {"sin", SMALLEST, SMALLEST},
        {"cos", 0, 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        rnn_real y = apply(limits[i].name, limits[i].x);
        if (y != limits[i].y)
            fail_msg("%s(%g) is %a, not %a", limits[i].name, (double)limits[i].x, (double)y, (double)limits[i].y);
    }
    for (int k = 0; k < FUNCTIONS; k++)
        assert_true(isnan(apply(functions[k].name, NAN)));
    assert_true(isnan(apply("log", -1)) && isnan(apply("log", -inf)) && isnan(apply("sqrt", -1)));
    assert_true(isnan(apply("sin", inf)) && isnan(apply("cos", -inf)));
    assert_true(signbit(apply("tanh", (rnn_real)-0.0)) && signbit(apply("sin", (rnn_real)-0.0)));
}

/* One NaN or infinity must stay in its lane. */
static void test_lanes_apart(void **state)
{
    (void)state;
    const rnn_real odd[] = {NAN, INFINITY, -INFINITY, MOST, -MOST, SMALLEST};
    for (int k = 0; k < FUNCTIONS; k++)
        for (size_t o = 0; o < sizeof odd / sizeof odd[0]; o++)
            for (int lane = 0; lane < RNN_LANES; lane++) {
                rnn_vec x = rnn_vec_splat((rnn_real)0.75);
                rnn_real wanted = functions[k].one((rnn_real)0.75);
                RNN_LANE(x, lane) = odd[o];
                rnn_vec y = functions[k].lanes(x);
                for (int i = 0; i < RNN_LANES; i++)
                    assert_true(i == lane || RNN_LANE(y, i) == wanted);
            }
}

/* ---- functions of two numbers ---- */

static long double exact_mod(long double a, long double b)
{
    long double rest = fmodl(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static const struct function_of_two {
    const char *name;
    rnn_vec (*lanes)(rnn_vec, rnn_vec);
    rnn_real (*one)(rnn_real, rnn_real);
    long double (*exact)(long double, long double);
    double relative;
} functions_of_two[] = {
    {"mod", rnn_vec_mod, rnn_mod, exact_mod, EITHER(6.1e-8, 1.2e-16)},
    {"pow", rnn_vec_pow, rnn_pow, powl, EITHER(6.1e-8, 2e-16)},
};
enum { FUNCTIONS_OF_TWO = sizeof functions_of_two / sizeof functions_of_two[0] };

static void check_pairs(const struct function_of_two *f, rnn_vec a, rnn_vec b, double *worst)
{
    rnn_vec y = f->lanes(a, b);
    rnn_real one = f->one(RNN_LANE(a, 0), RNN_LANE(b, 0)), first = RNN_LANE(y, 0);
    assert_true(one == first || (isnan(one) && isnan(first)));
    for (int i = 0; i < RNN_LANES; i++) {
        long double wanted = f->exact((long double)RNN_LANE(a, i), (long double)RNN_LANE(b, i)),
                    error = fabsl((long double)RNN_LANE(y, i) - wanted);
        rnn_real nearest = (rnn_real)wanted;
        bool right = isnan(wanted)    ? isnan(RNN_LANE(y, i))
                     : isinf(nearest) ? RNN_LANE(y, i) == nearest
                                      : error <= f->relative * fabsl(wanted) || error <= SMALLEST;
        if (!right)
            fail_msg("%s(%a, %a) is %a, not %La", f->name, (double)RNN_LANE(a, i), (double)RNN_LANE(b, i),
                     (double)RNN_LANE(y, i), wanted);
        if (fabsl(wanted) > LEAST && isfinite(nearest))
            raise_to(worst, error, fabsl(wanted));
    }
}

static rnn_real any_number(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    real_bits bits = (real_bits)(*random >> (64 - 8 * sizeof bits));
    rnn_real number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Of any size and sign, and of the sizes of which results are neither 0 nor infinite. */
static void test_pairs(void **state)
{
    (void)state;
    for (int k = 0; k < FUNCTIONS_OF_TWO; k++) {
        uint64_t random = 1;
        double worst = 0;
        for (int n = 0; n < 200000 / ONE_OF / RNN_LANES; n++) {
            rnn_vec a = {0}, b = {0};
            for (int i = 0; i < RNN_LANES; i++) {
                RNN_LANE(a, i) = any_number(&random);
                RNN_LANE(b, i) = any_number(&random);
                if (n % 4 == 1)
                    RNN_LANE(b, i) = (rnn_real)(random % 4000001) * (rnn_real)1e-5 - 20;
                if (n % 4 >= 2)
                    RNN_LANE(a, i) = (rnn_real)((random >> 40) % 4000001) * (rnn_real)5e-6 - 10;
                if (n % 4 == 2)
                    RNN_LANE(b, i) = (rnn_real)((random >> 20) % 2001) / 8 - 125;
                if (n % 4 == 3)
                    RNN_LANE(b, i) = (rnn_real)((random >> 20) % 31) - 15;
            }
            check_pairs(&functions_of_two[k], a, b, &worst);
        }
        print_message("%-8s errors up to %.2g of the result\n", functions_of_two[k].name, worst);
    }
}

static void test_special_pairs(void **state)
{
    (void)state;
    static const rnn_real numbers[] = {0,
                                       (rnn_real)-0.0,
                                       1,
                                       -1,
                                       2,
                                       -2,
                                       3,
                                       -3,
                                       (rnn_real)0.5,
                                       -(rnn_real)0.5,
                                       (rnn_real)2.5,
                                       -(rnn_real)2.5,
                                       MOST,
                                       -MOST,
                                       LEAST,
                                       -LEAST,
                                       SMALLEST,
                                       -SMALLEST,
                                       INFINITY,
                                       -INFINITY,
                                       NAN,
                                       16777216,
                                       16777215,
                                       -16777215,
                                       33554432,
                                       268435456,
                                       -268435456,
                                       7};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    for (int k = 0; k < FUNCTIONS_OF_TWO; k++)
        for (int n = 0; n < NUMBERS * NUMBERS; n++) {
            rnn_vec a = rnn_vec_splat((rnn_real)1.5), b = rnn_vec_splat((rnn_real)-0.75);
            double worst = 0;
            RNN_LANE(a, n % RNN_LANES) = numbers[n / NUMBERS];
            RNN_LANE(b, n % RNN_LANES) = numbers[n % NUMBERS];
            check_pairs(&functions_of_two[k], a, b, &worst);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_exponent), cmocka_unit_test(test_near_zero), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lanes_apart),    cmocka_unit_test(test_pairs),     cmocka_unit_test(test_special_pairs),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
