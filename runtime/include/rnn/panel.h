/* Panels: products of packed weights with columns.
 *
 * A kernel has `rows` accumulators for each unit (the gates of a cell) and works on RNN_LANES units at a time, or on
 * `side` such blocks of units where there are few rows. A packed matrix is a sequence of panels; a panel holds, for
 * each of the k units of the right-hand side, row after row, block after block, RNN_LANES weights: a product reads it
 * from front to back with aligned loads, and never adds across lanes. `tile` columns are multiplied at once, so that
 * rows * side * tile accumulators fill the registers and each weight that is loaded is used `tile` times. */
#ifndef RNN_PANEL_H
#define RNN_PANEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rnn/vec.h"

#if defined(__AVX512F__) || defined(__aarch64__)
#define RNN_ACCUMULATORS 24 /* of 32 registers */
#else
#define RNN_ACCUMULATORS 12 /* of 16 */
#endif

#define RNN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RNN_MAX(a, b) ((a) > (b) ? (a) : (b))

enum { RNN_TILE_MOST = 6, RNN_ROWS_AT_ONCE = 12 };

#define RNN_BLOCKS(units)       (RNN_PAD(units) / RNN_LANES)
#define RNN_SIDE(rows, units)   RNN_MIN((rows) >= 3 ? 1 : 4 / (rows), RNN_BLOCKS(units))
#define RNN_PANELS(rows, units) ((RNN_BLOCKS(units) + RNN_SIDE(rows, units) - 1) / RNN_SIDE(rows, units))
#define RNN_TILE(rows, units)   RNN_MAX(1, RNN_MIN(RNN_TILE_MOST, RNN_ACCUMULATORS / ((rows)*RNN_SIDE(rows, units))))
/* Size, in numbers, of a packed matrix of `part` of the kernel's rows, with k columns. */
#define RNN_PACKED(rows, part, units, k)                                                                               \
    ((size_t)RNN_PANELS(rows, units) * RNN_SIDE(rows, units) * (part) * (size_t)(k)*RNN_LANES)

/* Returns the columns of the next tile when `left` remain: tiles of nearly equal width, none above `most`. */
RNN_INLINE int rnn_tile_columns(int left, int most)
{
    if (left <= most)
        return left;
    int tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

/* Calls tile(..., first, columns) for tiles that cover columns 0 .. count - 1. A single column is a constant in its
 * call: the kernel of one stream is compiled by itself. */
#define RNN_FOR_TILES(count, most, tile, ...)                                                                          \
    for (int rnn_first = 0, rnn_columns; rnn_first < (count); rnn_first += rnn_columns) {                              \
        rnn_columns = rnn_tile_columns((count)-rnn_first, most);                                                       \
        if (rnn_columns == 1)                                                                                          \
            tile(__VA_ARGS__, rnn_first, 1);                                                                           \
        else                                                                                                           \
            tile(__VA_ARGS__, rnn_first, rnn_columns);                                                                 \
    }

/* Returns a panel of a packed matrix with `rows` rows of RNN_LANES weights (blocks count one by one) for each of its k
 * columns. */
RNN_INLINE const rnn_vec *rnn_panel_at(const rnn_real *packed, const int panel, const int rows, const int k)
{
    return (const rnn_vec *)(packed + (size_t)panel * (size_t)rows * (size_t)k * RNN_LANES);
}

/* Sets the first `count` accumulators of a tile to 0. */
RNN_INLINE void rnn_panel_clear(rnn_vec *sum, const int count)
{
    for (int i = 0; i < count; i++)
        sum[i] = rnn_vec_splat(0);
}

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum[c * sum_stride + r] += panel[i][r] * x[c * x_stride + i] over i < k, for r < rows of the panel's row_stride rows.
 * With fewer than eight accumulators the sum over i is split, because a multiply-add takes four cycles and two start in
 * each. */
RNN_INLINE void rnn_panel_rows(rnn_vec *sum, const int sum_stride, const rnn_vec *panel, const int row_stride,
                               const rnn_real *x, const ptrdiff_t x_stride, const int k, const int rows,
                               const int columns)
{
    const int split = rows * columns >= 8 ? 1 : rows * columns >= 4 ? 2 : 4;
    rnn_vec a[4][RNN_TILE_MOST][RNN_ROWS_AT_ONCE];
    RNN_UNROLL(8)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(12)
        for (int r = 0; r < rows; r++) {
            a[0][c][r] = sum[c * sum_stride + r];
            RNN_UNROLL(4)
            for (int s = 1; s < split; s++)
                a[s][c][r] = rnn_vec_splat(0);
        }
    const int whole = k - k % split; /* k is 0 or more; for a constant k gcc knows the rest, often 0 */
    int i = 0;
    RNN_UNROLL_PART(2)
    for (; i < whole; i += split, panel += split * row_stride)
        RNN_UNROLL(4)
        for (int s = 0; s < split; s++)
            RNN_UNROLL(8)
            for (int c = 0; c < columns; c++) {
                const rnn_vec q = rnn_vec_splat(x[c * x_stride + i + s]);
                RNN_UNROLL(12)
                for (int r = 0; r < rows; r++)
                    a[s][c][r] = rnn_vec_madd(panel[s * row_stride + r], q, a[s][c][r]);
            }
    if (split > 1)
        for (; i < k; i++, panel += row_stride)
            RNN_UNROLL(8)
            for (int c = 0; c < columns; c++) {
                const rnn_vec q = rnn_vec_splat(x[c * x_stride + i]);
                RNN_UNROLL(12)
                for (int r = 0; r < rows; r++)
                    a[0][c][r] = rnn_vec_madd(panel[r], q, a[0][c][r]);
            }
    RNN_UNROLL(8)
    for (int c = 0; c < columns; c++)
        RNN_UNROLL(12)
        for (int r = 0; r < rows; r++) {
            RNN_UNROLL(4)
            for (int s = 1; s < split; s++)
                a[0][c][r] += a[s][c][r];
            sum[c * sum_stride + r] = a[0][c][r];
        }
}

/* clang-format on */

/* Does the same for any number of rows, a few at a time. */
RNN_INLINE void rnn_panel_column(rnn_vec *sum, const int sum_stride, const rnn_vec *panel, const rnn_real *x,
                                 const ptrdiff_t x_stride, const int k, const int rows, const int columns)
{
    int r = 0;
    for (; r + RNN_ROWS_AT_ONCE <= rows; r += RNN_ROWS_AT_ONCE)
        rnn_panel_rows(sum + r, sum_stride, panel + r, rows, x, x_stride, k, RNN_ROWS_AT_ONCE, columns);
    if (rows % RNN_ROWS_AT_ONCE)
        rnn_panel_rows(sum + r, sum_stride, panel + r, rows, x, x_stride, k, rows % RNN_ROWS_AT_ONCE, columns);
}

/* Multiplies a tile of two columns or more; `most` is the widest. Each width is a loop of its own with its accumulators
 * in registers: emitted code puts this in a function that is not inlined, where a compiler has all registers for it,
 * one for each number of rows; k and the stride of x are its arguments. */
RNN_INLINE void rnn_panel_tile(rnn_vec *sum, const int sum_stride, const rnn_vec *panel, const rnn_real *x,
                               const ptrdiff_t x_stride, const int k, const int rows, const int columns, const int most)
{
    if (columns == 2 && most >= 2)
        rnn_panel_column(sum, sum_stride, panel, x, x_stride, k, rows, 2);
    else if (columns == 3 && most >= 3)
        rnn_panel_column(sum, sum_stride, panel, x, x_stride, k, rows, 3);
    else if (columns == 4 && most >= 4)
        rnn_panel_column(sum, sum_stride, panel, x, x_stride, k, rows, 4);
    else if (columns == 5 && most >= 5)
        rnn_panel_column(sum, sum_stride, panel, x, x_stride, k, rows, 5);
    else if (most >= 6)
        rnn_panel_column(sum, sum_stride, panel, x, x_stride, k, rows, 6);
}

/* The type of such a function. */
typedef void rnn_tile(rnn_vec *sum, const rnn_vec *panel, const rnn_real *x, ptrdiff_t x_stride, int k, int columns);

/* Adds the product of panel number `panel` of a packed matrix with a few columns to the accumulators of a tile. */
RNN_INLINE void rnn_panel_product(rnn_vec *sum, const int sum_stride, const rnn_real *packed, const int panel,
                                  const int rows, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                                  const int columns, rnn_tile *const tile)
{
    if (columns == 1)
        rnn_panel_column(sum, sum_stride, rnn_panel_at(packed, panel, rows, k), x, x_stride, k, rows, 1);
    else
        tile(sum, rnn_panel_at(packed, panel, rows, k), x, x_stride, k, columns);
}

typedef rnn_real rnn_four __attribute__((vector_size(4 * sizeof(rnn_real)), may_alias, aligned(sizeof(rnn_real))));

/* Return the first halves of two vectors, or the second, lane by lane in turn. */
RNN_INLINE rnn_four rnn_zip_first(rnn_four a, rnn_four b) { return (rnn_four){a[0], b[0], a[1], b[1]}; }
RNN_INLINE rnn_four rnn_zip_second(rnn_four a, rnn_four b) { return (rnn_four){a[2], b[2], a[3], b[3]}; }

/* Puts four columns of four rows, whose columns are contiguous, where a panel has them. */
RNN_INLINE void rnn_pack_four(rnn_real *to, const ptrdiff_t step, const rnn_real *from, const ptrdiff_t row_step)
{
    const rnn_four a = *(const rnn_four *)from, b = *(const rnn_four *)(from + row_step);
    const rnn_four c = *(const rnn_four *)(from + 2 * row_step), d = *(const rnn_four *)(from + 3 * row_step);
    const rnn_four even = rnn_zip_first(a, c), odd = rnn_zip_first(b, d);
    const rnn_four later_even = rnn_zip_second(a, c), later_odd = rnn_zip_second(b, d);
    *(rnn_four *)to = rnn_zip_first(even, odd);
    *(rnn_four *)(to + step) = rnn_zip_second(even, odd);
    *(rnn_four *)(to + 2 * step) = rnn_zip_first(later_even, later_odd);
    *(rnn_four *)(to + 3 * step) = rnn_zip_second(later_even, later_odd);
}

/* Puts columns of `count` rows, of a block that has `width`, where a panel has them. So many at a time that the cache
 * lines written stay in a first-level cache until they are full; 16 contiguous numbers also are one line to read. */
enum { RNN_PACK_COLUMNS = 16 };
RNN_INLINE void rnn_pack_columns(rnn_real *to, const ptrdiff_t step, const rnn_real *weights, const ptrdiff_t row_step,
                                 const ptrdiff_t column_step, const int count, const int width, const int columns)
{
    int whole = 0;                                      /* rows that are packed in fours */
    for (int u = 0; column_step == 1 && u < count; u++) /* the next block's, which may end within it */
        __builtin_prefetch((const void *)((uintptr_t)(weights + u * row_step) +
                                          (uintptr_t)width * sizeof *weights * (uintptr_t)row_step));
    for (; column_step == 1 && columns == RNN_PACK_COLUMNS && whole + 4 <= count; whole += 4)
        for (int i = 0; i < columns; i += 4)
            rnn_pack_four(to + i * step + whole, step, weights + whole * row_step + i, row_step);
    for (int u = whole; u < count; u++)
        for (int i = 0; i < columns; i++)
            to[i * step + u] = weights[u * row_step + i * column_step];
    for (int u = count; u < width; u++)
        for (int i = 0; i < columns; i++)
            to[i * step + u] = 0;
}

/* Puts the matrix weights[i * row_step + j * column_step] (i < units, j < k) into row `row` of the `part` rows of a
 * packed matrix whose panels hold `side` blocks; weights of units beyond the last are 0. */
RNN_OUTLINE void rnn_pack_panels(rnn_real *packed, const int side, const int part, const int row,
                                 const rnn_real *weights, const ptrdiff_t row_step, const ptrdiff_t column_step,
                                 const int units, const int k)
{
    const int width = side * RNN_LANES;
    const ptrdiff_t step = (ptrdiff_t)part * width;
    for (int first = 0; first < units; first += width) {
        rnn_real *const to = packed + first / width * k * step + row * width;
        const rnn_real *const from = weights + first * row_step;
        const int count = units - first < width ? units - first : width;
        int i = 0;
        if (row_step == 1) {
            for (; i < k; i++) {
                memcpy(to + i * step, from + i * column_step, (size_t)count * sizeof *to);
                for (int u = count; u < width; u++)
                    to[i * step + u] = 0;
            }
        } else if (column_step == 1)
            for (; i + RNN_PACK_COLUMNS <= k; i += RNN_PACK_COLUMNS)
                rnn_pack_columns(to + i * step, step, from + i, row_step, 1, count, width, RNN_PACK_COLUMNS);
        for (; i < k; i += RNN_PACK_COLUMNS)
            rnn_pack_columns(to + i * step, step, from + i * column_step, row_step, column_step, count, width,
                             RNN_MIN(k - i, RNN_PACK_COLUMNS));
    }
}

/* A matrix of the parameters that becomes a row of a packed matrix: the arguments of rnn_pack_panels, with addresses as
 * bytes from the beginning of the packed weights and of the parameters. */
typedef struct {
    size_t packed, weights;
    int side, part, row;
    ptrdiff_t row_step, column_step;
    int units, k;
} rnn_packing;

RNN_OUTLINE void rnn_pack_all(void *packed, const void *params, const rnn_packing *packing, const int count)
{
    for (int i = 0; i < count; i++, packing++)
        rnn_pack_panels((rnn_real *)(void *)((char *)packed + packing->packed), packing->side, packing->part,
                        packing->row, (const rnn_real *)(const void *)((const char *)params + packing->weights),
                        packing->row_step, packing->column_step, packing->units, packing->k);
}

/* Copy columns of n numbers between a caller's contiguous ones and padded ones. */
static inline __attribute__((unused)) void rnn_pad_columns(rnn_real *to, const rnn_real *from, int n, ptrdiff_t count)
{
    for (ptrdiff_t c = 0; c < count; c++)
        memcpy(to + c * RNN_PAD(n), from + c * n, (size_t)n * sizeof *to);
}

static inline __attribute__((unused)) void rnn_unpad_columns(rnn_real *to, const rnn_real *from, int n, ptrdiff_t count)
{
    for (ptrdiff_t c = 0; c < count; c++)
        memcpy(to + c * n, from + c * RNN_PAD(n), (size_t)n * sizeof *to);
}

#endif
