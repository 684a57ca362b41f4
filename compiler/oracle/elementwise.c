/* One function for each elementwise operation of op.def, named after it. A missing one is a compile error. */
#include <math.h>
#include <stddef.h>

#include "oracle/evaluation.h"

static double sigmoid(double x)
{
    /* exp of a positive number may overflow, of a negative one it may not. */
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* NaN stays NaN. */
static double smaller(double a, double b) { return a < b || isnan(a) ? a : b; }
static double larger(double a, double b) { return a > b || isnan(a) ? a : b; }
static double clip(double x, double low, double high) { return smaller(larger(x, low), high); }

static double of_add(const double *x) { return x[0] + x[1]; }
static double of_sub(const double *x) { return x[0] - x[1]; }
static double of_mul(const double *x) { return x[0] * x[1]; }
static double of_div(const double *x) { return x[0] / x[1]; }
static double of_neg(const double *x) { return -x[0]; }
static double of_lt(const double *x) { return x[0] < x[1]; }
static double of_le(const double *x) { return x[0] <= x[1]; }
static double of_gt(const double *x) { return x[0] > x[1]; }
static double of_ge(const double *x) { return x[0] >= x[1]; }
static double of_eq(const double *x) { return x[0] == x[1]; }
static double of_ne(const double *x) { return x[0] != x[1]; }
static double of_sigmoid(const double *x) { return sigmoid(x[0]); }
static double of_tanh(const double *x) { return tanh(x[0]); }
static double of_relu(const double *x) { return larger(x[0], 0); }
static double of_leaky_relu(const double *x) { return x[0] > 0 ? x[0] : x[1] * x[0]; }
static double of_elu(const double *x) { return x[0] > 0 ? x[0] : x[1] * expm1(x[0]); }
static double of_softplus(const double *x) { return (x[0] > 0 ? x[0] : 0) + log1p(exp(-fabs(x[0]))); }
static double of_log_sigmoid(const double *x) { return (x[0] < 0 ? x[0] : 0) - log1p(exp(-fabs(x[0]))); }
static double of_softsign(const double *x) { return x[0] / (1 + fabs(x[0])); }
static double of_hard_sigmoid(const double *x) { return clip(x[1] * x[0] + x[2], 0, 1); }
static double of_hard_tanh(const double *x) { return clip(x[0], -1, 1); }
static double of_gelu(const double *x) { return 0.5 * x[0] * (1 + erf(x[0] * M_SQRT1_2)); }
static double of_silu(const double *x) { return x[0] * sigmoid(x[0]); }
static double of_exp(const double *x) { return exp(x[0]); }
static double of_log(const double *x) { return log(x[0]); }
static double of_sqrt(const double *x) { return sqrt(x[0]); }
static double of_abs(const double *x) { return fabs(x[0]); }
static double of_sign(const double *x) { return x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0]; }
static double of_floor(const double *x) { return floor(x[0]); }
/* The remainder, with the sign of the divisor. */
static double of_mod(const double *x)
{
    double rest = fmod(x[0], x[1]);
    return rest * x[1] < 0 ? rest + x[1] : rest;
}
static double of_sin(const double *x) { return sin(x[0]); }
static double of_cos(const double *x) { return cos(x[0]); }
static double of_pow(const double *x) { return pow(x[0], x[1]); }
static double of_min(const double *x) { return smaller(x[0], x[1]); }
static double of_max(const double *x) { return larger(x[0], x[1]); }
static double of_clip(const double *x) { return clip(x[0], x[1], x[2]); }
static double of_where(const double *x) { return x[0] != 0 ? x[1] : x[2]; }
static double of_dropout(const double *x) { return x[0]; } /* the identity outside training */
static double of_stop_gradient(const double *x) { return x[0]; }
static double of_copy(const double *x) { return x[0]; }

typedef double function(const double *operands);

#define FUNCTION_LEAF(id)        NULL
#define FUNCTION_ELEMENTWISE(id) of_##id
#define FUNCTION_COLUMN(id)      NULL
#define FUNCTION_PRODUCT(id)     NULL
#define FUNCTION_MOVE(id)        NULL
#define FUNCTION_OVER_TIME(id)   NULL
#define FUNCTION_LOSS(id)        NULL

static function *const functions[OP_COUNT] = {
#define OP(id, name, class, ...) [OP_##id] = FUNCTION_##class(id),
#include "base/op.def"
#undef OP
};

double oracle_elementwise(enum op op, const double *operands) { return functions[op](operands); }
