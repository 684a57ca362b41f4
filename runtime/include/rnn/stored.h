/* Weights of fewer bits: packed matrices and tables whose numbers are kept as f16, bf16 or int8, for inference.
 *
 *   f16    IEEE binary16, rounded to nearest even; what is too large becomes +-65504, subnormal numbers are kept
 *   bf16   the upper half of a float, rounded to nearest even; what is too large becomes the largest finite number
 *   int8   scale * q, q a whole number in -127 .. 127 and one scale for each row of the parameter (a vector has one for
 *          all): see rnn_int8_scale
 *
 * With f16 and bf16 NaN stays NaN and infinity infinite; int8 has neither, and packing says so. A storage is a constant
 * in every call, as are rows, units and k. Panels are those of rnn/panel.h, RNN_SIDE and RNN_PANELS the same, so that a
 * kernel with stored weights differs in a declaration, in its packing and in its product:
 *
 *     RNN_ALIGNED rnn_stored h_scan_by_h[RNN_STORED(RNN_F16, 4, 4, lstm_n, lstm_n)];   in struct lstm_packed
 *     {RNN_F16, 0, lstm_n, {... as in an rnn_packing}},                                an rnn_stored_packing
 *     rnn_stored_product(sum, rows * side, packed->h_scan_by_h, RNN_F16, panel, rows * side, x, lstm_n, lstm_n,
 *                        columns);
 *
 * Sums are float. With int8, products are of whole numbers: each 512 numbers of a column are rounded to multiples of
 * the largest one's magnitude / 32639, 16 bits. A sum is then off by at most half of such a step times the sum of its
 * weights' magnitudes, besides float's own rounding; a column that holds NaN or infinity gives NaN.
 *
 * Lanes of one number (RNN_PLAIN_C) multiply the numbers of a column as they are.
 *
 * Where a machine does not read a storage faster than plain numbers (see RNN_KEPT_AS) the rounded numbers are kept as
 * rnn_real. */
#ifndef RNN_STORED_H
#define RNN_STORED_H

#include "rnn/stored_pack.h"

/* Adds the product of panel number `panel` of a packed matrix with a batch of columns to its accumulators: see
 * rnn_panel_product. int8 rounds the columns for each panel again, but for those that have been before: `quantised`
 * then is the first of their columns as rnn_quantise made them, of RNN_QUANTISED(k) numbers each, aligned to
 * RNN_VECTOR_BYTES; else NULL. Rounded once, a product takes a quarter less time, with AVX2 up to a third: who has all
 * panels rounds the columns of a frame (or of a block) in front of the loop over them. Threads that share out panels
 * would each have to round all columns, and pass NULL. */
RNN_INLINE void rnn_quantised_product(rnn_vec *sum, const int sum_stride, const rnn_stored *packed,
                                      const rnn_storage storage, const int panel, const int rows,
                                      const rnn_real *quantised, const rnn_real *x, const ptrdiff_t x_stride,
                                      const int k, const int columns)
{
    const rnn_stored *const from =
        packed + (size_t)panel * (size_t)rows * (size_t)RNN_STORED_STEPS(storage, k) * RNN_VECTOR_BYTES;
#ifdef RNN_HALVES
    if (RNN_KEPT_AS(storage) == RNN_F16 || RNN_KEPT_AS(storage) == RNN_BF16) {
        rnn_half_product(sum, sum_stride, from, storage, rows, x, x_stride, k, columns);
        return;
    }
#endif
#ifdef RNN_PLAIN_C
    if (RNN_KEPT_AS(storage) == RNN_INT8) {
        rnn_int8_columns(sum, sum_stride, from, rows, x, x_stride, k, columns);
        return;
    }
#elif RNN_HAS_INT8
    if (RNN_KEPT_AS(storage) == RNN_INT8) {
        rnn_int8_columns(sum, sum_stride, from, rows, quantised, x, x_stride, k, columns);
        return;
    }
#endif
    (void)quantised;
    rnn_panel_product(sum, sum_stride, (const rnn_real *)(const void *)from, 0, rows, x, x_stride, k, columns);
}

RNN_INLINE void rnn_stored_product(rnn_vec *sum, const int sum_stride, const rnn_stored *packed,
                                   const rnn_storage storage, const int panel, const int rows, const rnn_real *x,
                                   const ptrdiff_t x_stride, const int k, const int columns)
{
    rnn_quantised_product(sum, sum_stride, packed, storage, panel, rows, NULL, x, x_stride, k, columns);
}

/* Adds the products of a panel with a batch of columns of each of `count` right-hand sides: see rnn_panel_products. A
 * single column reads the panel once for all of them, and a weight becomes a float, or a whole number of 16 bits, once
 * for as many as a tile has columns. `quantised`: for each what it is in rnn_quantised_product; or NULL. */
RNN_INLINE void rnn_quantised_products(rnn_vec *sum, const int sum_stride, const rnn_stored *packed,
                                       const rnn_storage storage, const int panel, const int rows,
                                       const rnn_real *const *quantised, const rnn_right *right, const int count,
                                       const int k, const int columns)
{
    const rnn_storage kept = RNN_KEPT_AS(storage);
    const rnn_stored *const from =
        packed + (size_t)panel * (size_t)rows * (size_t)RNN_STORED_STEPS(storage, k) * RNN_VECTOR_BYTES;
    if (columns > 1 || (kept == RNN_INT8 && (!quantised || RNN_LANES == 1))) {
        for (int i = 0; i < count; i++)
            rnn_quantised_product(sum + i * rows, sum_stride, packed, storage, panel, rows,
                                  quantised ? quantised[i] : NULL, right[i].x, right[i].stride, k, columns);
        return;
    }
#ifdef RNN_HALVES
    if (kept == RNN_F16 || kept == RNN_BF16) {
        rnn_half_products(sum, from, storage, rows, right, k, count);
        return;
    }
#endif
#if RNN_HAS_INT8 && !defined(RNN_PLAIN_C)
    if (kept == RNN_INT8) {
        rnn_int8_products(sum, from, rows, quantised, k, count);
        return;
    }
#endif
    rnn_panel_products(sum, sum_stride, (const rnn_real *)(const void *)from, 0, rows, right, count, k, columns);
}

RNN_INLINE void rnn_stored_products(rnn_vec *sum, const int sum_stride, const rnn_stored *packed,
                                    const rnn_storage storage, const int panel, const int rows, const rnn_right *right,
                                    const int count, const int k, const int columns)
{
    rnn_quantised_products(sum, sum_stride, packed, storage, panel, rows, NULL, right, count, k, columns);
}

#endif
