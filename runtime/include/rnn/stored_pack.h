/* Packing of stored weights: how many bytes they take, and how they come to where rnn/stored_half.h and
 * rnn/stored_int8.h read them. */
#ifndef RNN_STORED_PACK_H
#define RNN_STORED_PACK_H

#include "rnn/panel.h"
#include "rnn/stored_half.h"
#include "rnn/stored_int8.h"

/* Kinds of panels for weights of a storage: the same numbers as rnn_real where the machine does not read them faster
 * from fewer bytes. */
#ifndef RNN_HALVES
#define RNN_KEPT_AS(storage) ((storage) == RNN_F32 ? (storage) : RNN_F32)
#else
#define RNN_KEPT_AS(storage)                                                                                           \
    (((storage) == RNN_F16 && !RNN_HAS_F16) || ((storage) == RNN_INT8 && !RNN_HAS_INT8) ? RNN_F32 : (storage))
#endif

/* Vectors that k numbers of a row take in a panel; int8 has one of scales. */
#define RNN_STORED_STEPS(storage, k)                                                                                   \
    (RNN_KEPT_AS(storage) == RNN_F32 ? (k) : RNN_KEPT_AS(storage) == RNN_INT8 ? 1 + ((k) + 3) / 4 : ((k) + 1) / 2)

/* Bytes of a packed matrix of `part` of the kernel's rows with k columns (see RNN_PACKED). */
#define RNN_STORED(storage, rows, part, units, k)                                                                      \
    ((size_t)RNN_PANELS(rows, units) * RNN_SIDE(rows, units) * (part) * (size_t)RNN_STORED_STEPS(storage, k) *         \
     RNN_VECTOR_BYTES)

/* A matrix of the parameters that becomes a row of a packed matrix. `whole_row` and `whole` say where the parameter's
 * rows are that give int8 its scales: numbers from the first of such a row to the matrix's own first, and how many the
 * row has. So a matrix that is a range of the columns of W[n, m] has its first column there, and m. The row is
 * contiguous: such a matrix has a column_step of 1. */
typedef struct {
    rnn_storage storage;
    int whole_row, whole;
    rnn_packing plain;
} rnn_stored_packing;

typedef uint16_t rnn_bits16 RNN_ATTRIBUTE(may_alias);

/* Numbers of k that a vector holds for each lane. */
RNN_INLINE int rnn_stored_each(rnn_storage storage)
{
    const rnn_storage kept = RNN_KEPT_AS(storage);
    return kept == RNN_F32 ? 1 : kept == RNN_INT8 ? 4 : 2;
}

/* Returns the vector of a panel that has number i of k of the row at `place`. */
RNN_INLINE rnn_stored *rnn_stored_at(rnn_stored *panel, const rnn_stored_packing *packing, rnn_pass_place place, int i)
{
    const int rows = packing->plain.side * packing->plain.part, each = rnn_stored_each(packing->storage);
    int first = 0, steps = (packing->plain.k + each - 1) / each; /* of the run */
#if RNN_HAS_INT8
    if (RNN_KEPT_AS(packing->storage) == RNN_INT8) {
        panel += rows * RNN_VECTOR_BYTES;
        first = i / RNN_INT8_RUN * (RNN_INT8_RUN / 4);
        steps = RNN_MIN(steps - first, RNN_INT8_RUN / 4);
    }
#endif
    const ptrdiff_t vector = (ptrdiff_t)first * rows + (ptrdiff_t)place.first * steps +
                             (ptrdiff_t)(i / each - first) * place.rows + place.row;
    return panel + vector * RNN_VECTOR_BYTES;
}

/* Puts number i of k of a block's units into its vector. */
RNN_INLINE void rnn_stored_put(rnn_stored *to, rnn_storage storage, int i, const rnn_real *numbers, const float *scales)
{
    const rnn_storage kept = RNN_KEPT_AS(storage);
    for (int lane = 0; lane < RNN_LANES; lane++)
        if (kept == RNN_F16)
            ((rnn_bits16 *)(void *)to)[i % 2 * RNN_LANES + lane] = rnn_f16_of_float((float)numbers[lane]);
        else if (kept == RNN_BF16)
            ((rnn_bits16 *)(void *)to)[2 * lane + i % 2] = rnn_bf16_of_float((float)numbers[lane]);
#if RNN_HAS_INT8
        else if (kept == RNN_INT8)
            to[rnn_int8_place(lane, i % 4)] =
                (unsigned char)(rnn_int8_of_float((float)numbers[lane], scales[lane]) + RNN_INT8_EXCESS);
#endif
        else
            ((rnn_real *)(void *)to)[lane] = rnn_stored_round(numbers[lane], storage, scales[lane]);
}

/* Puts a block of `count` units into a row of a panel, with all k columns, and 0 behind them. */
RNN_INLINE void rnn_stored_pack_block(rnn_stored *panel, const rnn_stored_packing *packing, rnn_pass_place place,
                                      const float *scales, const rnn_real *weights, int count)
{
    RNN_ALIGNED rnn_real numbers[RNN_PACK_COLUMNS * RNN_LANES];
    const rnn_packing *const p = &packing->plain;
    const rnn_storage storage = packing->storage;
    for (int i = 0, columns; i < p->k; i += columns) {
        columns = RNN_MIN(p->k - i, RNN_PACK_COLUMNS);
        rnn_pack_columns(numbers, RNN_LANES, weights + i * p->column_step, p->row_step, p->column_step, count, columns);
        for (int j = 0; j < columns; j++)
            rnn_stored_put(rnn_stored_at(panel, packing, place, i + j), storage, i + j, numbers + j * RNN_LANES,
                           scales);
    }
    memset(numbers, 0, sizeof numbers);
    for (int i = p->k; i % rnn_stored_each(storage); i++)
        rnn_stored_put(rnn_stored_at(panel, packing, place, i), storage, i, numbers, scales);
    if (RNN_KEPT_AS(storage) == RNN_INT8)
        memcpy(panel + (place.first + place.row) * RNN_VECTOR_BYTES, scales, RNN_LANES * sizeof *scales);
}

/* Finds the scales of a block's units, 0 behind the last and for storages without. Returns 1; 0 if one is NaN. */
RNN_INLINE int rnn_stored_scales(float *scales, const rnn_stored_packing *packing, const rnn_real *weights, int count)
{
    int fine = 1;
    for (int unit = 0; unit < RNN_LANES; unit++) {
        scales[unit] = 0;
        if (packing->storage == RNN_INT8 && unit < count)
            scales[unit] =
                rnn_int8_scale(weights + unit * packing->plain.row_step - packing->whole_row, packing->whole);
        fine &= scales[unit] == scales[unit];
    }
    return fine;
}

/* As rnn_pack_blocks: puts some blocks of units of a matrix into a row of a packed matrix. Returns 1; 0 if a number of
 * a row that becomes int8 is NaN or infinite: its row is then NaN. */
RNN_OUTLINE int rnn_stored_pack_blocks(const rnn_range range, rnn_stored *packed, const rnn_real *weights,
                                       const rnn_stored_packing *packing)
{
    const rnn_packing *const p = &packing->plain;
    const int rows = p->side * p->part;
    int fine = 1;
    for (int block = range.first; block < range.end; block++) {
        const rnn_pass_place place = rnn_place_row(p->row * p->side + block % p->side, rows);
        const int count = RNN_MAX(0, RNN_MIN(p->units - block * RNN_LANES, RNN_LANES));
        const rnn_real *const from = count ? weights + (ptrdiff_t)block * RNN_LANES * p->row_step : weights;
        const ptrdiff_t vectors = (ptrdiff_t)rows * RNN_STORED_STEPS(packing->storage, p->k);
        float scales[RNN_LANES];
        fine &= rnn_stored_scales(scales, packing, from, count);
        rnn_stored_pack_block(packed + block / p->side * vectors * RNN_VECTOR_BYTES, packing, place, scales, from,
                              count);
    }
    return fine;
}

/* Packs the matrix that is at `weights`, into `packed`, as rnn_pack_panels does; addresses in `packing` mean nothing.
 * Returns as above. */
RNN_OUTLINE int rnn_stored_pack_panels(rnn_stored *packed, const rnn_real *weights, const rnn_stored_packing *packing)
{
    const rnn_range all = {0, rnn_pack_count(packing->plain.side, packing->plain.units)};
    return rnn_stored_pack_blocks(all, packed, weights, packing);
}

/* Packs a thread's part of each of them. */
RNN_OUTLINE int rnn_stored_pack_share(void *packed, const void *params, const rnn_stored_packing *packing,
                                      const int count, const int thread, const int threads)
{
    int fine = 1;
    for (int i = 0; i < count; i++, packing++)
        fine &= rnn_stored_pack_blocks(
            rnn_part_of(rnn_pack_count(packing->plain.side, packing->plain.units), thread, threads),
            (rnn_stored *)packed + packing->plain.packed,
            (const rnn_real *)(const void *)((const char *)params + packing->plain.weights), packing);
    return fine;
}

/* Packs them all, by threads where OpenMP has some. Returns as above. */
RNN_OUTLINE int rnn_stored_pack_all(void *packed, const void *params, const rnn_stored_packing *packing,
                                    const int count)
{
#ifdef _OPENMP
    size_t numbers = 0;
    for (int i = 0; i < count; i++)
        numbers += (size_t)packing[i].plain.units * (size_t)packing[i].plain.k;
    rnn_team team = rnn_begin_team();
    const int threads = RNN_MIN(rnn_threads(&team), (int)RNN_MIN(numbers / RNN_PACK_EACH, 1000));
    if (threads > 1) {
        int fine = 1;
        RNN_OMP(parallel num_threads(threads) reduction(& : fine)) /* each packs its blocks of units */
        {
            const rnn_flush_state flush = rnn_flush_begin();
            fine &= rnn_stored_pack_share(packed, params, packing, count, omp_get_thread_num(), omp_get_num_threads());
            rnn_flush_end(flush);
        }
        return fine;
    }
#endif
    return rnn_stored_pack_share(packed, params, packing, count, 0, 1);
}

/* ---- tables ---- */

/* Bytes of a table of `rows` rows of n numbers: for int8 the scales of all rows, then the rows. */
#define RNN_STORED_TABLE(storage, rows, n)                                                                             \
    ((storage) == RNN_INT8  ? (size_t)(rows) * (sizeof(float) + (size_t)(n))                                           \
     : (storage) == RNN_F32 ? (size_t)(rows) * (size_t)(n) * sizeof(rnn_real)                                          \
                            : (size_t)(rows) * (size_t)(n)*2)

/* Packs a table of rows of n numbers each, row_step apart, which are parts of a parameter's: `whole_row` and `whole` as
 * in an rnn_stored_packing. Returns as above. */
RNN_OUTLINE int rnn_stored_pack_rows(rnn_stored *table, rnn_storage storage, const rnn_real *weights,
                                     const ptrdiff_t row_step, const ptrdiff_t rows, const ptrdiff_t n,
                                     const ptrdiff_t whole_row, const ptrdiff_t whole)
{
    int fine = 1;
    for (ptrdiff_t row = 0; row < rows; row++, weights += row_step) {
        if (storage == RNN_F32)
            memcpy(table + (size_t)(row * n) * sizeof *weights, weights, (size_t)n * sizeof *weights);
        const float scale = storage == RNN_INT8 ? rnn_int8_scale(weights - whole_row, whole) : 1;
        fine &= scale == scale;
        if (storage == RNN_INT8)
            memcpy(table + row * (ptrdiff_t)sizeof scale, &scale, sizeof scale);
        for (ptrdiff_t j = 0; j < n; j++) {
            const float x = (float)weights[j];
            if (storage == RNN_INT8)
                table[rows * (ptrdiff_t)sizeof scale + row * n + j] = (unsigned char)rnn_int8_of_float(x, scale);
            else if (storage != RNN_F32)
                ((rnn_bits16 *)(void *)table)[row * n + j] =
                    storage == RNN_F16 ? rnn_f16_of_float(x) : rnn_bf16_of_float(x);
        }
    }
    return fine;
}

/* Packs a table of contiguous rows, as a parameter has them. Returns as above. */
RNN_INLINE int rnn_stored_pack_table(rnn_stored *table, rnn_storage storage, const rnn_real *weights,
                                     const ptrdiff_t rows, const ptrdiff_t n)
{
    return rnn_stored_pack_rows(table, storage, weights, n, rows, n, 0, n);
}

/* Copies row `id` of a table of n columns as rnn_embed does; an id outside the table gives 0. */
RNN_INLINE void rnn_stored_embed(rnn_real *column, const rnn_stored *table, const rnn_storage storage, const int32_t id,
                                 const int vocabulary, const int n)
{
    if (id < 0 || id >= vocabulary) {
        memset(column, 0, (size_t)n * sizeof *column);
        return;
    }
    if (storage == RNN_F32)
        memcpy(column, (const rnn_real *)(const void *)table + (ptrdiff_t)id * n, (size_t)n * sizeof *column);
    const float *const scales = (const float *)(const void *)table;
    const signed char *const bytes = (const signed char *)(const void *)(scales + vocabulary) + (ptrdiff_t)id * n;
    const rnn_bits16 *const halves = (const rnn_bits16 *)(const void *)table + (ptrdiff_t)id * n;
    for (int j = 0; storage == RNN_INT8 && j < n; j++)
        column[j] = (rnn_real)scales[id] * (rnn_real)bytes[j];
    for (int j = 0; storage == RNN_BF16 && j < n; j++)
        column[j] = (rnn_real)rnn_float_of_bf16(halves[j]);
    int done = 0;
#if RNN_HAS_F16 && !defined(RNN_REAL_DOUBLE)
    for (; storage == RNN_F16 && done + RNN_LANES <= n; done += RNN_LANES)
        rnn_vec_store_unaligned(column + done, rnn_f16_load((const rnn_stored *)(const void *)(halves + done)));
#endif
    for (int j = done; storage == RNN_F16 && j < n; j++)
        column[j] = (rnn_real)rnn_float_of_f16(halves[j]);
}

#endif
