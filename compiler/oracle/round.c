/* Rounding to float, as a network computes. */
#include <float.h>
#include <math.h>

#include "base/random.h"
#include "oracle/evaluation.h"

double oracle_round(const struct oracle_call *call, double x)
{
    float near = (float)x;
    if (call->rounding && (double)near != x && isfinite(near) && random_bits(call->rounding) & 1)
        near = nextafterf(near, (double)near < x ? INFINITY : -INFINITY);
    return fabsf(near) < FLT_MIN ? 0 : near; /* networks flush subnormals */
}
