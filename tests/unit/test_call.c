/* Calls: their checks, their memory, the ages of their streams, and the blocks that they run through. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/call.h"
#include "vec_test.h"

enum { STREAMS = 3, FRAMES = 23 };

/* ---- memory ---- */

static void test_memory(void **state)
{
    (void)state;
    _Alignas(RNN_VECTOR_BYTES) static const char memory[2 * RNN_VECTOR_BYTES];
    assert_true(rnn_is_aligned(memory) && rnn_is_aligned(memory + RNN_VECTOR_BYTES) && rnn_is_aligned(NULL));
    assert_false(rnn_is_aligned(memory + sizeof(rnn_real)));
    assert_null(rnn_place(NULL, 3));
    rnn_real numbers[RNN_LANES + 4];
    assert_ptr_equal(rnn_place(numbers, 3), &numbers[3]);
    assert_ptr_equal(rnn_behind(numbers, 0), numbers);
    assert_ptr_equal(rnn_behind(numbers, 1), numbers + RNN_LANES);
    assert_ptr_equal(rnn_behind(numbers, RNN_LANES), numbers + RNN_LANES);
    assert_true(RNN_ROUND(0) == 0 && RNN_ROUND(1) == RNN_VECTOR_BYTES &&
                RNN_ROUND(RNN_VECTOR_BYTES) == RNN_VECTOR_BYTES);
    assert_true(RNN_ROUND((size_t)3 << 40) == (size_t)3 << 40);
}

static void test_columns(void **state)
{
    (void)state;
    assert_true(rnn_columns(3, 5) == 15 && rnn_columns(-1, 5) == 0 && rnn_columns(3, -5) == 0);
    assert_true(rnn_columns(INT_MAX, INT_MAX) == (size_t)INT_MAX * INT_MAX);
    assert_true(rnn_columns_fit(100, 100) && !rnn_columns_fit(SIZE_MAX / 8, 100) && !rnn_columns_fit(1, SIZE_MAX / 4));
}

/* ---- streams ---- */

/* A state of so many streams, with room for some values. */
static void *new_state(int streams)
{
    const size_t size = rnn_state_head(streams) + RNN_VECTOR_BYTES;
    void *state = aligned_alloc(RNN_VECTOR_BYTES, size);
    assert_non_null(state);
    memset(state, 0x55, size);
    assert_int_equal(rnn_begin_state(state, size, streams), streams >= 1 ? RNN_OK : RNN_ERROR_ARGUMENT);
    return state;
}

static void test_state(void **unused)
{
    (void)unused;
    char *state = new_state(STREAMS);
    assert_int_equal(rnn_streams(state), STREAMS);
    assert_int_equal(rnn_streams(NULL), 0);
    assert_int_equal(rnn_streams(state + sizeof(int64_t)), 0);
    for (int s = 0; s < STREAMS; s++)
        assert_true(rnn_ages(state)[s] == 0);
    assert_true(rnn_is_aligned(rnn_state_values(state, STREAMS)) &&
                (char *)rnn_state_values(state, STREAMS) >= (char *)&rnn_ages(state)[STREAMS]);
    assert_true((char *)rnn_state_values(state, STREAMS) == state + rnn_state_head(STREAMS) &&
                *rnn_state_values(state, STREAMS) == 0);
    assert_true(rnn_state_head(-1) == rnn_state_head(0));
    assert_int_equal(rnn_begin_state(NULL, 8, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_begin_state(state + sizeof(int64_t), 8, 1), RNN_ERROR_ARGUMENT);
    free(state);
    state = new_state(-2); /* refused by every call from then on */
    assert_int_equal(rnn_streams(state), 0);
    assert_int_equal(rnn_reset_streams(state, NULL), RNN_ERROR_ARGUMENT);
    free(state);
}

static void test_ages(void **unused)
{
    (void)unused;
    void *state = new_state(STREAMS);
    int64_t *ages = rnn_ages(state);
    rnn_grow_older(ages, STREAMS, NULL, 5);
    rnn_grow_older(ages, STREAMS, (const int[]){0, 2, 9}, 4); /* of a window that advances by less than it has */
    assert_true(ages[0] == 5 && ages[1] == 7 && ages[2] == 9);
    assert_int_equal(rnn_reset_streams(state, (const unsigned char[]){0, 1, 0}), RNN_OK);
    assert_true(ages[0] == 5 && ages[1] == 0 && ages[2] == 9);
    assert_int_equal(rnn_reset_streams(state, NULL), RNN_OK);
    assert_true(ages[0] == 0 && ages[1] == 0 && ages[2] == 0);
    free(state);
}

/* ---- blocks ---- */

static void test_block_sizes(void **unused)
{
    (void)unused;
    assert_int_equal(rnn_block_frames(7, 1, 96), 7);
    assert_int_equal(rnn_block_frames(100, 1, 96), 50); /* of nearly equal length */
    assert_int_equal(rnn_block_frames(100, 2, 96), 34);
    assert_int_equal(rnn_block_frames(100, 500, 96), 1); /* more streams than columns */
    assert_int_equal(rnn_block_frames(0, 1, 96), 0);
    for (int frames = 0; frames < 50; frames++) /* memory for the longest call serves every other */
        for (int streams = 1; streams < 12; streams++) {
            assert_true(rnn_columns(rnn_block_frames(frames, streams, 10), streams) <=
                        rnn_block_columns(frames, streams, 10));
            assert_true(rnn_block_columns(frames, streams, 10) <= rnn_block_columns(frames + 1, streams, 10));
            assert_true(rnn_block_columns(frames, streams, 10) <= rnn_block_columns(frames, streams + 1, 10));
        }
}

/* Expects a pass to visit every frame of every stream once, in order. */
static void expect_pass(rnn_call *call, int direction, const int *lengths, const int64_t *began)
{
    int seen = 0, ended[STREAMS] = {0};
    rnn_begin_pass(call, direction);
    while (rnn_next_block(call)) {
        assert_true(call->count > 0 && call->count <= call->most);
        assert_int_equal(call->begin, direction == RNN_FORWARD ? seen : FRAMES - seen - call->count);
        assert_true(call->column == call->begin * STREAMS && call->columns == call->count * STREAMS);
        seen += call->count;
        for (int s = 0; s < STREAMS; s++) {
            const int length = lengths ? lengths[s] : FRAMES, left = length - call->begin;
            assert_true(call->ages[s] == began[s] + (left < 0 ? length : call->begin));
            if (call->ends)
                assert_int_equal(call->ends[s], left < 0 ? 0 : left < call->count ? left : call->count);
            if (call->left)
                assert_int_equal(call->left[s], left);
            const int end = rnn_end_in_block(call, s);
            assert_int_equal(end, left > 0 && left <= call->count ? left : 0);
            ended[s] += end > 0;
        }
    }
    assert_int_equal(seen, FRAMES);
    for (int s = 0; s < STREAMS; s++) {
        const int length = lengths ? lengths[s] : FRAMES;
        assert_int_equal(ended[s], length > 0);
        assert_true(call->ages[s] == began[s] + length);
        if (call->left)
            assert_int_equal(call->left[s], length);
    }
}

static void test_passes(void **unused)
{
    (void)unused;
    static const int some[STREAMS] = {0, FRAMES, 9};
    static const int64_t began[STREAMS] = {0, 7, (int64_t)1 << 40};
    void *state = new_state(STREAMS);
    memcpy(rnn_ages(state), began, sizeof began);
    for (int block = 1; block < 2 * STREAMS * FRAMES; block += 2)
        for (int trains = 0; trains < 2; trains++)
            for (int k = 0; k < 2; k++) {
                const int *lengths = k ? some : NULL;
                char *work = aligned_alloc(RNN_VECTOR_BYTES, rnn_call_size(STREAMS, trains)); /* no byte more */
                rnn_call call = rnn_begin_call(work, state, FRAMES, lengths, block, trains);
                assert_ptr_equal(call.memory, work + rnn_call_size(STREAMS, trains));
                assert_true(call.whole == STREAMS * FRAMES && call.block_columns == rnn_columns(call.most, STREAMS));
                assert_true(!call.ends == !lengths && !call.left == !trains);
                for (int s = 0; s < STREAMS; s++) {
                    assert_int_equal(rnn_length(&call, s), lengths ? lengths[s] : FRAMES);
                    assert_true(call.ages[s] == began[s] + rnn_length(&call, s) &&
                                (!trains || call.left[s] == rnn_length(&call, s)));
                }
                expect_pass(&call, RNN_FORWARD, lengths, began);
                expect_pass(&call, RNN_BACKWARD, lengths, began);
                expect_pass(&call, RNN_FORWARD, lengths, began);
                assert_memory_equal(rnn_ages(state), began, sizeof began);
                free(work);
            }
    free(state);
}

/* A call of no frames has no blocks. */
static void test_no_frames(void **unused)
{
    (void)unused;
    void *state = new_state(STREAMS), *work = aligned_alloc(RNN_VECTOR_BYTES, rnn_call_size(STREAMS, 0));
    rnn_call call = rnn_begin_call(work, state, 0, NULL, 96, 0);
    for (int direction = RNN_FORWARD; direction <= RNN_BACKWARD; direction++) {
        rnn_begin_pass(&call, direction);
        assert_false(rnn_next_block(&call));
        assert_true(call.ages[0] == 0);
    }
    free(state);
    free(work);
}

/* ---- checks ---- */

static void test_check_ids(void **state)
{
    (void)state;
    int32_t ids[2 * STREAMS] = {0, 4, -1, 3, 2, 1};
    assert_int_equal(rnn_check_ids(ids, 5, NULL, 2, STREAMS), RNN_OK);
    assert_int_equal(rnn_check_ids(ids, 4, NULL, 2, STREAMS), RNN_ERROR_ID);
    static const int32_t wrong[] = {-2, 5, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        for (int at = 0; at < 2 * STREAMS; at++) {
            int32_t before = ids[at];
            ids[at] = wrong[k];
            assert_int_equal(rnn_check_ids(ids, 5, NULL, 2, STREAMS), RNN_ERROR_ID);
            int lengths[STREAMS] = {2, 2, 2};
            assert_int_equal(rnn_check_ids(ids, 5, lengths, 2, STREAMS), RNN_ERROR_ID);
            lengths[at % STREAMS] = at / STREAMS; /* behind its end nobody looks at it */
            assert_int_equal(rnn_check_ids(ids, 5, lengths, 2, STREAMS), RNN_OK);
            ids[at] = before;
        }
    assert_int_equal(rnn_check_ids(ids, 5, NULL, 0, STREAMS), RNN_OK);
    assert_int_equal(rnn_check_ids(NULL, 5, NULL, 0, STREAMS), RNN_ERROR_ARGUMENT);
}

static void test_check_lengths(void **state)
{
    (void)state;
    assert_int_equal(rnn_check_lengths(NULL, 4, STREAMS), RNN_OK);
    assert_int_equal(rnn_check_lengths((const int[]){0, 4, 2}, 4, STREAMS), RNN_OK);
    assert_int_equal(rnn_check_lengths((const int[]){0, 5, 2}, 4, STREAMS), RNN_ERROR_LENGTH);
    assert_int_equal(rnn_check_lengths((const int[]){0, 4, -1}, 4, STREAMS), RNN_ERROR_LENGTH);
    assert_int_equal(rnn_check_lengths((const int[]){INT_MIN, 4, 0}, 4, STREAMS), RNN_ERROR_LENGTH);
}

static void test_check_calls(void **unused)
{
    (void)unused;
    _Alignas(RNN_VECTOR_BYTES) static const char memory[2 * RNN_VECTOR_BYTES];
    const char *const off = memory + sizeof(rnn_real);
    assert_int_equal(rnn_check_step(memory, 1), RNN_OK);
    assert_int_equal(rnn_check_step(NULL, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_step(off, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_step(memory, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 1, memory, 0, NULL), RNN_OK);
    assert_int_equal(rnn_check_run(NULL, 1, memory, 1, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 0, memory, 1, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 1, NULL, 1, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 1, off, 1, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 1, memory, -1, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_run(memory, 1, memory, 4, (const int[]){5}), RNN_ERROR_LENGTH);
    assert_int_equal(rnn_check_input(memory), RNN_OK);
    assert_int_equal(rnn_check_input(NULL), RNN_ERROR_ARGUMENT);
}

static rnn_status check_window(int frames, int advance, int loss_from, int carries)
{
    _Alignas(RNN_VECTOR_BYTES) static const char memory[RNN_VECTOR_BYTES];
    const rnn_window window = {.frames = frames, .advance = advance, .loss_from = loss_from};
    const double loss = 0;
    return rnn_check_grad(memory, 1, memory, &window, &loss, carries);
}

static void test_check_windows(void **unused)
{
    (void)unused;
    _Alignas(RNN_VECTOR_BYTES) static const char memory[2 * RNN_VECTOR_BYTES];
    const rnn_window window = {.frames = 4}, short_window = {.frames = 4, .lengths = (const int[]){5}};
    const double loss = 0;
    assert_int_equal(rnn_check_grad(memory, 1, memory, &window, &loss, 0), RNN_OK);
    assert_int_equal(rnn_check_grad(memory, 1, memory, &short_window, &loss, 0), RNN_ERROR_LENGTH);
    assert_int_equal(rnn_check_grad(NULL, 1, memory, &window, &loss, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_grad(memory, 0, memory, &window, &loss, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_grad(memory, 1, NULL, &window, &loss, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_grad(memory, 1, memory + 4, &window, &loss, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_grad(memory, 1, memory, NULL, &loss, 0), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_check_grad(memory, 1, memory, &window, NULL, 0), RNN_ERROR_ARGUMENT);
    rnn_window later = {.frames = 4, .first_stream = INT_MAX - 3}; /* streams are numbered by ints */
    assert_int_equal(rnn_check_grad(memory, 3, memory, &later, &loss, 0), RNN_OK);
    assert_int_equal(rnn_check_grad(memory, 4, memory, &later, &loss, 0), RNN_ERROR_ARGUMENT);
    later.first_stream = -1;
    assert_int_equal(rnn_check_grad(memory, 1, memory, &later, &loss, 0), RNN_ERROR_ARGUMENT);
    for (int carries = 0; carries < 2; carries++) {
        assert_int_equal(check_window(4, 0, 0, carries), RNN_OK);
        assert_int_equal(check_window(4, 4, 0, carries), RNN_OK);
        assert_int_equal(check_window(0, 0, 0, carries), RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, -1, 0, carries), RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 5, 0, carries), RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 4, -1, carries), RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 4, 5, carries), RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 2, 0, carries), carries ? RNN_OK : RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 4, 2, carries), carries ? RNN_OK : RNN_ERROR_ARGUMENT);
        assert_int_equal(check_window(4, 4, 4, carries), carries ? RNN_OK : RNN_ERROR_ARGUMENT);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),      cmocka_unit_test(test_columns),       cmocka_unit_test(test_state),
        cmocka_unit_test(test_ages),        cmocka_unit_test(test_block_sizes),   cmocka_unit_test(test_passes),
        cmocka_unit_test(test_no_frames),   cmocka_unit_test(test_check_ids),     cmocka_unit_test(test_check_lengths),
        cmocka_unit_test(test_check_calls), cmocka_unit_test(test_check_windows),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
