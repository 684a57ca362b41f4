/* Static values, computed once, when weights are packed or a training call ends. They are contiguous, as one column of
 * all their elements; parameters and parts of them are read in place, by strides.
 *
 * A matrix of n rows and m columns is a base address and two strides: element (i, j) is at base[i * row_step + j *
 * step]. */
#ifndef RNN_MATRIX_H
#define RNN_MATRIX_H

#include "rnn/panel.h"
#include "rnn/past.h"
#include "rnn/vec.h"

/* Loads lanes from an address that need not be aligned and has `left` units, 1 or more: 0 in the lanes behind. */
RNN_INLINE rnn_vec rnn_vec_load_left(const rnn_real *p, int left)
{
    return left >= RNN_LANES ? rnn_vec_load_unaligned(p) : rnn_vec_load_part(p, left);
}

/* Adds v to the same lanes of memory. */
RNN_INLINE void rnn_vec_add_left(rnn_real *p, rnn_vec v, int left)
{
    if (left >= RNN_LANES)
        rnn_vec_store_unaligned(p, rnn_vec_load_unaligned(p) + v);
    else
        rnn_vec_store_part(p, rnn_vec_load_part(p, left) + v, left);
}

/* Extents and steps of a part of a static value, in up to three dimensions; unused ones have one element. */
typedef struct {
    int n[3];
    ptrdiff_t to[3], from[3];
} rnn_strides;

/* to[...] = from[...]: a transposed matrix, some rows or columns of one, a diagonal. */
RNN_HELPER void rnn_copy_strided(rnn_real *to, const rnn_real *from, const rnn_strides *s)
{
    for (int i = 0; i < s->n[0]; i++)
        for (int j = 0; j < s->n[1]; j++)
            for (int k = 0; k < s->n[2]; k++)
                to[i * s->to[0] + j * s->to[1] + k * s->to[2]] = from[i * s->from[0] + j * s->from[1] + k * s->from[2]];
}

/* to[...] += from[...]; elements of `to` that are met twice receive both. */
RNN_HELPER void rnn_add_strided(rnn_real *to, const rnn_real *from, const rnn_strides *s)
{
    for (int i = 0; i < s->n[0]; i++)
        for (int j = 0; j < s->n[1]; j++)
            for (int k = 0; k < s->n[2]; k++)
                to[i * s->to[0] + j * s->to[1] + k * s->to[2]] +=
                    from[i * s->from[0] + j * s->from[1] + k * s->from[2]];
}

/* ---- products ----
 *
 * A tile is RNN_PRODUCT_ROWS rows against RNN_PRODUCT_WIDTH columns of the right-hand side. Of that, RNN_PRODUCT_DEPTH
 * rows of RNN_PRODUCT_COLUMNS at a time are copied into panels, one for each tile, whatever their strides are: what a
 * tile reads of the left-hand side is in a near cache for all of them but the first. Rows of the left-hand side whose
 * numbers lie side by side, as those of a transposed matrix do, are copied too, RNN_PRODUCT_STRIP at a time: their
 * columns may be a multiple of 4 KiB apart, and would all fall in one set of a first-level cache. */
enum {
    RNN_PRODUCT_ROWS = RNN_ACCUMULATORS / 2,
    RNN_PRODUCT_STRIP = 24, /* a multiple of that */
    RNN_PRODUCT_WIDTH = 2 * RNN_LANES,
    RNN_PRODUCT_DEPTH = 128,
    RNN_PRODUCT_AHEAD = 16, /* columns of a strip that are asked for early: a core does not foresee a stride of pages */
    RNN_PRODUCT_COLUMNS = RNN_MAX(64, RNN_PRODUCT_WIDTH)
};

/* to[r][c] += sum over k of a[r][k] * b[k][c], for rows <= RNN_PRODUCT_ROWS and width <= RNN_PRODUCT_WIDTH. */
RNN_INLINE void rnn_product_tile(rnn_real *to, ptrdiff_t to_step, const rnn_real *a, ptrdiff_t a_row, ptrdiff_t a_step,
                                 const rnn_real *b, int depth, const int rows, int width)
{
    rnn_vec sum[RNN_PRODUCT_ROWS][2];
    RNN_UNROLL(12)
    for (int r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = rnn_vec_splat(0);
    for (int k = 0; k < depth; k++, a += a_step, b += RNN_PRODUCT_WIDTH) {
        const rnn_vec left = rnn_vec_load(b), right = rnn_vec_load(b + RNN_LANES);
        RNN_UNROLL(12)
        for (int r = 0; r < rows; r++) {
            const rnn_vec q = rnn_vec_splat(a[r * a_row]);
            sum[r][0] = rnn_vec_madd(q, left, sum[r][0]);
            sum[r][1] = rnn_vec_madd(q, right, sum[r][1]);
        }
    }
    RNN_UNROLL(12)
    for (int r = 0; r < rows; r++) {
        rnn_vec_add_left(to + r * to_step, sum[r][0], width);
        if (width > RNN_LANES)
            rnn_vec_add_left(to + r * to_step + RNN_LANES, sum[r][1], width - RNN_LANES);
    }
}

/* Copies rows x width numbers of B into panels, 0 in the columns behind them. */
RNN_INLINE void rnn_product_panels(rnn_real *panels, const rnn_real *b, ptrdiff_t b_row, ptrdiff_t b_step, int rows,
                                   int width)
{
    for (int j = 0; j < width; j += RNN_PRODUCT_WIDTH, panels += RNN_PRODUCT_DEPTH * RNN_PRODUCT_WIDTH)
        for (int u = 0; u < rows; u++) {
            rnn_real *const to = panels + u * RNN_PRODUCT_WIDTH;
            const rnn_real *const from = b + u * b_row + j * b_step;
            const int count = RNN_MIN(width - j, RNN_PRODUCT_WIDTH);
            if (b_step == 1 && count == RNN_PRODUCT_WIDTH) {
                memcpy(to, from, RNN_PRODUCT_WIDTH * sizeof *to);
                continue;
            }
            for (int v = 0; v < count; v++)
                to[v] = from[v * b_step];
            for (int v = count; v < RNN_PRODUCT_WIDTH; v++)
                to[v] = 0;
        }
}

/* `rows` rows of A, `depth` numbers of each, against the panels of a block of `width` columns. */
RNN_INLINE void rnn_product_strip(rnn_real *to, ptrdiff_t to_step, const rnn_real *a, ptrdiff_t a_row, ptrdiff_t a_step,
                                  const rnn_real *panels, int depth, int rows, int width)
{
    rnn_real strip[RNN_PRODUCT_DEPTH * RNN_PRODUCT_STRIP];
    if (a_row == 1) {
        for (int k = 0; k < depth; k++) {
            const rnn_real *const from = a + k * a_step, *const ahead = from + RNN_PRODUCT_AHEAD * a_step;
            RNN_AHEAD(ahead);
            RNN_AHEAD(ahead + RNN_PRODUCT_STRIP - 1);
            if (rows == RNN_PRODUCT_STRIP)
                memcpy(strip + k * RNN_PRODUCT_STRIP, from, RNN_PRODUCT_STRIP * sizeof *strip);
            else
                memcpy(strip + k * RNN_PRODUCT_STRIP, from, (size_t)rows * sizeof *strip);
        }
        a = strip;
        a_step = RNN_PRODUCT_STRIP;
    }
    for (int i = 0, taken; i < rows; i += taken, to += taken * to_step, a += taken * a_row) {
        taken = rows - i >= RNN_PRODUCT_ROWS ? RNN_PRODUCT_ROWS : 1;
        for (int j = 0; j < width; j += RNN_PRODUCT_WIDTH) {
            const rnn_real *const panel = panels + j * RNN_PRODUCT_DEPTH;
            const int columns = RNN_MIN(width - j, RNN_PRODUCT_WIDTH);
            if (taken == RNN_PRODUCT_ROWS)
                rnn_product_tile(to + j, to_step, a, a_row, a_step, panel, depth, RNN_PRODUCT_ROWS, columns);
            else
                rnn_product_tile(to + j, to_step, a, a_row, a_step, panel, depth, 1, columns);
        }
    }
}

/* to = A B: [n, m] from [n, depth] and [depth, m]; `to` is contiguous, and neither A nor B. */
RNN_OUTLINE void rnn_matrix_product(rnn_real *to, const rnn_real *a, ptrdiff_t a_row, ptrdiff_t a_step,
                                    const rnn_real *b, ptrdiff_t b_row, ptrdiff_t b_step, int n, int depth, int m)
{
    RNN_ALIGNED rnn_real panels[RNN_PRODUCT_DEPTH * RNN_PRODUCT_COLUMNS];
    memset(to, 0, (size_t)n * (size_t)m * sizeof *to);
    for (int j = 0; j < m; j += RNN_PRODUCT_COLUMNS)
        for (int k = 0; k < depth; k += RNN_PRODUCT_DEPTH) {
            const int width = RNN_MIN(m - j, RNN_PRODUCT_COLUMNS), part = RNN_MIN(depth - k, RNN_PRODUCT_DEPTH);
            rnn_product_panels(panels, b + k * b_row + j * b_step, b_row, b_step, part, width);
            for (int i = 0; i < n; i += RNN_PRODUCT_STRIP)
                rnn_product_strip(to + (ptrdiff_t)i * m + j, m, a + i * a_row + k * a_step, a_row, a_step, panels, part,
                                  RNN_MIN(n - i, RNN_PRODUCT_STRIP), width);
        }
}

#endif
