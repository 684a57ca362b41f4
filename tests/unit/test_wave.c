/* Wavefronts: the memory of sections, their blocks, what each waits for, and the parts of long calls. */
#include <stdlib.h>
#include <string.h>

#include "rnn/wave.h"
#include "vec_test.h"

enum { STREAMS = 2, FRAMES = 11, SECTIONS = 3, BLOCK = 8 };

struct room {
    void *state, *work;
};

static struct room new_room(int trains)
{
    const size_t head = rnn_state_head(STREAMS),
                 size = rnn_call_size(STREAMS, trains) + rnn_wave_size(SECTIONS, STREAMS, trains);
    struct room room = {aligned_alloc(RNN_VECTOR_BYTES, head), aligned_alloc(RNN_VECTOR_BYTES, RNN_ROUND(size))};
    assert_true(room.state && room.work);
    assert_int_equal(rnn_begin_state(room.state, head, STREAMS), RNN_OK);
    memset(room.work, 0x55, size);
    return room;
}

static void free_room(struct room room)
{
    free(room.state);
    free(room.work);
}

/* Sections have streams of their own, and begin with nothing done; values lie behind them. */
static void test_memory(void **unused)
{
    (void)unused;
    struct room room = new_room(1);
    rnn_call call = rnn_begin_call(room.work, room.state, FRAMES, (const int[]){3, FRAMES}, BLOCK, 1);
    rnn_wave wave = rnn_begin_wave(&call, SECTIONS, SECTIONS);
    assert_true((char *)call.memory ==
                (char *)room.work + rnn_call_size(STREAMS, 1) + rnn_wave_size(SECTIONS, STREAMS, 1));
    assert_true(rnn_is_aligned(call.memory) && wave.threads >= 1 && wave.threads <= SECTIONS);
    for (int s = 0; s < SECTIONS; s++) {
        rnn_call own = call;
        rnn_begin_section(&wave, &own, s, RNN_FORWARD, 4);
        assert_true((char *)own.ages >= wave.memory && (void *)(own.left + STREAMS) <= call.memory);
        assert_true(own.ages != call.ages && own.ends != call.ends && own.left != call.left);
        assert_true(wave.progress[s].frames == 0 && rnn_is_aligned(own.ages));
        assert_true(rnn_next_block(&own) && own.count == 4 && own.ends[0] == 3 && own.left[1] == FRAMES);
        rnn_end_section(&wave);
    }
    free_room(room);
}

/* Blocks of sections, one after the other as without threads: no wait is longer than what is done. */
static void test_progress(void **unused)
{
    (void)unused;
    struct room room = new_room(0);
    rnn_call call = rnn_begin_call(room.work, room.state, FRAMES, NULL, BLOCK, 0);
    rnn_wave wave = rnn_begin_wave(&call, SECTIONS, SECTIONS);
    static const int most[SECTIONS] = {4, 11, 3};
    for (int s = 0; s < SECTIONS; s++) {
        rnn_call own = call;
        rnn_begin_section(&wave, &own, s, s == 1 ? RNN_BACKWARD : RNN_FORWARD, most[s]);
        for (int through = 0; rnn_next_block(&own);) {
            if (s == 1)
                rnn_wait_for_all(&wave, 0, &own);
            if (s == 2)
                rnn_wait_for(&wave, 0, &own);
            assert_int_equal(wave.progress[s].frames, through);
            rnn_pass_on(&wave, &own);
            through += own.count;
            assert_int_equal(rnn_frames_through(&own), through);
        }
        assert_int_equal(wave.progress[s].frames, FRAMES);
        rnn_end_section(&wave);
    }
    rnn_end_wave(&wave, &call);
    assert_true(call.ages[0] == FRAMES && call.ages[1] == FRAMES && call.count == 0);
    free_room(room);
}

/* Without OpenMP sections use the call itself, which is behind them as it was before, but for ages. */
static void test_one_call(void **unused)
{
    (void)unused;
    struct room room = new_room(1);
    rnn_call call = rnn_begin_call(room.work, room.state, FRAMES, (const int[]){3, FRAMES}, BLOCK, 1);
    rnn_wave wave = rnn_begin_wave(&call, SECTIONS, SECTIONS);
    const rnn_call before = call;
    for (int s = 0; s < SECTIONS; s++) {
        rnn_begin_section(&wave, &call, s, s == 1 ? RNN_BACKWARD : RNN_FORWARD, 4);
        for (int through = 0; rnn_next_block(&call); rnn_pass_on(&wave, &call)) {
            through += call.count;
            assert_int_equal(rnn_frames_through(&call), through);
        }
        rnn_end_section(&wave);
    }
    rnn_end_wave(&wave, &call);
    assert_true(call.ages == before.ages && call.ends == before.ends && call.left == before.left);
    assert_true(call.most == before.most && call.count == 0);
    assert_true(call.ages[0] == 3 && call.ages[1] == FRAMES && call.left[0] == 3);
    free_room(room);
}

/* One thread has the blocks of a single loop; more have shorter ones, of whole frames, but none of one column where
 * one thread would not. */
static void test_blocks(void **unused)
{
    (void)unused;
    struct room room = new_room(0);
    for (int frames = 1; frames < 800; frames++)
        for (int block = 1; block < 400; block = 2 * block + 3) {
            rnn_call call = rnn_begin_call(room.work, room.state, frames, NULL, block, 0);
            call.streams = 1;
            call.whole = (size_t)frames;
            call.most = rnn_block_frames(frames, 1, block);
            call.block_columns = (size_t)call.most;
            assert_int_equal(rnn_wave_block(&call, 1), call.most);
            const int most = rnn_wave_block(&call, 2);
            assert_true(most >= 1 && most <= call.most);
            assert_true(frames % most != 1 || most == 1 || most == call.most);
            assert_true(most == call.most || frames < RNN_WAVE_BLOCKS * RNN_WAVE_COLUMNS || frames > 7 * most);
        }
    free_room(room);
}

static void test_parts(void **unused)
{
    (void)unused;
    int rest[3];
    assert_null(rnn_lengths_from(rest, NULL, 4, 4, 3));
    assert_ptr_equal(rnn_lengths_from(rest, (const int[]){0, 5, 20}, 4, 4, 3), rest);
    assert_true(rest[0] == 0 && rest[1] == 1 && rest[2] == 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory), cmocka_unit_test(test_progress), cmocka_unit_test(test_one_call),
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_parts),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
