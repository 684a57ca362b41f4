/* Tiles of weights of 8 bits, multiplied as whole numbers with columns of rnn/stored_quantise.h.
 *
 * The sums of a run of k fit in 32 bits, and are added to those of other runs as floats, times the step of the column
 * and the scale of the row. A vector of weights holds four numbers of k for each lane, a quad, and 0 behind the last k:
 * bytes that are multiplied as such lie in their order; of pairs the first two numbers are the even bytes and the last
 * two the odd ones; of halves the first two are in the first half, lane by lane; of words each number has all its lanes
 * in neighbouring bytes. On x86 they are unsigned, q + 128, but for halves: the sums then have 128 times the sum of the
 * column too much, which its head knows.
 *
 * A lane of one number takes the four numbers of a quad in their order, and multiplies each, as a float, with the
 * column's.
 *
 * A panel: for each row a vector of scales, then run by run, pass by pass (rnn/tile.h), its quads: quad i of a row of a
 * pass at weights + (i * rows + row) * RNN_VECTOR_BYTES. */
#ifndef RNN_STORED_INT8_H
#define RNN_STORED_INT8_H

#include "rnn/stored_quantise.h"
#include "rnn/tile.h"

#ifdef RNN_PLAIN_C

/* Returns the byte of a vector that number i of a lane's quad is in. */
RNN_INLINE int rnn_int8_place(int lane, int i) { return lane + i; }

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum[r] += scale of r * sum of weights of i and r * x[i] over i < count, for r < rows. */
RNN_INLINE void rnn_int8_pass(rnn_vec *sum, const float *scales, const rnn_stored *weights, const rnn_real *x,
                              const int count, const int rows)
{
    rnn_vec a[RNN_PASS_ROWS] = {0};
    int i = 0;
    RNN_LOOP
    for (; i + 4 <= count; i += 4, weights += 4 * rows)
        RNN_UNROLL(4)
        for (int j = 0; j < 4; j++)
            RNN_UNROLL(4)
            for (int r = 0; r < rows; r++)
                a[r] = rnn_madd((rnn_vec)(signed char)weights[4 * r + j], x[i + j], a[r]);
    for (int j = 0; i + j < count; j++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++)
            a[r] = rnn_madd((rnn_vec)(signed char)weights[4 * r + j], x[i + j], a[r]);
    RNN_UNROLL(4)
    for (int r = 0; r < rows; r++)
        sum[r] = rnn_madd(scales[r], a[r], sum[r]);
}

/* Adds the product of a panel with a batch of columns to its accumulators. */
RNN_INLINE void rnn_int8_columns(rnn_vec *sum, const int sum_stride, const rnn_stored *panel, const int rows,
                                 const rnn_real *x, const ptrdiff_t x_stride, const int k, const int columns)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    for (int c = 0; c < columns; c++, sum += sum_stride, x += x_stride) {
        const float *const scales = (const float *)(const void *)panel;
        const rnn_stored *weights = panel + rows * RNN_VECTOR_BYTES;
        for (int i = 0; i < k; i += RNN_INT8_RUN) {
            const int count = RNN_MIN(k - i, RNN_INT8_RUN), quads = (count + 3) / 4;
            int row = 0;
            RNN_UNROLL(4)
            for (int p = 0; p < larger; p++, row += least + 1, weights += quads * (least + 1) * RNN_VECTOR_BYTES)
                rnn_int8_pass(sum + row, scales + row, weights, x + i, count, least + 1);
            RNN_UNROLL(4)
            for (int p = larger; p < passes; p++, row += least, weights += quads * least * RNN_VECTOR_BYTES)
                rnn_int8_pass(sum + row, scales + row, weights, x + i, count, least);
        }
    }
}

/* clang-format on */

#elif RNN_HAS_INT8

enum { RNN_INT8_STEP = 4 }; /* rows of the passes of one column in step, at most */

/* Returns the byte of a vector that number i of a lane's quad is in. */
RNN_INLINE int rnn_int8_place(int lane, int i)
{
#if defined(RNN_INT8_PAIRS)
    return 4 * lane + (i == 1 ? 2 : i == 2 ? 1 : i);
#elif defined(RNN_INT8_HALVES)
    return i / 2 * (RNN_VECTOR_BYTES / 2) + 2 * lane + i % 2;
#elif defined(RNN_INT8_BYTES)
    return 4 * lane + i;
#else
    return lane + 4 * i;
#endif
}

/* Returns 4 bytes in all lanes. */
RNN_INLINE rnn_vec_bits rnn_int8_splat(const unsigned char *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return four - (rnn_vec_bits){0};
}

typedef rnn_vec_bits rnn_quad_aligned __attribute__((may_alias));

/* Adds the product of a quad of weights and of a column to sums; `half`: 0 and 1, of the sums with bytes, of the quad
 * with words. */
RNN_INLINE void rnn_int8_add(rnn_vec_bits *sum, const rnn_stored *weights, const unsigned char *numbers,
                             const int plane, const int quad, const int half)
{
#if defined(RNN_INT8_BYTES)
    const rnn_vec_bits w = *(const rnn_quad_aligned *)(const void *)weights;
    sum[half] = RNN_INT8_DOT(sum[half], w, rnn_int8_splat(numbers + (half ? 0 : plane) + 4 * quad));
#elif defined(RNN_INT8_PAIRS) || defined(RNN_INT8_HALVES)
#ifdef RNN_INT8_HALVES
    const __m128i *const bytes = (const __m128i *)(const void *)(weights + half * (RNN_VECTOR_BYTES / 2));
    const __m256i two = _mm256_cvtepi8_epi16(_mm_load_si128(bytes));
#else
    typedef uint16_t words __attribute__((vector_size(RNN_VECTOR_BYTES)));
    const rnn_vec_bits w = *(const rnn_quad_aligned *)(const void *)weights;
    const words two = half ? (words)w >> 8 : (words)w & (0xff - (words){0});
#endif
    (void)plane;
    *sum = RNN_INT8_DOT(*sum, two, rnn_int8_splat(numbers + 8 * quad + 4 * half));
    __asm__("" : "+v"(*sum)); /* gcc would add products to each other first, and run out of registers */
#else
    const rnn_vec_bits w = *(const rnn_quad_aligned *)(const void *)weights;
    const int8x16_t bytes = (int8x16_t)w;
    const int16x8_t two = vmovl_s8(half ? vget_high_s8(bytes) : vget_low_s8(bytes));
    const int16_t *const x = (const int16_t *)(const void *)numbers + 4 * quad + 2 * half;
    (void)plane;
    *sum = (rnn_vec_bits)vmlal_n_s16((int32x4_t)*sum, vget_low_s16(two), x[0]);
    *sum = (rnn_vec_bits)vmlal_n_s16((int32x4_t)*sum, vget_high_s16(two), x[1]);
#endif
}

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum += scale * step of a column * the product of a row and the column's run, which `a` holds in parts. */
RNN_INLINE void rnn_int8_end(rnn_vec *sum, const rnn_vec scale, const unsigned char *run, const rnn_vec_bits *a)
{
    const rnn_int8_head *const head = (const rnn_int8_head *)(const void *)run;
    rnn_vec all = __builtin_convertvector((rnn_vec_int)(a[0] - head->excess[0]), rnn_vec);
    if (RNN_INT8_PARTS == 2)
        all = rnn_vec_madd(all, rnn_vec_splat(256), __builtin_convertvector(
            (rnn_vec_int)(a[1] - head->excess[RNN_INT8_PARTS - 1]), rnn_vec));
    *sum = rnn_vec_madd(scale * head->step, all, *sum);
}

/* sum[c * sum_stride + r] += scale of r * step of c * the product of `quads` quads, for r < rows and c < columns.
 * `runs`: of the columns. */
RNN_INLINE void rnn_int8_tile(rnn_vec *sum, const int sum_stride, const rnn_vec *scales, const rnn_stored *weights,
                              const unsigned char *const *runs, const int plane, const int quads, const int rows,
                              const int columns)
{
    rnn_vec_bits a[RNN_TILE_COLUMNS][RNN_PASS_ROWS][2];
    RNN_UNROLL(6)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++)
            a[c][r][0] = a[c][r][1] = (rnn_vec_bits){0};
    RNN_LOOP
    for (int quad = 0; quad < quads; quad++, weights += rows * RNN_VECTOR_BYTES)
        RNN_UNROLL(2)
        for (int half = 0; half < 2; half++)
            RNN_UNROLL(6)
            for (int c = 0; c < columns; c++)
                RNN_UNROLL(4)
                for (int r = 0; r < rows; r++)
                    rnn_int8_add(a[c][r], weights + r * RNN_VECTOR_BYTES,
                                 runs[c] + RNN_INT8_HEAD, plane, quad, half);
    RNN_UNROLL(6)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++)
            rnn_int8_end(sum + c * sum_stride + r, scales[r], runs[c], a[c][r]);
}

/* The same for one column and `passes` passes of so many rows in step: see rnn_half_column. On a Zen 3 four rows take
 * 0.85 of the time that two take; with eight there is no register left for bytes that have become words. */
RNN_INLINE void rnn_int8_column(rnn_vec *sum, const rnn_vec *scales, const rnn_stored *weights,
                                const unsigned char *run, const int plane, const int quads, const int rows,
                                const int passes)
{
    const int all = rows * passes;
    const ptrdiff_t apart = (ptrdiff_t)quads * rows * RNN_VECTOR_BYTES;
    rnn_vec_bits a[RNN_INT8_STEP][2];
    RNN_UNROLL(8)
    for (int r = 0; r < all; r++)
        a[r][0] = a[r][1] = (rnn_vec_bits){0};
    RNN_UNROLL_PART(2)
    for (int quad = 0; quad < quads; quad++, weights += rows * RNN_VECTOR_BYTES)
        RNN_UNROLL(2)
        for (int half = 0; half < 2; half++)
            RNN_UNROLL(8)
            for (int r = 0; r < all; r++)
                rnn_int8_add(a[r], weights + r / rows * apart + r % rows * RNN_VECTOR_BYTES,
                             run + RNN_INT8_HEAD, plane, quad, half);
    RNN_UNROLL(8)
    for (int r = 0; r < all; r++)
        rnn_int8_end(sum + r, scales[r], run, a[r]);
}

/* The same for any number of passes, as many in step as may be. */
RNN_INLINE void rnn_int8_column_passes(rnn_vec *sum, const rnn_vec *scales, const rnn_stored *weights,
                                       const unsigned char *run, const int plane, const int quads, const int rows,
                                       const int passes)
{
    const int most = RNN_MAX(1, RNN_INT8_STEP / rows), whole = passes / most, rest = passes % most;
    RNN_UNROLL(4)
    for (int p = 0; p < whole; p++, sum += most * rows, scales += most * rows) {
        rnn_int8_column(sum, scales, weights, run, plane, quads, rows, most);
        weights += (ptrdiff_t)quads * most * rows * RNN_VECTOR_BYTES;
    }
    if (rest > 0)
        rnn_int8_column(sum, scales, weights, run, plane, quads, rows, rest);
}

/* clang-format on */

/* Columns of a tile at most: machines with 16 registers have some for bytes that have become words. */
#ifdef RNN_LANES_NEON
#define RNN_INT8_WIDTH(rows) RNN_MIN(RNN_TILE_COLUMNS, RNN_ACCUMULATORS / RNN_INT8_PARTS / RNN_MAX(rows, 2))
#elif defined(RNN_LANES_AVX512)
#define RNN_INT8_WIDTH(rows) RNN_MIN(RNN_TILE_COLUMNS, 24 / RNN_INT8_PARTS / (rows))
#else
#define RNN_INT8_WIDTH(rows) RNN_MIN(RNN_TILE_COLUMNS, RNN_MAX(1, (13 - (rows)) / RNN_INT8_PARTS / (rows)))
#endif

/* Tiles of each size as functions of their own: see rnn/tile.h. */
#define RNN_INT8_TILE_OF(rows, columns)                                                                                \
    RNN_OUTLINE void rnn_int8_tile_##rows##_##columns(rnn_vec *sum, int sum_stride, const rnn_vec *scales,             \
                                                      const rnn_stored *weights, const unsigned char *const *runs,     \
                                                      int plane, int quads)                                            \
    {                                                                                                                  \
        rnn_int8_tile(sum, sum_stride, scales, weights, runs, plane, quads, rows, columns);                            \
    }
#define RNN_INT8_TILES_OF(rows)                                                                                        \
    RNN_INT8_TILE_OF(rows, 1)                                                                                          \
    RNN_INT8_TILE_OF(rows, 2)                                                                                          \
    RNN_INT8_TILE_OF(rows, 3)                                                                                          \
    RNN_INT8_TILE_OF(rows, 4)                                                                                          \
    RNN_INT8_TILE_OF(rows, 5)                                                                                          \
    RNN_INT8_TILE_OF(rows, 6)                                                                                          \
    RNN_OUTLINE void rnn_int8_pass_##rows(rnn_vec *sum, int sum_stride, const rnn_vec *scales,                         \
                                          const rnn_stored *weights, const unsigned char *const *runs, int plane,      \
                                          int quads, int columns)                                                      \
    {                                                                                                                  \
        enum { WIDTH = RNN_INT8_WIDTH(rows) };                                                                         \
        if (WIDTH >= 6 && columns == 6)                                                                                \
            rnn_int8_tile_##rows##_6(sum, sum_stride, scales, weights, runs, plane, quads);                            \
        else if (WIDTH >= 5 && columns == 5)                                                                           \
            rnn_int8_tile_##rows##_5(sum, sum_stride, scales, weights, runs, plane, quads);                            \
        else if (WIDTH >= 4 && columns == 4)                                                                           \
            rnn_int8_tile_##rows##_4(sum, sum_stride, scales, weights, runs, plane, quads);                            \
        else if (WIDTH >= 3 && columns == 3)                                                                           \
            rnn_int8_tile_##rows##_3(sum, sum_stride, scales, weights, runs, plane, quads);                            \
        else if (WIDTH >= 2 && columns == 2)                                                                           \
            rnn_int8_tile_##rows##_2(sum, sum_stride, scales, weights, runs, plane, quads);                            \
        else                                                                                                           \
            rnn_int8_tile_##rows##_1(sum, sum_stride, scales, weights, runs, plane, quads);                            \
    }
RNN_INT8_TILES_OF(1)
RNN_INT8_TILES_OF(2)
#if RNN_ACCUMULATORS >= 12
RNN_INT8_TILES_OF(3)
#endif
#if RNN_ACCUMULATORS >= 16
RNN_INT8_TILES_OF(4)
#endif
#undef RNN_INT8_TILES_OF
#undef RNN_INT8_TILE_OF

/* A pass of so many rows over a run of as many columns as a tile has. */
RNN_INLINE void rnn_int8_pass(rnn_vec *sum, const int sum_stride, const rnn_vec *scales, const rnn_stored *weights,
                              const unsigned char *const *runs, const int plane, const int quads, const int rows,
                              const int columns)
{
    if (rows == 1)
        rnn_int8_pass_1(sum, sum_stride, scales, weights, runs, plane, quads, columns);
    else if (rows == 2)
        rnn_int8_pass_2(sum, sum_stride, scales, weights, runs, plane, quads, columns);
#if RNN_ACCUMULATORS >= 12
    else if (rows == 3)
        rnn_int8_pass_3(sum, sum_stride, scales, weights, runs, plane, quads, columns);
#endif
#if RNN_ACCUMULATORS >= 16
    else
        rnn_int8_pass_4(sum, sum_stride, scales, weights, runs, plane, quads, columns);
#endif
}

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* Passes for all `rows` rows of a panel over one run, and columns that a tile has; alone: one column, inlined. */
RNN_INLINE void rnn_int8_passes(rnn_vec *sum, const int sum_stride, const rnn_vec *scales, const rnn_stored *weights,
                                const unsigned char *const *runs, const int plane, const int quads, const int rows,
                                const int columns, const int alone)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    if (alone) {
        const int before = larger * (least + 1);
        rnn_int8_column_passes(sum, scales, weights, runs[0], plane, quads, least + 1, larger);
        rnn_int8_column_passes(sum + before, scales + before, weights + (ptrdiff_t)quads * before * RNN_VECTOR_BYTES,
                               runs[0], plane, quads, least, passes - larger);
        return;
    }
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += least + 1, scales += least + 1) {
        rnn_int8_pass(sum, sum_stride, scales, weights, runs, plane, quads, least + 1, columns);
        weights += (ptrdiff_t)quads * (least + 1) * RNN_VECTOR_BYTES;
    }
    RNN_UNROLL(4)
    for (int p = larger; p < passes; p++, sum += least, scales += least) {
        rnn_int8_pass(sum, sum_stride, scales, weights, runs, plane, quads, least, columns);
        weights += (ptrdiff_t)quads * least * RNN_VECTOR_BYTES;
    }
}

/* clang-format on */

/* Adds the product of a panel with a batch of columns to its accumulators: with columns of rnn_quantise, or (NULL) with
 * those of x, a run of as many as a tile has at a time. */
RNN_INLINE void rnn_int8_columns(rnn_vec *sum, const int sum_stride, const rnn_stored *panel, const int rows,
                                 const rnn_real *quantised, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                                 const int columns)
{
    enum { RUN_BYTES = RNN_INT8_RUN_BYTES(RNN_INT8_RUN) };
    unsigned char own[RNN_TILE_COLUMNS * RUN_BYTES] __attribute__((aligned(64)));
    const int passes = RNN_PASSES(rows), most = (rows + passes - 1) / passes;
    const int plane = RNN_INT8_PLANE(k);
    const ptrdiff_t run_bytes = RNN_INT8_RUN_BYTES(k);
    const ptrdiff_t stride = RNN_QUANTISED(k) * (ptrdiff_t)sizeof(rnn_real);
    const unsigned char *whole = (const unsigned char *)(const void *)quantised;
    const rnn_stored *weights = panel + rows * RNN_VECTOR_BYTES;
    for (int i = 0, count; i < k; i += count) {
        count = RNN_MIN(k - i, RNN_INT8_RUN);
        const int quads = (count + 3) / 4;
        for (int c = 0, width; c < columns; c += width) {
            width = rnn_next_part(columns - c, RNN_INT8_WIDTH(most));
            const unsigned char *runs[RNN_TILE_COLUMNS];
            for (int j = 0; j < width; j++) {
                runs[j] = quantised ? whole + (c + j) * stride : own + j * run_bytes;
                if (!quantised)
                    rnn_quantise_run(own + j * run_bytes, x + (c + j) * x_stride + i, count, plane);
            }
            rnn_int8_passes(sum + c * sum_stride, sum_stride, (const rnn_vec *)(const void *)panel, weights, runs,
                            plane, quads, rows, width, columns == 1);
        }
        whole += quantised ? run_bytes : 0;
        weights += (ptrdiff_t)quads * rows * RNN_VECTOR_BYTES;
    }
}

/* Adds the products of a panel with one column of each of `count` right-hand sides, as rnn_quantise made them, as many
 * at a time as a tile has columns: see rnn_panel_products. */
RNN_INLINE void rnn_int8_products(rnn_vec *sum, const rnn_stored *panel, const int rows,
                                  const rnn_real *const *quantised, const int k, const int count)
{
    const int passes = RNN_PASSES(rows), most = (rows + passes - 1) / passes;
    const rnn_stored *weights = panel + rows * RNN_VECTOR_BYTES;
    ptrdiff_t begin = 0; /* bytes of a column in front of the run */
    for (int i = 0; i < k; i += RNN_INT8_RUN, begin += RNN_INT8_RUN_BYTES(k)) {
        const int quads = (RNN_MIN(k - i, RNN_INT8_RUN) + 3) / 4;
        for (int c = 0, width; c < count; c += width) {
            const unsigned char *runs[RNN_TILE_COLUMNS];
            width = rnn_next_part(count - c, RNN_INT8_WIDTH(most));
            for (int j = 0; j < width; j++)
                runs[j] = (const unsigned char *)(const void *)quantised[c + j] + begin;
            rnn_int8_passes(sum + c * rows, rows, (const rnn_vec *)(const void *)panel, weights, runs,
                            RNN_INT8_PLANE(k), quads, rows, width, 0);
        }
        weights += (ptrdiff_t)quads * rows * RNN_VECTOR_BYTES;
    }
}

#endif

#endif
