/* One function for each elementwise operation of op.def: the slope of its result y by each of its operands x. A missing
 * one is a compile error. Slopes that are not written are 0. At a kink: the slope on either side, or 0 between them. */
#include <math.h>
#include <stddef.h>

#include "oracle/evaluation.h"

static const double inverse_sqrt_2_pi = 0.39894228040143267794;

static void by_add(const double *x, double y, double *by) { (void)x, (void)y, by[0] = 1, by[1] = 1; }
static void by_sub(const double *x, double y, double *by) { (void)x, (void)y, by[0] = 1, by[1] = -1; }
static void by_mul(const double *x, double y, double *by) { (void)y, by[0] = x[1], by[1] = x[0]; }
static void by_div(const double *x, double y, double *by) { by[0] = 1 / x[1], by[1] = -y / x[1]; }
static void by_neg(const double *x, double y, double *by) { (void)x, (void)y, by[0] = -1; }
static void by_lt(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_le(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_gt(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_ge(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_eq(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_ne(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_sigmoid(const double *x, double y, double *by) { (void)x, by[0] = y * (1 - y); }
static void by_tanh(const double *x, double y, double *by) { (void)x, by[0] = 1 - y * y; }
static void by_relu(const double *x, double y, double *by) { (void)y, by[0] = x[0] > 0; }
static void by_leaky_relu(const double *x, double y, double *by)
{
    (void)y;
    by[0] = x[0] > 0 ? 1 : x[1];
    by[1] = x[0] > 0 ? 0 : x[0];
}
static void by_elu(const double *x, double y, double *by)
{
    by[0] = x[0] > 0 ? 1 : y + x[1];
    by[1] = x[0] > 0 ? 0 : expm1(x[0]);
}
static void by_softplus(const double *x, double y, double *by) { (void)y, by[0] = oracle_elementwise(OP_sigmoid, x); }
static void by_log_sigmoid(const double *x, double y, double *by)
{
    (void)y;
    by[0] = oracle_elementwise(OP_sigmoid, &(double){-x[0]});
}
static void by_softsign(const double *x, double y, double *by)
{
    (void)y;
    by[0] = 1 / ((1 + fabs(x[0])) * (1 + fabs(x[0])));
}
static void by_hard_sigmoid(const double *x, double y, double *by)
{
    bool inside = y > 0 && y < 1;
    by[0] = inside ? x[1] : 0;
    by[1] = inside ? x[0] : 0;
    by[2] = inside;
}
static void by_hard_tanh(const double *x, double y, double *by) { (void)y, by[0] = fabs(x[0]) < 1; }
/* y = x P(x), P the distribution function of a normal random number; y / x has no digits where x is as good as 0. */
static void by_gelu(const double *x, double y, double *by)
{
    double below = fabs(x[0]) < 1e-3 ? 0.5 * (1 + erf(x[0] * M_SQRT1_2)) : y / x[0];
    by[0] = below + x[0] * inverse_sqrt_2_pi * exp(-0.5 * x[0] * x[0]);
}
static void by_silu(const double *x, double y, double *by)
{
    double s = oracle_elementwise(OP_sigmoid, x);
    by[0] = s + y * (1 - s);
}
static void by_exp(const double *x, double y, double *by) { (void)x, by[0] = y; }
static void by_log(const double *x, double y, double *by) { (void)y, by[0] = 1 / x[0]; }
static void by_sqrt(const double *x, double y, double *by) { (void)x, by[0] = 0.5 / y; }
static void by_abs(const double *x, double y, double *by) { (void)y, by[0] = (x[0] > 0) - (x[0] < 0); }
static void by_sign(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_floor(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_mod(const double *x, double y, double *by) { by[0] = 1, by[1] = (y - x[0]) / x[1]; }
static void by_sin(const double *x, double y, double *by) { (void)y, by[0] = cos(x[0]); }
static void by_cos(const double *x, double y, double *by) { (void)y, by[0] = -sin(x[0]); }
/* A base of 0 or less has powers at whole exponents alone, so the slope by the exponent does not exist. */
static void by_pow(const double *x, double y, double *by)
{
    by[0] = x[1] != 0 ? x[1] * pow(x[0], x[1] - 1) : 0;
    by[1] = x[0] > 0 ? y * log(x[0]) : 0;
}
static void by_min(const double *x, double y, double *by) { (void)y, by[x[1] < x[0]] = 1; }
static void by_max(const double *x, double y, double *by) { (void)y, by[x[1] > x[0]] = 1; }
static void by_clip(const double *x, double y, double *by)
{
    int from = x[0] < x[1];
    (void)y;
    by[x[from] > x[2] ? 2 : from] = 1;
}
static void by_where(const double *x, double y, double *by) { (void)y, by[x[0] != 0 ? 1 : 2] = 1; }
static void by_dropout(const double *x, double y, double *by) { (void)x, (void)y, by[0] = 1; }
static void by_stop_gradient(const double *x, double y, double *by) { (void)x, (void)y, (void)by; }
static void by_copy(const double *x, double y, double *by) { (void)x, (void)y, by[0] = 1; }

typedef void slopes(const double *x, double y, double *by);

#define SLOPES_LEAF(id)        NULL
#define SLOPES_ELEMENTWISE(id) by_##id
#define SLOPES_COLUMN(id)      NULL
#define SLOPES_PRODUCT(id)     NULL
#define SLOPES_MOVE(id)        NULL
#define SLOPES_OVER_TIME(id)   NULL
#define SLOPES_LOSS(id)        NULL

static slopes *const functions[OP_COUNT] = {
#define OP(id, name, class, ...) [OP_##id] = SLOPES_##class(id),
#include "base/op.def"
#undef OP
};

void oracle_elementwise_slopes(enum op op, const double *operands, double result, double *by)
{
    functions[op](operands, result, by);
}
