/* Tiles of weights of 16 bits, f16 or bf16, which become floats as they are loaded: rnn/tile.h with half of the bytes.
 *
 * A vector of RNN_VECTOR_BYTES holds two numbers of k for one row, a pair: f16 those of the even k in its first half
 * and those of the odd k in its second; bf16 both in the 32 bits of each lane, the even k in the lower ones, so that a
 * shift and a mask make floats of them. Behind an odd number of k there is a 0. Pairs stand where rnn/tile.h has
 * numbers of k: pair i of a row at weights + (i * rows + row) * RNN_VECTOR_BYTES. */
#ifndef RNN_STORED_HALF_H
#define RNN_STORED_HALF_H

#include "rnn/stored_round.h"
#include "rnn/tile.h"

#if defined(RNN_PLAIN_C) || defined(RNN_LANES_AVX512) || defined(RNN_LANES_NEON) ||                                    \
    (defined(__F16C__) && defined(RNN_LANES_AVX))
#define RNN_HAS_F16 1
#else
#define RNN_HAS_F16 0
#endif

/* Numbers of 16 bits are read as such by vectors of float. */
#ifndef RNN_REAL_DOUBLE
#define RNN_HALVES
#endif

#ifdef RNN_HALVES

#ifdef RNN_PLAIN_C

/* Returns the float of one f16. Every floating-point unit of a Cortex-M converts it by an instruction, though gcc's
 * __ARM_FP does not say so of those of single precision; where there is none, a copy of the code in each place that
 * reads a weight would be longer than the weights. */
#if defined(__GNUC__) && !defined(__aarch64__) && defined(__ARM_FP) && (__ARM_FP & 2 || __ARM_ARCH_PROFILE == 'M')
RNN_INLINE rnn_vec rnn_f16_load(const rnn_stored *p)
{
    uint16_t half;
    memcpy(&half, p, sizeof half);
    float x = rnn_float_of_bits(half);
    __asm__("vcvtb.f32.f16 %0, %0" : "+t"(x));
    return x;
}
#else
RNN_OUTLINE rnn_vec rnn_f16_load(const rnn_stored *p)
{
    uint16_t half;
    memcpy(&half, p, sizeof half);
    return (rnn_vec)rnn_float_of_f16(half);
}
#endif

/* Returns the even (odd = 0) or odd number of a pair. */
RNN_INLINE rnn_vec rnn_half_load(const rnn_stored *pair, const rnn_storage storage, const int odd)
{
    uint16_t half;
    memcpy(&half, pair + 2 * odd, sizeof half);
    return storage == RNN_F16 ? rnn_f16_load(pair + 2 * odd) : (rnn_vec)rnn_float_of_bf16(half);
}

#else

/* Returns the floats of RNN_LANES f16. */
RNN_INLINE rnn_vec rnn_f16_load(const rnn_stored *p)
{
#if defined(RNN_LANES_AVX512) /* maskz: gcc's C++ takes the plain one for a use of what is not set */
    return (rnn_vec)_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i *)(const void *)p));
#elif defined(RNN_LANES_AVX) && RNN_HAS_F16
    return (rnn_vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif defined(RNN_LANES_NEON)
    return (rnn_vec)vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
#else /* not kept so */
    return rnn_vec_splat(0) + (rnn_real)p[0];
#endif
}

typedef rnn_vec_bits rnn_bits_aligned __attribute__((may_alias));

/* Returns the even (odd = 0) or odd numbers of a pair. */
RNN_INLINE rnn_vec rnn_half_load(const rnn_stored *pair, const rnn_storage storage, const int odd)
{
    if (storage == RNN_F16)
        return rnn_f16_load(pair + odd * (RNN_VECTOR_BYTES / 2));
    const rnn_vec_bits both = *(const rnn_bits_aligned *)(const void *)pair;
    return (rnn_vec)(odd ? both & (UINT32_C(0xffff0000) - (rnn_vec_bits){0}) : both << 16);
}

#endif

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum[c * sum_stride + r] += weight of i and r * x[c][i] over i < k, for r < rows and c < columns. Memory from `ahead`
 * on is asked for, `step` bytes a pair: see rnn_tile. */
RNN_INLINE void rnn_half_tile(rnn_vec *sum, const int sum_stride, const rnn_stored *weights, const rnn_storage storage,
                              const rnn_real *const *x, const int k, const int rows, const int columns,
                              uintptr_t ahead, const int step)
{
    const int split = rows * columns >= 8 || 2 * rows * columns > RNN_ACCUMULATORS ? 1 : 2;
    rnn_vec a[2][RNN_TILE_COLUMNS][RNN_PASS_ROWS];
    RNN_UNROLL(6)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++) {
            a[0][c][r] = sum[c * sum_stride + r];
            a[1][c][r] = rnn_vec_splat(0);
        }
    int i = 0;
    RNN_LOOP
    for (; i + 2 <= k; i += 2, weights += rows * RNN_VECTOR_BYTES) {
        if (RNN_PREFETCH > 0) {
            RNN_AHEAD((const void *)ahead);
            ahead += (uintptr_t)step;
        }
        RNN_UNROLL(2)
        for (int odd = 0; odd < 2; odd++) {
            rnn_vec w[RNN_PASS_ROWS];
            RNN_UNROLL(4)
            for (int r = 0; r < rows; r++)
                w[r] = rnn_half_load(weights + r * RNN_VECTOR_BYTES, storage, odd);
            RNN_UNROLL(6)
            for (int c = 0; c < columns; c++) {
                const rnn_vec q = rnn_vec_splat(x[c][i + odd]);
                RNN_UNROLL(4)
                for (int r = 0; r < rows; r++)
                    a[odd % split][c][r] = rnn_vec_madd(w[r], q, a[odd % split][c][r]);
            }
        }
    }
    if (i < k)
        RNN_UNROLL(6)
        for (int c = 0; c < columns; c++) {
            const rnn_vec q = rnn_vec_splat(x[c][i]);
            RNN_UNROLL(4)
            for (int r = 0; r < rows; r++)
                a[0][c][r] =
                    rnn_vec_madd(rnn_half_load(weights + r * RNN_VECTOR_BYTES, storage, 0), q, a[0][c][r]);
        }
    RNN_UNROLL(6)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++)
            sum[c * sum_stride + r] = split > 1 ? a[0][c][r] + a[1][c][r] : a[0][c][r];
}

#if defined(RNN_LANES_AVX512) && defined(__AVX512VL__) && (defined(__znver3__) || defined(__znver4__))
#define RNN_F16_HALVES

/* a[h] += half h of the rows of a pair, its even or odd numbers, times q. */
RNN_INLINE void rnn_f16_add(__m256 *a, const rnn_stored *pair, const rnn_real q, const int rows, const int odd)
{
    RNN_UNROLL(8)
    for (int h = 0; h < 2 * rows; h++) {
        const rnn_stored *const p = pair + h / 2 * RNN_VECTOR_BYTES + odd * (RNN_VECTOR_BYTES / 2) + h % 2 * 16;
        const __m128i eight = _mm_loadu_si128((const __m128i *)(const void *)p);
        a[h] = _mm256_fmadd_ps(_mm256_cvtph_ps(eight), _mm256_set1_ps(q), a[h]);
    }
}

/* The same for one column of f16, in halves of vectors: Zen 4 converts a whole one in the time of three halves. */
RNN_INLINE void rnn_f16_column(rnn_vec *sum, const rnn_stored *weights, const rnn_real *x, const int k, const int rows)
{
    __m256 a[2][2 * RNN_PASS_ROWS], *const halves = (__m256 *)(void *)sum;
    RNN_UNROLL(8)
    for (int h = 0; h < 2 * rows; h++) {
        a[0][h] = halves[h];
        a[1][h] = _mm256_setzero_ps();
    }
    int i = 0;
    RNN_LOOP
    for (; i + 2 <= k; i += 2, weights += rows * RNN_VECTOR_BYTES) {
        rnn_f16_add(a[0], weights, x[i], rows, 0);
        rnn_f16_add(a[1], weights, x[i + 1], rows, 1);
    }
    if (i < k)
        rnn_f16_add(a[0], weights, x[i], rows, 0);
    RNN_UNROLL(8)
    for (int h = 0; h < 2 * rows; h++)
        halves[h] = a[0][h] + a[1][h];
}
#endif

/* The same for one column (see rnn_column_pass) and `passes` passes of so many rows in step, whose weights and sums
 * follow each other: a number of the column that is loaded then meets the rows of all of them, and a core sees ahead in
 * as many streams of addresses. A Zen 3 takes 0.78 of the time for eight rows of f16 that its second-level cache holds,
 * and half of it for those that come from memory. */
RNN_INLINE void rnn_half_column(rnn_vec *sum, const rnn_stored *weights, const rnn_storage storage, const rnn_real *x,
                                const int k, const int rows, const int passes)
{
#ifdef RNN_F16_HALVES
    if (storage == RNN_F16 && passes == 1) {
        rnn_f16_column(sum, weights, x, k, rows);
        return;
    }
#endif
    const int all = rows * passes, split = all >= 6 ? 1 : all >= 4 ? 2 : 4;
    const ptrdiff_t apart = (ptrdiff_t)((k + 1) / 2) * rows * RNN_VECTOR_BYTES;
    rnn_vec a[4][RNN_STEP_ROWS];
    RNN_UNROLL(8)
    for (int r = 0; r < all; r++) {
        a[0][r] = sum[r];
        RNN_UNROLL(4)
        for (int s = 1; s < split; s++)
            a[s][r] = rnn_vec_splat(0);
    }
    int i = 0;
    RNN_LOOP
    for (; i + 4 <= k; i += 4) {
        const rnn_quad quad = rnn_quad_load(x + i);
        RNN_UNROLL(4)
        for (int j = 0; j < 4; j++) {
            const rnn_vec q = k <= RNN_QUAD_MOST ? rnn_quad_splat(quad, j) : rnn_vec_splat(x[i + j]);
            RNN_UNROLL(8)
            for (int r = 0; r < all; r++) {
                const rnn_stored *const at = weights + r / rows * apart + (j / 2 * rows + r % rows) * RNN_VECTOR_BYTES;
                a[j % split][r] = rnn_vec_madd(rnn_half_load(at, storage, j % 2), q, a[j % split][r]);
            }
        }
        weights += 2 * rows * RNN_VECTOR_BYTES;
    }
    for (int odd = 0; i < k; i++, odd = 1 - odd) {
        const rnn_vec q = rnn_vec_splat(x[i]);
        RNN_UNROLL(8)
        for (int r = 0; r < all; r++) {
            const rnn_stored *const at = weights + r / rows * apart + r % rows * RNN_VECTOR_BYTES;
            a[0][r] = rnn_vec_madd(rnn_half_load(at, storage, odd), q, a[0][r]);
        }
        weights += odd * rows * RNN_VECTOR_BYTES;
    }
    RNN_UNROLL(8)
    for (int r = 0; r < all; r++) {
        RNN_UNROLL(4)
        for (int s = 1; s < split; s++)
            a[0][r] += a[s][r];
        sum[r] = a[0][r];
    }
}

/* The same for any number of passes, as many in step as may be. */
RNN_INLINE void rnn_half_column_passes(rnn_vec *sum, const rnn_stored *weights, const rnn_storage storage,
                                       const rnn_real *x, const int k, const int rows, const int passes)
{
    const int most = RNN_MAX(1, RNN_STEP_ROWS / rows), whole = passes / most, rest = passes % most;
    const ptrdiff_t pass_bytes = (ptrdiff_t)((k + 1) / 2) * rows * RNN_VECTOR_BYTES;
    RNN_UNROLL(4)
    for (int p = 0; p < whole; p++, sum += most * rows, weights += most * pass_bytes)
        rnn_half_column(sum, weights, storage, x, k, rows, most);
    if (rest > 0)
        rnn_half_column(sum, weights, storage, x, k, rows, rest);
}

/* clang-format on */

#ifdef RNN_PLAIN_C

/* The pass of so many rows with some columns, one after the other. */
RNN_INLINE void rnn_half_pass(rnn_vec *sum, const int sum_stride, const rnn_stored *weights, const rnn_storage storage,
                              const rnn_real *x, const ptrdiff_t x_stride, const int k, const int rows,
                              const int columns)
{
    for (int c = 0; c < columns; c++)
        rnn_half_column(sum + c * sum_stride, weights, storage, x + c * x_stride, k, rows, 1);
}

#else

/* Tiles as functions of their own, and the pass of so many rows: see rnn/tile.h. */
#define RNN_HALF_TILE_OF(name, storage, rows, columns)                                                                 \
    RNN_OUTLINE void rnn_##name##_tile_##rows##_##columns(rnn_vec *sum, int sum_stride, const rnn_stored *weights,     \
                                                          const rnn_real *const *x, int k, uintptr_t ahead, int step)  \
    {                                                                                                                  \
        rnn_half_tile(sum, sum_stride, weights, storage, x, k, rows, columns, ahead, step);                            \
    }
#define RNN_HALF_TILES_OF(name, storage, rows)                                                                         \
    RNN_HALF_TILE_OF(name, storage, rows, 2)                                                                           \
    RNN_HALF_TILE_OF(name, storage, rows, 3)                                                                           \
    RNN_HALF_TILE_OF(name, storage, rows, 4)                                                                           \
    RNN_HALF_TILE_OF(name, storage, rows, 5)                                                                           \
    RNN_HALF_TILE_OF(name, storage, rows, 6)                                                                           \
    RNN_OUTLINE void rnn_##name##_pass_##rows(rnn_vec *sum, int sum_stride, const rnn_stored *weights,                 \
                                              const rnn_real *x, ptrdiff_t x_stride, int k, int columns)               \
    {                                                                                                                  \
        enum { WIDTH = RNN_TILE_WIDTH(rows), ROWS_BYTES = (rows)*RNN_VECTOR_BYTES };                                   \
        const int tiles = (columns + WIDTH - 1) / WIDTH, most = tiles > 1 ? RNN_RUN : k, step = ROWS_BYTES / tiles;    \
        for (int i = 0, run; i < k; i += run, weights += (ptrdiff_t)run / 2 * ROWS_BYTES, x += run) {                  \
            run = RNN_MIN(k - i, most);                                                                                \
            uintptr_t ahead = (uintptr_t)weights + (uintptr_t)(tiles > 1 ? run / 2 : RNN_PREFETCH) * ROWS_BYTES;       \
            for (int c = 0, width; c < columns; c += width, ahead += (uintptr_t)(run / 2) * (uintptr_t)step) {         \
                const rnn_real *right[RNN_TILE_COLUMNS];                                                               \
                width = rnn_next_part(columns - c, WIDTH);                                                             \
                for (int j = 0; j < width; j++)                                                                        \
                    right[j] = x + (c + j) * x_stride;                                                                 \
                rnn_vec *const to = sum + c * sum_stride;                                                              \
                if (WIDTH >= 6 && width == 6)                                                                          \
                    rnn_##name##_tile_##rows##_6(to, sum_stride, weights, right, run, ahead, step);                    \
                else if (WIDTH >= 5 && width == 5)                                                                     \
                    rnn_##name##_tile_##rows##_5(to, sum_stride, weights, right, run, ahead, step);                    \
                else if (WIDTH >= 4 && width == 4)                                                                     \
                    rnn_##name##_tile_##rows##_4(to, sum_stride, weights, right, run, ahead, step);                    \
                else if (WIDTH >= 3 && width == 3)                                                                     \
                    rnn_##name##_tile_##rows##_3(to, sum_stride, weights, right, run, ahead, step);                    \
                else                                                                                                   \
                    rnn_##name##_tile_##rows##_2(to, sum_stride, weights, right, run, ahead, step);                    \
            }                                                                                                          \
        }                                                                                                              \
    }
#define RNN_HALF_PASSES_OF(rows)                                                                                       \
    RNN_HALF_TILES_OF(f16, RNN_F16, rows)                                                                              \
    RNN_HALF_TILES_OF(bf16, RNN_BF16, rows)
RNN_HALF_PASSES_OF(1)
RNN_HALF_PASSES_OF(2)
#if RNN_ACCUMULATORS >= 12
RNN_HALF_PASSES_OF(3)
#endif
#if RNN_ACCUMULATORS >= 16
RNN_HALF_PASSES_OF(4)
#endif
#undef RNN_HALF_PASSES_OF
#undef RNN_HALF_TILES_OF
#undef RNN_HALF_TILE_OF

#define RNN_HALF_PASS_CASE(rows)                                                                                       \
    if (storage == RNN_F16)                                                                                            \
        rnn_f16_pass_##rows(sum, sum_stride, weights, x, x_stride, k, columns);                                        \
    else                                                                                                               \
        rnn_bf16_pass_##rows(sum, sum_stride, weights, x, x_stride, k, columns);

/* The pass of so many rows with two columns or more. */
RNN_INLINE void rnn_half_pass(rnn_vec *sum, const int sum_stride, const rnn_stored *weights, const rnn_storage storage,
                              const rnn_real *x, const ptrdiff_t x_stride, const int k, const int rows,
                              const int columns)
{
    if (rows == 1) {
        RNN_HALF_PASS_CASE(1)
    } else if (rows == 2) {
        RNN_HALF_PASS_CASE(2)
#if RNN_ACCUMULATORS >= 12
    } else if (rows == 3) {
        RNN_HALF_PASS_CASE(3)
#endif
#if RNN_ACCUMULATORS >= 16
    } else {
        RNN_HALF_PASS_CASE(4)
#endif
    }
}
#undef RNN_HALF_PASS_CASE

#endif

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* Passes for all `rows` rows of a panel, one after the other. */
RNN_INLINE void rnn_half_product(rnn_vec *sum, const int sum_stride, const rnn_stored *panel, const rnn_storage storage,
                                 const int rows, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                                 const int columns)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    const ptrdiff_t row_bytes = (ptrdiff_t)((k + 1) / 2) * RNN_VECTOR_BYTES;
    if (columns == 1) {
        rnn_half_column_passes(sum, panel, storage, x, k, least + 1, larger);
        rnn_half_column_passes(sum + larger * (least + 1), panel + row_bytes * larger * (least + 1), storage, x, k,
                               least, passes - larger);
        return;
    }
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += least + 1, panel += row_bytes * (least + 1))
        rnn_half_pass(sum, sum_stride, panel, storage, x, x_stride, k, least + 1, columns);
    RNN_UNROLL(4)
    for (int p = larger; p < passes; p++, sum += least, panel += row_bytes * least)
        rnn_half_pass(sum, sum_stride, panel, storage, x, x_stride, k, least, columns);
}

/* The pass of so many rows with one column of each of `count` right-hand sides, as many at a time as a tile has
 * columns: a weight becomes a float once for these. Multiply-adds bound it, not conversions: four vectors against two
 * rows take as long as with plain weights, 0.85 of what a Zen 3 can do with 128 numbers of k, as eight sums no more
 * than hide how long a multiply-add takes. Tiles are inlined: to call them costs a Zen 3 100 cycles, as much as 25
 * numbers of k. */
RNN_INLINE void rnn_half_rights(rnn_vec *sum, const int apart, const rnn_stored *weights, const rnn_storage storage,
                                const rnn_right *right, const int k, const int rows, const int count)
{
    const int step = rows * RNN_VECTOR_BYTES;
    const uintptr_t ahead = (uintptr_t)weights + (uintptr_t)(RNN_PREFETCH * step);
#ifndef __clang__ /* which says that it cannot, where there is more than one tile */
    RNN_UNROLL(4)
#endif
    for (int c = 0, width; c < count; c += width) {
        const rnn_real *x[RNN_TILE_COLUMNS];
        width = rnn_next_part(count - c, RNN_TILE_WIDTH(rows));
#ifndef __clang__
        RNN_UNROLL(6)
#endif
        for (int j = 0; j < width; j++)
            x[j] = right[c + j].x;
        rnn_half_tile(sum + c * apart, apart, weights, storage, x, k, rows, width, ahead, step);
    }
}

/* Passes for all `rows` rows of a panel with one column of each of `count` right-hand sides: see rnn_panel_products. */
RNN_INLINE void rnn_half_products(rnn_vec *sum, const rnn_stored *panel, const rnn_storage storage, const int rows,
                                  const rnn_right *right, const int k, const int count)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    const ptrdiff_t row_bytes = (ptrdiff_t)((k + 1) / 2) * RNN_VECTOR_BYTES;
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += least + 1, panel += row_bytes * (least + 1))
        rnn_half_rights(sum, rows, panel, storage, right, k, least + 1, count);
    RNN_UNROLL(4)
    for (int p = larger; p < passes; p++, sum += least, panel += row_bytes * least)
        rnn_half_rights(sum, rows, panel, storage, right, k, least, count);
}

/* clang-format on */

#endif

#endif
