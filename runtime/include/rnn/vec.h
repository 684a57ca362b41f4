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
 * Nothing needs -ffast-math, and results are wrong with it: sums over time lose their digits, sigmoid(-90) is NaN.
 * Multiply-adds are written as such: ISO modes (-std=c11) of compilers make none. */
#ifndef RNN_VEC_H
#define RNN_VEC_H

#include "rnn/library.h"
#include "rnn/vec_machine.h"

/* ---- memory ---- */

#ifdef RNN_PLAIN_C
typedef rnn_vec rnn_vec_aligned, rnn_vec_unaligned;
#else
typedef rnn_real rnn_vec_aligned __attribute__((vector_size(RNN_VECTOR_BYTES), may_alias));
typedef rnn_real rnn_vec_unaligned __attribute__((vector_size(RNN_VECTOR_BYTES), may_alias, aligned(sizeof(rnn_real))));
#endif

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
RNN_INLINE rnn_real rnn_sqrt(rnn_real x) { return rnn_first_lane(rnn_vec_sqrt(rnn_vec_splat(x))); }

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

/* Returns v within constant bounds, NaN passed on: cheaper than clip because the bounds cannot be NaN. */
RNN_INLINE rnn_vec rnn_vec_bound(rnn_vec v, rnn_real lo, rnn_real hi)
{
    return rnn_vec_lesser(rnn_vec_splat(hi), rnn_vec_greater(rnn_vec_splat(lo), v));
}

RNN_INLINE rnn_vec rnn_vec_relu(rnn_vec x) { return rnn_vec_greater(rnn_vec_splat(0), x); }
RNN_INLINE rnn_vec rnn_vec_hard_tanh(rnn_vec x) { return rnn_vec_bound(x, -1, 1); }
RNN_INLINE rnn_vec rnn_vec_abs(rnn_vec x) { return rnn_of_bits(rnn_bits_of(x) & ~(RNN_SIGN_BIT - (rnn_vec_bits){0})); }

RNN_INLINE rnn_real rnn_abs(rnn_real x) { return rnn_first_lane(rnn_vec_abs(rnn_vec_splat(x))); }

RNN_INLINE rnn_vec rnn_vec_leaky_relu(rnn_vec x, rnn_vec slope)
{
    return rnn_vec_pick(rnn_mask_lt(rnn_vec_splat(0), x), x, slope * x);
}

RNN_INLINE rnn_vec rnn_vec_hard_sigmoid(rnn_vec x, rnn_vec slope, rnn_vec offset)
{
    return rnn_vec_bound(rnn_vec_madd(slope, x, offset), 0, 1);
}

/* ---- over the lanes of one vector ---- */

#ifdef RNN_PLAIN_C
RNN_INLINE rnn_real rnn_vec_sum(rnn_vec v) { return v; }
RNN_INLINE rnn_real rnn_vec_maximum(rnn_vec v) { return v; }
#else
typedef rnn_real rnn_vec_16 __attribute__((vector_size(16)));

/* Returns the sum of all lanes, added pairwise: halves down to 16 bytes, then those. */
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

/* Returns the greatest lane, or NaN if there is one. */
RNN_INLINE rnn_real rnn_vec_maximum(rnn_vec v)
{
#if defined(RNN_LANES_AVX512)
    return rnn_mask_ne(v, v) ? (rnn_real)NAN : _mm512_reduce_max_ps((__m512)v);
#elif defined(RNN_LANES_NEON)
    return vmaxvq_f32((float32x4_t)v);
#else
    for (int step = RNN_LANES / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i++)
            v[i] = rnn_max(v[i], v[i + step]);
    return v[0];
#endif
}
#endif

#include "rnn/flush.h"
#include "rnn/vec_math.h"
#include "rnn/vec_wide.h"

#endif
