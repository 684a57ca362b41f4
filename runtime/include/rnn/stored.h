/* Weights of fewer bits: packed matrices and tables whose numbers are kept as f16, bf16 or int8, for inference.
 *
 *   f16    IEEE binary16, rounded to nearest even; what is too large becomes +-65504, subnormal numbers are kept
 *   bf16   the upper half of a float, rounded to nearest even; what is too large becomes the largest finite number
 *   int8   scale * q, q a whole number in -127 .. 127 and one scale for each row of the parameter (a vector has one for
 *          all): see rnn_int8_scale
 *
 * NaN stays NaN with f16 and bf16, an infinity stays infinite; int8 has neither, and packing says so. A storage is a
 * constant in every call, as are rows, units and k: layout and panels are those of rnn/panel.h, RNN_SIDE and RNN_PANELS
 * the same, so that a kernel with stored weights differs in a declaration, in its packing and in its product:
 *
 *     RNN_ALIGNED rnn_stored h_scan_by_h[RNN_STORED(RNN_F16, 4, 4, lstm_n, lstm_n)];         in struct lstm_packed
 *     {RNN_F16, RNN_ROWS_OF(lstm_params, U_i, lstm_n), {offsetof ..., as in rnn_packing}},   an rnn_stored_packing
 *     rnn_stored_product(sum, rows * side, packed->h_scan_by_h, RNN_F16, panel, rows * side, x, lstm_n, lstm_n, columns)
 *
 * Sums are float. With int8, products are made of integers: the numbers of a column are rounded to a grid of the
 * largest one's magnitude / 32639, 16 bits (see rnn_quantise). A sum is then off by at most half a step of the grid times
 * the sum of its weights' magnitudes, besides float's own rounding; a column that holds NaN or infinity gives NaN.
 *
 * Where a machine cannot read a storage faster than plain numbers (double; f16 without instructions that convert; int8
 * with more than RNN_INT8_MOST columns) the same numbers, rounded, are kept as rnn_real: RNN_KEPT_AS says so. */
#ifndef RNN_STORED_H
#define RNN_STORED_H

#include <stddef.h>
#include <stdint.h>

#include "rnn/panel.h"

typedef enum { RNN_F32, RNN_F16, RNN_BF16, RNN_INT8 } rnn_storage; /* RNN_F32: rnn_real, not rounded */

/* Packed weights: bytes, aligned to RNN_VECTOR_BYTES. */
typedef unsigned char rnn_stored __attribute__((may_alias));

/* Bytes of a packed matrix of `part` of the kernel's rows with k columns, a multiple of RNN_VECTOR_BYTES (see
 * RNN_PACKED). */
#define RNN_STORED(storage, rows, part, units, k)                                                                      \
    ((size_t)RNN_PANELS(rows, units) * RNN_STORED_PANEL(storage, RNN_SIDE(rows, units) * (part), k))

/* ---- packing ---- */

/* A matrix of the parameters that becomes a row of a packed matrix. `whole_row` and `whole` say where the parameter's
 * rows are that give int8 its scales: numbers between the first of such a row and the matrix's own first, and how many
 * the row has; so a matrix that is a range of the columns of W[n, m] has its first column there, and m. Its own
 * row_step is then a multiple of m (0 for a vector's), and its column_step 1. */
typedef struct {
    rnn_storage storage;
    int whole_row, whole;
    rnn_packing plain; /* `packed`: bytes from the beginning of the packed weights, as there */
} rnn_stored_packing;

/* Packs them all, by threads where OpenMP has some. Returns 1; 0 if a weight that becomes int8 is NaN or infinite: its
 * row is then NaN. */
RNN_OUTLINE int rnn_stored_pack_all(void *packed, const void *params, const rnn_stored_packing *packing, int count);

/* Packs the matrix weights[i * row_step + j * column_step], as rnn_pack_panels does, and the same is returned. */
RNN_OUTLINE int rnn_stored_pack_panels(rnn_stored *packed, rnn_storage storage, int side, int part, int row,
                                       const rnn_real *weights, ptrdiff_t row_step, ptrdiff_t column_step, int units,
                                       int k, int whole_row, int whole);

/* Rounds `rows` rows of n contiguous numbers each, which may be in place: what others than products read of a rounded
 * parameter. Returns as above. */
RNN_OUTLINE int rnn_round_rows(rnn_real *to, const rnn_real *from, rnn_storage storage, ptrdiff_t rows, ptrdiff_t n);

/* Returns the scale of a row of n numbers: of the RNN_INT8_SCALES floats max / (127 + 4 i), i = 0, 1, ..., the one
 * whose rounded numbers have the least sum of squared errors, the first of equals. All in double, from the first number
 * to the last: q is x / scale rounded to a whole number, to nearest even, and cut off at +-127; an error is
 * x - scale * q, rounded to float, and its square exact. A row of zeros has scale 0, one with NaN or infinity NaN. */
enum { RNN_INT8_SCALES = 8, RNN_INT8_MOST = 1 << 17 };
RNN_OUTLINE float rnn_int8_scale(const rnn_real *x, ptrdiff_t n);

/* ---- tables ---- */

/* Bytes of a table of `rows` rows of n numbers, and its packing; returns as above. */
#define RNN_STORED_TABLE(storage, rows, n)
RNN_OUTLINE int rnn_stored_pack_table(rnn_stored *table, rnn_storage storage, const rnn_real *weights, ptrdiff_t rows,
                                      int n);

/* Copies row `id` of a table of n columns as rnn_embed does; an id outside the table gives 0. */
RNN_INLINE void rnn_stored_embed(rnn_real *column, const rnn_stored *table, rnn_storage storage, int32_t id,
                                 int vocabulary, int n);

/* ---- products ---- */

/* Adds the product of panel number `panel` of a packed matrix with a batch of columns to its accumulators: see
 * rnn_panel_product. int8 rounds the columns by itself, for each panel again. */
RNN_INLINE void rnn_stored_product(rnn_vec *sum, int sum_stride, const rnn_stored *packed, rnn_storage storage, int panel,
                                   int rows, const rnn_real *x, ptrdiff_t x_stride, int k, int columns);

/* The same for int8 with columns that have been rounded once for all panels, which takes some 10 % less time with many
 * columns and 25 % with one: `quantised` holds columns of RNN_QUANTISED(k) numbers that rnn_quantise made of x. Its
 * memory is aligned to RNN_VECTOR_BYTES. Where int8 is not kept as such RNN_QUANTISED(k) is 0 and x is read instead. */
#define RNN_QUANTISED(k)
RNN_OUTLINE void rnn_quantise(rnn_real *quantised, const rnn_real *x, ptrdiff_t x_stride, int k, int columns);
RNN_INLINE void rnn_int8_product(rnn_vec *sum, int sum_stride, const rnn_stored *packed, int panel, int rows,
                                 const rnn_real *quantised, const rnn_real *x, ptrdiff_t x_stride, int k, int columns);

#endif
