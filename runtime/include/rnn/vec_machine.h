/* Operations on lanes that depend on the instruction set: multiply-adds, choices and square roots. */
#ifndef RNN_VEC_MACHINE_H
#define RNN_VEC_MACHINE_H

#include "rnn/library.h"
#ifndef RNN_PLAIN_C
#if defined(__AVX__) || defined(__FMA__)
#pragma GCC diagnostic push
#if defined(__cplusplus) && !defined(__clang__) /* g++ 12 warns of its own header, of AVX-512 */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__SSE2__) /* a tenth of the lines */
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif
#endif

#include "rnn/vec_type.h"

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
#if defined(RNN_PLAIN_C)
    return rnn_madd(a, b, c);
#elif defined(__AVX512F__) && RNN_VECTOR_BYTES == 64 && defined(RNN_REAL_DOUBLE)
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

/* ---- square root ---- */

/* sqrt(x), rounded correctly. Without a C library, and without an instruction that the compiler can be told to use, it
 * is found bit by bit: the root of 2^25 or 2^26 times the 24 bits of x has 25 bits, of which the last one rounds. */
RNN_INLINE rnn_real rnn_root(rnn_real x)
{
#if defined(RNN_FREESTANDING) && defined(__GNUC__) && defined(__ARM_FP) && !defined(__aarch64__)
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
#elif defined(RNN_FREESTANDING)
    uint32_t bits, root = 0;
    memcpy(&bits, &x, sizeof bits);
    if (!(x > 0) || bits >= UINT32_C(0x7f800000))
        return x < 0 ? NAN : x;
    uint32_t digits = bits & UINT32_C(0x007fffff);
    int exponent = (int)(bits >> 23) - 150; /* x = digits * 2^exponent, once these are 24 bits */
    if (bits >= UINT32_C(0x00800000))
        digits |= UINT32_C(0x00800000);
    else
        for (exponent++; digits < UINT32_C(0x00800000); exponent--)
            digits <<= 1;
    const int shift = 25 + ((exponent - 25) & 1); /* what is left of the exponent is even */
    const uint64_t whole = (uint64_t)digits << shift;
    for (uint32_t bit = UINT32_C(1) << 24; bit; bit >>= 1)
        if ((uint64_t)(root | bit) * (root | bit) <= whole)
            root |= bit;
    root = (root >> 1) + (root & 1); /* never halfway: the square of an odd root would be odd */
    bits = ((uint32_t)((exponent - shift) / 2 + 151) << 23) + (root - UINT32_C(0x00800000));
    memcpy(&x, &bits, sizeof x);
    return x;
#elif defined(RNN_REAL_DOUBLE)
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* ---- instruction sets ----
 *
 * rnn_mask           which lanes: a comparison's result
 * rnn_vec_pick       mask ? a : b
 * rnn_vec_lesser     a < b ? a : b, so b where b is NaN; where only a is, b or with NEON NaN. rnn_vec_greater
 *                    likewise: one instruction on x86 and with NEON */
#if !defined(RNN_REAL_DOUBLE) && defined(__AVX512F__) && RNN_VECTOR_BYTES == 64
#define RNN_LANES_AVX512
#elif !defined(RNN_REAL_DOUBLE) && defined(__AVX__) && RNN_VECTOR_BYTES == 32
#define RNN_LANES_AVX
#elif !defined(RNN_REAL_DOUBLE) && defined(__SSE2__) && RNN_VECTOR_BYTES == 16
#define RNN_LANES_SSE
#elif !defined(RNN_REAL_DOUBLE) && defined(__aarch64__) && RNN_VECTOR_BYTES == 16
#define RNN_LANES_NEON
#endif

#if defined(RNN_PLAIN_C)

typedef rnn_vec_int rnn_mask; /* -1 or 0 */

RNN_INLINE rnn_mask rnn_mask_lt(rnn_vec a, rnn_vec b) { return -(a < b); }
RNN_INLINE rnn_mask rnn_mask_le(rnn_vec a, rnn_vec b) { return -(a <= b); }
RNN_INLINE rnn_mask rnn_mask_eq(rnn_vec a, rnn_vec b) { return -(a == b); }
RNN_INLINE rnn_mask rnn_mask_ne(rnn_vec a, rnn_vec b) { return -(a != b); }
RNN_INLINE rnn_mask rnn_mask_first(int count) { return -(count > 0); }
RNN_INLINE rnn_vec rnn_vec_pick(rnn_mask mask, rnn_vec a, rnn_vec b) { return mask ? a : b; }
RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return a < b ? a : b; }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return b < a ? a : b; }
RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x) { return rnn_root(x); }
RNN_INLINE rnn_vec rnn_vec_load_part(const rnn_real *p, int count) { return count > 0 ? *p : 0; }

RNN_INLINE void rnn_vec_store_part(rnn_real *p, rnn_vec v, int count)
{
    if (count > 0)
        *p = v;
}

#elif defined(RNN_LANES_AVX512)

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

/* Loads the first `count` lanes from memory, 0 in the others; nothing beyond them is read. */
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
#elif defined(RNN_LANES_NEON)
    return (rnn_vec)vbslq_f32((uint32x4_t)mask, (float32x4_t)a, (float32x4_t)b);
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
#elif defined(RNN_LANES_NEON)
RNN_INLINE rnn_vec rnn_vec_lesser(rnn_vec a, rnn_vec b) { return (rnn_vec)vminq_f32((float32x4_t)a, (float32x4_t)b); }
RNN_INLINE rnn_vec rnn_vec_greater(rnn_vec a, rnn_vec b) { return (rnn_vec)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
RNN_INLINE rnn_vec rnn_vec_sqrt(rnn_vec x) { return (rnn_vec)vsqrtq_f32((float32x4_t)x); }
#else
#if defined(__SSE2__)

/* Minimum and maximum by the same instructions on each register of wider lanes, and in double: they take subnormal
 * numbers as 0, which a comparison and a choice would keep. */
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
        x[i] = rnn_root(x[i]);
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

/* ---- bits of lanes ----
 *
 * rnn_bits_of(v)     the bits of numbers; rnn_of_bits(bits) the numbers that have such bits
 * rnn_of_whole(n)    whole numbers as rnn_real
 * rnn_first_lane(v) */
#ifdef RNN_PLAIN_C

RNN_INLINE rnn_vec_bits rnn_bits_of(rnn_vec v)
{
    rnn_vec_bits bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

RNN_INLINE rnn_vec rnn_of_bits(rnn_vec_bits bits)
{
    rnn_vec v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

RNN_INLINE rnn_vec rnn_of_whole(rnn_vec_int n) { return (rnn_vec)n; }

#else

RNN_INLINE rnn_vec_bits rnn_bits_of(rnn_vec v) { return (rnn_vec_bits)v; }
RNN_INLINE rnn_vec rnn_of_bits(rnn_vec_bits bits) { return (rnn_vec)bits; }
RNN_INLINE rnn_vec rnn_of_whole(rnn_vec_int n) { return __builtin_convertvector(n, rnn_vec); }

#endif

RNN_INLINE rnn_real rnn_first_lane(rnn_vec v) { return RNN_LANE(v, 0); }

/* ---- four neighbouring numbers ----
 *
 * rnn_quad           p[0] .. p[3], loaded at once where another instruction then spreads one of them: loads are what a
 *                    product of a single column has most of
 * rnn_quad_splat     number i of them, a constant, in all lanes
 * RNN_QUAD_MOST      numbers of a column at most for which this gains; with AVX-512, where its instructions take two
 *                    turns each on some machines, it does while weights come from a near cache */
#if defined(RNN_LANES_AVX512) || defined(RNN_LANES_AVX)

#if defined(RNN_LANES_AVX512)
#define RNN_QUAD_MOST              128
#define RNN_QUAD_SPLAT(quad, part) ((rnn_vec)_mm512_permute_ps((__m512)(quad), part))
#else
#define RNN_QUAD_MOST              INT32_MAX
#define RNN_QUAD_SPLAT(quad, part) ((rnn_vec)_mm256_permute_ps((__m256)(quad), part))
#endif
typedef rnn_vec rnn_quad; /* the four again and again */

RNN_INLINE rnn_quad rnn_quad_load(const rnn_real *p)
{
#if defined(RNN_LANES_AVX512)
    return (rnn_vec)_mm512_broadcast_f32x4(_mm_loadu_ps(p));
#else
    return (rnn_vec)_mm256_broadcast_ps((const __m128 *)(const void *)p);
#endif
}

RNN_INLINE rnn_vec rnn_quad_splat(const rnn_quad quad, const int i)
{
    return i == 0   ? RNN_QUAD_SPLAT(quad, 0x00)
           : i == 1 ? RNN_QUAD_SPLAT(quad, 0x55)
           : i == 2 ? RNN_QUAD_SPLAT(quad, 0xaa)
                    : RNN_QUAD_SPLAT(quad, 0xff);
}

#else

#define RNN_QUAD_MOST 0
typedef const rnn_real *rnn_quad;

RNN_INLINE rnn_quad rnn_quad_load(const rnn_real *p) { return p; }
RNN_INLINE rnn_vec rnn_quad_splat(const rnn_quad quad, const int i) { return rnn_vec_splat(quad[i]); }

#endif

#endif
