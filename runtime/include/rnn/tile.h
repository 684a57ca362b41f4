/* Tiles: products of the rows of a panel with two columns or more, as much at once as fits in registers.
 *
 * A row is RNN_LANES weights here. A tile is a few rows against some columns: its accumulators stay in registers over a
 * run of k, beside the rows of the panel and the one number of a column that meets them. A pass takes its rows through
 * all columns, tile after tile. A panel with more rows than a tile has several passes, and holds for each a part of its
 * own, so that every pass reads from front to back:
 *
 *              registers  accumulators  rows of a pass  columns with 1, 2, 3, 4 rows
 *   SSE2           16           8            2                 4   4   -   -      a product needs registers of its own
 *   AVX, AVX2      16          12            3                 6   6   4   -
 *   NEON           32          16            4                 6   6   5   4      numbers of columns are loaded early
 *   AVX-512        32          24            4                 6   6   6   6
 *   plain C        32          16            4                 6   6   5   4      as microcontrollers have them
 *
 * Four rows are two passes of two where three is the most, and eight are four. Eight multiply-adds or more are under
 * way at once: two begin in each cycle, and each takes four. More than six columns at a time would not fit in one set
 * of a first-level cache, where they all fall if they are a multiple of 4 KiB apart. */
#ifndef RNN_TILE_H
#define RNN_TILE_H

#include "rnn/library.h"
#include "rnn/vec.h"

#if defined(RNN_PLAIN_C)
#define RNN_ACCUMULATORS 16
#elif defined(__AVX512F__)
#define RNN_ACCUMULATORS 24
#elif defined(__aarch64__)
#define RNN_ACCUMULATORS 16
#elif defined(__AVX__)
#define RNN_ACCUMULATORS 12
#else
#define RNN_ACCUMULATORS 8
#endif

#define RNN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RNN_MAX(a, b) ((a) > (b) ? (a) : (b))

enum {
    RNN_PASS_ROWS = RNN_ACCUMULATORS >= 16 ? 4 : RNN_ACCUMULATORS / 4, /* at most */
    RNN_STEP_ROWS = RNN_ACCUMULATORS >= 16 ? 4 : 8,                    /* of a column's passes in step, at most */
    RNN_TILE_COLUMNS = 6,                                              /* at most */
    RNN_PREFETCH = RNN_ACCUMULATORS < 16 ? 64 : 0,                     /* turns of a tile's loop; 0: none */
    RNN_RUN = 512 /* turns, for all columns before the next: what they share stays in a near cache */
};

/* Passes of so many rows: as few as can be, or one more where all then have the same number, two or more. */
#define RNN_PASSES_LEAST(rows) (((rows) + RNN_PASS_ROWS - 1) / RNN_PASS_ROWS)
#define RNN_PASSES(rows)                                                                                               \
    (RNN_PASSES_LEAST(rows) + ((rows) % RNN_PASSES_LEAST(rows) && (rows) % (RNN_PASSES_LEAST(rows) + 1) == 0 &&        \
                               (rows) > RNN_PASSES_LEAST(rows) + 1))

/* Returns the number of columns of the widest tile of so many rows. */
#define RNN_TILE_WIDTH(rows) RNN_MIN(RNN_TILE_COLUMNS, RNN_ACCUMULATORS / RNN_MAX(rows, 2))

/* Returns how many of `left` things the next part takes: parts are nearly equal, and none has more than `most`. */
RNN_INLINE int rnn_next_part(int left, int most)
{
    if (left <= most)
        return left;
    const int parts = (left + most - 1) / most;
    return (left + parts - 1) / parts;
}

/* A right-hand side of several: column c at x + c * stride. */
typedef struct {
    const rnn_real *x;
    ptrdiff_t stride;
} rnn_right;

/* A row's place in its panel: in number i of k at weights[first * k + i * rows + row]. */
typedef struct {
    int first, rows, row; /* of the pass: rows in front of it, and its own; the row's number in the pass */
} rnn_pass_place;

/* Returns the place of a row in a panel of so many: passes have nearly equal numbers of rows, the larger ones first. */
RNN_INLINE rnn_pass_place rnn_place_row(const int row, const int rows)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    const int in_larger = larger * (least + 1);
    rnn_pass_place place;
    if (row < in_larger) {
        place.rows = least + 1;
        place.row = row % (least + 1);
    } else {
        place.rows = least;
        place.row = (row - in_larger) % least;
    }
    place.first = row - place.row;
    return place;
}

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum[c * sum_stride + r] += weights[i * rows + r] * x[c * x_stride + i * x_step] over i < k, for r < rows and
 * c < columns; fresh: in place of what the sums hold. Where these are few the sum over i is split, so that eight
 * multiply-adds are under way.
 *
 * Meanwhile it asks for memory from `ahead` on, `step` bytes a turn: with 16 registers a turn reads so little that a
 * core does not see far enough ahead for weights that come from a far cache; with 32 it does. */
RNN_INLINE void rnn_tile(rnn_vec *sum, const int sum_stride, const rnn_vec *weights, const rnn_real *x,
                         const ptrdiff_t x_stride, const ptrdiff_t x_step, const int k, const int rows,
                         const int columns, uintptr_t ahead, const int step, const int fresh)
{
    const int busy = rows == 1 ? 5 : 8; /* a single row waits for loads first */
    const int split = rows * columns >= busy || 2 * rows * columns > RNN_ACCUMULATORS ? 1 : rows * columns > 2 ? 2 : 4;
    rnn_vec a[4][12][RNN_PASS_ROWS];
    RNN_UNROLL(12)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++)
            RNN_UNROLL(4)
            for (int s = 0; s < split; s++)
                a[s][c][r] = rnn_vec_splat(0);
    if (!fresh)
        RNN_UNROLL(12)
        for (int c = 0; c < columns; c++)
            RNN_UNROLL(4)
            for (int r = 0; r < rows; r++)
                a[0][c][r] = sum[c * sum_stride + r];
    const int whole = k - k % split; /* k is 0 or more */
    int i = 0;
    RNN_UNROLL_PART(2)
    for (; i < whole; i += split, weights += split * rows, x += split * x_step)
        RNN_UNROLL(4)
        for (int s = 0; s < split; s++) {
            if (RNN_PREFETCH > 0) {
                RNN_AHEAD((const void *)ahead);
                ahead += (uintptr_t)step;
            }
            RNN_UNROLL(12)
            for (int c = 0; c < columns; c++) {
                const rnn_vec q = rnn_vec_splat(x[c * x_stride + s * x_step]);
                RNN_UNROLL(4)
                for (int r = 0; r < rows; r++)
                    a[s][c][r] = rnn_vec_madd(weights[s * rows + r], q, a[s][c][r]);
            }
        }
    if (split > 1)
        for (; i < k; i++, weights += rows, x += x_step)
            RNN_UNROLL(12)
            for (int c = 0; c < columns; c++) {
                const rnn_vec q = rnn_vec_splat(x[c * x_stride]);
                RNN_UNROLL(4)
                for (int r = 0; r < rows; r++)
                    a[0][c][r] = rnn_vec_madd(weights[r], q, a[0][c][r]);
            }
    RNN_UNROLL(12)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++) {
            RNN_UNROLL(4)
            for (int s = 1; s < split; s++)
                a[0][c][r] += a[s][c][r];
            sum[c * sum_stride + r] = a[0][c][r];
        }
}

/* clang-format on */

/* Tiles of each size as functions that are not inlined, so that they have all registers to themselves. */
#define RNN_TILE_OF(rows, columns)                                                                                     \
    RNN_OUTLINE void rnn_tile_##rows##_##columns(rnn_vec *sum, int sum_stride, const rnn_vec *weights,                 \
                                                 const rnn_real *x, ptrdiff_t x_stride, int k, uintptr_t ahead,        \
                                                 int step, int fresh)                                                  \
    {                                                                                                                  \
        rnn_tile(sum, sum_stride, weights, x, x_stride, 1, k, rows, columns, ahead, step, fresh);                      \
    }
#define RNN_TILES_OF(rows)                                                                                             \
    RNN_TILE_OF(rows, 2)                                                                                               \
    RNN_TILE_OF(rows, 3)                                                                                               \
    RNN_TILE_OF(rows, 4)                                                                                               \
    RNN_TILE_OF(rows, 5)                                                                                               \
    RNN_TILE_OF(rows, 6)                                                                                               \
                                                                                                                       \
    /* One pass: the same for two columns or more, whose numbers lie side by side. Tiles ask for the next run. */      \
    RNN_OUTLINE void rnn_pass_##rows(rnn_vec *sum, int sum_stride, const rnn_vec *weights, const rnn_real *x,          \
                                     ptrdiff_t x_stride, int k, int columns, int fresh)                                \
    {                                                                                                                  \
        enum { WIDTH = RNN_TILE_WIDTH(rows), ROWS_BYTES = (rows) * (int)sizeof *weights };                             \
        const int tiles = (columns + WIDTH - 1) / WIDTH, most = tiles > 1 ? RNN_RUN : k, step = ROWS_BYTES / tiles;    \
        for (int i = 0, run; i < k; i += run, weights += (ptrdiff_t)run * (rows), x += run, fresh = 0) {               \
            run = rnn_next_part(k - i, most);                                                                          \
            uintptr_t ahead = (uintptr_t)weights + (uintptr_t)(tiles > 1 ? run : RNN_PREFETCH) * ROWS_BYTES;           \
            for (int c = 0, width; c < columns; c += width, ahead += (uintptr_t)run * (uintptr_t)step) {               \
                rnn_vec *const to = sum + c * sum_stride;                                                              \
                const rnn_real *const right = x + c * x_stride;                                                        \
                width = rnn_next_part(columns - c, WIDTH);                                                             \
                if (WIDTH >= 6 && width == 6)                                                                          \
                    rnn_tile_##rows##_6(to, sum_stride, weights, right, x_stride, run, ahead, step, fresh);            \
                else if (WIDTH >= 5 && width == 5)                                                                     \
                    rnn_tile_##rows##_5(to, sum_stride, weights, right, x_stride, run, ahead, step, fresh);            \
                else if (WIDTH >= 4 && width == 4)                                                                     \
                    rnn_tile_##rows##_4(to, sum_stride, weights, right, x_stride, run, ahead, step, fresh);            \
                else if (WIDTH >= 3 && width == 3)                                                                     \
                    rnn_tile_##rows##_3(to, sum_stride, weights, right, x_stride, run, ahead, step, fresh);            \
                else                                                                                                   \
                    rnn_tile_##rows##_2(to, sum_stride, weights, right, x_stride, run, ahead, step, fresh);            \
            }                                                                                                          \
        }                                                                                                              \
    }
RNN_TILES_OF(1)
RNN_TILES_OF(2)
#if RNN_ACCUMULATORS >= 12
RNN_TILES_OF(3)
#endif
#if RNN_ACCUMULATORS >= 16
RNN_TILES_OF(4)
#endif
#undef RNN_TILES_OF
#undef RNN_TILE_OF

/* The pass of so many rows. */
RNN_INLINE void rnn_pass(rnn_vec *sum, const int sum_stride, const rnn_vec *weights, const rnn_real *x,
                         const ptrdiff_t x_stride, const int k, const int rows, const int columns, const int fresh)
{
    if (rows == 1)
        rnn_pass_1(sum, sum_stride, weights, x, x_stride, k, columns, fresh);
    else if (rows == 2)
        rnn_pass_2(sum, sum_stride, weights, x, x_stride, k, columns, fresh);
#if RNN_ACCUMULATORS >= 12
    else if (rows == 3)
        rnn_pass_3(sum, sum_stride, weights, x, x_stride, k, columns, fresh);
#endif
#if RNN_ACCUMULATORS >= 16
    else
        rnn_pass_4(sum, sum_stride, weights, x, x_stride, k, columns, fresh);
#endif
}

/* Passes for all `rows` rows of a panel, one after the other. */
RNN_INLINE void rnn_passes(rnn_vec *sum, const int sum_stride, const rnn_vec *panel, const rnn_real *x,
                           const ptrdiff_t x_stride, const int k, const int rows, const int columns, const int fresh)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += least + 1, panel += (ptrdiff_t)k * (least + 1))
        rnn_pass(sum, sum_stride, panel, x, x_stride, k, least + 1, columns, fresh);
    RNN_UNROLL(4)
    for (int p = larger; p < passes; p++, sum += least, panel += (ptrdiff_t)k * least)
        rnn_pass(sum, sum_stride, panel, x, x_stride, k, least, columns, fresh);
}

#endif
