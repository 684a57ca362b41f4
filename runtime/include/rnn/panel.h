/* Panels: products of packed weights with columns.
 *
 * A kernel has `rows` accumulators for each unit (the gates of a cell) and works on RNN_LANES units at a time, or on
 * `side` such blocks of units where there are few rows or few units. A packed matrix is a sequence of panels. A panel
 * holds its rows as rnn/tile.h wants them: some that are multiplied at once, with all k numbers of the right-hand side,
 * then the next. A product reads it with aligned loads, and never adds across lanes.
 *
 * Many columns are multiplied in batches: their sums stay in a first-level cache until the elementwise rest of the
 * kernel has read them. A single column has loops of its own: all that counts there is to read the panel. */
#ifndef RNN_PANEL_H
#define RNN_PANEL_H

#include "rnn/flush.h"
#include "rnn/library.h"
#include "rnn/team.h"
#include "rnn/tile.h"
#include "rnn/vec.h"

enum { RNN_BATCH_LEAST = RNN_TILE_COLUMNS, RNN_BATCH_MOST = 48, RNN_BATCH_BYTES = 8 * 1024 };

#define RNN_BLOCKS(units) (RNN_PAD(units) / RNN_LANES)
/* Blocks of a panel at most: with few rows as many as keep enough multiply-adds under way. Few units are one panel, as
 * their elementwise rests, each a long chain of operations, then run at once. */
#define RNN_SIDE_MOST(rows, units)                                                                                     \
    ((units) <= 32 && RNN_BLOCKS(units) <= 4 ? 4 : (rows) >= 3 ? RNN_LINE_BLOCKS(units) : 4 / (rows))
/* Two blocks of a cell's gates take turns where they fill a cache line: the chain of one rest runs beside that of the
 * other, and no half of a line, of the many that lie a power of two apart in a few sets of a first-level cache, is gone
 * before the next panel comes. A Zen 3 takes up to a seventh less time for factors of low rank, and none more. An odd
 * number of blocks would leave one empty: 40 units with 16 streams take an eighth longer so. */
#define RNN_LINE_BLOCKS(units)  (RNN_VECTOR_BYTES == 32 && RNN_BLOCKS(units) % 2 == 0 ? 2 : 1)
#define RNN_PANELS(rows, units) ((RNN_BLOCKS(units) + RNN_SIDE_MOST(rows, units) - 1) / RNN_SIDE_MOST(rows, units))
/* Blocks of a panel, as few as cover all units with so many panels. */
#define RNN_SIDE(rows, units) ((RNN_BLOCKS(units) + RNN_PANELS(rows, units) - 1) / RNN_PANELS(rows, units))
/* Size, in numbers, of a packed matrix of `part` of the kernel's rows, with k columns. */
#define RNN_PACKED(rows, part, units, k)                                                                               \
    ((size_t)RNN_PANELS(rows, units) * RNN_SIDE(rows, units) * (part) * (size_t)(k)*RNN_LANES)

/* Columns of a batch at most: whole tiles, whose sums take RNN_BATCH_BYTES or less. */
#define RNN_BATCH(rows, units) RNN_BATCH_OF((rows)*RNN_SIDE(rows, units))
/* The same for so many vectors of sums a column. */
#define RNN_BATCH_OF(vectors)                                                                                          \
    RNN_MAX(RNN_BATCH_LEAST, RNN_MIN(RNN_BATCH_MOST, RNN_BATCH_BYTES / ((vectors)*RNN_VECTOR_BYTES) /                  \
                                                         RNN_BATCH_LEAST * RNN_BATCH_LEAST))

/* Calls kernel(..., first, columns) for batches that cover columns 0 .. count - 1. A single column is a constant in its
 * call: the kernel of one stream is compiled by itself. */
#define RNN_FOR_BATCHES(count, most, kernel, ...) RNN_FOR_BATCHES_IN(0, count, most, kernel, __VA_ARGS__)

/* The same for columns from .. end - 1. */
#define RNN_FOR_BATCHES_IN(from, end, most, kernel, ...)                                                               \
    for (int rnn_first = (from), rnn_columns; rnn_first < (end); rnn_first += rnn_columns) {                           \
        rnn_columns = rnn_next_part((end)-rnn_first, most);                                                            \
        if (rnn_columns == 1)                                                                                          \
            kernel(__VA_ARGS__, rnn_first, 1);                                                                         \
        else                                                                                                           \
            kernel(__VA_ARGS__, rnn_first, rnn_columns);                                                               \
    }

/* Returns a panel of a packed matrix with `rows` rows of RNN_LANES weights (blocks count one by one) for each of its k
 * columns. */
RNN_INLINE const rnn_vec *rnn_panel_at(const rnn_real *packed, const int panel, const int rows, const int k)
{
    return (const rnn_vec *)(packed + (size_t)panel * (size_t)rows * (size_t)k * RNN_LANES);
}

/* Sets the first `count` accumulators of a batch to 0. */
RNN_INLINE void rnn_panel_clear(rnn_vec *sum, const int count)
{
    for (int i = 0; i < count; i++)
        sum[i] = rnn_vec_splat(0);
}

/* The formatter does not know RNN_UNROLL. */
/* clang-format off */

/* sum[r] += weights[i * rows + r] * x[i] over i < k, for r < rows: one pass over one column. The sum over k is split
 * where there are few rows, because a multiply-add takes four cycles and two start in each. Numbers of x are loaded
 * four at a time: a panel that does not fit in the first-level cache drives x out of it again and again.
 *
 * It goes through `passes` passes of so many rows in step, whose weights and sums follow each other: a number of x that
 * is loaded then meets the rows of all of them, and a core sees ahead in as many streams of addresses. On a Zen 3
 * weights come 1.3 times as fast from memory so, 1.1 times from the third-level cache, and 1.04 from the second. */
RNN_INLINE void rnn_column_pass(rnn_vec *sum, const rnn_vec *weights, const rnn_real *x, const int k, const int rows,
                                const int passes)
{
    const int all = rows * passes, split = all >= 6 ? 1 : all >= 4 ? 2 : 4;
    const ptrdiff_t apart = (ptrdiff_t)k * rows;
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
        for (int j = 0; j < 4; j++, weights += rows) {
            const rnn_vec q = k <= RNN_QUAD_MOST ? rnn_quad_splat(quad, j) : rnn_vec_splat(x[i + j]);
            RNN_UNROLL(8)
            for (int r = 0; r < all; r++)
                a[j % split][r] = rnn_vec_madd(weights[r / rows * apart + r % rows], q, a[j % split][r]);
        }
    }
    for (; i < k; i++, weights += rows) {
        const rnn_vec q = rnn_vec_splat(x[i]);
        RNN_UNROLL(8)
        for (int r = 0; r < all; r++)
            a[0][r] = rnn_vec_madd(weights[r / rows * apart + r % rows], q, a[0][r]);
    }
    RNN_UNROLL(8)
    for (int r = 0; r < all; r++) {
        RNN_UNROLL(4)
        for (int s = 1; s < split; s++)
            a[0][r] += a[s][r];
        sum[r] = a[0][r];
    }
}

/* Does so for any number of passes, as many in step as may be. Short ones, whose panels lie in the first-level cache,
 * gain nothing from it. */
RNN_INLINE void rnn_column_passes(rnn_vec *sum, const rnn_vec *weights, const rnn_real *x, const int k, const int rows,
                                  const int passes)
{
    const int most = k < 128 ? 1 : RNN_MAX(1, RNN_STEP_ROWS / rows);
    const int whole = passes / most, rest = passes % most;
    RNN_UNROLL(4)
    for (int p = 0; p < whole; p++, sum += most * rows, weights += (ptrdiff_t)k * most * rows)
        rnn_column_pass(sum, weights, x, k, rows, most);
    if (rest > 0)
        rnn_column_pass(sum, weights, x, k, rows, rest);
}

/* Does so in all passes of a panel. */
RNN_INLINE void rnn_column_product(rnn_vec *sum, const rnn_vec *panel, const rnn_real *x, const int k, const int rows)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    const int before = larger * (least + 1); /* rows of larger passes */
    rnn_column_passes(sum, panel, x, k, least + 1, larger);
    rnn_column_passes(sum + before, panel + (ptrdiff_t)k * before, x, k, least, passes - larger);
}

/* sum[c * apart + r] += weights[i * rows + r] * right[c].x[i] over i < k, for r < rows and c < count: one pass over one
 * column of each right-hand side. It is a tile whose columns lie anywhere. */
RNN_INLINE void rnn_right_pass(rnn_vec *sum, const int apart, const rnn_vec *weights, const rnn_right *right,
                               const int k, const int rows, const int count)
{
    const int split = rows * count >= 8 || 2 * rows * count > RNN_ACCUMULATORS ? 1 : 2;
    const int whole = k - k % split;
    rnn_vec a[2][RNN_TILE_COLUMNS][RNN_PASS_ROWS];
    RNN_UNROLL(12)
    for (int c = 0; c < count; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++) {
            a[0][c][r] = sum[c * apart + r];
            a[1][c][r] = rnn_vec_splat(0);
        }
    RNN_UNROLL_PART(2)
    for (int i = 0; i < whole; i += split, weights += split * rows)
        RNN_UNROLL(4)
        for (int s = 0; s < split; s++)
            RNN_UNROLL(12)
            for (int c = 0; c < count; c++) {
                const rnn_vec q = rnn_vec_splat(right[c].x[i + s]);
                RNN_UNROLL(4)
                for (int r = 0; r < rows; r++)
                    a[s][c][r] = rnn_vec_madd(weights[s * rows + r], q, a[s][c][r]);
            }
    RNN_UNROLL(12)
    for (int c = 0; c < count; c++)
        RNN_UNROLL(4)
        for (int r = 0; r < rows; r++) {
            if (whole < k)
                a[0][c][r] = rnn_vec_madd(weights[r], rnn_vec_splat(right[c].x[whole]), a[0][c][r]);
            sum[c * apart + r] = split > 1 ? a[0][c][r] + a[1][c][r] : a[0][c][r];
        }
}

/* Does so for as many right-hand sides as there are: `most` at a time, nearly equal parts. */
RNN_INLINE void rnn_right_passes(rnn_vec *sum, const int apart, const rnn_vec *weights, const rnn_right *right,
                                 const int k, const int rows, const int count, const int most)
{
    const int parts = (count + most - 1) / most, least = count / parts, larger = count % parts;
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += (least + 1) * apart, right += least + 1)
        rnn_right_pass(sum, apart, weights, right, k, rows, least + 1);
    RNN_UNROLL(4)
    for (int p = larger; p < parts; p++, sum += least * apart, right += least)
        rnn_right_pass(sum, apart, weights, right, k, rows, least);
}

/* Adds the products of panel number `panel` of a packed matrix with a batch of columns of each of `count` right-hand
 * sides to accumulators that follow each other: `rows` vectors for each right-hand side. A single column reads the
 * panel once for all of them. */
RNN_INLINE void rnn_panel_products(rnn_vec *sum, const int sum_stride, const rnn_real *packed, const int panel,
                                   const int rows, const rnn_right *right, const int count, const int k,
                                   const int columns)
{
    const int passes = RNN_PASSES(rows), least = rows / passes, larger = rows % passes;
    const rnn_vec *weights = rnn_panel_at(packed, panel, rows, k);
    for (int i = 0; columns > 1 && i < count; i++)
        rnn_passes(sum + i * rows, sum_stride, weights, right[i].x, right[i].stride, k, rows, columns, 0);
    if (columns > 1)
        return;
    RNN_UNROLL(4)
    for (int p = 0; p < larger; p++, sum += least + 1, weights += (ptrdiff_t)k * (least + 1))
        rnn_right_passes(sum, rows, weights, right, k, least + 1, count, RNN_TILE_WIDTH(least + 1));
    RNN_UNROLL(4)
    for (int p = larger; p < passes; p++, sum += least, weights += (ptrdiff_t)k * least)
        rnn_right_passes(sum, rows, weights, right, k, least, count, RNN_TILE_WIDTH(least));
}

/* clang-format on */

/* Adds the product of panel number `panel` of a packed matrix with a batch of columns to its accumulators. */
RNN_INLINE void rnn_panel_product(rnn_vec *sum, const int sum_stride, const rnn_real *packed, const int panel,
                                  const int rows, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                                  const int columns)
{
    if (columns == 1)
        rnn_column_product(sum, rnn_panel_at(packed, panel, rows, k), x, k, rows);
    else
        rnn_passes(sum, sum_stride, rnn_panel_at(packed, panel, rows, k), x, x_stride, k, rows, columns, 0);
}

/* Puts such a product, of one number or more, in the place of what the accumulators of a batch hold. */
RNN_INLINE void rnn_panel_first_product(rnn_vec *sum, const rnn_real *packed, const int panel, const int rows,
                                        const rnn_real *x, const ptrdiff_t x_stride, const int k, const int columns)
{
    if (columns == 1) {
        rnn_panel_clear(sum, rows);
        rnn_column_product(sum, rnn_panel_at(packed, panel, rows, k), x, k, rows);
    } else {
        rnn_passes(sum, rows, rnn_panel_at(packed, panel, rows, k), x, x_stride, k, rows, columns, 1);
    }
}

#ifndef RNN_PLAIN_C

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

#endif

/* Puts some columns of a block of `count` units where a panel has them. So many at a time that the cache
 * lines written stay in a first-level cache until they are full; 16 contiguous numbers also are one line to read. */
enum { RNN_PACK_COLUMNS = 16 };
RNN_INLINE void rnn_pack_columns(rnn_real *to, const ptrdiff_t step, const rnn_real *weights, const ptrdiff_t row_step,
                                 const ptrdiff_t column_step, const int count, const int columns)
{
    int whole = 0; /* rows that are packed in fours */
#ifndef RNN_PLAIN_C
    for (int u = 0; column_step == 1 && u < count; u++) /* the next block's, which may end within it */
        RNN_AHEAD((const void *)((uintptr_t)(weights + u * row_step) +
                                 (uintptr_t)RNN_LANES * sizeof *weights * (uintptr_t)row_step));
    for (; column_step == 1 && columns == RNN_PACK_COLUMNS && whole + 4 <= count; whole += 4)
        for (int i = 0; i < columns; i += 4)
            rnn_pack_four(to + i * step + whole, step, weights + whole * row_step + i, row_step);
#endif
    for (int u = whole; u < count; u++)
        for (int i = 0; i < columns; i++)
            to[i * step + u] = weights[u * row_step + i * column_step];
    for (int u = count; u < RNN_LANES; u++)
        for (int i = 0; i < columns; i++)
            to[i * step + u] = 0;
}

/* A block of units on its way into a panel. */
typedef struct {
    rnn_real *to;
    ptrdiff_t step; /* to the next column there */
    const rnn_real *from;
    int count; /* units; the others weigh 0 */
} rnn_packed_block;

/* Puts `columns` of its columns, from column i on, where the panel has them. */
RNN_INLINE void rnn_pack_part(const rnn_packed_block *block, const ptrdiff_t row_step, const ptrdiff_t column_step,
                              const int i, const int columns)
{
    rnn_real *const to = block->to + i * block->step;
    const rnn_real *const from = block->from + i * column_step;
    if (row_step == 1 && block->count == RNN_LANES)
        for (int c = 0; c < columns; c++)
            rnn_vec_store(to + c * block->step, rnn_vec_load_unaligned(from + c * column_step));
    else if (column_step == 1 && block->count == RNN_LANES && columns == RNN_PACK_COLUMNS)
        rnn_pack_columns(to, block->step, from, row_step, 1, RNN_LANES, RNN_PACK_COLUMNS);
    else
        rnn_pack_columns(to, block->step, from, row_step, column_step, block->count, columns);
}

/* Returns the blocks of units of a matrix whose panels hold `side` of them. */
RNN_INLINE int rnn_pack_count(const int side, const int units) { return (RNN_BLOCKS(units) + side - 1) / side * side; }

/* Puts some blocks of units of the matrix weights[i * row_step + j * column_step] (i < units, j < k) into row `row` of
 * the `part` rows of a packed matrix whose panels hold `side` blocks; weights of units beyond the last are 0. */
RNN_OUTLINE void rnn_pack_blocks(const rnn_range range, rnn_real *packed, const int side, const int part, const int row,
                                 const rnn_real *weights, const ptrdiff_t row_step, const ptrdiff_t column_step,
                                 const int units, const int k)
{
    enum { MOST = 4 };
    rnn_packed_block blocks[MOST]; /* of one panel, side by side: lines that they share are read and written once */
    const int rows = side * part;
    for (int first = range.first, end; first < range.end; first = end) {
        end = RNN_MIN(RNN_MIN(first + MOST, (first / side + 1) * side), range.end);
        for (int block = first; block < end; block++) {
            const rnn_pass_place place = rnn_place_row(row * side + block % side, rows);
            const int count = RNN_MAX(0, RNN_MIN(units - block * RNN_LANES, RNN_LANES));
            blocks[block - first] = (rnn_packed_block){
                packed + (((ptrdiff_t)(block / side) * rows + place.first) * k + place.row) * RNN_LANES,
                (ptrdiff_t)place.rows * RNN_LANES, count ? weights + (ptrdiff_t)block * RNN_LANES * row_step : weights,
                count};
        }
        for (int i = 0; i < k; i += RNN_PACK_COLUMNS)
            for (int block = 0; block < end - first; block++)
                rnn_pack_part(&blocks[block], row_step, column_step, i, RNN_MIN(k - i, RNN_PACK_COLUMNS));
    }
}

/* Does so with all blocks. */
RNN_OUTLINE void rnn_pack_panels(rnn_real *packed, const int side, const int part, const int row,
                                 const rnn_real *weights, const ptrdiff_t row_step, const ptrdiff_t column_step,
                                 const int units, const int k)
{
    const rnn_range all = {0, rnn_pack_count(side, units)};
    rnn_pack_blocks(all, packed, side, part, row, weights, row_step, column_step, units, k);
}

/* A matrix of the parameters that becomes a row of a packed matrix: the arguments of rnn_pack_panels, with addresses as
 * bytes from the beginning of the packed weights and of the parameters. */
typedef struct {
    size_t packed, weights;
    int side, part, row;
    ptrdiff_t row_step, column_step;
    int units, k;
} rnn_packing;

/* Packs a thread's part of each of them. */
RNN_OUTLINE void rnn_pack_share(void *packed, const void *params, const rnn_packing *packing, const int count,
                                const int thread, const int threads)
{
    for (int i = 0; i < count; i++, packing++)
        rnn_pack_blocks(rnn_part_of(rnn_pack_count(packing->side, packing->units), thread, threads),
                        (rnn_real *)(void *)((char *)packed + packing->packed), packing->side, packing->part,
                        packing->row, (const rnn_real *)(const void *)((const char *)params + packing->weights),
                        packing->row_step, packing->column_step, packing->units, packing->k);
}

/* Numbers that are worth a thread. */
enum { RNN_PACK_EACH = 64 * 1024 };

RNN_OUTLINE void rnn_pack_all(void *packed, const void *params, const rnn_packing *packing, const int count)
{
#ifdef _OPENMP
    size_t numbers = 0;
    for (int i = 0; i < count; i++)
        numbers += (size_t)packing[i].units * (size_t)packing[i].k;
    rnn_team team = rnn_begin_team();
    const int threads = RNN_MIN(rnn_threads(&team), (int)RNN_MIN(numbers / RNN_PACK_EACH, 1000));
    if (threads > 1) {
        RNN_OMP(parallel num_threads(threads)) /* each packs its blocks of units */
        {
            const rnn_flush_state flush = rnn_flush_begin();
            rnn_pack_share(packed, params, packing, count, omp_get_thread_num(), omp_get_num_threads());
            rnn_flush_end(flush);
        }
        return;
    }
#endif
    rnn_pack_share(packed, params, packing, count, 0, 1);
}

/* Copy columns of n numbers between a caller's contiguous ones and padded ones. */
RNN_HELPER void rnn_pad_columns(rnn_real *to, const rnn_real *from, int n, ptrdiff_t count)
{
    for (ptrdiff_t c = 0; c < count; c++)
        memcpy(to + c * RNN_PAD(n), from + c * n, (size_t)n * sizeof *to);
}

/* The same, or zeros where `from` is NULL. */
RNN_HELPER void rnn_pad_or_clear(rnn_real *to, const rnn_real *from, int n, ptrdiff_t count)
{
    if (from)
        rnn_pad_columns(to, from, n, count);
    else
        memset(to, 0, (size_t)count * (size_t)RNN_PAD(n) * sizeof *to);
}

RNN_HELPER void rnn_unpad_columns(rnn_real *to, const rnn_real *from, int n, ptrdiff_t count)
{
    for (ptrdiff_t c = 0; c < count; c++)
        memcpy(to + c * n, from + c * RNN_PAD(n), (size_t)n * sizeof *to);
}

#endif
