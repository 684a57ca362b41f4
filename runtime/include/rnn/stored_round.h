/* Numbers as stored weights keep them: rounding to f16, bf16 and int8, and back. rnn/stored.h says to what. */
#ifndef RNN_STORED_ROUND_H
#define RNN_STORED_ROUND_H

#include "rnn/library.h"
#include "rnn/vec.h"

typedef enum { RNN_F32, RNN_F16, RNN_BF16, RNN_INT8 } rnn_storage; /* RNN_F32: rnn_real, not rounded */

/* Packed weights: bytes, aligned to RNN_VECTOR_BYTES. */
typedef unsigned char rnn_stored RNN_ATTRIBUTE(may_alias);

RNN_INLINE uint32_t rnn_bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

RNN_INLINE float rnn_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- f16 ---- */

/* Below 2^-14 the numbers are multiples of 2^-24, as floats from 1/2 to 1 are, so that adding 1/2 rounds to them. */
RNN_INLINE uint16_t rnn_f16_of_float(float x)
{
    const uint32_t bits = rnn_bits_of_float(x), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size >= 0x7f800000u)
        return (uint16_t)(sign | (size > 0x7f800000u ? 0x7e00u : 0x7c00u));
    if (size >= 0x477fe000u) /* 65504 */
        return (uint16_t)(sign | 0x7bffu);
    if (size < 0x38800000u)
        return (uint16_t)(sign | (rnn_bits_of_float(rnn_float_of_bits(size) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | (((size + 0xfffu + (size >> 13 & 1u)) >> 13) - (112u << 10)));
}

RNN_INLINE float rnn_float_of_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 0x3ffu;
    if (exponent == 0) {
        const float size = (float)fraction * 5.9604644775390625e-8f; /* 2^-24 */
        return rnn_float_of_bits(sign | rnn_bits_of_float(size));
    }
    return rnn_float_of_bits(sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13);
}

/* ---- bf16 ---- */

RNN_INLINE uint16_t rnn_bf16_of_float(float x)
{
    const uint32_t bits = rnn_bits_of_float(x), size = bits & 0x7fffffffu;
    if (size > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    if (size < 0x7f800000u && size > 0x7f7f0000u)
        return (uint16_t)((bits >> 16 & 0x8000u) | 0x7f7fu);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

RNN_INLINE float rnn_float_of_bf16(uint16_t half) { return rnn_float_of_bits((uint32_t)half << 16); }

/* ---- int8 ---- */

enum { RNN_INT8_SCALES = 8 };
#define RNN_INT8_LEAST      7.888609052210118e-31 /* 2^-100: rows whose numbers are all smaller are rows of zeros */
#define RNN_INT8_WHOLE      6755399441055744.0    /* 1.5 * 2^52: x + this - this is x rounded to a whole number */
#define RNN_INT8_MOST_FLOAT 3.4028235677973366e38 /* halfway from the largest float to 2^128 */

/* Returns max / (127 + i) as a float, or the float below where 127 of it would be infinite. */
RNN_INLINE float rnn_int8_scale_of(float most, int i)
{
    const float scale = (float)((double)most / (127 + i));
    return 127 * (double)scale < RNN_INT8_MOST_FLOAT ? scale : rnn_float_of_bits(rnn_bits_of_float(scale) - 1);
}

/* Returns the scale of a row of n numbers: of the RNN_INT8_SCALES that rnn_int8_scale_of has, i = 0, 1, ..., the one
 * whose rounded numbers have the least sum of squared errors, the first of equals. All in double, from the first number
 * to the last: q is x / scale rounded to a whole number, to nearest even, and cut off at +-127; an error is
 * x - scale * q, rounded to float, so that its square is exact. A row of numbers below 2^-100 has scale 0, one with NaN
 * or infinity NaN. Numbers in double are first rounded to float. */
#ifdef RNN_PLAIN_C
RNN_OUTLINE float rnn_int8_scale(const rnn_real *x, ptrdiff_t n)
{
    float most = 0, best = 0;
    double least = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const float size = rnn_float_of_bits(rnn_bits_of_float((float)x[j]) & 0x7fffffffu);
        if (!(size < INFINITY))
            return NAN;
        most = size > most ? size : most;
    }
    for (int i = 0; (double)most >= RNN_INT8_LEAST && i < RNN_INT8_SCALES; i++) {
        const double scale = (double)rnn_int8_scale_of(most, i);
        double sum = 0;
        for (ptrdiff_t j = 0; j < n; j++) {
            const double q = ((double)(float)x[j] / scale + RNN_INT8_WHOLE) - RNN_INT8_WHOLE;
            const double error = (double)(float)((double)(float)x[j] - scale * (q < -127 ? -127 : q > 127 ? 127 : q));
            sum += error * error;
        }
        if (i == 0 || sum < least) {
            best = (float)scale;
            least = sum;
        }
    }
    return best;
}
#else
RNN_OUTLINE float rnn_int8_scale(const rnn_real *x, ptrdiff_t n)
{
    enum { EACH = RNN_VECTOR_BYTES < 64 ? RNN_VECTOR_BYTES / 8 : 8, GROUPS = RNN_INT8_SCALES / EACH }; /* registers */
    typedef double scales __attribute__((vector_size(EACH * sizeof(double))));
    typedef int64_t masks __attribute__((vector_size(EACH * sizeof(double))));
    typedef float errors __attribute__((vector_size(EACH * sizeof(float))));
    const scales limit = 127 - (scales){0},
                 whole = RNN_INT8_WHOLE - (scales){0}; /* v + whole: v rounded to whole numbers */
    float most = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const float size = rnn_float_of_bits(rnn_bits_of_float((float)x[j]) & 0x7fffffffu);
        if (!(size < INFINITY))
            return NAN;
        most = size > most ? size : most;
    }
    if ((double)most < RNN_INT8_LEAST)
        return 0;
    scales scale[GROUPS], sum[GROUPS];
    for (int i = 0; i < RNN_INT8_SCALES; i++) {
        scale[i / EACH][i % EACH] = (double)rnn_int8_scale_of(most, i);
        sum[i / EACH][i % EACH] = 0;
    }
    for (ptrdiff_t j = 0; j < n; j++)
        for (int g = 0; g < GROUPS; g++) {
            const scales value = (double)(float)x[j] - (scales){0}, q = (value / scale[g] + whole) - whole;
            const masks below = (masks)(q < -limit), above = (masks)(q > limit);
            const masks within = ~(below | above) & (masks)q;
            const scales cut = (scales)(within | (below & (masks)-limit) | (above & (masks)limit));
            const scales error = value - scale[g] * cut;
            const scales rounded = __builtin_convertvector(__builtin_convertvector(error, errors), scales);
            sum[g] += rounded * rounded;
        }
    int best = 0;
    for (int i = 1; i < RNN_INT8_SCALES; i++)
        best = sum[i / EACH][i % EACH] < sum[best / EACH][best % EACH] ? i : best;
    return (float)scale[best / EACH][best % EACH];
}
#endif

/* Returns q of a number of a row with that scale. */
RNN_INLINE int rnn_int8_of_float(float x, float scale)
{
    if (!(scale > 0))
        return 0;
    const double whole = ((double)x / (double)scale + RNN_INT8_WHOLE) - RNN_INT8_WHOLE;
    return whole < -127 ? -127 : whole > 127 ? 127 : (int)whole;
}

/* ---- rows ---- */

/* Returns a number as it is stored; scale: of its row, for int8. */
RNN_INLINE rnn_real rnn_stored_round(rnn_real x, rnn_storage storage, float scale)
{
    switch (storage) {
    case RNN_F32:
        return x;
    case RNN_F16:
        return (rnn_real)rnn_float_of_f16(rnn_f16_of_float((float)x));
    case RNN_BF16:
        return (rnn_real)rnn_float_of_bf16(rnn_bf16_of_float((float)x));
    case RNN_INT8:
        return (rnn_real)scale * (rnn_real)rnn_int8_of_float((float)x, scale);
    }
    return x;
}

/* Returns 1 if none of n numbers is NaN or infinite, as floats: only such become int8. */
RNN_OUTLINE int rnn_all_finite(const rnn_real *x, size_t n)
{
    int fine = 1;
    for (size_t j = 0; j < n; j++)
        fine &= (rnn_bits_of_float((float)x[j]) & 0x7f800000u) != 0x7f800000u;
    return fine;
}

/* Rounds `rows` rows of n contiguous numbers each, which may be in place: what others than products read of a rounded
 * parameter. Returns 1; 0 if a number that becomes int8 is NaN or infinite: its row is then NaN. */
RNN_OUTLINE int rnn_round_rows(rnn_real *to, const rnn_real *from, rnn_storage storage, ptrdiff_t rows, ptrdiff_t n)
{
    int fine = 1;
    for (ptrdiff_t row = 0; row < rows; row++, to += n, from += n) {
        const float scale = storage == RNN_INT8 ? rnn_int8_scale(from, n) : 1;
        fine &= scale == scale;
        for (ptrdiff_t j = 0; j < n; j++)
            to[j] = rnn_stored_round(from[j], storage, scale);
    }
    return fine;
}

#endif
