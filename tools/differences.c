#include "differences.h"

#include <float.h>
#include <math.h>

enum { STEPS = 14 };

/* Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982), 75-76:
 * Neville's tableau of the differences over ever smaller steps, extrapolated to a step of 0. table[i][j] comes from
 * steps i-j .. i alone, so that a kink further away than step i-j, as of relu, is not seen by it: unlike Ridders we do
 * not stop where the error grows. */
struct difference difference_estimate(double (*f)(void *context, double x), void *context, double step, double enough)
{
    double table[STEPS][STEPS];
    struct difference best = {NAN, INFINITY};
    for (int i = 0; i < STEPS && !(best.error <= enough); i++, step /= 2) {
        double ahead = f(context, step), behind = f(context, -step), power = 1;
        table[i][0] = (ahead - behind) / (2 * step);
        /* What rounding of f leaves uncertain, also where differences agree because both are the same few digits. */
        double rounding = 4 * DBL_EPSILON * fmax(fabs(ahead), fabs(behind)) / step;
        for (int j = 1; j <= i; j++) {
            power *= 4;
            table[i][j] = table[i][j - 1] + (table[i][j - 1] - table[i - 1][j - 1]) / (power - 1);
            double error =
                fmax(fabs(table[i][j] - table[i][j - 1]), fabs(table[i][j] - table[i - 1][j - 1])) + rounding;
            if (isfinite(table[i][j]) && error <= best.error)
                best = (struct difference){table[i][j], error};
        }
    }
    return best;
}
