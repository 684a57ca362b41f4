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
 * A tile is RNN_PRODUCT_ROWS rows against RNN_PRODUCT_WIDTH columns of the right-hand side, of which RNN_PRODUCT_DEPTH
 * rows at a time are copied side by side, whatever their strides are. */
enum { RNN_PRODUCT_ROWS = RNN_ACCUMULATORS / 2, RNN_PRODUCT_WIDTH = 2 * RNN_LANES, RNN_PRODUCT_DEPTH = 128 };

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

/* to = A B: [n, m] from [n, depth] and [depth, m]; `to` is contiguous, and neither A nor B. */
static __attribute__((noinline, unused)) void rnn_matrix_product(rnn_real *to, const rnn_real *a, ptrdiff_t a_row,
                                                                 ptrdiff_t a_step, const rnn_real *b, ptrdiff_t b_row,
                                                                 ptrdiff_t b_step, int n, int depth, int m)
{
    rnn_real part[RNN_PRODUCT_DEPTH * RNN_PRODUCT_WIDTH] __attribute__((aligned(RNN_VECTOR_BYTES)));
    memset(to, 0, (size_t)n * (size_t)m * sizeof *to);
    for (int j = 0; j < m; j += RNN_PRODUCT_WIDTH)
        for (int k = 0; k < depth; k += RNN_PRODUCT_DEPTH) {
            const int width = RNN_MIN(m - j, RNN_PRODUCT_WIDTH), rows = RNN_MIN(depth - k, RNN_PRODUCT_DEPTH);
            memset(part, 0, sizeof part);
            for (int u = 0; u < rows; u++)
                for (int v = 0; v < width; v++)
                    part[u * RNN_PRODUCT_WIDTH + v] = b[(k + u) * b_row + (j + v) * b_step];
            int i = 0;
            for (; i + RNN_PRODUCT_ROWS <= n; i += RNN_PRODUCT_ROWS)
                rnn_product_tile(to + (ptrdiff_t)i * m + j, m, a + i * a_row + k * a_step, a_row, a_step, part, rows,
                                 RNN_PRODUCT_ROWS, width);
            for (; i < n; i++)
                rnn_product_tile(to + (ptrdiff_t)i * m + j, m, a + i * a_row + k * a_step, a_row, a_step, part, rows, 1,
                                 width);
        }
}

#endif
