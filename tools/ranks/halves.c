#include "ranks/halves.h"

#include <math.h>
#include <stdbool.h>

#include "rnn/stored_round.h"

static double get(const void *numbers, size_t place, int real_size)
{
    return real_size == (int)sizeof(double) ? ((const double *)numbers)[place]
                                            : (double)((const float *)numbers)[place];
}

int halves_find_exponent(const void *numbers, size_t count, int real_size)
{
    double largest = 0;
    bool finite = true;
    for (size_t k = 0; k < count; k++) {
        const double number = fabs(get(numbers, k, real_size));
        finite &= number < INFINITY;
        largest = number > largest ? number : largest;
    }
    return !finite ? HALVES_NOT_FINITE : largest == 0 ? HALVES_ALL_ZERO : ilogb(largest) + 1;
}

double halves_find_scale(int exponent, int ranks)
{
    enum { LARGEST_EXPONENT = 14, LARGEST_SHIFT = 1000 };
    const int spare = ilogb(ranks) + 1, shift = LARGEST_EXPONENT - spare - exponent;
    if (exponent == HALVES_ALL_ZERO || exponent == HALVES_NOT_FINITE)
        return 0;
    return ldexp(1, shift < LARGEST_SHIFT ? shift : LARGEST_SHIFT);
}

void halves_round(const void *numbers, size_t count, int real_size, double scale, uint16_t *halves)
{
    for (size_t k = 0; k < count; k++)
        halves[k] = scale == 0 ? 0 : rnn_f16_of_float((float)(get(numbers, k, real_size) * scale));
}

void halves_widen(const uint16_t *halves, size_t count, double scale, void *numbers, int real_size)
{
    for (size_t k = 0; k < count; k++) {
        const double number = (double)rnn_float_of_f16(halves[k]) / scale;
        if (real_size == (int)sizeof(double))
            ((double *)numbers)[k] = number;
        else
            ((float *)numbers)[k] = (float)number;
    }
}
