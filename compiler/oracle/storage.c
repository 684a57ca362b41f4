/* Storages: parameters in fewer bits, as docs/language.md says. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "oracle/evaluation.h"

/* The nearest number with so many binary digits, of equally near ones the even one. Below 2^least numbers are as far
 * apart as there; beyond the largest they become it. */
static double round_digits(double x, int digits, int least, double largest)
{
    if (x == 0 || !isfinite(x))
        return x;
    int exponent = ilogb(x);
    double step = ldexp(1, (exponent < least ? least : exponent) - (digits - 1));
    double near = nearbyint(x / step) * step;
    return fabs(near) > largest ? copysign(largest, x) : near;
}

static double round_whole(double x, double scale)
{
    double whole = nearbyint(x / scale);
    return whole > 127 ? 127 : whole < -127 ? -127 : whole;
}

/* The scale of a row of whole numbers: among largest / 127 .. largest / 134 that with the least sum of squared errors,
 * the first of equals. 127 of it are never infinite. */
static double find_scale(const double *row, long n)
{
    double largest = 0, best = 0, least = INFINITY;
    for (long j = 0; j < n; j++)
        largest = fmax(largest, fabs((double)(float)row[j]));
    if (largest < 0x1p-100)
        return 0;
    for (int i = 0; i < 8; i++) {
        double scale = (float)(largest / (127 + i)), sum = 0;
        if (isinf((float)(127 * scale)))
            scale = nextafterf((float)scale, 0);
        for (long j = 0; j < n; j++) {
            double x = (float)row[j], error = (float)(x - scale * round_whole(x, scale));
            sum += error * error;
        }
        if (sum < least) {
            least = sum;
            best = scale;
        }
    }
    return best;
}

static void round_row(const double *row, long n, double *out)
{
    for (long j = 0; j < n; j++)
        if (!isfinite(row[j])) {
            for (long i = 0; i < n; i++)
                out[i] = NAN;
            return;
        }
    double scale = find_scale(row, n);
    for (long j = 0; j < n; j++)
        out[j] = scale > 0 ? scale * round_whole((float)row[j], scale) : 0;
}

const double *oracle_store(struct arena *arena, const struct value *parameter, const double *numbers)
{
    long size = shape_size(&parameter->shape);
    int rank = parameter->shape.rank;
    double *out = ARENA_ARRAY(arena, double, size + 1);
    long n = rank ? parameter->shape.dim[rank - 1] : 1;
    for (long i = 0; i < size; i++)
        switch (parameter->storage) {
        case PRECISION_F16:
            out[i] = round_digits((float)numbers[i], 11, -14, 65504);
            break;
        case PRECISION_BF16:
            out[i] = round_digits((float)numbers[i], 8, -126, 0x1.fep127);
            break;
        case PRECISION_INT8:
            if (i % n == 0)
                round_row(numbers + i, n, out + i);
            break;
        case PRECISION_F32:
        case PRECISION_COUNT:
            out[i] = numbers[i];
        }
    return out;
}
