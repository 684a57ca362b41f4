/* The largest units of a column with more products: the second step of SVD-softmax (Shim, Lee, Choi, Boo, Sung,
 * "SVD-Softmax: Fast Softmax Approximation on Large Vocabulary Neural Networks", NIPS 2017).
 *
 * The largest are found by bisection: a pass over the column, which stays in the second-level cache, counts the units
 * above a limit, a vector in three instructions. Few passes leave a thousand units between two limits; those are
 * gathered, and the limit above which there are as many as wanted is found among them. Of 33000 units 512 are found in
 * 12 microseconds (Zen 4, AVX-512). The rows of the matrix are then read in their order, four at a time: what bounds
 * them is the memory, in which each is a place of its own. */
#ifndef RNN_REFINE_H
#define RNN_REFINE_H

#include "rnn/column.h"
#include "rnn/library.h"
#include "rnn/stored_half.h"

#ifdef RNN_REAL_DOUBLE
typedef int64_t rnn_refine_key;
#else
typedef int32_t rnn_refine_key;
#endif

/* Returns a whole number that orders as x does; applied to its bits, x again. */
RNN_INLINE rnn_refine_key rnn_refine_order(rnn_refine_key bits)
{
    return bits < 0 ? (rnn_refine_key)((rnn_refine_key)RNN_SIGN_BIT - bits) : bits;
}

/* Returns the number halfway between two in their order, which ends after as many steps as a number has bits. */
RNN_INLINE rnn_real rnn_refine_halfway(rnn_real least, rnn_real most)
{
    rnn_refine_key a, b;
    memcpy(&a, &least, sizeof a);
    memcpy(&b, &most, sizeof b);
    a = rnn_refine_order(a);
    b = rnn_refine_order(b);
    const rnn_refine_key middle = rnn_refine_order((rnn_refine_key)((a & b) + ((a ^ b) >> 1)));
    rnn_real x;
    memcpy(&x, &middle, sizeof x);
    return x;
}

/* 1 in lanes that are above a limit, or, with equal ones, at it, else 0. A comparison of vectors gives -1. */
#ifdef RNN_PLAIN_C
#define RNN_REFINE_ABOVE(v, limit, with_equal) ((with_equal) ? (v) >= (limit) : (v) > (limit))
#else
#define RNN_REFINE_ABOVE(v, limit, with_equal) (-(rnn_vec_int)((with_equal) ? (v) >= (limit) : (v) > (limit)))
#endif

/* Returns how many of the n units are above `limit`, or, with equal ones, `limit` or more; NaN is neither. */
RNN_INLINE int rnn_refine_count(const rnn_real *x, int n, rnn_real limit, const int with_equal)
{
    const rnn_vec least = rnn_vec_splat(limit);
    rnn_vec_int first = {0}, second = {0};
    int i = 0;
    for (; i + 2 * RNN_LANES <= n; i += 2 * RNN_LANES) {
        const rnn_vec u = rnn_vec_load(x + i), v = rnn_vec_load(x + i + RNN_LANES);
        first += RNN_REFINE_ABOVE(u, least, with_equal);
        second += RNN_REFINE_ABOVE(v, least, with_equal);
    }
    for (; i < n; i += RNN_LANES) {
        const rnn_vec v = rnn_column_lanes(x, i, n, NAN);
        first += RNN_REFINE_ABOVE(v, least, with_equal);
    }
    first += second;
    int count = 0;
    for (int lane = 0; lane < RNN_LANES; lane++)
        count += (int)RNN_LANE(first, lane);
    return count;
}

enum { RNN_REFINE_FEW = 1024 };

/* The units that are refined: those above the limit, and the first so many that are equal to it. */
typedef struct {
    rnn_real limit;
    int equal;
} rnn_refine_choice;

/* The number of the lowest bit that is set. */
#ifdef RNN_PLAIN_C
#define RNN_FIRST_BIT(bits) ((void)(bits), 0)
#else
#define RNN_FIRST_BIT(bits) __builtin_ctzll(bits)
#endif

/* Returns lane i of a mask in bit i. */
RNN_INLINE uint64_t rnn_refine_bits(rnn_mask mask)
{
#if defined(RNN_LANES_AVX512)
    return mask;
#elif defined(RNN_LANES_AVX)
    return (uint64_t)(unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(RNN_LANES_SSE)
    return (uint64_t)(unsigned)_mm_movemask_ps((__m128)mask);
#else
    uint64_t bits = 0;
    for (int i = 0; i < RNN_LANES; i++)
        bits |= (uint64_t)(RNN_LANE(mask, i) != 0) << i;
    return bits;
#endif
}

/* Gathers the units from `least` on and below `most`, at most RNN_REFINE_FEW, and returns how many there are. */
RNN_INLINE int rnn_refine_gather(rnn_real *few, const rnn_real *x, int n, rnn_real least, rnn_real most)
{
    const rnn_vec from = rnn_vec_splat(least), to = rnn_vec_splat(most);
    int found = 0;
    for (int i = 0; i < n; i += RNN_LANES) {
        const rnn_vec v = rnn_column_lanes(x, i, n, NAN);
        uint64_t lanes = rnn_refine_bits((rnn_mask)(rnn_mask_le(from, v) & rnn_mask_lt(v, to)));
        for (; lanes; lanes &= lanes - 1)
            few[found++] = x[i + RNN_FIRST_BIT(lanes)];
    }
    return found;
}

/* Finds the `count` largest of n units, or all but NaN where there are no more. */
RNN_COLUMN rnn_refine_choice rnn_refine_choose(const rnn_real *x, int n, int count)
{
    enum { STEPS_BY_VALUE = 16 }; /* find the limit among numbers of about one size; then it is found by its bits */
    rnn_vec less = rnn_vec_splat(INFINITY), more = rnn_vec_splat(-INFINITY);
    for (int i = 0; i < n; i += RNN_LANES) {
        const rnn_vec v = rnn_column_lanes(x, i, n, NAN);
        less = rnn_vec_pick(rnn_mask_lt(v, less), v, less);
        more = rnn_vec_pick(rnn_mask_lt(more, v), v, more);
    }
    rnn_real least = -rnn_vec_maximum(-less), most = rnn_vec_maximum(more);
    RNN_ALIGNED rnn_real few[RNN_REFINE_FEW];
    /* At least `count` units, `with_least`, are `least` or more, unless that is all there are; fewer, `with_most`, are
     * `most` or more. */
    int with_least = n, with_most = rnn_refine_count(x, n, most, 1);
    if (with_most >= count)
        least = most;
    for (int step = 0; least < most && with_least != count; step++) {
        if (n > RNN_REFINE_FEW && with_least - with_most <= RNN_REFINE_FEW) {
            with_least = n = rnn_refine_gather(few, x, n, least, most);
            count -= with_most;
            with_most = 0;
            x = few;
        }
        rnn_real middle = least + (most - least) / 2;
        if (step >= STEPS_BY_VALUE || !(least < middle && middle < most))
            middle = rnn_refine_halfway(least, most);
        if (!(least < middle && middle < most))
            break;
        const int above = rnn_refine_count(x, n, middle, 1);
        if (above < count) {
            most = middle;
            with_most = above;
        } else {
            least = middle;
            with_least = above;
        }
    }
    const rnn_refine_choice choice = {least, count - rnn_refine_count(x, n, least, 0)};
    return choice;
}

enum { RNN_REFINE_ROWS = 4 };

/* Returns the bytes of a number of a table. */
RNN_INLINE ptrdiff_t rnn_refine_bytes(const rnn_storage storage)
{
    return storage == RNN_F32 ? (ptrdiff_t)sizeof(rnn_real) : storage == RNN_INT8 ? 1 : 2;
}

/* Returns RNN_LANES numbers of a table, which lie anywhere; int8 without their scale. */
RNN_INLINE rnn_vec rnn_refine_load(const rnn_stored *p, const rnn_storage storage)
{
    if (storage == RNN_F32)
        return rnn_vec_load_unaligned((const rnn_real *)(const void *)p);
#ifdef RNN_PLAIN_C
    if (storage == RNN_INT8)
        return (rnn_vec) * (const signed char *)(const void *)p;
#else
    typedef signed char bytes __attribute__((vector_size(RNN_LANES), aligned(1), may_alias));
    if (storage == RNN_INT8)
        return __builtin_convertvector(*(const bytes *)(const void *)p, rnn_vec);
#endif
#if defined(RNN_HALVES) && !defined(RNN_PLAIN_C)
    typedef uint16_t halves __attribute__((vector_size(2 * RNN_LANES), aligned(2), may_alias));
    if (storage == RNN_BF16)
        return (rnn_vec)(__builtin_convertvector(*(const halves *)(const void *)p, rnn_vec_bits) << 16);
    if (RNN_HAS_F16)
        return rnn_f16_load(p);
#endif
    rnn_vec v = {0};
    for (int lane = 0; lane < RNN_LANES; lane++) {
        uint16_t half;
        memcpy(&half, p + 2 * lane, sizeof half);
        RNN_LANE(v, lane) = (rnn_real)(storage == RNN_F16 ? rnn_float_of_f16(half) : rnn_float_of_bf16(half));
    }
    return v;
}

/* Returns the last numbers of a row, fewer than RNN_LANES, and 0 behind them. */
RNN_INLINE rnn_vec rnn_refine_load_part(const rnn_stored *p, const rnn_storage storage, const int count)
{
    if (storage == RNN_F32)
        return rnn_vec_load_part((const rnn_real *)(const void *)p, count);
    rnn_stored part[RNN_VECTOR_BYTES] = {0};
    memcpy(part, p, (size_t)(count * rnn_refine_bytes(storage)));
    return rnn_refine_load(part, storage);
}

/* Adds rows[i] x to y[i] for some units i, RNN_REFINE_ROWS or fewer, in whose place others of them stand. `scales`: of
 * all rows of int8, else NULL. */
RNN_INLINE void rnn_refine_add(rnn_real *y, const rnn_stored *rows, const rnn_storage storage, const float *scales,
                               const rnn_real *x, int width, const int units[RNN_REFINE_ROWS], int count)
{
    const ptrdiff_t each = rnn_refine_bytes(storage);
    const rnn_stored *row[RNN_REFINE_ROWS];
    rnn_vec sums[RNN_REFINE_ROWS] = {{0}};
    RNN_UNROLL(4)
    for (int r = 0; r < RNN_REFINE_ROWS; r++)
        row[r] = rows + (ptrdiff_t)units[r < count ? r : 0] * width * each;
    int k = 0;
    for (; k + RNN_LANES <= width; k += RNN_LANES) {
        const rnn_vec v = rnn_vec_load(x + k);
        RNN_UNROLL(4)
        for (int r = 0; r < RNN_REFINE_ROWS; r++)
            sums[r] = rnn_vec_madd(rnn_refine_load(row[r] + k * each, storage), v, sums[r]);
    }
    if (k < width) {
        const rnn_vec v = rnn_column_lanes(x, k, width, 0);
        RNN_UNROLL(4)
        for (int r = 0; r < RNN_REFINE_ROWS; r++)
            sums[r] = rnn_vec_madd(rnn_refine_load_part(row[r] + k * each, storage, width - k), v, sums[r]);
    }
    for (int r = 0; r < count; r++)
        y[units[r]] += scales ? (rnn_real)scales[units[r]] * rnn_vec_sum(sums[r]) : rnn_vec_sum(sums[r]);
}

/* As rnn_refine, with rows in a storage, a constant: a table of RNN_STORED_TABLE(storage, n, width). */
RNN_INLINE void rnn_stored_refine(rnn_real *y, const rnn_real *preview, const rnn_stored *table,
                                  const rnn_storage storage, const rnn_real *x, int n, int width, int count)
{
    const float *const scales = storage == RNN_INT8 ? (const float *)(const void *)table : NULL;
    const rnn_stored *const rows = scales ? table + (ptrdiff_t)n * (ptrdiff_t)sizeof *scales : table;
    rnn_refine_choice choice = rnn_refine_choose(preview, n, count);
    const rnn_vec limit = rnn_vec_splat(choice.limit);
    int units[RNN_REFINE_ROWS] = {0}, waiting = 0;
    for (int i = 0; i < n; i += RNN_LANES) {
        const rnn_vec v = rnn_column_lanes(preview, i, n, NAN);
        uint64_t lanes = rnn_refine_bits(rnn_mask_le(limit, v));
        rnn_column_put(y, i, n, v);
        for (; lanes; lanes &= lanes - 1) {
            const int unit = i + RNN_FIRST_BIT(lanes);
            if (y[unit] == choice.limit && choice.equal-- <= 0)
                continue;
            units[waiting++] = unit;
            if (waiting == RNN_REFINE_ROWS) {
                rnn_refine_add(y, rows, storage, scales, x, width, units, waiting);
                waiting = 0;
            }
        }
    }
    if (waiting)
        rnn_refine_add(y, rows, storage, scales, x, width, units, waiting);
}

/* y = preview, n units, of which the `count` largest (of equal ones the first; NaN is none of them) receive
 * rows[i] x, rows [n][width] without padding. The result may be the preview. */
RNN_COLUMN void rnn_refine(rnn_real *y, const rnn_real *preview, const rnn_real *rows, const rnn_real *x, int n,
                           int width, int count)
{
    rnn_stored_refine(y, preview, (const rnn_stored *)(const void *)rows, RNN_F32, x, n, width, count);
}

#endif
