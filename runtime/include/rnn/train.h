/* Parts of training calls beside the network itself: losses and their seeds, dropout, and sums over frames and streams.
 *
 * Columns are laid out as everywhere: column t * streams + stream of a block of frames. `left` holds for each stream
 * the number of its frames from the block's first on, none if 0 or less; later frames are not read. */
#ifndef RNN_TRAIN_H
#define RNN_TRAIN_H

#include "rnn/model.h"
#include "rnn/panel.h"
#include "rnn/past.h"
#include "rnn/team.h"
#include "rnn/vec.h"

/* ---- losses ---- */

/* The sum of one `loss` statement so far. */
typedef struct {
    double sum, count;
    int fault_frame, fault_stream; /* the first frame whose loss is not finite, from 1 on; 0: none */
} rnn_loss_sum;

/* Adds the losses of a block whose first frame is frame `done` of the window. seed: 1 where a loss counts, else 0.
 * counts: NULL, or not 0 where it does. All three are columns of one unit. */
RNN_HELPER void rnn_seed_add(rnn_loss_sum *total, rnn_real *seed, const rnn_real *loss, const rnn_real *counts,
                             int done, int loss_from, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++) {
            const ptrdiff_t at = ((ptrdiff_t)t * streams + stream) * RNN_PAD(1);
            const int valid = done + t >= loss_from && t < left[stream] && (!counts || counts[at] != 0);
            seed[at] = (rnn_real)valid;
            if (valid) {
                total->sum += (double)loss[at];
                total->count++;
                if (!isfinite(loss[at]) && (!total->fault_frame || done + t < total->fault_frame - 1)) {
                    total->fault_frame = done + t + 1;
                    total->fault_stream = stream;
                }
            }
        }
}

/* Makes the seed of an output, of a block whose first frame is frame `done` of the window: 1 where its adjoint counts,
 * else 0; columns of one unit. */
RNN_HELPER void rnn_mark_counted(rnn_real *seed, int done, int loss_from, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            seed[((ptrdiff_t)t * streams + stream) * RNN_PAD(1)] = done + t >= loss_from && t < left[stream];
}

/* Gives, after the forward passes, the sum of the mean losses; before, the sums become those of all calls that the
 * window is exchanged with. losses: scratch, [count]. */
RNN_HELPER rnn_status rnn_finish_losses(const rnn_window *window, rnn_loss_sum *sums, rnn_loss *losses, int count,
                                        double *loss)
{
    const rnn_exchange *const exchange = window->exchange;
    rnn_status status = RNN_OK;
    double total = 0;
    for (int i = 0; i < count; i++) {
        losses[i].sum = sums[i].sum;
        losses[i].count = sums[i].count;
    }
    if (exchange && exchange->sums)
        status = exchange->sums(exchange->context, losses, count);
    for (int i = 0; i < count; i++) {
        sums[i].sum = losses[i].sum;
        sums[i].count = losses[i].count;
        total += losses[i].count == 0 ? 0 : losses[i].sum / losses[i].count;
    }
    *loss = total;
    return status;
}

/* Makes the seed of a loss, 1 where it counts, the derivative of its mean: 1 / count. */
RNN_HELPER void rnn_scale_seed(const rnn_loss_sum *total, rnn_real *seed, int frames, int streams)
{
    const rnn_real scale = total->count == 0 ? 0 : (rnn_real)(1 / total->count);
    for (ptrdiff_t column = 0; column < (ptrdiff_t)frames * streams; column++)
        seed[column * RNN_PAD(1)] *= scale;
}

/* A parameter whose gradient is told of as a whole. */
typedef struct {
    int parameter;
    size_t count; /* of its numbers */
} rnn_finished;

/* Tells those who wait for them that the gradients of these parameters are complete. */
RNN_HELPER void rnn_tell_finished(const rnn_window *window, const rnn_finished *parameters, int count)
{
    const rnn_exchange *const exchange = window->exchange;
    for (int i = 0; i < count && exchange && exchange->finished; i++)
        exchange->finished(exchange->context, parameters[i].parameter, 0, parameters[i].count);
}

/* Does the same for a part of a gradient, numbers first .. first + count - 1 of it, once all threads of a region have
 * added to it. last: the block at hand is the last one. */
RNN_HELPER void rnn_tell_part(const rnn_window *window, int last, const rnn_share *share, int parameter, size_t first,
                              size_t count)
{
    const rnn_exchange *const exchange = window->exchange;
    if (!last || !exchange || !exchange->finished)
        return;
    rnn_barrier(share);
    if (share->thread == 0)
        exchange->finished(exchange->context, parameter, first, count);
}

/* ---- faults ---- */

/* Finds the first frame before fault->frame at which a value of n units in columns of `pad` is not finite. */
RNN_HELPER void rnn_find_fault(rnn_fault *fault, const char *region, const char *value, const rnn_real *data, int n,
                               int pad, int streams, const int *lengths)
{
    for (int t = 0; t < fault->frame; t++)
        for (int stream = 0; stream < streams; stream++)
            for (int i = 0; i < n && (!lengths || t < lengths[stream]); i++)
                if (!isfinite(data[((ptrdiff_t)t * streams + stream) * pad + i])) {
                    *fault = (rnn_fault){region, value, t, stream, i};
                    return;
                }
}

/* Finds the last such frame behind fault->frame: gradients come from the end of the window. */
RNN_HELPER void rnn_find_gradient_fault(rnn_fault *fault, const char *region, const char *value, const rnn_real *data,
                                        int n, int pad, int frames, int streams, const int *lengths)
{
    for (int t = frames - 1; t > fault->frame; t--)
        for (int stream = 0; stream < streams; stream++)
            for (int i = 0; i < n && (!lengths || t < lengths[stream]); i++)
                if (!isfinite(data[((ptrdiff_t)t * streams + stream) * pad + i])) {
                    *fault = (rnn_fault){region, value, t, stream, i};
                    return;
                }
}

RNN_HELPER void rnn_find_loss_fault(rnn_fault *fault, const char *region, const char *loss, const rnn_loss_sum *total)
{
    if (total->fault_frame && total->fault_frame - 1 < fault->frame)
        *fault = (rnn_fault){region, loss, total->fault_frame - 1, total->fault_stream, 0};
}

/* ---- masks ---- */

/* Marks with 1 the first frame of each sequence, or the last, for all frames of a call of whole sequences. */
RNN_HELPER void rnn_mark_ends(rnn_real *mark, int last, int frames, int streams, const int *left)
{
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++)
            mark[((ptrdiff_t)t * streams + stream) * RNN_PAD(1)] = t == (last ? left[stream] - 1 : 0);
}

RNN_HELPER void rnn_mark_lengths(rnn_real *length, int streams, const int *left)
{
    for (int stream = 0; stream < streams; stream++)
        length[(ptrdiff_t)stream * RNN_PAD(1)] = (rnn_real)RNN_MAX(left[stream], 1);
}

/* Returns splitmix64 (Steele, Lea, Flood 2014) of a counter: without state, so that any schedule and any number of
 * threads draw the same. */
RNN_HELPER uint64_t rnn_mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Draws a mask of dropout (Srivastava et al. 2014), inverted: each of n units is 0 with probability p, else 1 / (1 -
 * p). It depends on seed, place in the program, frame of the sequence (0 for a mask of a whole sequence; for weights
 * the call), stream (of the batch; for weights 0) and unit alone. In a window without drops it is 1. */
RNN_HELPER void rnn_keep(rnn_real *keep, int n, double p, const rnn_window *window, int place, int64_t frame,
                         int stream)
{
    uint64_t key = 0;
    if (window->drops)
        key = rnn_mix(rnn_mix(rnn_mix(window->seed) + (uint64_t)place) ^ ((uint64_t)(uint32_t)stream << 32) ^
                      (uint64_t)frame);
    for (int i = 0; i < n; i++)
        keep[i] = !window->drops                                             ? 1
                  : (double)(rnn_mix(key + (uint64_t)i) >> 11) * 0x1p-53 < p ? 0
                                                                             : (rnn_real)(1 / (1 - p));
}

/* ---- sums over frames and streams ---- */

/* Threads that share a sum have its units, or its rows, and all columns: each number is added up as by one thread. */

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

/* The product over time, [n, m] += sum over columns of a b^T: all that truncated backpropagation needs for the gradient
 * of a weight, once for a window (Hwang and Sung 2015, section 3.3). Both sides are first packed as the innermost loop
 * reads them (Goto and van de Geijn 2008), which leaves out columns behind the end of their stream; then tiles of
 * RNN_OUTER_LANES rows of lanes against RNN_OUTER_ROWS numbers stay in registers while columns go by, see rnn/tile.h.
 */
enum {
    RNN_OUTER_LANES = RNN_PASS_ROWS == 4 ? 4 : 2,
    RNN_OUTER_ROWS = RNN_TILE_WIDTH(RNN_OUTER_LANES),
    RNN_OUTER_WIDTH = RNN_OUTER_LANES * RNN_LANES,
    RNN_OUTER_COLUMNS = 256 /* at a time: both packed sides of a tile in a first-level cache */
};

/* Size, in numbers, of the scratch for packing. */
#define RNN_OUTER_SCRATCH(n, m)                                                                                        \
    ((size_t)RNN_OUTER_COLUMNS * (((n) + RNN_OUTER_ROWS - 1) / RNN_OUTER_ROWS * RNN_OUTER_ROWS + RNN_LANES +           \
                                  ((m) + RNN_OUTER_WIDTH - 1) / RNN_OUTER_WIDTH * RNN_OUTER_WIDTH))

/* Returns the panels of `width` units that are a thread's, as a range of units. */
RNN_INLINE rnn_range rnn_outer_part(const rnn_share *share, int n, const int width)
{
    rnn_range range = rnn_part_of((n + width - 1) / width, share->thread, share->threads);
    range.first *= width;
    range.end = RNN_MIN(n, range.end * width);
    return range;
}

/* Packs columns, at these places, into panels of `width` units, the last one of `narrow` if these are enough; some
 * columns at a time, so that what is read and what is written stays in few cache lines and pages. A core does not see
 * so many columns far enough ahead by itself. */
RNN_INLINE void rnn_outer_pack(rnn_real *packed, const rnn_real *value, ptrdiff_t stride, int n, const int width,
                               const int narrow, const ptrdiff_t *places, int columns, const rnn_share *share)
{
    enum { AT_ONCE = 16, AHEAD = 192 / (int)sizeof *value };
    const rnn_range units = rnn_outer_part(share, n, width);
    const int whole = units.end - (units.end - units.first) % width;
    for (int first = 0, count; first < columns; first += count) {
        const rnn_real *from[AT_ONCE];
        count = RNN_MIN(columns - first, AT_ONCE);
        for (int k = 0; k < count; k++)
            from[k] = value + places[first + k] * stride;
        for (int i = units.first; i < whole; i += width) {
            rnn_real *to = packed + (ptrdiff_t)i * columns + (ptrdiff_t)first * width;
            for (int k = 0; k < count; k++, to += width) {
                RNN_AHEAD(from[k] + i + AHEAD);
                memcpy(to, from[k] + i, (size_t)width * sizeof *to);
            }
        }
        if (whole == units.end)
            continue;
        const int left = n - whole, wide = left > narrow ? width : narrow;
        rnn_real *to = packed + (ptrdiff_t)whole * columns + (ptrdiff_t)first * wide;
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

RNN_HELPER void rnn_outer_tiles(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const rnn_real *a, int n,
                                const rnn_real *b, int m, int columns, int fresh, const rnn_share *share)
{
    const int by_rows = n / RNN_OUTER_ROWS >= m / RNN_OUTER_WIDTH; /* threads have rows of tiles, or columns */
    const rnn_range rows = by_rows ? rnn_outer_part(share, n, RNN_OUTER_ROWS) : rnn_part_of(n, 0, 1);
    const rnn_range width = by_rows ? rnn_part_of(m, 0, 1) : rnn_outer_part(share, m, RNN_OUTER_WIDTH);
    for (int j = width.first; j < width.end; j += RNN_OUTER_WIDTH) {
        const rnn_vec *const panel = (const rnn_vec *)(b + (ptrdiff_t)j * columns);
        for (int i = rows.first; i < rows.end; i += RNN_OUTER_ROWS) {
            rnn_real *const at = to + i * row_step + j * step;
            const rnn_real *const from = a + (ptrdiff_t)i * columns;
            if (step == 1 && n - i >= RNN_OUTER_ROWS && m - j >= RNN_OUTER_WIDTH)
                rnn_outer_tile(at, row_step, from, panel, columns, fresh);
            else
                (m - j > RNN_LANES ? rnn_outer_edge_tile : rnn_outer_narrow_tile)(
                    at, row_step, step, RNN_MIN(RNN_OUTER_ROWS, n - i), RNN_MIN(RNN_OUTER_WIDTH, m - j), from, panel,
                    columns, fresh);
        }
    }
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

/* to[i * row_step + j * step] += sum of a[column][i] b[column][j]; fresh: = that sum. received: the side whose columns
 * of zeros are left out. */
RNN_HELPER void rnn_outer_sides(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, const rnn_outer_side *a,
                                const rnn_outer_side *b, const rnn_outer_side *received, int frames, int streams,
                                const int *left, int fresh, rnn_real *scratch, const rnn_share *share)
{
    rnn_real *const packed_b = scratch;
    rnn_real *const packed_a =
        scratch + (ptrdiff_t)RNN_OUTER_COLUMNS * ((b->n + RNN_OUTER_WIDTH - 1) / RNN_OUTER_WIDTH * RNN_OUTER_WIDTH);
    const ptrdiff_t all = (ptrdiff_t)frames * streams;
    ptrdiff_t column = 0;
    do {
        ptrdiff_t places[RNN_OUTER_COLUMNS];
        const int columns = rnn_outer_places(places, &column, all, streams, left, received);
        rnn_barrier(share); /* nobody reads the scratch any more */
        rnn_outer_pack(packed_a, a->value, a->stride, a->n, RNN_OUTER_ROWS, RNN_OUTER_ROWS, places, columns, share);
        rnn_outer_pack(packed_b, b->value, b->stride, b->n, RNN_OUTER_WIDTH, RNN_LANES, places, columns, share);
        rnn_barrier(share);
        rnn_outer_tiles(to, row_step, step, packed_a, a->n, packed_b, b->n, columns, fresh, share);
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
