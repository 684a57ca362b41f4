/* The product over time, [n, m] += sum over columns of a b^T: all that truncated backpropagation needs for the gradient
 * of a weight, once for a window (Hwang and Sung 2015, section 3.3).
 *
 * Both sides are first packed as the innermost loop reads them (Goto and van de Geijn 2008), which leaves out columns
 * behind the end of their stream; then tiles of RNN_OUTER_LANES rows of lanes against RNN_OUTER_ROWS numbers stay in
 * registers while columns go by, see rnn/tile.h. Columns and `left` are as in rnn/train.h.
 *
 * Threads share the rows of tiles. Each packs its rows of a, and all of b, panel by panel: packing a panel takes less
 * time than reading it from the cache of another core. Where a has few rows, threads pack a together and share the
 * panels of b. */
#ifndef RNN_OUTER_H
#define RNN_OUTER_H

#include "rnn/library.h"
#include "rnn/team.h"
#include "rnn/tile.h"
#include "rnn/vec.h"

enum {
    RNN_OUTER_LANES = RNN_PASS_ROWS == 4 ? 4 : 2,
    RNN_OUTER_ROWS = RNN_TILE_WIDTH(RNN_OUTER_LANES),
    RNN_OUTER_WIDTH = RNN_OUTER_LANES * RNN_LANES,
    RNN_OUTER_COLUMNS = 256 /* at a time: both packed sides of a tile in a first-level cache */
};

/* Size, in numbers, of the scratch for packing. */
#define RNN_OUTER_SCRATCH(n, m)                                                                                        \
    ((size_t)RNN_OUTER_COLUMNS * ((RNN_MAX(n, m) + RNN_OUTER_ROWS - 1) / RNN_OUTER_ROWS * RNN_OUTER_ROWS + RNN_LANES))

/* Returns the panels of `width` units that are a thread's, as a range of units. */
RNN_INLINE rnn_range rnn_outer_part(const rnn_share *share, int n, const int width)
{
    rnn_range range = rnn_part_of((n + width - 1) / width, share->thread, share->threads);
    range.first *= width;
    range.end = RNN_MIN(n, range.end * width);
    return range;
}

/* Packs these units of columns, at these places, into panels of `width` units, the last one of `narrow` if these are
 * enough; some columns at a time, so that what is read and what is written stays in few cache lines and pages. A core
 * does not see so many columns far enough ahead by itself. n: units of a column. */
RNN_INLINE void rnn_outer_pack(rnn_real *packed, const rnn_real *value, ptrdiff_t stride, int n, rnn_range units,
                               const int width, const int narrow, const ptrdiff_t *places, int columns)
{
    enum { AT_ONCE = 16, AHEAD = 192 / (int)sizeof *value };
    const int whole = units.end - (units.end - units.first) % width;
    for (int first = 0, count; first < columns; first += count) {
        const rnn_real *from[AT_ONCE];
        count = RNN_MIN(columns - first, AT_ONCE);
        for (int k = 0; k < count; k++)
            from[k] = value + places[first + k] * stride;
        for (int i = units.first; i < whole; i += width) {
            rnn_real *to = packed + (ptrdiff_t)(i - units.first) * columns + (ptrdiff_t)first * width;
            for (int k = 0; k < count; k++, to += width) {
                RNN_AHEAD(from[k] + i + AHEAD);
                memcpy(to, from[k] + i, (size_t)width * sizeof *to);
            }
        }
        if (whole == units.end)
            continue;
        const int left = n - whole, wide = left > narrow ? width : narrow;
        rnn_real *to = packed + (ptrdiff_t)(whole - units.first) * columns + (ptrdiff_t)first * wide;
        for (int k = 0; k < count; k++, to += wide)
            for (int u = 0; u < wide; u++)
                to[u] = u < left ? from[k][whole + u] : 0;
    }
}

/* Computes one whole tile of `to`, whose columns are contiguous; fresh: in place of what is there. */
RNN_OUTLINE void rnn_outer_tile(rnn_real *to, ptrdiff_t row_step, const rnn_real *a, const rnn_vec *b, int columns,
                                int fresh)
{
    rnn_vec sum[RNN_OUTER_ROWS * RNN_OUTER_LANES];
    for (int r = 0; r < RNN_OUTER_ROWS; r++) /* while the sums are made */
        for (int i = 0; i < RNN_OUTER_WIDTH; i += 64 / (int)sizeof *to)
            __builtin_prefetch(to + r * row_step + i, 1);
    rnn_tile(sum, RNN_OUTER_LANES, b, a, 1, RNN_OUTER_ROWS, columns, RNN_OUTER_LANES, RNN_OUTER_ROWS, (uintptr_t)b, 0,
             1);
    for (int r = 0; r < RNN_OUTER_ROWS; r++)
        for (int v = 0; v < RNN_OUTER_LANES; v++) {
            rnn_real *const at = to + r * row_step + v * RNN_LANES;
            const rnn_vec s = sum[r * RNN_OUTER_LANES + v];
            rnn_vec_store_unaligned(at, fresh ? s : rnn_vec_load_unaligned(at) + s);
        }
}

/* Computes one tile of any kind: rows x width numbers of `to`, whose columns are `step` apart. */
RNN_INLINE void rnn_outer_sums(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, int rows, int width, const rnn_real *a,
                               const rnn_vec *b, int columns, int fresh, const int lanes)
{
    rnn_vec sum[RNN_OUTER_ROWS * RNN_OUTER_LANES];
    for (int i = 0; i < RNN_OUTER_ROWS * RNN_OUTER_LANES; i++)
        sum[i] = rnn_vec_splat(0);
    rnn_tile(sum, RNN_OUTER_LANES, b, a, 1, RNN_OUTER_ROWS, columns, lanes, RNN_OUTER_ROWS, (uintptr_t)b, 0, 1);
    rnn_real edge[RNN_OUTER_ROWS][RNN_OUTER_WIDTH];
    memcpy(edge, sum, sizeof edge);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < width; i++) {
            rnn_real *const at = to + r * row_step + i * step;
            *at = fresh ? edge[r][i] : *at + edge[r][i];
        }
}

RNN_OUTLINE void rnn_outer_edge_tile(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, int rows, int width,
                                     const rnn_real *a, const rnn_vec *b, int columns, int fresh)
{
    rnn_outer_sums(to, row_step, step, rows, width, a, b, columns, fresh, RNN_OUTER_LANES);
}

/* The same for a last panel of RNN_LANES units or fewer. */
RNN_OUTLINE void rnn_outer_narrow_tile(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, int rows, int width,
                                       const rnn_real *a, const rnn_vec *b, int columns, int fresh)
{
    rnn_outer_sums(to, row_step, step, rows, width, a, b, columns, fresh, 1);
}

/* One side of a product over time: columns of n units. */
typedef struct {
    const rnn_real *value;
    ptrdiff_t stride;
    int n;
} rnn_outer_side;

/* True if all units of a column are 0. */
RNN_INLINE int rnn_column_is_zero(const rnn_outer_side *side, ptrdiff_t column)
{
    const rnn_real *const value = side->value + column * side->stride;
    for (int i = 0; i < side->n; i++)
        if (value[i] != 0)
            return 0;
    return 1;
}

/* Finds the next columns that count, from *column on, and returns how many there are. */
RNN_INLINE int rnn_outer_places(ptrdiff_t places[RNN_OUTER_COLUMNS], ptrdiff_t *column, ptrdiff_t all, int streams,
                                const int *left, const rnn_outer_side *received)
{
    int columns = 0;
    for (; *column < all && columns < RNN_OUTER_COLUMNS; ++*column)
        if (*column / streams < left[*column % streams] && !rnn_column_is_zero(received, *column))
            places[columns++] = *column;
    return columns;
}

/* Computes the tiles of these rows and of one panel, whose first unit is j of m. a, b: packed. */
RNN_HELPER void rnn_outer_panel(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const rnn_real *a, int n,
                                rnn_range rows, const rnn_vec *b, int j, int m, int columns, int fresh)
{
    for (int i = rows.first; i < rows.end; i += RNN_OUTER_ROWS) {
        rnn_real *const at = to + i * row_step + j * step;
        const rnn_real *const from = a + (ptrdiff_t)i * columns;
        if (step == 1 && n - i >= RNN_OUTER_ROWS && m - j >= RNN_OUTER_WIDTH)
            rnn_outer_tile(at, row_step, from, b, columns, fresh);
        else
            (m - j > RNN_LANES ? rnn_outer_edge_tile
                               : rnn_outer_narrow_tile)(at, row_step, step, RNN_MIN(RNN_OUTER_ROWS, n - i),
                                                        RNN_MIN(RNN_OUTER_WIDTH, m - j), from, b, columns, fresh);
    }
}

/* to[i * row_step + j * step] += sum of a[column][i] b[column][j]; fresh: = that sum. received: the side whose columns
 * of zeros are left out. */
RNN_HELPER void rnn_outer_sides(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const rnn_outer_side *a,
                                const rnn_outer_side *b, const rnn_outer_side *received, int frames, int streams,
                                const int *left, int fresh, rnn_real *scratch, const rnn_share *share)
{
    const int n = a->n, m = b->n, by_rows = n / RNN_OUTER_ROWS >= m / RNN_OUTER_WIDTH;
    const rnn_range packs = rnn_outer_part(share, n, RNN_OUTER_ROWS), rows = by_rows ? packs : rnn_part_of(n, 0, 1);
    const rnn_range width = by_rows ? rnn_part_of(m, 0, 1) : rnn_outer_part(share, m, RNN_OUTER_WIDTH);
    const ptrdiff_t all = (ptrdiff_t)frames * streams;
    ptrdiff_t column = 0;
    do {
        rnn_vec panel[RNN_OUTER_COLUMNS * RNN_OUTER_LANES];
        ptrdiff_t places[RNN_OUTER_COLUMNS];
        const int columns = rnn_outer_places(places, &column, all, streams, left, received);
        rnn_barrier(share); /* nobody reads the scratch any more */
        rnn_outer_pack(scratch + (ptrdiff_t)packs.first * columns, a->value, a->stride, n, packs, RNN_OUTER_ROWS,
                       RNN_OUTER_ROWS, places, columns);
        if (!by_rows)
            rnn_barrier(share);
        for (int j = width.first; j < width.end; j += RNN_OUTER_WIDTH) {
            const rnn_range units = {j, RNN_MIN(m, j + RNN_OUTER_WIDTH)};
            rnn_outer_pack((rnn_real *)panel, b->value, b->stride, m, units, RNN_OUTER_WIDTH, RNN_LANES, places,
                           columns);
            rnn_outer_panel(to, row_step, step, scratch, n, rows, panel, j, m, columns, fresh);
        }
        fresh = 0;
    } while (column < all);
}

/* to[i * row_step + j * step] += sum of a[column][i] b[column][j], i < n, j < m; fresh: = that sum. Columns of which
 * all of a is 0 are left out, so that a zero stops there, whatever b is (transform/stop_zeros.h of the compiler). */
RNN_HELPER void rnn_outer(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const rnn_real *a, ptrdiff_t a_stride,
                          int n, const rnn_real *b, ptrdiff_t b_stride, int m, int frames, int streams, const int *left,
                          int fresh, rnn_real *scratch, const rnn_share *share)
{
    const rnn_outer_side left_side = {a, a_stride, n}, right_side = {b, b_stride, m};
    const int turned = step != 1 && row_step == 1; /* the other way round, so that lanes lie side by side in memory */
    rnn_outer_sides(to, turned ? step : row_step, turned ? 1 : step, turned ? &right_side : &left_side,
                    turned ? &left_side : &right_side, &left_side, frames, streams, left, fresh, scratch, share);
}

#endif
