/* Operations of vec.h whose arguments may be of any size: floor, sign, mod, sin, cos, pow. vec.h includes this file.
 *
 * In float, mod, sin, cos and pow compute in double, half of the lanes at a time, without branches for arguments of
 * common sizes; all others go through libm, or without a C library through rnn/vec_far.h, lane by lane. Results are
 * within 6.1e-8 of themselves, a rounding to float, and floor, sign and mod are exact but for that rounding. In double
 * they are libm's, lane by lane.
 *
 *   floor(x)    the greatest whole number up to x
 *   sign(x)     -1, 0 or 1
 *   mod(a, b)   a - b * floor(a / b): of b's sign; NaN for b = 0
 *   pow(a, b)   as C has it: NaN for a < 0 unless b is whole, 1 for b = 0, infinite for a = 0 and b < 0 */
#ifndef RNN_VEC_WIDE_H
#define RNN_VEC_WIDE_H

#ifndef RNN_VEC_H
#error "include rnn/vec.h"
#endif

RNN_INLINE rnn_real rnn_sign(rnn_real x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

RNN_INLINE rnn_vec rnn_vec_sign(rnn_vec x)
{
    const rnn_vec zero = rnn_vec_splat(0);
    rnn_vec negative = rnn_vec_pick(rnn_mask_lt(x, zero), rnn_vec_splat(-1), x);
    return rnn_vec_pick(rnn_mask_lt(zero, x), rnn_vec_splat(1), negative);
}

#ifdef RNN_REAL_DOUBLE

RNN_INLINE double rnn_exact_mod(double a, double b)
{
    double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

RNN_INLINE rnn_real rnn_floor(rnn_real x) { return floor(x); }
RNN_INLINE rnn_real rnn_sin(rnn_real x) { return sin(x); }
RNN_INLINE rnn_real rnn_cos(rnn_real x) { return cos(x); }
RNN_INLINE rnn_real rnn_mod(rnn_real a, rnn_real b) { return rnn_exact_mod(a, b); }
RNN_INLINE rnn_real rnn_pow(rnn_real a, rnn_real b) { return pow(a, b); }

RNN_INLINE rnn_vec rnn_vec_floor(rnn_vec x)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(x, i) = rnn_floor(RNN_LANE(x, i));
    return x;
}

RNN_INLINE rnn_vec rnn_vec_sin(rnn_vec x)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(x, i) = rnn_sin(RNN_LANE(x, i));
    return x;
}

RNN_INLINE rnn_vec rnn_vec_cos(rnn_vec x)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(x, i) = rnn_cos(RNN_LANE(x, i));
    return x;
}

RNN_INLINE rnn_vec rnn_vec_mod(rnn_vec a, rnn_vec b)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(a, i) = rnn_mod(RNN_LANE(a, i), RNN_LANE(b, i));
    return a;
}

RNN_INLINE rnn_vec rnn_vec_pow(rnn_vec a, rnn_vec b)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(a, i) = rnn_pow(RNN_LANE(a, i), RNN_LANE(b, i));
    return a;
}

#else

RNN_INLINE rnn_vec rnn_vec_floor(rnn_vec x)
{
#if defined(RNN_LANES_AVX512)
    return rnn_vec_floor_near(x);
#elif defined(RNN_LANES_AVX)
    return (rnn_vec)_mm256_floor_ps((__m256)x);
#else /* from 2^22 on, where floor_near ends, halves are left; from 2^23 on every number is whole */
    const rnn_vec most = rnn_vec_splat(4194304.0f), size = rnn_vec_abs(x); /* 2^22 */
    rnn_vec_bits sign = rnn_bits_of(x) & (RNN_SIGN_BIT - (rnn_vec_bits){0});
    rnn_vec near = rnn_vec_floor_near(rnn_vec_pick(rnn_mask_lt(size, most), x, rnn_vec_splat(0)));
    rnn_vec whole = rnn_of_bits(rnn_bits_of(x) & ~((rnn_vec_bits){0} + 1u)); /* towards 0: the last place is 1/2 */
    rnn_vec lower = rnn_vec_pick(rnn_mask_lt(x, whole), whole - rnn_vec_splat(1), whole);
    rnn_vec far = rnn_vec_pick(rnn_mask_lt(size, rnn_vec_splat(8388608.0f)), lower, x);
    return rnn_of_bits(rnn_bits_of(rnn_vec_pick(rnn_mask_lt(size, most), near, far)) | sign);
#endif
}

RNN_INLINE rnn_real rnn_floor(rnn_real x) { return rnn_first_lane(rnn_vec_floor(rnn_vec_splat(x))); }

/* ---- half of the lanes, as double ----
 *
 * A lane of one number is one double, whichever half is asked for; functions are then not inlined, as without
 * instructions for double each operation is a call. */
#ifdef RNN_PLAIN_C

#define RNN_WIDE_INLINE RNN_OUTLINE
typedef double rnn_wide;
typedef int64_t rnn_wide_int;
typedef uint64_t rnn_wide_bits;

RNN_INLINE rnn_wide rnn_wide_splat(double x) { return x; }
RNN_INLINE rnn_wide rnn_widen(rnn_vec x, int half) { return half ? 0 : (double)x; }

RNN_INLINE rnn_vec rnn_narrow(rnn_wide first, rnn_wide second)
{
    (void)second;
    return (rnn_vec)first;
}

RNN_INLINE rnn_wide_bits rnn_wide_bits_of(rnn_wide x)
{
    rnn_wide_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

RNN_INLINE rnn_wide rnn_wide_of_bits(rnn_wide_bits bits)
{
    rnn_wide x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

RNN_INLINE rnn_wide_int rnn_wide_lt(rnn_wide a, rnn_wide b) { return -(a < b); }
RNN_INLINE rnn_wide_int rnn_wide_eq(rnn_wide a, rnn_wide b) { return -(a == b); }

#else

#define RNN_WIDE_INLINE RNN_INLINE
typedef float rnn_half __attribute__((vector_size(RNN_VECTOR_BYTES / 2)));
typedef double rnn_wide __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef int64_t rnn_wide_int __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef uint64_t rnn_wide_bits __attribute__((vector_size(RNN_VECTOR_BYTES)));

typedef union {
    rnn_vec whole;
    rnn_half halves[2];
} rnn_in_halves;

RNN_INLINE rnn_wide rnn_wide_splat(double x) { return x - (rnn_wide){0}; }

RNN_INLINE rnn_wide rnn_widen(rnn_vec x, int half)
{
    rnn_in_halves in = {x};
    return __builtin_convertvector(in.halves[half], rnn_wide);
}

RNN_INLINE rnn_vec rnn_narrow(rnn_wide first, rnn_wide second)
{
    rnn_in_halves out;
    out.halves[0] = __builtin_convertvector(first, rnn_half);
    out.halves[1] = __builtin_convertvector(second, rnn_half);
    return out.whole;
}

RNN_INLINE rnn_wide_bits rnn_wide_bits_of(rnn_wide x) { return (rnn_wide_bits)x; }
RNN_INLINE rnn_wide rnn_wide_of_bits(rnn_wide_bits bits) { return (rnn_wide)bits; }
RNN_INLINE rnn_wide_int rnn_wide_lt(rnn_wide a, rnn_wide b) { return (rnn_wide_int)(a < b); }
RNN_INLINE rnn_wide_int rnn_wide_eq(rnn_wide a, rnn_wide b) { return (rnn_wide_int)(a == b); }

#endif

RNN_INLINE rnn_wide rnn_wide_pick(rnn_wide_int mask, rnn_wide a, rnn_wide b)
{
    return rnn_wide_of_bits(((rnn_wide_bits)mask & rnn_wide_bits_of(a)) | (~(rnn_wide_bits)mask & rnn_wide_bits_of(b)));
}

/* x + RNN_WIDE_WHOLE has the whole number nearest to x in its low bits; subtracting it again leaves that number. For
 * |x| < 2^51. */
#define RNN_WIDE_WHOLE 6755399441055744.0 /* 1.5 * 2^52 */

/* c[0] + x*c[1] + x^2*c[2] + ..., a constant number of them. */
RNN_INLINE rnn_wide rnn_wide_polynomial(rnn_wide x, const double *c, int count)
{
    rnn_wide p = rnn_wide_splat(c[count - 1]);
    RNN_UNROLL(16)
    for (int i = count - 2; i >= 0; i--)
        p = p * x + rnn_wide_splat(c[i]);
    return p;
}

/* True if |x| < most in all lanes. */
RNN_INLINE int rnn_vec_all_below(rnn_vec x, rnn_real most) { return rnn_vec_maximum(rnn_vec_abs(x)) < most; }

/* ---- sin, cos ----
 *
 * x = n * pi / 2 + r with |r| <= pi / 4, pi / 2 in two parts, so that n times the first, of 33 bits, is exact for
 * |x| < 2^20: what is left is r to 1e-16, and no float in there is nearer than 1e-9 to a multiple (Cody and Waite
 * 1980). Then Taylor's series, to 1e-11. */

#define RNN_ANGLE_MOST 1048576.0f /* 2^20 */

/* The sine of r + quadrant * pi / 2, of |r| <= pi / 4. */
RNN_WIDE_INLINE rnn_wide rnn_wide_near_sine(rnn_wide r, rnn_wide_bits quadrant)
{
    const double odd[] = {-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800};
    const double even[] = {-1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600};
    rnn_wide s = r * r;
    rnn_wide sine = r * (rnn_wide_splat(1) + s * rnn_wide_polynomial(s, odd, 5));
    rnn_wide cosine = rnn_wide_splat(1) + s * rnn_wide_polynomial(s, even, 6);
    rnn_wide y = rnn_wide_pick(-(rnn_wide_int)(quadrant & 1u), cosine, sine);
    return rnn_wide_of_bits(rnn_wide_bits_of(y) ^ (quadrant & 2u) << 62);
}

#ifdef RNN_FREESTANDING
#include "rnn/vec_far.h"
#else
RNN_INLINE double rnn_far_sine(double x, int quarters) { return quarters ? cos(x) : sin(x); }
RNN_INLINE double rnn_far_pow(double a, double b) { return pow(a, b); }

RNN_INLINE double rnn_exact_mod(double a, double b)
{
    double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
#endif

RNN_OUTLINE rnn_vec rnn_vec_far_sine(rnn_vec x, rnn_vec y, int quarters)
{
    for (int i = 0; i < RNN_LANES; i++)
        if (!(rnn_abs(RNN_LANE(x, i)) < RNN_ANGLE_MOST))
            RNN_LANE(y, i) = (rnn_real)rnn_far_sine((double)RNN_LANE(x, i), quarters);
    return y;
}

/* sin(x + quarters * pi / 2) */
RNN_INLINE rnn_wide rnn_wide_sine(rnn_wide x, int quarters)
{
    rnn_wide whole = x * rnn_wide_splat(0.63661977236758134308) + rnn_wide_splat(RNN_WIDE_WHOLE);
    rnn_wide n = whole - rnn_wide_splat(RNN_WIDE_WHOLE);
    rnn_wide r = (x - n * rnn_wide_splat(1.5707963267341256)) - n * rnn_wide_splat(6.077100506506192e-11);
    return rnn_wide_near_sine(r, rnn_wide_bits_of(whole) + (uint64_t)quarters);
}

RNN_WIDE_INLINE rnn_vec rnn_vec_sine(rnn_vec x, int quarters)
{
    rnn_vec y = rnn_narrow(rnn_wide_sine(rnn_widen(x, 0), quarters), rnn_wide_sine(rnn_widen(x, 1), quarters));
    return rnn_vec_all_below(x, RNN_ANGLE_MOST) ? y : rnn_vec_far_sine(x, y, quarters);
}

RNN_INLINE rnn_vec rnn_vec_sin(rnn_vec x) { return rnn_vec_sine(x, 0); }
RNN_INLINE rnn_vec rnn_vec_cos(rnn_vec x) { return rnn_vec_sine(x, 1); }

/* ---- mod ----
 *
 * The quotient of two floats is not nearer than 2^-24 to a whole number that it is not, so that below 2^28 double tells
 * them apart; the product with it has 52 bits. */

#define RNN_QUOTIENT_MOST 268435456.0f /* 2^28 */

RNN_OUTLINE rnn_vec rnn_vec_far_mod(rnn_vec a, rnn_vec b, rnn_vec quotient, rnn_vec y)
{
    for (int i = 0; i < RNN_LANES; i++)
        if (!(rnn_abs(RNN_LANE(quotient, i)) < RNN_QUOTIENT_MOST) || !(rnn_abs(RNN_LANE(b, i)) < INFINITY))
            RNN_LANE(y, i) = (rnn_real)rnn_exact_mod((double)RNN_LANE(a, i), (double)RNN_LANE(b, i));
    return y;
}

RNN_INLINE rnn_wide rnn_wide_mod(rnn_wide a, rnn_wide b)
{
    rnn_wide quotient = a / b;
    rnn_wide n = quotient + rnn_wide_splat(RNN_WIDE_WHOLE) - rnn_wide_splat(RNN_WIDE_WHOLE);
    n += rnn_wide_pick(rnn_wide_lt(quotient, n), rnn_wide_splat(-1), rnn_wide_splat(0));
    return a - n * b;
}

RNN_WIDE_INLINE rnn_vec rnn_vec_mod(rnn_vec a, rnn_vec b)
{
    rnn_wide a0 = rnn_widen(a, 0), a1 = rnn_widen(a, 1), b0 = rnn_widen(b, 0), b1 = rnn_widen(b, 1);
    rnn_vec y = rnn_narrow(rnn_wide_mod(a0, b0), rnn_wide_mod(a1, b1)), quotient = rnn_narrow(a0 / b0, a1 / b1);
    return rnn_vec_all_below(quotient, RNN_QUOTIENT_MOST) && rnn_vec_all_below(b, INFINITY)
               ? y
               : rnn_vec_far_mod(a, b, quotient, y);
}

/* ---- pow ----
 *
 * 2^(b * log2 |a|), with the sign that a whole b gives. |a| = 2^e * m with m in [sqrt(1/2), sqrt(2)), log m =
 * 2*atanh((m - 1) / (m + 1)); series to 2e-12. */

RNN_OUTLINE rnn_vec rnn_vec_odd_pow(rnn_vec a, rnn_vec b, rnn_vec y)
{
    for (int i = 0; i < RNN_LANES; i++)
        if (!(rnn_abs(RNN_LANE(a, i)) < INFINITY) || !(rnn_abs(RNN_LANE(b, i)) < INFINITY))
            RNN_LANE(y, i) = (rnn_real)rnn_far_pow((double)RNN_LANE(a, i), (double)RNN_LANE(b, i));
    return y;
}

/* log2 of x >= 0, finite. Of 0 it is so low that any float times it is beyond what float can hold. */
RNN_INLINE rnn_wide rnn_wide_log2(rnn_wide x)
{
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd);
    rnn_wide_bits bits = rnn_wide_bits_of(x) - root_half;
    rnn_wide_bits whole = (rnn_wide_bits)((rnn_wide_int)bits >> 52) + rnn_wide_bits_of(rnn_wide_splat(RNN_WIDE_WHOLE));
    rnn_wide e = rnn_wide_of_bits(whole) - rnn_wide_splat(RNN_WIDE_WHOLE);
    rnn_wide m = rnn_wide_of_bits((bits & UINT64_C(0x000fffffffffffff)) + root_half);
    rnn_wide z = (m - rnn_wide_splat(1)) / (m + rnn_wide_splat(1));
    const double atanh_series[] = {1, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13};
    rnn_wide y = e + z * rnn_wide_splat(2 * 1.44269504088896340736) * rnn_wide_polynomial(z * z, atanh_series, 7);
    return rnn_wide_pick(rnn_wide_lt(rnn_wide_splat(0), x), y, rnn_wide_splat(-1e300));
}

/* Returns y within bounds; where it is NaN, the upper one. */
RNN_INLINE rnn_wide rnn_wide_bound(rnn_wide y, double most)
{
    y = rnn_wide_pick(rnn_wide_lt(y, rnn_wide_splat(most)), y, rnn_wide_splat(most));
    return rnn_wide_pick(rnn_wide_lt(rnn_wide_splat(-most), y), y, rnn_wide_splat(-most));
}

/* 2^y, the powers beyond 2^200 being as good as 2^200 */
RNN_INLINE rnn_wide rnn_wide_exp2(rnn_wide y)
{
    y = rnn_wide_bound(y, 200);
    rnn_wide whole = y + rnn_wide_splat(RNN_WIDE_WHOLE);
    rnn_wide f = (y - (whole - rnn_wide_splat(RNN_WIDE_WHOLE))) * rnn_wide_splat(0.69314718055994530942);
    const double exp_series[] = {1,         1,         1.0 / 2,    1.0 / 6,     1.0 / 24,
                                 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880};
    rnn_wide p = rnn_wide_polynomial(f, exp_series, 10);
    return rnn_wide_of_bits(rnn_wide_bits_of(p) + (rnn_wide_bits_of(whole) << 52));
}

/* Of finite numbers. Floats from 2^24 on are even. */
RNN_WIDE_INLINE rnn_wide rnn_wide_pow(rnn_wide a, rnn_wide b)
{
    rnn_wide exponent = rnn_wide_bound(b, 33554432.0);
    rnn_wide whole = exponent + rnn_wide_splat(RNN_WIDE_WHOLE);
    rnn_wide_int is_whole = rnn_wide_eq(whole - rnn_wide_splat(RNN_WIDE_WHOLE), exponent);
    rnn_wide_bits negative = rnn_wide_bits_of(a) >> 63;
    rnn_wide y = rnn_wide_exp2(b * rnn_wide_log2(rnn_wide_of_bits(rnn_wide_bits_of(a) << 1 >> 1)));
    y = rnn_wide_of_bits(rnn_wide_bits_of(y) |
                         ((negative & rnn_wide_bits_of(whole) & (rnn_wide_bits)is_whole & 1u) << 63));
    return rnn_wide_pick(rnn_wide_lt(a, rnn_wide_splat(0)) & ~is_whole, rnn_wide_splat((double)NAN), y);
}

RNN_WIDE_INLINE rnn_vec rnn_vec_pow(rnn_vec a, rnn_vec b)
{
    rnn_vec y =
        rnn_narrow(rnn_wide_pow(rnn_widen(a, 0), rnn_widen(b, 0)), rnn_wide_pow(rnn_widen(a, 1), rnn_widen(b, 1)));
    return rnn_vec_all_below(a, INFINITY) && rnn_vec_all_below(b, INFINITY) ? y : rnn_vec_odd_pow(a, b, y);
}

RNN_INLINE rnn_real rnn_sin(rnn_real x) { return rnn_first_lane(rnn_vec_sin(rnn_vec_splat(x))); }
RNN_INLINE rnn_real rnn_cos(rnn_real x) { return rnn_first_lane(rnn_vec_cos(rnn_vec_splat(x))); }

RNN_INLINE rnn_real rnn_mod(rnn_real a, rnn_real b)
{
    return rnn_first_lane(rnn_vec_mod(rnn_vec_splat(a), rnn_vec_splat(b)));
}

RNN_INLINE rnn_real rnn_pow(rnn_real a, rnn_real b)
{
    return rnn_first_lane(rnn_vec_pow(rnn_vec_splat(a), rnn_vec_splat(b)));
}

#endif

#endif
