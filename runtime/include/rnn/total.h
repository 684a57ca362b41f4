/* Sums over frames and streams, for gradients: of columns, of normalized columns, and of columns that belong to rows.
 *
 * Columns and `left` are as in rnn/train.h. Threads that share a sum have its units, or its rows, and all columns: each
 * number is added up as by one thread. */
#ifndef RNN_TOTAL_H
#define RNN_TOTAL_H

#include "rnn/library.h"
#include "rnn/team.h"
#include "rnn/tile.h"
#include "rnn/vec.h"

/* Vectors of units that are added up side by side: whole cache lines of a column, and chains of additions that run at
 * once. */
enum { RNN_TOTAL_VECTORS = 8 };

/* to[i * step] += sum of value[column][i], for as many units as `vectors` have, or `count` if there are no more: then
 * there is one vector. */
RNN_INLINE void rnn_total_units(rnn_real *to, ptrdiff_t step, const rnn_real *value, ptrdiff_t stride, int count,
                                const int vectors, int frames, int streams, const int *left)
{
    rnn_vec sum[RNN_TOTAL_VECTORS];
    for (int v = 0; v < vectors; v++)
        sum[v] = rnn_vec_splat(0);
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++, value += stride)
            if (t < left[stream])
                for (int v = 0; v < vectors; v++)
                    sum[v] += count < RNN_LANES ? rnn_vec_load_part(value, count)
                                                : rnn_vec_load_unaligned(value + v * RNN_LANES);
    for (int i = 0; i < RNN_MIN(count, vectors * RNN_LANES); i++)
        to[i * step] += sum[i / RNN_LANES][i % RNN_LANES];
}

/* to[i * step] += sum of value[column][i], n units. The columns of a block are added up by themselves first: a long
 * window rounds a sum once for each block, not once for each frame. */
RNN_HELPER void rnn_total(rnn_real *to, ptrdiff_t step, const rnn_real *value, ptrdiff_t stride, int n, int frames,
                          int streams, const int *left, const rnn_share *share)
{
    rnn_barrier(share); /* another sum may be made in the same place */
    const rnn_range units = rnn_units_of(share, n);
    int unit = units.first;
    for (; unit + RNN_TOTAL_VECTORS * RNN_LANES <= units.end; unit += RNN_TOTAL_VECTORS * RNN_LANES)
        rnn_total_units(to + unit * step, step, value + unit, stride, RNN_TOTAL_VECTORS * RNN_LANES, RNN_TOTAL_VECTORS,
                        frames, streams, left);
    for (; unit < units.end; unit += RNN_LANES)
        rnn_total_units(to + unit * step, step, value + unit, stride, n - unit, 1, frames, streams, left);
}

/* Columns whose means are known at a time, in a sum of normalized columns. */
enum { RNN_NORMALIZED_COLUMNS = 128 };

/* A column of n units, wherever it lies: normalized it is (x - mean) * scale. g: what it is multiplied by. */
typedef struct {
    const rnn_real *g, *x;
    rnn_real mean, scale;
} rnn_normalized;

/* Finds mean, and 1 / sqrt(variance + 1e-5) as scale. */
RNN_INLINE void rnn_normalize(rnn_normalized *column, int n)
{
    enum { AT_ONCE = 4 };
    rnn_vec sum[AT_ONCE];
    const int whole = n - n % (AT_ONCE * RNN_LANES);
    rnn_real total[2] = {0, 0}; /* of numbers, and of squares of their distances from the mean */
    for (int squares = 0; squares < 2; squares++) {
        const rnn_real mean = squares ? total[0] / (rnn_real)n : 0;
        for (int v = 0; v < AT_ONCE; v++)
            sum[v] = rnn_vec_splat(0);
        for (int i = 0; i < whole; i += AT_ONCE * RNN_LANES)
            for (int v = 0; v < AT_ONCE; v++) {
                const rnn_vec x = rnn_vec_load_unaligned(column->x + i + v * RNN_LANES) - rnn_vec_splat(mean);
                sum[v] += squares ? x * x : x;
            }
        total[squares] = rnn_vec_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
        for (int i = whole; i < n; i++)
            total[squares] += squares ? (column->x[i] - mean) * (column->x[i] - mean) : column->x[i];
    }
    column->mean = total[0] / (rnn_real)n;
    column->scale = 1 / rnn_sqrt(total[1] / (rnn_real)n + (rnn_real)1e-5);
}

/* to[i * step] += sum over columns of g[i] times the normalized x[i], from unit `unit` on, for as many units as
 * `vectors` have, or `count` if there are no more: then there is one vector. */
RNN_INLINE void rnn_total_normalized_units(rnn_real *to, ptrdiff_t step, const rnn_normalized *column, int columns,
                                           int unit, int count, const int vectors)
{
    rnn_vec sum[RNN_TOTAL_VECTORS];
    for (int v = 0; v < vectors; v++)
        sum[v] = rnn_vec_splat(0);
    for (int k = 0; k < columns; k++) {
        const rnn_vec center = rnn_vec_splat(column[k].mean), scale = rnn_vec_splat(column[k].scale);
        const rnn_real *const g = column[k].g + unit, *const x = column[k].x + unit;
        for (int v = 0; v < vectors; v++) {
            const int whole = count >= RNN_LANES, at = v * RNN_LANES;
            const rnn_vec a = whole ? rnn_vec_load_unaligned(g + at) : rnn_vec_load_part(g, count);
            const rnn_vec b = whole ? rnn_vec_load_unaligned(x + at) : rnn_vec_load_part(x, count);
            sum[v] = rnn_vec_madd(a, (b - center) * scale, sum[v]);
        }
    }
    for (int i = 0; i < RNN_MIN(count, vectors * RNN_LANES); i++)
        to[(unit + i) * step] += sum[i / RNN_LANES][i % RNN_LANES];
}

/* to[i * step] += sum of g[column][i] layernorm(x[column])[i], n units, gain 1 and bias 0: the gradient of layernorm's
 * gain. Nothing is stored for it but the mean and the scale of each column. */
RNN_HELPER void rnn_total_normalized(rnn_real *to, ptrdiff_t step, const rnn_real *g, ptrdiff_t g_stride, int n,
                                     const rnn_real *x, ptrdiff_t x_stride, int frames, int streams, const int *left,
                                     const rnn_share *share)
{
    rnn_barrier(share); /* another sum may be made in the same place */
    const rnn_range units = rnn_units_of(share, n);
    const ptrdiff_t all = (ptrdiff_t)frames * streams;
    for (ptrdiff_t column = 0; column < all;) {
        rnn_normalized normalized[RNN_NORMALIZED_COLUMNS];
        int columns = 0, unit = units.first;
        for (; column < all && columns < RNN_NORMALIZED_COLUMNS; column++)
            if (column / streams < left[column % streams]) {
                rnn_normalized *const next = &normalized[columns++];
                next->g = g + column * g_stride;
                next->x = x + column * x_stride;
                rnn_normalize(next, n);
            }
        for (; unit + RNN_TOTAL_VECTORS * RNN_LANES <= units.end; unit += RNN_TOTAL_VECTORS * RNN_LANES)
            rnn_total_normalized_units(to, step, normalized, columns, unit, RNN_TOTAL_VECTORS * RNN_LANES,
                                       RNN_TOTAL_VECTORS);
        for (; unit < units.end; unit += RNN_LANES)
            rnn_total_normalized_units(to, step, normalized, columns, unit, n - unit, 1);
    }
}

/* Rows that some columns add to, each once, in the order of first use. */
enum { RNN_ROWS_COLUMNS = 256, RNN_ROWS_TABLE = 2 * RNN_ROWS_COLUMNS };
typedef struct {
    int count;
    int32_t row[RNN_ROWS_COLUMNS];
    int16_t table[RNN_ROWS_TABLE]; /* at row % size or the next free place: 1 + where in row[]; 0: free */
} rnn_row_set;

RNN_HELPER int rnn_row_place(rnn_row_set *set, int32_t row)
{
    int at = row % RNN_ROWS_TABLE;
    for (; set->table[at]; at = (at + 1) % RNN_ROWS_TABLE)
        if (set->row[set->table[at] - 1] == row)
            return set->table[at] - 1;
    set->row[set->count++] = row;
    set->table[at] = (int16_t)set->count;
    return set->count - 1;
}

/* Adds value[column] to row ids[column] of `to`; ids below 0 have no row. Columns of one row are added up by themselves
 * first, some of the block at a time: a row that many frames read is rounded as seldom as the sums above. */
RNN_HELPER void rnn_rows(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const int32_t *ids, const rnn_real *value,
                         ptrdiff_t stride, int n, int frames, int streams, const int *left, const rnn_share *share)
{
    rnn_barrier(share);
    const rnn_range units = rnn_units_of(share, n);
    const ptrdiff_t all = (ptrdiff_t)frames * streams;
    for (ptrdiff_t column = 0; column < all;) {
        const rnn_real *from[RNN_ROWS_COLUMNS];
        int place[RNN_ROWS_COLUMNS];
        rnn_row_set set;
        int columns = 0;
        set.count = 0;
        memset(set.table, 0, sizeof set.table);
        for (; column < all && columns < RNN_ROWS_COLUMNS; column++)
            if (column / streams < left[column % streams] && ids[column] >= 0) {
                from[columns] = value + column * stride;
                place[columns++] = rnn_row_place(&set, ids[column]);
            }
        for (int unit = units.first; unit < units.end; unit += RNN_LANES) {
            const int count = RNN_MIN(n - unit, RNN_LANES);
            rnn_vec sum[RNN_ROWS_COLUMNS];
            memset(sum, 0, sizeof *sum * (size_t)set.count);
            for (int k = 0; k < columns; k++)
                sum[place[k]] += count == RNN_LANES ? rnn_vec_load_unaligned(from[k] + unit)
                                                    : rnn_vec_load_part(from[k] + unit, count);
            for (int r = 0; r < set.count; r++)
                for (int i = 0; i < count; i++)
                    to[set.row[r] * row_step + (unit + i) * step] += sum[r][i];
        }
    }
}

#endif
