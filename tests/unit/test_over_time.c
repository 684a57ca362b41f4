/* Sums and products over frames and streams (rnn/total.h, rnn/outer.h). */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rnn/model.h"
#include "rnn/outer.h"
#include "rnn/total.h"
#include "vec_test.h"

enum { STREAMS = 3 };

/* Small whole numbers, of which sums are exact in any order. */
static rnn_real whole(int i) { return (rnn_real)((i * 37 + 11) % 17 - 8); }

/* A matrix [n, m] that is added to, as it lies in memory or turned. */
struct sums {
    int n, m;
    ptrdiff_t row_step, step;
    rnn_real *to;
    double *want;
};

static void sums_begin(struct sums *sums, int n, int m, bool turned)
{
    *sums = (struct sums){n, m, turned ? 1 : m, turned ? n : 1, NULL, NULL};
    sums->to = malloc(sizeof *sums->to * (size_t)(n * m));
    sums->want = malloc(sizeof *sums->want * (size_t)(n * m));
    assert_true(sums->to && sums->want);
    for (int i = 0; i < n * m; i++) {
        sums->to[i] = whole(i);
        sums->want[i] = (double)whole(i);
    }
}

static double *wanted(struct sums *sums, int i, int j) { return &sums->want[i * sums->row_step + j * sums->step]; }

static void sums_end(struct sums *sums)
{
    for (int i = 0; i < sums->n * sums->m; i++)
        assert_true((double)sums->to[i] == sums->want[i]);
    free(sums->to);
    free(sums->want);
}

/* Columns of whole numbers, `frames` of 3 streams of different lengths. */
struct columns {
    int frames, n, pad, left[STREAMS];
    rnn_real *data;
};

static void columns_begin(struct columns *columns, int frames, int n)
{
    *columns = (struct columns){frames, n, RNN_PAD(n), {frames, 0, frames / 2}, NULL};
    const size_t count = (size_t)(frames * STREAMS * columns->pad);
    columns->data = rnn_alloc((count + 1) * sizeof *columns->data, RNN_VECTOR_BYTES);
    assert_non_null(columns->data);
    for (size_t i = 0; i < count; i++)
        columns->data[i] = whole((int)i);
}

static rnn_real number_at(const struct columns *columns, int t, int stream, int i)
{
    return columns->data[(t * STREAMS + stream) * columns->pad + i];
}

/* ---- sums ---- */

static void test_total(void **state)
{
    (void)state;
    for (int n = 1; n <= RNN_TOTAL_VECTORS * RNN_LANES + 1; n += n == 2 * RNN_LANES + 1 ? 5 : 1)
        for (int step = 1; step <= 2; step++) {
            struct columns value;
            struct sums sums;
            columns_begin(&value, 5, n);
            sums_begin(&sums, n, step, false);
            for (int t = 0; t < 5; t++)
                for (int s = 0; s < STREAMS; s++)
                    for (int i = 0; i < n && t < value.left[s]; i++)
                        *wanted(&sums, i, 0) += (double)number_at(&value, t, s, i);
            rnn_total(sums.to, step, value.data, value.pad, n, value.frames, STREAMS, value.left, &rnn_alone);
            sums_end(&sums);
            rnn_free(value.data);
        }
}

/* Rows of a matrix of `rows` by ids, of which every seventh is none. */
static void check_rows(int rows, int n, int frames, bool turned)
{
    struct columns value;
    struct sums sums;
    int32_t *ids = malloc(sizeof *ids * (size_t)(frames * STREAMS));
    assert_non_null(ids);
    columns_begin(&value, frames, n);
    sums_begin(&sums, rows, n, turned);
    for (int c = 0; c < frames * STREAMS; c++) {
        ids[c] = c % 7 == 3 ? -1 : (int32_t)(c * 7919 % rows);
        for (int i = 0; i < n && c / STREAMS < value.left[c % STREAMS] && ids[c] >= 0; i++)
            *wanted(&sums, ids[c], i) += (double)number_at(&value, c / STREAMS, c % STREAMS, i);
    }
    rnn_rows(sums.to, sums.row_step, sums.step, ids, value.data, value.pad, n, frames, STREAMS, value.left, &rnn_alone);
    sums_end(&sums);
    rnn_free(value.data);
    free(ids);
}

static void test_rows(void **state)
{
    static const int rows[] = {1, 2, 5, 3 * RNN_ROWS_TABLE + 1}, frames[] = {0, 1, 2 * RNN_ROWS_COLUMNS + 5};
    (void)state;
    for (int r = 0; r < 4; r++)
        for (int f = 0; f < 3; f++)
            for (int n = 1; n <= 2 * RNN_LANES + 1; n += RNN_LANES / 2)
                check_rows(rows[r], n, frames[f], (r + f + n) % 2);
}

/* Ids that all have the same first place in the table. */
static void test_rows_that_collide(void **state)
{
    enum { ROWS = RNN_ROWS_COLUMNS };
    static rnn_real to[(ROWS - 1) * RNN_ROWS_TABLE + 1];
    _Alignas(RNN_VECTOR_BYTES) static rnn_real value[2 * ROWS * RNN_PAD(1)];
    int32_t ids[2 * ROWS];
    const int all = 2 * ROWS;
    (void)state;
    for (int c = 0; c < all; c++) {
        ids[c] = c % ROWS * RNN_ROWS_TABLE;
        value[c * RNN_PAD(1)] = whole(c);
    }
    rnn_rows(to, 1, 1, ids, value, RNN_PAD(1), 1, all, 1, &all, &rnn_alone);
    for (int r = 0; r < ROWS; r++)
        assert_true(to[r * RNN_ROWS_TABLE] == whole(r) + whole(r + ROWS));
}

/* A row that every frame of a long window adds to keeps its digits, in float too. */
static void test_long_sums(void **state)
{
    enum { MANY = 1 << 20 };
    rnn_real *value = rnn_alloc(sizeof *value * MANY, RNN_VECTOR_BYTES);
    int32_t *ids = calloc(MANY, sizeof *ids);
    const int all = MANY;
    (void)state;
    assert_true(value && ids);
    for (int i = 0; i < MANY; i++)
        value[i] = (rnn_real)0.1;
    const double want = MANY * (double)(rnn_real)0.1;
    rnn_real sum = 0;
    rnn_rows(&sum, 1, 1, ids, value, 1, 1, MANY, 1, &all, &rnn_alone);
    assert_true(fabs((double)sum / want - 1) < 1e-4); /* 3.7e-2 if added one by one */
    rnn_free(value);
    free(ids);
}

/* The sum of columns of x, normalized, times those of g. */
static void check_total_normalized(int n, int frames, int step)
{
    struct columns g, x;
    columns_begin(&g, frames, n);
    columns_begin(&x, frames, n);
    double *want = calloc((size_t)n, sizeof *want);
    rnn_real *to = calloc((size_t)(n * step), sizeof *to);
    assert_true(want && to);
    for (int c = 0; c < frames * STREAMS; c++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < n; i++)
            mean += (double)x.data[c * x.pad + i] / n;
        for (int i = 0; i < n; i++)
            squares += ((double)x.data[c * x.pad + i] - mean) * ((double)x.data[c * x.pad + i] - mean);
        for (int i = 0; i < n && c / STREAMS < x.left[c % STREAMS]; i++)
            want[i] +=
                (double)g.data[c * g.pad + i] * ((double)x.data[c * x.pad + i] - mean) / sqrt(squares / n + 1e-5);
        for (int i = n; i < x.pad; i++)
            g.data[c * g.pad + i] = x.data[c * x.pad + i] = (rnn_real)NAN;
    }
    rnn_total_normalized(to, step, g.data, g.pad, n, x.data, x.pad, frames, STREAMS, x.left, &rnn_alone);
    for (int i = 0; i < n; i++)
        assert_true(fabs((double)to[i * step] - want[i]) < 1e-3);
    free(want);
    free(to);
    rnn_free(g.data);
    rnn_free(x.data);
}

static void test_total_normalized(void **state)
{
    static const int n[] = {1, 2, RNN_LANES, 4 * RNN_LANES + 1, RNN_TOTAL_VECTORS * RNN_LANES + RNN_LANES + 1};
    static const int frames[] = {0, 1, RNN_NORMALIZED_COLUMNS + 1};
    (void)state;
    for (int i = 0; i < 15; i++)
        check_total_normalized(n[i % 5], frames[i / 5], 1 + i % 2);
}

/* ---- products ---- */

/* Makes every seventh column of a side the same number. */
static void fill_columns(struct columns *side, rnn_real number)
{
    for (int c = 2; c < side->frames * STREAMS; c += 7)
        for (int i = 0; i < side->n; i++)
            side->data[c * side->pad + i] = number;
}

/* Columns of which the left side is 0 are left out, whatever the right side is. begun: the sum is added to what is
 * there; else it takes its place. */
static void check_outer(int n, int m, int frames, bool turned, bool begun)
{
    struct columns a, b;
    struct sums sums;
    columns_begin(&a, frames, n);
    columns_begin(&b, frames, m);
    fill_columns(&a, 0);
    fill_columns(&b, 0);
    sums_begin(&sums, n, m, turned);
    for (int k = 0; k < n * m && !begun; k++)
        sums.want[k] = 0;
    for (int t = 0; t < frames; t++)
        for (int s = 0; s < STREAMS; s++)
            for (int k = 0; k < n * m && t < a.left[s]; k++)
                *wanted(&sums, k / m, k % m) += (double)number_at(&a, t, s, k / m) * (double)number_at(&b, t, s, k % m);
    fill_columns(&b, (rnn_real)NAN);
    rnn_real *scratch = rnn_alloc(sizeof *scratch * RNN_OUTER_SCRATCH(n, m), RNN_VECTOR_BYTES);
    assert_non_null(scratch);
    rnn_outer(sums.to, sums.row_step, sums.step, a.data, a.pad, n, b.data, b.pad, m, frames, STREAMS, a.left, !begun,
              scratch, &rnn_alone);
    sums_end(&sums);
    rnn_free(scratch);
    rnn_free(a.data);
    rnn_free(b.data);
}

/* Threads pack their panels, and nothing else, even where there are fewer panels than threads. */
static void test_outer_pack_by_threads(void **state)
{
    enum { PLACES = 3, THREADS = 3, MOST = 4 * RNN_OUTER_ROWS, NUMBERS = 2 * PLACES * MOST };
    const ptrdiff_t places[PLACES] = {0, 2, 3};
    rnn_real value[4 * MOST], alone[NUMBERS], together[NUMBERS];
    (void)state;
    for (int i = 0; i < 4 * MOST; i++)
        value[i] = whole(i);
    for (int n = 1; n <= MOST; n++) {
        for (int i = 0; i < NUMBERS; i++)
            alone[i] = together[i] = -1;
        const rnn_range all = {0, n};
        rnn_outer_pack(alone, value, n, n, all, RNN_OUTER_ROWS, RNN_OUTER_ROWS, places, PLACES);
        for (int thread = 0; thread < THREADS; thread++) {
            rnn_share share = rnn_alone;
            share.thread = thread;
            share.threads = THREADS;
            const rnn_range part = rnn_outer_part(&share, n, RNN_OUTER_ROWS);
            rnn_outer_pack(together + part.first * PLACES, value, n, n, part, RNN_OUTER_ROWS, RNN_OUTER_ROWS, places,
                           PLACES);
        }
        assert_memory_equal(alone, together, sizeof alone);
    }
}

static void test_outer(void **state)
{
    static const int n[] = {1, RNN_OUTER_ROWS, RNN_OUTER_ROWS + 1};
    static const int m[] = {1, RNN_LANES, RNN_LANES + 1, RNN_OUTER_WIDTH, RNN_OUTER_WIDTH + 1};
    static const int frames[] = {0, 3, RNN_OUTER_COLUMNS + 1};
    (void)state;
    for (int i = 0; i < 45; i++)
        for (int turned = 0; turned < 2; turned++)
            for (int begun = 0; begun < 2; begun++)
                check_outer(n[i % 3], m[i / 3 % 5], frames[i / 15], turned, begun);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_total_normalized),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_that_collide),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_outer),
        cmocka_unit_test(test_outer_pack_by_threads),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
