/* The past of values as a ring, in the state of a network that is stepped. */
#include <string.h>

#include "rnn/past.h"
#include "vec_test.h"

enum { PAST = 3, FRAMES = 5, STREAMS = 3, N = RNN_LANES + 1, PAD = RNN_PAD(N) };

static rnn_real mark(int frame, int stream, int i) { return (rnn_real)(1000 * (frame + PAST + 1) + 100 * stream + i); }

/* A value that is no ring, as the work of a call has it. */
struct value {
    _Alignas(RNN_VECTOR_BYTES) rnn_real memory[(PAST + FRAMES) * STREAMS * PAD];
};

static rnn_real *frame_0(struct value *value) { return value->memory + PAST * STREAMS * PAD; }

static void fill(struct value *value)
{
    for (int t = -PAST; t < FRAMES; t++)
        for (int s = 0; s < STREAMS; s++)
            for (int i = 0; i < PAD; i++)
                frame_0(value)[(t * STREAMS + s) * PAD + i] = mark(t, s, i);
}

/* A past as a state has it, and the numbers of the frames that each stream has had. */
struct ring {
    _Alignas(RNN_VECTOR_BYTES) rnn_real memory[2 * PAST * STREAMS * PAD];
    int position;
    int had[STREAMS][PAST]; /* of frame -1 - k of a stream */
};

static rnn_real *ring_frame_0(struct ring *ring)
{
    return ring->memory + (PAST + rnn_ring_position(&ring->position)) * STREAMS * PAD;
}

static void mirror(struct ring *ring, int first, int count)
{
    rnn_mirror_past(ring_frame_0(ring), &ring->position, PAST, PAD, STREAMS, first, count);
}

/* Makes frame 0 the numbered frame of each stream, and goes on to the next. */
static void step_ring(struct ring *ring, int number)
{
    for (int s = 0; s < STREAMS; s++) {
        for (int i = 0; i < PAD; i++)
            ring_frame_0(ring)[s * PAD + i] = mark(number, s, i);
        memmove(ring->had[s] + 1, ring->had[s], (PAST - 1) * sizeof(int));
        ring->had[s][0] = number;
    }
    rnn_carry_ring(ring_frame_0(ring), &ring->position, PAST, PAD, 1, STREAMS);
}

/* The past of a stream begins anew: all its frames are one number. */
static void start_in_ring(struct ring *ring, int stream, int number)
{
    rnn_real init[N];
    for (int i = 0; i < N; i++)
        init[i] = mark(number, stream, i);
    rnn_start_past(ring_frame_0(ring), PAST, PAD, N, init, 0, STREAMS, stream);
    mirror(ring, stream, 1);
    for (int d = 0; d < PAST; d++)
        ring->had[stream][d] = number;
}

/* Every frame of the past is where kernels look for it. */
static void expect_ring(struct ring *ring)
{
    assert_true(ring->position >= 0 && ring->position < PAST);
    for (int s = 0; s < STREAMS; s++)
        for (int d = 1; d <= PAST; d++)
            for (int i = 0; i < N; i++)
                assert_true(ring_frame_0(ring)[(s - d * STREAMS) * PAD + i] == mark(ring->had[s][d - 1], s, i));
}

/* Whatever has changed the past at any position, steps find it, at that position and through all later ones. */
static void expect_ring_goes_on(const struct ring *changed)
{
    struct ring ring = *changed;
    for (int k = 0; k < 2 * PAST; k++) {
        expect_ring(&ring);
        step_ring(&ring, 50 + k);
    }
    expect_ring(&ring);
}

static struct ring ring_at(int steps)
{
    struct ring ring = {.position = 0};
    for (int s = 0; s < STREAMS; s++)
        start_in_ring(&ring, s, s);
    for (int k = 0; k < steps; k++)
        step_ring(&ring, 10 + k);
    return ring;
}

static void test_ring(void **state)
{
    (void)state;
    assert_int_equal(rnn_ring_position(NULL), 0);
    for (int steps = 0; steps <= 2 * PAST; steps++) {
        struct ring ring = ring_at(steps);
        assert_int_equal(ring.position, steps % PAST);
        expect_ring_goes_on(&ring);
        start_in_ring(&ring, steps % STREAMS, 30);
        expect_ring_goes_on(&ring);
    }
}

/* Where there is no ring, nothing is mirrored, and any number of frames is carried on. */
static void test_no_ring(void **state)
{
    (void)state;
    struct value value, other;
    fill(&value);
    fill(&other);
    rnn_mirror_past(frame_0(&value), NULL, PAST, PAD, STREAMS, 0, STREAMS);
    assert_memory_equal(value.memory, other.memory, sizeof value.memory);
    rnn_carry_ring(frame_0(&value), NULL, PAST, PAD, FRAMES, STREAMS);
    rnn_carry_past(frame_0(&other), PAST, PAD, FRAMES, STREAMS);
    assert_memory_equal(value.memory, other.memory, sizeof value.memory);
}

/* The past that a run leaves goes into a ring. */
static void test_keep_in_ring(void **state)
{
    (void)state;
    for (int steps = 0; steps < PAST; steps++)
        for (int end = 0; end <= FRAMES; end++) {
            const int stream = (steps + end) % STREAMS;
            struct ring ring = ring_at(steps);
            struct value from;
            fill(&from);
            rnn_keep_past(ring_frame_0(&ring), frame_0(&from), PAST, PAD, end, STREAMS, stream);
            mirror(&ring, stream, 1);
            for (int d = 1; d <= PAST; d++)
                ring.had[stream][d - 1] = end - d;
            expect_ring_goes_on(&ring);
        }
}

/* Streams go to a state that has another position, and to others of their own state, which may be among them. */
static void test_copy_between_rings(void **state)
{
    (void)state;
    for (int steps = 0; steps < PAST; steps++)
        for (int other = 0; other < PAST; other++) {
            struct ring to = ring_at(steps), from = ring_at(PAST + other);
            rnn_copy_past(ring_frame_0(&to), STREAMS, 1, ring_frame_0(&from), STREAMS, 1, 2, PAST, PAD);
            mirror(&to, 1, 2);
            memcpy(to.had[1], from.had[1], 2 * sizeof to.had[1]);
            expect_ring_goes_on(&to);
        }
    for (int steps = 0; steps < PAST; steps++) {
        struct ring ring = ring_at(steps);
        rnn_real before[3][PAST];
        for (int s = 0; s < STREAMS; s++)
            for (int d = 1; d <= PAST; d++)
                before[s][d - 1] = ring_frame_0(&ring)[(s - d * STREAMS) * PAD];
        rnn_copy_past(ring_frame_0(&ring), STREAMS, 1, ring_frame_0(&ring), STREAMS, 0, 2, PAST, PAD);
        mirror(&ring, 1, 2);
        for (int k = 0; k < PAST; k++) { /* a frame more each time: the oldest of the past is the one to look at */
            for (int s = 0; s < STREAMS; s++)
                assert_true(ring_frame_0(&ring)[(s - PAST * STREAMS) * PAD] == before[s ? s - 1 : 0][PAST - 1 - k]);
            step_ring(&ring, 50);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_no_ring),
        cmocka_unit_test(test_keep_in_ring),
        cmocka_unit_test(test_copy_between_rings),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
