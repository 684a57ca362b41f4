/* Functions for which vec_wide.h asks libm, where there is no C library: numbers of float, as double, of sizes that are
 * not common. vec_wide.h includes this file. Each operation is exact, or to 1e-9 of the result. */
#ifndef RNN_VEC_FAR_H
#define RNN_VEC_FAR_H

RNN_INLINE uint64_t rnn_bits_of_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

RNN_INLINE double rnn_double_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

RNN_INLINE double rnn_size_of_double(double x) { return x < 0 ? -x : x; }

/* A float that is not 0, as digits * 2^exponent with 24 binary digits, of which the first is 1. */
typedef struct {
    uint32_t digits;
    int exponent;
} rnn_far_number;

RNN_INLINE rnn_far_number rnn_far_number_of(double x)
{
    const uint64_t bits = rnn_bits_of_double(x);
    rnn_far_number number;
    number.digits = (uint32_t)(bits >> 29 & 0x007fffffu) | 0x00800000u;
    number.exponent = (int)(bits >> 52 & 0x7ffu) - 1046;
    return number;
}

/* Returns sin(x), or cos(x) with quarters of 1, by the digits of 2 / pi that matter (Payne and Hanek 1983): x * 2 / pi
 * is a sum over these digits, in which those that give a multiple of 4 are left out, and 94 behind the point are
 * enough. */
RNN_OUTLINE double rnn_far_sine(double x, int quarters)
{
    static const uint32_t two_over_pi[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                           0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
    if (!(rnn_size_of_double(x) < (double)INFINITY))
        return (double)NAN;
    const rnn_far_number number = rnn_far_number_of(x);
    const int first = number.exponent + 30; /* of the table's digits, the one that gives 2 times the last of x */
    uint64_t parts[3];                      /* of 96 digits from there on, times those of x */
    for (int i = 0; i < 3; i++) {
        const uint32_t *const at = two_over_pi + first / 32 + i;
        parts[i] = (((uint64_t)at[0] << 32 | at[1]) << first % 32 >> 32) * number.digits;
    }
    const uint64_t turn = (parts[0] << 32) + parts[1] + (parts[2] >> 32); /* of 2^64, in quarters of 2^62 */
    uint64_t quadrant = (turn + (UINT64_C(1) << 61)) >> 62;
    double r = (double)(int64_t)(turn - (quadrant << 62)) * (2.168404344971009e-19 * 1.57079632679489661923);
    if (x < 0) {
        r = -r;
        quadrant = 4 - quadrant;
    }
    const rnn_wide y =
        rnn_wide_near_sine(rnn_wide_splat(r), rnn_wide_bits_of(rnn_wide_splat(0)) + (quadrant + (uint64_t)quarters));
    return RNN_LANE(y, 0);
}

/* Returns a - b * floor(a / b): the remainder digit by digit, as in a division by hand, eight at a time. */
RNN_OUTLINE double rnn_exact_mod(double a, double b)
{
    const double size = rnn_size_of_double(a), of = rnn_size_of_double(b);
    if (!(size < (double)INFINITY) || b != b || b == 0)
        return (double)NAN;
    double rest = size;
    if (size >= of) {
        const rnn_far_number divisor = rnn_far_number_of(b);
        rnn_far_number number = rnn_far_number_of(a);
        uint32_t left = number.digits % divisor.digits;
        for (int step; number.exponent > divisor.exponent; number.exponent -= step) {
            step = number.exponent - divisor.exponent < 8 ? number.exponent - divisor.exponent : 8;
            left = (left << step) % divisor.digits;
        }
        rest = (double)left * rnn_double_of_bits((uint64_t)(divisor.exponent + 1023) << 52);
    }
    rest = a < 0 ? -rest : rest;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* Returns a^b where one of them is NaN or infinite, as C's annex F has it. */
RNN_OUTLINE double rnn_far_pow(double a, double b)
{
    const double size = rnn_size_of_double(a), most = (double)INFINITY;
    if (b == 0 || a == 1)
        return 1;
    if (a != a || b != b)
        return (double)NAN;
    if (rnn_size_of_double(b) == most)
        return size == 1 ? 1 : (size < 1) == (b < 0) ? most : 0;
    const double result = b < 0 ? 0 : most;
    const int odd = rnn_size_of_double(b) < 16777216.0 && (double)(int32_t)b == b && (int32_t)b % 2 != 0;
    return a < 0 && odd ? -result : result;
}

#endif
