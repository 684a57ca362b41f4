/* Parts of training calls beside the network: losses and their seeds, faults, masks, dropout, and sums over columns. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/model.h"
#include "rnn/train.h"
#include "vec_test.h"

enum { FRAMES = 4, STREAMS = 3, COLUMNS = FRAMES * STREAMS };

/* Frames of each stream. */
static const int left[STREAMS] = {4, 0, 2};

static bool valid(int column) { return column / STREAMS < left[column % STREAMS]; }

/* ---- losses and faults ---- */

static void test_losses(void **state)
{
    rnn_real seed[COLUMNS * RNN_PAD(1)], loss[COLUMNS * RNN_PAD(1)], counts[COLUMNS * RNN_PAD(1)];
    (void)state;
    for (int c = 0; c < COLUMNS; c++) {
        loss[c * RNN_PAD(1)] = (rnn_real)(c + 1);
        counts[c * RNN_PAD(1)] = c != 3;
    }
    rnn_loss_sum total = {0, 0, 0, 0};
    rnn_seed_add(&total, seed, loss, NULL, 10, 11, FRAMES, STREAMS, left); /* its first frame does not count */
    assert_true(total.sum == 4 + 6 + 7 + 10 && total.count == 4 && total.fault_frame == 0);
    for (int c = 0; c < COLUMNS; c++)
        assert_true(seed[c * RNN_PAD(1)] == (valid(c) && c >= STREAMS));

    rnn_loss_sum fewer = {0, 0, 0, 0};
    rnn_seed_add(&fewer, seed, loss, counts, 10, 11, FRAMES, STREAMS, left);
    assert_true(fewer.sum == 6 + 7 + 10 && fewer.count == 3);
    rnn_scale_seed(&fewer, seed, FRAMES, STREAMS);
    for (int c = 0; c < COLUMNS; c++)
        assert_true(seed[c * RNN_PAD(1)] == (valid(c) && c > STREAMS ? (rnn_real)(1.0 / 3) : 0));

    const rnn_loss_sum none = {0, 0, 0, 0};
    rnn_scale_seed(&none, seed, FRAMES, STREAMS);
    for (int c = 0; c < COLUMNS; c++)
        assert_true(seed[c * RNN_PAD(1)] == 0);
}

/* The other streams of a batch have a loss of 40 at 5 frames. */
static rnn_status add_others(void *context, rnn_loss *losses, int count)
{
    ++*(int *)context;
    for (int i = 0; i < count; i++) {
        losses[i].sum += 40;
        losses[i].count += 5;
    }
    return RNN_OK;
}

static rnn_status lose_the_others(void *context, rnn_loss *losses, int count)
{
    (void)context, (void)losses, (void)count;
    return RNN_ERROR_MEMORY;
}

static void test_losses_of_all_calls(void **state)
{
    int calls = 0;
    rnn_loss losses[2];
    double loss;
    rnn_exchange exchange = {&calls, add_others, NULL};
    const rnn_window alone = {.frames = 1}, joined = {.frames = 1, .exchange = &exchange};
    rnn_loss_sum sums[] = {{10, 4, 0, 0}, {0, 0, 3, 0}};
    (void)state;
    assert_int_equal(rnn_finish_losses(&alone, sums, losses, 2, &loss), RNN_OK);
    assert_true(loss == 2.5);
    assert_int_equal(rnn_finish_losses(&joined, sums, losses, 2, &loss), RNN_OK);
    assert_true(calls == 1 && sums[0].sum == 50 && sums[0].count == 9 && sums[1].fault_frame == 3);
    assert_true(loss == 50.0 / 9 + 40.0 / 5);
    rnn_tell_finished(&joined, (const rnn_finished[]){{1, 6}}, 1); /* nobody waits */
    rnn_tell_part(&joined, 1, &rnn_alone, 1, 0, 6);
    exchange.sums = lose_the_others;
    assert_int_equal(rnn_finish_losses(&joined, sums, losses, 2, &loss), RNN_ERROR_MEMORY);
}

/* The first frame whose loss is not finite, of whichever block. */
static void test_loss_faults(void **state)
{
    rnn_real seed[COLUMNS * RNN_PAD(1)], loss[COLUMNS * RNN_PAD(1)] = {0};
    rnn_loss_sum total = {0, 0, 0, 0};
    rnn_fault fault = {NULL, NULL, 100, 0, 0};
    (void)state;
    rnn_find_loss_fault(&fault, "region", "loss", &total);
    assert_null(fault.region);
    loss[(1 * STREAMS + 1) * RNN_PAD(1)] = (rnn_real)NAN; /* behind the end */
    loss[(1 * STREAMS + 2) * RNN_PAD(1)] = (rnn_real)INFINITY;
    loss[(3 * STREAMS + 0) * RNN_PAD(1)] = (rnn_real)NAN;
    rnn_seed_add(&total, seed, loss, NULL, 10, 0, FRAMES, STREAMS, left);
    assert_int_equal(total.fault_frame, 12);
    assert_int_equal(total.fault_stream, 2);
    rnn_find_loss_fault(&fault, "region", "loss", &total);
    assert_string_equal(fault.value, "loss");
    assert_int_equal(fault.frame, 11);
    assert_int_equal(fault.stream, 2);
    fault.frame = 11;
    fault.value = "another"; /* at this frame, and computed before */
    rnn_find_loss_fault(&fault, "region", "loss", &total);
    assert_string_equal(fault.value, "another");
    loss[(0 * STREAMS + 2) * RNN_PAD(1)] = (rnn_real)NAN;
    rnn_seed_add(&total, seed, loss, NULL, 0, 0, FRAMES, STREAMS,
                 left); /* gradients go from the end to the beginning */
    assert_int_equal(total.fault_frame, 1);
}

static void test_value_faults(void **state)
{
    enum { N = 2, PAD = RNN_PAD(N) };
    rnn_real data[COLUMNS * PAD] = {0};
    const rnn_fault before = {NULL, NULL, FRAMES, 0, 0}, after = {NULL, NULL, -1, 0, 0};
    rnn_fault fault = before;
    (void)state;
    data[(1 * STREAMS + 1) * PAD] = (rnn_real)NAN; /* of a stream without frames */
    rnn_find_fault(&fault, "region", "value", data, N, PAD, STREAMS, left);
    assert_null(fault.value);
    rnn_find_fault(&fault, "region", "value", data, N, PAD, STREAMS, NULL); /* all streams have all frames */
    assert_int_equal(fault.frame * 100 + fault.stream * 10 + fault.unit, 110);
    data[(2 * STREAMS + 0) * PAD + 1] = (rnn_real)INFINITY;
    data[(3 * STREAMS + 0) * PAD + 0] = (rnn_real)NAN;
    fault = before;
    rnn_find_fault(&fault, "region", "value", data, N, PAD, STREAMS, left);
    assert_int_equal(fault.frame * 100 + fault.stream * 10 + fault.unit, 201);
    rnn_find_fault(&fault, "later", "value", data, N, PAD, STREAMS, left); /* no earlier one */
    assert_string_equal(fault.region, "region");

    fault = after;
    rnn_find_gradient_fault(&fault, "region", "value", data, N, PAD, FRAMES, STREAMS, left);
    assert_int_equal(fault.frame * 100 + fault.stream * 10 + fault.unit, 300);
    data[(3 * STREAMS + 0) * PAD + 0] = 0;
    rnn_find_gradient_fault(&fault, "earlier", "value", data, N, PAD, FRAMES, STREAMS, left);
    assert_string_equal(fault.region, "region");
    fault = after;
    rnn_find_gradient_fault(&fault, "region", "value", data, N, PAD, FRAMES, STREAMS, left);
    assert_int_equal(fault.frame * 100 + fault.stream * 10 + fault.unit, 201);
}

/* ---- masks ---- */

static void test_marks(void **state)
{
    rnn_real mark[COLUMNS * RNN_PAD(1)], length[STREAMS * RNN_PAD(1)];
    (void)state;
    rnn_mark_ends(mark, 0, FRAMES, STREAMS, left);
    for (int c = 0; c < COLUMNS; c++)
        assert_true(mark[c * RNN_PAD(1)] == (c < STREAMS));
    rnn_mark_ends(mark, 1, FRAMES, STREAMS, left);
    for (int c = 0; c < COLUMNS; c++)
        assert_true(mark[c * RNN_PAD(1)] == (c == 3 * STREAMS || c == 1 * STREAMS + 2));
    rnn_mark_lengths(length, STREAMS, left);
    assert_true(length[0] == 4 && length[RNN_PAD(1)] == 1 && length[2 * RNN_PAD(1)] == 2);
}

static int kept(const rnn_real *keep, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        assert_true(keep[i] == 0 || keep[i] == (rnn_real)(1 / 0.75));
        count += keep[i] != 0;
    }
    return count;
}

static void test_dropout(void **state)
{
    enum { N = 10000 };
    static rnn_real keep[N], other[N];
    rnn_window window;
    (void)state;
    memset(&window, 0, sizeof window);
    window.seed = 7;
    rnn_keep(keep, N, 0.25, &window, 1, 2, 3);
    for (int i = 0; i < N; i++)
        assert_true(keep[i] == 1);
    window.drops = 1;
    rnn_keep(keep, N, 0.25, &window, 1, 2, 3);
    assert_in_range(kept(keep, N), 7500 - 200, 7500 + 200); /* 43 is the standard deviation */
    rnn_keep(other, N, 0.25, &window, 1, 2, 3);
    assert_memory_equal(keep, other, sizeof keep);
    for (int i = 0; i < 4; i++) { /* everything has a say */
        window.seed = i == 0 ? 8 : 7;
        rnn_keep(other, N, 0.25, &window, i == 1 ? 2 : 1, i == 2 ? 1 : 2, i == 3 ? 2 : 3);
        assert_memory_not_equal(keep, other, sizeof keep);
        assert_in_range(kept(other, N), 7500 - 200, 7500 + 200);
    }
}

/* ---- sums over columns ---- */

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
    const size_t numbers = RNN_MAX(RNN_OUTER_SCRATCH(n, m), RNN_OUTER_SCRATCH(m, n));
    rnn_real *scratch = rnn_alloc(sizeof *scratch * numbers, RNN_VECTOR_BYTES);
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
        rnn_outer_pack(alone, value, n, n, RNN_OUTER_ROWS, RNN_OUTER_ROWS, places, PLACES, &rnn_alone);
        for (int thread = 0; thread < THREADS; thread++) {
            rnn_share share = rnn_alone;
            share.thread = thread;
            share.threads = THREADS;
            rnn_outer_pack(together, value, n, n, RNN_OUTER_ROWS, RNN_OUTER_ROWS, places, PLACES, &share);
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
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_loss_faults),
        cmocka_unit_test(test_value_faults),
        cmocka_unit_test(test_losses_of_all_calls),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_dropout),
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
