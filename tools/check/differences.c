#include "check/differences.h"

#include <float.h>
#include <math.h>

enum { STEPS = 14 };

/* The limit of a sequence over ever smaller steps, each half the one before: Neville's tableau. table[i][j] comes from
 * the steps i-j .. i alone, so that a kink further away than step i-j, as of relu, is not seen by it. */
struct tableau {
    double table[STEPS][STEPS];
    struct difference best;
};

/* Adds the value for step i, whose error is a series in step^p, step^(p + 2), ... with 2^p = `power`. */
static void tableau_add(struct tableau *tableau, int i, double value, double power, double rounding)
{
    double(*table)[STEPS] = tableau->table;
    table[i][0] = value;
    for (int j = 1; j <= i; j++, power *= 4) {
        table[i][j] = table[i][j - 1] + (table[i][j - 1] - table[i - 1][j - 1]) / (power - 1);
        double error = fmax(fabs(table[i][j] - table[i][j - 1]), fabs(table[i][j] - table[i - 1][j - 1])) + rounding;
        if (isfinite(table[i][j]) && error <= tableau->best.error)
            tableau->best = (struct difference){table[i][j], error};
    }
}

/* Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982), 75-76; unlike
 * there we do not stop where the error grows, for it may be a kink that is left behind. A kink at 0 itself, where two
 * operands of max are equal, does not show in central differences: but the slopes on both sides then differ. */
struct difference difference_estimate(double (*f)(void *context, double x), void *context, double step, double enough)
{
    struct tableau slope = {.best = {NAN, INFINITY}}, bend = {.best = {NAN, INFINITY}};
    const double here = f(context, 0);
    for (int i = 0; i < STEPS && !(slope.best.error <= enough && bend.best.error <= enough); i++, step /= 2) {
        double ahead = f(context, step), behind = f(context, -step);
        /* The uncertainty from rounding of f, also where differences agree because they are the same few digits. */
        double rounding = 4 * DBL_EPSILON * fmax(fabs(ahead), fabs(behind)) / step;
        tableau_add(&slope, i, (ahead - behind) / (2 * step), 4, rounding);
        tableau_add(&bend, i, (ahead - 2 * here + behind) / step, 2, rounding);
    }
    double error = slope.best.error + (isfinite(bend.best.error) ? fabs(bend.best.value) : INFINITY);
    return (struct difference){slope.best.value, error};
}
