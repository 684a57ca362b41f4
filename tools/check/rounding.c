#include "check/rounding.h"

#include <math.h>

double rounding_tolerance(const struct rounding *rounding, bool in_double)
{
    double lost = fmax(8 * rounding->here, 2.5 * rounding->nearby);
    /* A double has 29 more binary digits than a float, so the same operations err 2^29 times less. */
    return fmax((in_double ? 1e-12 : 1e-6) * rounding->scale, in_double ? ldexp(lost, -29) : lost);
}

double rounding_move(struct random *random, double number)
{
    return (float)(number * (1 + random_real(random, ldexp(1, -16))));
}
