/* The transcendental operations against libm in long double: over all exponents of rnn_real, densely where networks
 * live, and at every special value. Prints the largest errors. */
#include <float.h>
#include <string.h>

#include "rnn/vec.h"
#include "vec_test.h"

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
static rnn_vec lanes_elu(rnn_vec x) { return rnn_vec_elu(x, rnn_vec_splat((rnn_real)0.5)); }
static rnn_real one_elu(rnn_real x) { return rnn_elu(x, (rnn_real)0.5); }

static long double exact_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double exact_softplus(long double x) { return fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }
static long double exact_softsign(long double x) { return x / (1 + fabsl(x)); }
static long double exact_silu(long double x) { return x / (1 + expl(-x)); }
static long double exact_gelu(long double x) { return 0.5L * x * erfcl(-x * 0.707106781186547524400844362104849039L); }
static long double exact_elu(long double x) { return x > 0 ? x : 0.5L * expm1l(x); }

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
        check_one(f, x[i], y[i], worst);
    rnn_real one = f->one(x[0]);
    assert_true(one == y[0] || (isnan(one) && isnan(y[0])));
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
    const real_bits step = EITHER(6151, UINT64_C(0x0000300000123457)), count = (real_bits)-1 / step;
    for (int k = 0; k < FUNCTIONS; k++) {
        struct worst worst = {0};
        for (real_bits n = 0; n < count; n += (real_bits)RNN_LANES) {
            rnn_vec x = {0};
            for (int i = 0; i < RNN_LANES; i++) {
                real_bits bits = (n + (real_bits)i) * step;
                rnn_real number;
                memcpy(&number, &bits, sizeof number);
                x[i] = number;
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
        for (int n = -400000; n < 400000; n += RNN_LANES) {
            rnn_vec x = {0};
            for (int i = 0; i < RNN_LANES; i++)
                x[i] = (rnn_real)((n + i) * 3.0303e-5);
            check_lanes(&functions[k], x, &worst);
        }
        report(&functions[k], "in -12 .. 12", &worst);
    }
}

static rnn_real apply(const char *name, rnn_real x)
{
    for (int k = 0; k < FUNCTIONS; k++)
        if (strcmp(functions[k].name, name) == 0)
            return functions[k].lanes(rnn_vec_splat(x))[RNN_LANES - 1];
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
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        rnn_real y = apply(limits[i].name, limits[i].x);
        if (y != limits[i].y)
            fail_msg("%s(%g) is %a, not %a", limits[i].name, (double)limits[i].x, (double)y, (double)limits[i].y);
    }
    for (int k = 0; k < FUNCTIONS; k++)
        assert_true(isnan(apply(functions[k].name, NAN)));
    assert_true(isnan(apply("log", -1)) && isnan(apply("log", -inf)) && isnan(apply("sqrt", -1)));
    assert_true(signbit(apply("tanh", (rnn_real)-0.0)));
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
                x[lane] = odd[o];
                rnn_vec y = functions[k].lanes(x);
                for (int i = 0; i < RNN_LANES; i++)
                    assert_true(i == lane || y[i] == wanted);
            }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_exponent),
        cmocka_unit_test(test_near_zero),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lanes_apart),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
