/* Parts of training calls beside the network: losses and their seeds, faults, masks and dropout. */
#include <math.h>
#include <stdbool.h>
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses),       cmocka_unit_test(test_loss_faults),
        cmocka_unit_test(test_value_faults), cmocka_unit_test(test_losses_of_all_calls),
        cmocka_unit_test(test_marks),        cmocka_unit_test(test_dropout),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
