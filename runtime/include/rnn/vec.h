/* Lanes: the vector type that emitted code computes with, and every elementwise operation of the language on it.
 *
 * `rnn_vec` holds RNN_LANES numbers of type rnn_real in RNN_VECTOR_BYTES bytes; + - * / and unary - are C's own. The
 * width follows the instruction set that the file is compiled for, or is set by -DRNN_VECTOR_BYTES=n (a power of two,
 * 16 or more). A column of n units lives in memory aligned to RNN_VECTOR_BYTES, with room for RNN_PAD(n) units.
 *
 * Each operation f exists twice, rnn_vec_f on lanes and rnn_f on one number, with the same results. A comparison gives
 * 1 or 0, and 0 where an operand is NaN (`ne`: 1). min, max, clip, relu and everything in vec_math.h and vec_wide.h
 * pass NaN on (but pow as C has it).
 *
 * Everything here is static, so that one program can hold the same network compiled for several instruction sets.
 * Nothing needs -ffast-math, and nothing is right with it: sums over time lose their digits, sigmoid(-90) is NaN.
 * Multiply-adds are written as such: ISO modes (-std=c11) of compilers make none. / */
#ifndef RNN_VEC_H
#define RNN_VEC_H

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "a network needs IEEE arithmetic: compile it with -fno-fast-math behind -ffast-math or -Ofast"
#endif
/* No macro tells clang's -fassociative-math and -funsafe-math-optimizations. */
#if defined(__clang__) && __clang_major__ >= 14
#pragma clang fp reassociate(off)
#endif

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "rnn/real.h"

#ifndef RNN_VECTOR_BYTES
#if defined(__AVX512F__)
#define RNN_VECTOR_BYTES 64
#elif defined(__AVX__)
#define RNN_VECTOR_BYTES 32
#else
#define RNN_VECTOR_BYTES 16
#endif
#endif
#if RNN_VECTOR_BYTES < 16 || (RNN_VECTOR_BYTES & (RNN_VECTOR_BYTES - 1))
#error "RNN_VECTOR_BYTES has to be a power of two, 16 or more"
#endif

/* Kernels are made for their call: sizes become constants, sums stay in registers. A compiler that does not optimise
 * has nothing from it but several times the code. */
#ifdef __OPTIMIZE__
#define RNN_INLINE static inline __attribute__((always_inline, unused))
#else
#define RNN_INLINE static inline __attribute__((unused))
#endif

/* A function that keeps registers of its own: its caller's need not fit beside them. */
#define RNN_OUTLINE static __attribute__((noinline, unused))

/* In front of a loop of `most` turns or fewer, as many as its call makes a constant: written out, so that accumulators
 * in arrays become registers. RNN_UNROLL_PART: `count` turns at a time. */
#define RNN_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define RNN_UNROLL(most)       RNN_PRAGMA(clang loop unroll(full))
#define RNN_UNROLL_PART(count) RNN_PRAGMA(clang loop unroll_count(count))
#else
#define RNN_UNROLL(most)       RNN_PRAGMA(GCC unroll most)
#define RNN_UNROLL_PART(count) RNN_PRAGMA(GCC unroll count)
#endif

/* Lanes wider than the machine's registers only pass between functions that are inlined or static: no ABI is involved.
 */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef rnn_real rnn_vec __attribute__((vector_size(RNN_VECTOR_BYTES)));

#ifdef RNN_REAL_DOUBLE
typedef int64_t rnn_vec_int __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef uint64_t rnn_vec_bits __attribute__((vector_size(RNN_VECTOR_BYTES)));
#define RNN_SIGN_BIT (UINT64_C(1) << 63)
#else
typedef int32_t rnn_vec_int __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef uint32_t rnn_vec_bits __attribute__((vector_size(RNN_VECTOR_BYTES)));
#define RNN_SIGN_BIT (UINT32_C(1) << 31)
#endif

#define RNN_LANES ((int)(RNN_VECTOR_BYTES / sizeof(rnn_real)))
/* The least multiple of RNN_LANES that is n or more; a constant where n is one, of the type of n. */
#define RNN_PAD(n) (((n) + (RNN_LANES - 1)) / RNN_LANES * RNN_LANES)

/* x in every lane. Subtracting 0 keeps -0 and costs nothing; adding 0 would do neither. */
RNN_INLINE rnn_vec rnn_vec_splat(rnn_real x) { return x - (rnn_vec){0}; }

/* ---- multiply-add ----
 *
 * rnn_madd(a, b, c)    a * b + c, rounded once where the machine can; rnn_vec_madd the same on lanes. Lanes wider than
 *                      the machine's registers, and machines not listed here, have what the compiler makes of
 *                      a * b + c.
 *                      rnn_madd(-a, b, c) is one instruction too.
 */
#if defined(__FMA__) || defined(__AVX512F__) || defined(__ARM_FEATURE_FMA) || defined(__FP_FAST_FMAF)
#define RNN_HAS_MADD
#endif

RNN_INLINE rnn_real rnn_madd(rnn_real a, rnn_real b, rnn_real c)
{
#if defined(RNN_HAS_MADD) && defined(RNN_REAL_DOUBLE)
    return __builtin_fma(a, b, c);
#elif defined(RNN_HAS_MADD)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

RNN_INLINE rnn_vec rnn_vec_madd(rnn_vec a, rnn_vec b, rnn_vec c)
{
#if defined(__AVX512F__) && RNN_VECTOR_BYTES == 64 && defined(RNN_REAL_DOUBLE)
    return (rnn_vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX512F__) && RNN_VECTOR_BYTES == 64
    return (rnn_vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__) && RNN_VECTOR_BYTES == 32 && defined(RNN_REAL_DOUBLE)
    return (rnn_vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__FMA__) && RNN_VECTOR_BYTES == 32
    return (rnn_vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__FMA__) && RNN_VECTOR_BYTES == 16 && defined(RNN_REAL_DOUBLE)
    return (rnn_vec)_mm_fmadd_pd((__m128d)a, (__m128d)b, (__m128d)c);
#elif defined(__FMA__) && RNN_VECTOR_BYTES == 16
    return (rnn_vec)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
#elif defined(__aarch64__) && RNN_VECTOR_BYTES == 16 && defined(RNN_REAL_DOUBLE)
    return (rnn_vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA) && RNN_VECTOR_BYTES == 16 && !defined(RNN_REAL_DOUBLE)
    return (rnn_vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* ---- what differs between instruction sets ----
 *
 * rnn_mask           which lanes: a comparison's result
 * rnn_vec_pick       mask ? a : b
 * rnn_vec_lesser     a < b ? a : b, so b where either is NaN; rnn_vec_greater likewise: one instruction on x86
 */
#if !defined(RNN_REAL_DOUBLE) && defined(__AVX512F__) && RNN_VECTOR_BYTES == 64
#define RNN_LANES_AVX512
#elif !defined(RNN_REAL_DOUBLE) && defined(__AVX__) && RNN_VECTOR_BYTES == 32
#define RNN_LANES_AVX
#elif !defined(RNN_REAL_DOUBLE) && defined(__SSE2__) && RNN_VECTOR_BYTES == 16
#define RNN_LANES_SSE
#endif

#if defined(RNN_LANES_AVX512)

typedef __mmask16 rnn_mask;

RNN_INLINE rnn_mask rnn_mask_lt(rnn_vec a, rnn_vec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
RNN_INLINE rnn_mask rnn_mask_le(rnn_vec a, rnn_vec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LE_OQ); }
RNN_INLINE rnn_mask rnn_mask_eq(rnn_vec a, rnn_vec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
RNN_INLINE rnn_mask rnn_mask_ne(rnn_vec a, rnn_vec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_NEQ_UQ); }
RNN_INLINE rnn_mask rnn_mask_first(int count) { return (rnn_mask)((UINT32_C(1) << count) - 1); }

RNN_INLINE rnn_vec rnn_vec_pick(rnn_mask mask, rnn_vec a, rnn_vec b)
{
    return (rnn_vec)_mm512_mask_blend_ps(mask, (__m512)b, (__m512)a);
}

RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm512_min_ps((__m512)a, (__m512)b); }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm512_max_ps((__m512)a, (__m512)b); }
RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x) { return (rnn_vec)_mm512_sqrt_ps((__m512)x); }

/* The first `count` lanes from memory, 0 in the others; nothing beyond them is read. */
RNN_INLINE rnn_vec rnn_vec_load_part(const rnn_real *p, int count)
{
    return (rnn_vec)_mm512_maskz_loadu_ps(rnn_mask_first(count), p);
}

RNN_INLINE void rnn_vec_store_part(rnn_real *p, rnn_vec v, int count)
{
    _mm512_mask_storeu_ps(p, rnn_mask_first(count), (__m512)v);
}

#else

typedef rnn_vec_int rnn_mask; /* all bits of a lane, or none */

RNN_INLINE rnn_mask rnn_mask_lt(rnn_vec a, rnn_vec b) { return (rnn_mask)(a < b); }
RNN_INLINE rnn_mask rnn_mask_le(rnn_vec a, rnn_vec b) { return (rnn_mask)(a <= b); }
RNN_INLINE rnn_mask rnn_mask_eq(rnn_vec a, rnn_vec b) { return (rnn_mask)(a == b); }
RNN_INLINE rnn_mask rnn_mask_ne(rnn_vec a, rnn_vec b) { return (rnn_mask)(a != b); }

RNN_INLINE rnn_mask rnn_mask_first(int count)
{
    rnn_vec_int lane = {0};
    for (int i = 0; i < RNN_LANES; i++)
        lane[i] = i;
    return (rnn_mask)(lane < count - (rnn_vec_int){0});
}

RNN_INLINE rnn_vec rnn_vec_pick(rnn_mask mask, rnn_vec a, rnn_vec b)
{
#if defined(RNN_LANES_AVX)
    return (rnn_vec)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (rnn_vec)((mask & (rnn_vec_int)a) | (~mask & (rnn_vec_int)b));
#endif
}

#if defined(RNN_LANES_AVX)
RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm256_min_ps((__m256)a, (__m256)b); }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm256_max_ps((__m256)a, (__m256)b); }
RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x) { return (rnn_vec)_mm256_sqrt_ps((__m256)x); }
#elif defined(RNN_LANES_SSE)
RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm_min_ps((__m128)a, (__m128)b); }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return (rnn_vec)_mm_max_ps((__m128)a, (__m128)b); }
RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x) { return (rnn_vec)_mm_sqrt_ps((__m128)x); }
#else
#if defined(__SSE2__)

/* The same instructions on each register of wider lanes, and in double: subnormal numbers are 0 to them, where a
 * comparison and a choice would keep them. */
#if defined(RNN_REAL_DOUBLE)
#define RNN_PART_NAME(bits, name) _mm##bits##_##name##_pd
#define RNN_PART_TYPE(bits)       __m##bits##d
#else
#define RNN_PART_NAME(bits, name) _mm##bits##_##name##_ps
#define RNN_PART_TYPE(bits)       __m##bits
#endif
#if defined(__AVX512F__) && RNN_VECTOR_BYTES == 64
typedef RNN_PART_TYPE(512) rnn_part;
#define RNN_PART(name, a, b) RNN_PART_NAME(512, name)(a, b)
#elif defined(__AVX__) && RNN_VECTOR_BYTES >= 32
typedef RNN_PART_TYPE(256) rnn_part;
#define RNN_PART(name, a, b) RNN_PART_NAME(256, name)(a, b)
#else
typedef RNN_PART_TYPE(128) rnn_part;
#define RNN_PART(name, a, b) RNN_PART_NAME(, name)(a, b)
#endif

enum { RNN_PARTS = RNN_VECTOR_BYTES / (int)sizeof(rnn_part) };
typedef union {
    rnn_vec whole;
    rnn_part part[RNN_PARTS];
} rnn_vec_parts;

RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b)
{
    rnn_vec_parts x = {a}, y = {b};
    for (int i = 0; i < RNN_PARTS; i++)
        x.part[i] = RNN_PART(min, x.part[i], y.part[i]);
    return x.whole;
}

RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b)
{
    rnn_vec_parts x = {a}, y = {b};
    for (int i = 0; i < RNN_PARTS; i++)
        x.part[i] = RNN_PART(max, x.part[i], y.part[i]);
    return x.whole;
}

#else
RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return rnn_vec_pick(rnn_mask_lt(a, b), a, b); }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return rnn_vec_pick(rnn_mask_lt(b, a), a, b); }
#endif

RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x)
{
    for (int i = 0; i < RNN_LANES; i++)
        x[i] = sizeof(rnn_real) == sizeof(float) ? (rnn_real)sqrtf((float)x[i]) : (rnn_real)sqrt((double)x[i]);
    return x;
}
#endif

RNN_INLINE rnn_vec rnn_vec_load_part(const rnn_real *p, int count)
{
#if defined(RNN_LANES_AVX)
    return (rnn_vec)_mm256_maskload_ps(p, (__m256i)rnn_mask_first(count));
#else
    rnn_vec v = {0};
    __builtin_memcpy(&v, p, (size_t)count * sizeof *p);
    return v;
#endif
}

RNN_INLINE void rnn_vec_store_part(rnn_real *p, rnn_vec v, int count)
{
#if defined(RNN_LANES_AVX)
    _mm256_maskstore_ps(p, (__m256i)rnn_mask_first(count), (__m256)v);
#else
    __builtin_memcpy(p, &v, (size_t)count * sizeof *p);
#endif
}

#endif

/* ---- memory ---- */

typedef rnn_real rnn_vec_aligned __attribute__((vector_size(RNN_VECTOR_BYTES), may_alias));
typedef rnn_real rnn_vec_unaligned __attribute__((vector_size(RNN_VECTOR_BYTES), may_alias, aligned(sizeof(rnn_real))));

RNN_INLINE rnn_vec rnn_vec_load(const rnn_real *p) { return *(const rnn_vec_aligned *)p; }
RNN_INLINE rnn_vec rnn_vec_load_unaligned(const rnn_real *p) { return *(const rnn_vec_unaligned *)p; }
RNN_INLINE void rnn_vec_store(rnn_real *p, rnn_vec v) { *(rnn_vec_aligned *)p = v; }
RNN_INLINE void rnn_vec_store_unaligned(rnn_real *p, rnn_vec v) { *(rnn_vec_unaligned *)p = v; }

/* ---- one number ---- */

RNN_INLINE rnn_real rnn_lt(rnn_real a, rnn_real b) { return a < b; }
RNN_INLINE rnn_real rnn_le(rnn_real a, rnn_real b) { return a <= b; }
RNN_INLINE rnn_real rnn_eq(rnn_real a, rnn_real b) { return a == b; }
RNN_INLINE rnn_real rnn_ne(rnn_real a, rnn_real b) { return a != b; }
RNN_INLINE rnn_real rnn_where(rnn_real c, rnn_real a, rnn_real b) { return c != 0 ? a : b; }
RNN_INLINE rnn_real rnn_min(rnn_real a, rnn_real b) { return a < b || a != a ? a : b; }
RNN_INLINE rnn_real rnn_max(rnn_real a, rnn_real b) { return a > b || a != a ? a : b; }
RNN_INLINE rnn_real rnn_clip(rnn_real v, rnn_real lo, rnn_real hi) { return rnn_min(rnn_max(v, lo), hi); }
RNN_INLINE rnn_real rnn_relu(rnn_real x) { return x < 0 ? 0 : x; }
RNN_INLINE rnn_real rnn_leaky_relu(rnn_real x, rnn_real slope) { return x > 0 ? x : slope * x; }
RNN_INLINE rnn_real rnn_hard_tanh(rnn_real x) { return rnn_clip(x, -1, 1); }
RNN_INLINE rnn_real rnn_sqrt(rnn_real x) { return rnn_vec_sqrt(rnn_vec_splat(x))[0]; }
RNN_INLINE rnn_real rnn_abs(rnn_real x) { return (rnn_real)fabs(x); }

RNN_INLINE rnn_real rnn_hard_sigmoid(rnn_real x, rnn_real slope, rnn_real offset)
{
    return rnn_clip(rnn_madd(slope, x, offset), 0, 1);
}

/* ---- lanes ---- */

RNN_INLINE rnn_vec rnn_vec_of_mask(rnn_mask mask) { return rnn_vec_pick(mask, rnn_vec_splat(1), rnn_vec_splat(0)); }
RNN_INLINE rnn_vec rnn_vec_lt(rnn_vec a, rnn_vec b) { return rnn_vec_of_mask(rnn_mask_lt(a, b)); }
RNN_INLINE rnn_vec rnn_vec_le(rnn_vec a, rnn_vec b) { return rnn_vec_of_mask(rnn_mask_le(a, b)); }
RNN_INLINE rnn_vec rnn_vec_eq(rnn_vec a, rnn_vec b) { return rnn_vec_of_mask(rnn_mask_eq(a, b)); }
RNN_INLINE rnn_vec rnn_vec_ne(rnn_vec a, rnn_vec b) { return rnn_vec_of_mask(rnn_mask_ne(a, b)); }

RNN_INLINE rnn_vec rnn_vec_where(rnn_vec c, rnn_vec a, rnn_vec b)
{
    return rnn_vec_pick(rnn_mask_ne(c, rnn_vec_splat(0)), a, b);
}

RNN_INLINE rnn_vec rnn_vec_min(rnn_vec a, rnn_vec b)
{
    return rnn_vec_pick(rnn_mask_ne(a, a), a, rnn_vec_lesser(a, b));
}
RNN_INLINE rnn_vec rnn_vec_max(rnn_vec a, rnn_vec b)
{
    return rnn_vec_pick(rnn_mask_ne(a, a), a, rnn_vec_greater(a, b));
}
RNN_INLINE rnn_vec rnn_vec_clip(rnn_vec v, rnn_vec lo, rnn_vec hi) { return rnn_vec_min(rnn_vec_max(v, lo), hi); }

/* v within constant bounds, NaN passed on: cheaper than clip because the bounds cannot be NaN. */
RNN_INLINE rnn_vec rnn_vec_bound(rnn_vec v, rnn_real lo, rnn_real hi)
{
    return rnn_vec_lesser(rnn_vec_splat(hi), rnn_vec_greater(rnn_vec_splat(lo), v));
}

RNN_INLINE rnn_vec rnn_vec_relu(rnn_vec x) { return rnn_vec_greater(rnn_vec_splat(0), x); }
RNN_INLINE rnn_vec rnn_vec_hard_tanh(rnn_vec x) { return rnn_vec_bound(x, -1, 1); }
RNN_INLINE rnn_vec rnn_vec_abs(rnn_vec x) { return (rnn_vec)((rnn_vec_bits)x & ~(RNN_SIGN_BIT - (rnn_vec_bits){0})); }

RNN_INLINE rnn_vec rnn_vec_leaky_relu(rnn_vec x, rnn_vec slope)
{
    return rnn_vec_pick(rnn_mask_lt(rnn_vec_splat(0), x), x, slope * x);
}

RNN_INLINE rnn_vec rnn_vec_hard_sigmoid(rnn_vec x, rnn_vec slope, rnn_vec offset)
{
    return rnn_vec_bound(rnn_vec_madd(slope, x, offset), 0, 1);
}

/* ---- over the lanes of one vector ---- */

typedef rnn_real rnn_vec_16 __attribute__((vector_size(16)));

/* The sum of all lanes, added pairwise: halves down to 16 bytes, then those. */
RNN_INLINE rnn_real rnn_vec_sum(rnn_vec v)
{
    union {
        rnn_vec whole;
        rnn_vec_16 parts[RNN_VECTOR_BYTES / 16];
    } u = {v};
    for (int step = RNN_VECTOR_BYTES / 32; step > 0; step /= 2)
        for (int i = 0; i < step; i++)
            u.parts[i] += u.parts[i + step];
    rnn_real sum = 0;
    for (int i = 0; i < (int)(8 / sizeof(rnn_real)); i++)
        sum += u.parts[0][i] + u.parts[0][i + (int)(8 / sizeof(rnn_real))];
    return sum;
}

/* The greatest lane, or NaN where there is one. */
RNN_INLINE rnn_real rnn_vec_maximum(rnn_vec v)
{
#if defined(RNN_LANES_AVX512)
    return rnn_mask_ne(v, v) ? (rnn_real)NAN : _mm512_reduce_max_ps((__m512)v);
#else
    for (int step = RNN_LANES / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i++)
            v[i] = rnn_max(v[i], v[i + step]);
    return v[0];
#endif
}

#include "rnn/flush.h"
#include "rnn/vec_math.h"
#include "rnn/vec_wide.h"

#endif
