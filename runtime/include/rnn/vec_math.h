/* The transcendental operations of vec.h, which includes this file.
 *
 * In float they are polynomials on lanes, without branches; sigmoid, tanh and elu divide once. The coefficients are
 * minimax (Remez) on the interval given with each. Errors, with or without fused multiply-add: exp 2e-7 relative;
 * sigmoid, tanh, 2e-7 absolute; tanh, elu, log, softplus 3e-7 of the result; silu, gelu 2e-7 of the argument. Limits at
 * the infinities are exact. In double they are libm's, lane by lane.
 */
#ifndef RNN_VEC_MATH_H
#define RNN_VEC_MATH_H

#ifndef RNN_VEC_H
#error "include rnn/vec.h"
#endif

#ifdef RNN_REAL_DOUBLE

RNN_INLINE rnn_real rnn_exp(rnn_real x) { return exp(x); }
RNN_INLINE rnn_real rnn_log(rnn_real x) { return log(x); }
RNN_INLINE rnn_real rnn_tanh(rnn_real x) { return tanh(x); }
RNN_INLINE rnn_real rnn_sigmoid(rnn_real x) { return 1 / (1 + exp(-x)); }
RNN_INLINE rnn_real rnn_elu(rnn_real x, rnn_real alpha) { return x > 0 ? x : alpha * expm1(x); }
RNN_INLINE rnn_real rnn_softplus(rnn_real x) { return rnn_relu(x) + log1p(exp(-fabs(x))); }
RNN_INLINE rnn_real rnn_softsign(rnn_real x) { return isinf(x) ? copysign(1, x) : x / (1 + fabs(x)); }
/* Below the bounds the results are smaller than the least double. */
RNN_INLINE rnn_real rnn_silu(rnn_real x) { return x < -1000 ? -0.0 : x / (1 + exp(-x)); }
RNN_INLINE rnn_real rnn_gelu(rnn_real x) { return x < -40 ? -0.0 : 0.5 * x * erfc(x * -0.70710678118654752440); }

#define RNN_BY_LANES(name)                                                                                             \
    RNN_INLINE rnn_vec rnn_vec_##name(rnn_vec x)                                                                       \
    {                                                                                                                  \
        for (int i = 0; i < RNN_LANES; i++)                                                                            \
            RNN_LANE(x, i) = rnn_##name(RNN_LANE(x, i));                                                               \
        return x;                                                                                                      \
    }
RNN_BY_LANES(exp)
RNN_BY_LANES(log)
RNN_BY_LANES(tanh)
RNN_BY_LANES(sigmoid)
RNN_BY_LANES(softplus)
RNN_BY_LANES(softsign)
RNN_BY_LANES(silu)
RNN_BY_LANES(gelu)
#undef RNN_BY_LANES

RNN_INLINE rnn_vec rnn_vec_elu(rnn_vec x, rnn_vec alpha)
{
    for (int i = 0; i < RNN_LANES; i++)
        RNN_LANE(x, i) = rnn_elu(RNN_LANE(x, i), RNN_LANE(alpha, i));
    return x;
}

#else

/* c[0] + x*c[1] + x^2*c[2] + ..., a constant number of them: unrolled wherever it is inlined. Two at a time, which is
 * half as many steps in a row as one by one. */
#define RNN_POLYNOMIAL(x, ...)                                                                                         \
    rnn_vec_polynomial(x, (const float[]){__VA_ARGS__}, (int)(sizeof((const float[]){__VA_ARGS__}) / sizeof(float)))

RNN_INLINE rnn_vec rnn_vec_polynomial(rnn_vec x, const float *c, int count)
{
    const rnn_vec square = x * x;
    int i = (count - 1) / 2 * 2;
    rnn_vec p = rnn_vec_splat(c[i]);
    if (i + 1 < count)
        p = rnn_vec_madd(x, rnn_vec_splat(c[i + 1]), p);
    RNN_UNROLL(8)
    for (i -= 2; i >= 0; i -= 2)
        p = rnn_vec_madd(square, p, rnn_vec_madd(x, rnn_vec_splat(c[i + 1]), rnn_vec_splat(c[i])));
    return p;
}

/* ---- powers of two ----
 *
 * rnn_vec_floor_near(y) floor(y), for |y| < 2^22 at least
 * rnn_vec_limit(y)      y, kept where fraction and scale are right
 * rnn_vec_fraction(y)   y - floor(y), in [0, 1); 0 at the infinities where limit lets them pass
 * rnn_vec_scale(p, y)   p * 2^floor(y); below the least normal number it may be 0
 * rnn_vec_scale_wide    the same for y in -200 .. 200, rounded correctly into the subnormal numbers
 */
#if defined(RNN_LANES_AVX512)

#if defined(__AVX512DQ__)
RNN_INLINE rnn_vec rnn_vec_limit(rnn_vec y) { return y; }
RNN_INLINE rnn_vec rnn_vec_fraction(rnn_vec y) { return (rnn_vec)_mm512_reduce_ps((__m512)y, _MM_FROUND_TO_NEG_INF); }
#else
RNN_INLINE rnn_vec rnn_vec_limit(rnn_vec y) { return rnn_vec_bound(y, -200, 200); }

RNN_INLINE rnn_vec rnn_vec_fraction(rnn_vec y)
{
    return y - (rnn_vec)_mm512_roundscale_ps((__m512)y, _MM_FROUND_TO_NEG_INF);
}
#endif

RNN_INLINE rnn_vec rnn_vec_floor_near(rnn_vec y)
{
    return (rnn_vec)_mm512_roundscale_ps((__m512)y, _MM_FROUND_TO_NEG_INF);
}

RNN_INLINE rnn_vec rnn_vec_scale(rnn_vec p, rnn_vec y) { return (rnn_vec)_mm512_scalef_ps((__m512)p, (__m512)y); }
RNN_INLINE rnn_vec rnn_vec_scale_wide(rnn_vec p, rnn_vec y) { return rnn_vec_scale(p, y); }

#else

RNN_INLINE rnn_vec rnn_vec_limit(rnn_vec y) { return rnn_vec_bound(y, -127, 128); }

/* floor(y) for |y| < 2^22. Without an instruction for it: the last place of 1.5 * 2^23 is 1, so adding it leaves the
 * integer nearest to y in the low bits, one too many where it is above y (a mask is -1). The integer is taken from the
 * bits, where no optimisation of the sum can undo it and NaN is harmless. */
RNN_INLINE rnn_vec_int rnn_vec_floor_int(rnn_vec y)
{
#if defined(RNN_LANES_AVX)
    return (rnn_vec_int)_mm256_cvtps_epi32(_mm256_floor_ps((__m256)y));
#else
    rnn_vec_bits bits = rnn_bits_of(y + rnn_vec_splat(12582912.0f)) - UINT32_C(0x4b400000);
    rnn_vec_int nearest = (rnn_vec_int)bits;
    return nearest + rnn_mask_lt(y, rnn_of_whole(nearest));
#endif
}

RNN_INLINE rnn_vec rnn_vec_floor_near(rnn_vec y)
{
#if defined(RNN_LANES_AVX)
    return (rnn_vec)_mm256_floor_ps((__m256)y);
#else
    return rnn_of_whole(rnn_vec_floor_int(y));
#endif
}

RNN_INLINE rnn_vec rnn_vec_fraction(rnn_vec y) { return y - rnn_vec_floor_near(y); }

/* 2^n for n in -126 .. 127; -127 gives 0 and 128 infinity. */
RNN_INLINE rnn_vec rnn_vec_power_of_two(rnn_vec_int n) { return rnn_of_bits(((rnn_vec_bits)n + 127u) << 23); }
RNN_INLINE rnn_vec rnn_vec_scale(rnn_vec p, rnn_vec y) { return p * rnn_vec_power_of_two(rnn_vec_floor_int(y)); }

RNN_INLINE rnn_vec rnn_vec_scale_wide(rnn_vec p, rnn_vec y)
{
    rnn_vec_int n = rnn_vec_floor_int(y), half = n >> 1;
    return p * rnn_vec_power_of_two(half) * rnn_vec_power_of_two(n - half);
}

#endif

#define RNN_LOG2E 1.44269504088896341f

/* 2^y to 1.5e-7; 0 or infinity beyond what float holds. Of degree 5 on [0, 1]: 7.5e-8. */
RNN_INLINE rnn_vec rnn_vec_exp2(rnn_vec y)
{
    y = rnn_vec_limit(y);
    rnn_vec p = RNN_POLYNOMIAL(rnn_vec_fraction(y), 0.9999999251f, 0.6931530728f, 0.2401536203f, 0.05582630843f,
                               0.008989351224f, 0.001877572267f);
    return rnn_vec_scale(p, y);
}

/* (2^y - 1) / (2^y + c) for y >= 0, to a few 1e-7 of itself however small y is; y above 30 count as 30.
 * With y = n + f, 2^y - 1 is 2^n * (2^f - 1) + (2^n - 1), a sum of what is never negative. (2^f - 1) / f on [0, 1]:
 * 1.2e-8. */
RNN_INLINE rnn_vec rnn_vec_exp2_ratio(rnn_vec y, rnn_real c)
{
    y = rnn_vec_lesser(rnn_vec_splat(30), y);
    rnn_vec f = rnn_vec_fraction(y), one = rnn_vec_splat(1), power = rnn_vec_scale(one, y), part = power * f;
    rnn_vec q = RNN_POLYNOMIAL(f, 0.6931471721f, 0.2402271382f, 0.05549656502f, 0.009650651085f, 0.001271005591f,
                               0.0002074558287f);
    return rnn_vec_madd(part, q, power - one) / rnn_vec_madd(part, q, power + rnn_vec_splat(c));
}

/* ---- the operations ---- */

/* e^x = 2^n * e^r, n = floor(x / ln 2); ln 2 in two parts, so that n times the first is exact. (e^r - 1) / r on [0, ln
 * 2]: 3e-9. */
RNN_INLINE rnn_vec rnn_vec_exp(rnn_vec x)
{
    x = rnn_vec_bound(x, -105, 89);
    rnn_vec n = rnn_vec_floor_near(x * rnn_vec_splat(RNN_LOG2E));
    rnn_vec r =
        rnn_vec_madd(n, rnn_vec_splat(2.12194440054690583e-4f), rnn_vec_madd(n, rnn_vec_splat(-0.693359375f), x));
    rnn_vec q = RNN_POLYNOMIAL(r, 0.9999998784f, 0.5000044605f, 0.1666185897f, 0.04189157345f, 0.007822095189f,
                               0.001934525024f);
    return rnn_vec_scale_wide(rnn_vec_madd(r, q, rnn_vec_splat(1)), n);
}

RNN_INLINE rnn_vec rnn_vec_sigmoid(rnn_vec x)
{
    return rnn_vec_splat(1) / (rnn_vec_splat(1) + rnn_vec_exp2(x * rnn_vec_splat(-RNN_LOG2E)));
}

/* tanh |x| = (e^(2|x|) - 1) / (e^(2|x|) + 1). */
RNN_INLINE rnn_vec rnn_vec_tanh(rnn_vec x)
{
    rnn_vec size = rnn_vec_exp2_ratio(rnn_vec_abs(x) * rnn_vec_splat(2 * RNN_LOG2E), 1);
    return rnn_of_bits(rnn_bits_of(size) | (rnn_bits_of(x) & (RNN_SIGN_BIT - (rnn_vec_bits){0})));
}

/* e^-|x| - 1 = -(e^|x| - 1) / e^|x|. */
RNN_INLINE rnn_vec rnn_vec_elu(rnn_vec x, rnn_vec alpha)
{
    rnn_vec size = rnn_vec_exp2_ratio(rnn_vec_abs(x) * rnn_vec_splat(RNN_LOG2E), 0);
    return rnn_vec_pick(rnn_mask_lt(x, rnn_vec_splat(0)), -alpha * size, x);
}

/* 2*atanh(z) for |z| <= 1/3, from (2*atanh(z)/z - 2) / z^2 on [0, 1/9]: 1.2e-10. */
RNN_INLINE rnn_vec rnn_vec_twice_atanh(rnn_vec z)
{
    rnn_vec s = z * z;
    rnn_vec p = RNN_POLYNOMIAL(s, 0.666666742f, 0.3999898203f, 0.286143585f, 0.2145261354f, 0.2421417799f);
    return rnn_vec_madd(z, s * p, z + z);
}

/* x = 2^e * m with m in [sqrt(1/2), sqrt(2)), log m = 2*atanh((m - 1) / (m + 1)); subnormal x are scaled up first. */
RNN_INLINE rnn_vec rnn_vec_log(rnn_vec x)
{
    rnn_vec zero = rnn_vec_splat(0), one = rnn_vec_splat(1);
    rnn_mask small = rnn_mask_lt(x, rnn_vec_splat(1.17549435e-38f)); /* 2^-126; and times 2^23 */
    rnn_vec_bits bits = rnn_bits_of(rnn_vec_pick(small, x * rnn_vec_splat(8388608.0f), x)) - UINT32_C(0x3f3504f3);
    rnn_vec e = rnn_of_whole((rnn_vec_int)bits >> 23) - rnn_vec_pick(small, rnn_vec_splat(23), zero);
    rnn_vec m = rnn_of_bits((bits & UINT32_C(0x007fffff)) + UINT32_C(0x3f3504f3));
    rnn_vec y = rnn_vec_madd(e, rnn_vec_splat(-2.12194440054690583e-4f), rnn_vec_twice_atanh((m - one) / (m + one)));
    y = rnn_vec_madd(e, rnn_vec_splat(0.693359375f), y);
    y = rnn_vec_pick(rnn_mask_lt(x, rnn_vec_splat(INFINITY)), y, x); /* infinity and NaN stay */
    y = rnn_vec_pick(rnn_mask_lt(x, zero), rnn_vec_splat(NAN), y);
    return rnn_vec_pick(rnn_mask_eq(x, zero), rnn_vec_splat(-INFINITY), y);
}

/* max(x, 0) + log(1 + u), u = e^-|x|, with log(1 + u) = 2*atanh(u / (2 + u)). */
RNN_INLINE rnn_vec rnn_vec_softplus(rnn_vec x)
{
    rnn_vec u = rnn_vec_exp(-rnn_vec_abs(x));
    return rnn_vec_relu(x) + rnn_vec_twice_atanh(u / (u + rnn_vec_splat(2)));
}

/* The bounds of the three below only keep infinity from meeting infinity or 0. */
RNN_INLINE rnn_vec rnn_vec_softsign(rnn_vec x)
{
    x = rnn_vec_bound(x, -1e38f, 1e38f);
    return x / (rnn_vec_splat(1) + rnn_vec_abs(x));
}

RNN_INLINE rnn_vec rnn_vec_silu(rnn_vec x)
{
    rnn_vec bounded = rnn_vec_greater(rnn_vec_splat(-1000), x);
    return bounded / (rnn_vec_splat(1) + rnn_vec_exp2(bounded * rnn_vec_splat(-RNN_LOG2E)));
}

/* x * Phi(x), Phi the normal distribution, exactly (no tanh): with a = |x| and y(a) = -log2(2 * Phi(-a)), a smooth
 * function, it is max(x, 0) - a * 2^-(1 + y). y / a on [0, 6], weighted for the error of the result: 1.4e-8. */
RNN_INLINE rnn_vec rnn_vec_gelu(rnn_vec x)
{
    rnn_vec a = rnn_vec_lesser(rnn_vec_splat(12), rnn_vec_abs(x));
    rnn_vec y = a * RNN_POLYNOMIAL(a, -1.151110775f, -0.4591601144f, -0.05264114321f, 0.007271800044f,
                                   -0.0002960001132f, -0.0001203652493f, 2.550778476e-5f, -1.673706928e-6f);
    return rnn_vec_madd(-a, rnn_vec_exp2(y - rnn_vec_splat(1)), rnn_vec_relu(x));
}

#define RNN_OF_ONE(name)                                                                                               \
    RNN_INLINE rnn_real rnn_##name(rnn_real x) { return rnn_first_lane(rnn_vec_##name(rnn_vec_splat(x))); }
RNN_OF_ONE(exp)
RNN_OF_ONE(log)
RNN_OF_ONE(tanh)
RNN_OF_ONE(sigmoid)
RNN_OF_ONE(softplus)
RNN_OF_ONE(softsign)
RNN_OF_ONE(silu)
RNN_OF_ONE(gelu)
#undef RNN_OF_ONE

RNN_INLINE rnn_real rnn_elu(rnn_real x, rnn_real alpha)
{
    return rnn_first_lane(rnn_vec_elu(rnn_vec_splat(x), rnn_vec_splat(alpha)));
}

#endif

#endif
