/* An emitted network whose values decay: inside, subnormal numbers are 0; outside, everything is as the caller had it,
 * whatever that was and whatever the call returned. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnn/flush.h"
#include "rnn/model.h"

extern const rnn_model decay_model;

enum { N = 5, FRAMES = 40, STREAMS = 2 };

#if defined(__SSE2__)
enum { FLUSHES = 1 };
/* Without the flags of exceptions, which stay for the caller to see. */
static unsigned mode(void) { return _mm_getcsr() & ~0x3fu; }
static void set_mode(unsigned mode) { _mm_setcsr(mode); }
static const unsigned modes[] = {0x1f80, 0x9f80, 0x1fc0, 0x9fc0,
                                 0x7f80}; /* the default, flushing, one of the two, rounding to zero */
#elif defined(__aarch64__)
enum { FLUSHES = 1 };
static unsigned mode(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (unsigned)fpcr;
}
static void set_mode(unsigned mode) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode)); }
static const unsigned modes[] = {0, 1u << 24, 3u << 22};
#else
enum { FLUSHES = 0 };
static unsigned mode(void) { return 0; }
static void set_mode(unsigned mode) { (void)mode; }
static const unsigned modes[] = {0};
#endif

struct network {
    void *packed, *state, *work;
    rnn_real x[FRAMES * STREAMS * N];
    int32_t id[FRAMES * STREAMS];
    rnn_real h[FRAMES * STREAMS * N], z[FRAMES * STREAMS * N], f[FRAMES * STREAMS * N];
    rnn_real half[FRAMES * STREAMS * N], large[FRAMES * STREAMS * N];
};

static void *allocate(size_t size)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, decay_model.alignment, size), 0);
    return memory;
}

static const rnn_real smallest = sizeof(rnn_real) == sizeof(float) ? (rnn_real)FLT_MIN : (rnn_real)DBL_MIN;

/* U halves; row 1 of E is the smallest normal number, half of which is none. The first frame is a little above it, the
 * others 0. */
static struct network *network_new(void)
{
    struct network *network = test_calloc(1, sizeof *network);
    rnn_real *parameters = test_calloc(decay_model.parameter_elements, sizeof *parameters);
    for (int i = 0; i < N; i++) {
        parameters[decay_model.parameters[0].offset + (size_t)(i * N + i)] = (rnn_real)0.5;
        parameters[decay_model.parameters[1].offset + (size_t)(N + i)] = smallest;
    }
    network->packed = allocate(decay_model.packed_size());
    network->state = allocate(decay_model.state_size(STREAMS));
    network->work = allocate(decay_model.work_size(FRAMES, STREAMS));
    assert_int_equal(decay_model.pack(parameters, network->packed), RNN_OK);
    test_free(parameters);
    decay_model.state_init(network->state, STREAMS);
    for (int i = 0; i < STREAMS * N; i++)
        network->x[i] = 16 * smallest;
    for (int t = 0; t < FRAMES; t++)
        for (int s = 0; s < STREAMS; s++)
            network->id[t * STREAMS + s] = t % 2;
    return network;
}

static void network_free(struct network *network)
{
    free(network->packed);
    free(network->state);
    free(network->work);
    test_free(network);
}

static rnn_status run(struct network *network, const int *lengths)
{
    const void *const inputs[] = {network->x, network->id};
    void *const outputs[] = {network->h, network->z, network->f, network->half, network->large};
    return decay_model.run(network->packed, network->state, network->work, FRAMES, lengths, inputs, outputs);
}

static rnn_status step(struct network *network, int frame)
{
    const ptrdiff_t at = (ptrdiff_t)frame * STREAMS;
    const void *const inputs[] = {network->x + at * N, network->id + at};
    void *const outputs[] = {network->h + at * N, network->z + at * N, network->f + at * N, network->half + at * N,
                             network->large + at * N};
    return decay_model.step(network->packed, network->state, inputs, outputs);
}

static int count_subnormal(const rnn_real *values, size_t count)
{
    int subnormal = 0;
    for (size_t i = 0; i < count; i++)
        subnormal += fpclassify(values[i]) == FP_SUBNORMAL;
    return subnormal;
}

/* After frame t, 16 * smallest has been halved t times: frame 4 is the last that is not subnormal. */
static void expect_flushed(const struct network *network)
{
    assert_int_equal(count_subnormal(network->h, FRAMES * STREAMS * N), 0);
    assert_int_equal(count_subnormal(network->z, FRAMES * STREAMS * N), 0);
    assert_int_equal(count_subnormal(network->f, FRAMES * STREAMS * N), 0);
    for (int t = 0; t < FRAMES; t++)
        for (int i = t * STREAMS * N; i < (t + 1) * STREAMS * N; i++) {
            assert_true(network->h[i] == (t <= 4 ? ldexp(16 * (double)smallest, -t) : 0));
            assert_true(network->z[i] == network->h[i]);
            assert_true(network->f[i] == (t == 0 ? 8 * smallest : 0)); /* half of E's row is flushed */
        }
}

static void test_values_are_flushed(void **state)
{
    (void)state;
    if (!FLUSHES)
        skip();
    for (int stepwise = 0; stepwise < 2; stepwise++) {
        struct network *network = network_new();
        for (int t = 0; stepwise && t < FRAMES; t++)
            assert_int_equal(step(network, t), RNN_OK);
        if (!stepwise)
            assert_int_equal(run(network, NULL), RNN_OK);
        expect_flushed(network);
        network_free(network);
    }
}

/* A subnormal operand counts as 0, and so does a subnormal result. */
static void test_operands_and_results(void **state)
{
    (void)state;
    if (!FLUSHES)
        skip();
    struct network *network = network_new();
    for (int i = 0; i < FRAMES * STREAMS * N; i++)
        network->x[i] = i % 2 ? smallest / 4 : smallest;
    assert_true(fpclassify(network->x[1]) == FP_SUBNORMAL);
    assert_int_equal(run(network, NULL), RNN_OK);
    for (int i = 0; i < FRAMES * STREAMS * N; i++) {
        assert_true(network->half[i] == 0);
        assert_true(network->large[i] == (i % 2 ? 0 : 1024 * smallest));
    }
    network_free(network);
}

/* Products are compared with what this thread computes itself: the mode is not only said to be back. */
static void expect_mode(unsigned wanted, rnn_real halved)
{
    volatile rnn_real least = smallest, half = (rnn_real)0.5;
    rnn_real product = least * half;
    unsigned found = mode();
    set_mode(modes[0]);
    assert_int_equal(found, wanted);
    assert_true(product == halved);
    set_mode(wanted);
}

static void test_mode_is_given_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
        struct network *network = network_new();
        const int lengths[STREAMS] = {FRAMES, 3}, wrong_lengths[STREAMS] = {FRAMES + 1, 3};
        volatile rnn_real least = smallest, half = (rnn_real)0.5;
        set_mode(modes[k]);
        rnn_real halved = least * half;
        rnn_status statuses[6];
        statuses[0] = run(network, NULL);
        expect_mode(modes[k], halved);
        statuses[1] = run(network, lengths);
        expect_mode(modes[k], halved);
        statuses[2] = step(network, 0);
        expect_mode(modes[k], halved);
        statuses[3] = run(network, wrong_lengths);
        expect_mode(modes[k], halved);
        network->id[2 * STREAMS] = 3;
        statuses[4] = run(network, NULL);
        expect_mode(modes[k], halved);
        statuses[5] = step(network, 2);
        expect_mode(modes[k], halved);
        set_mode(modes[0]);
        static const rnn_status wanted[] = {RNN_OK, RNN_OK, RNN_OK, RNN_ERROR_LENGTH, RNN_ERROR_ID, RNN_ERROR_ID};
        for (int i = 0; i < 6; i++)
            assert_int_equal(statuses[i], wanted[i]);
        network_free(network);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_flushed),
        cmocka_unit_test(test_operands_and_results),
        cmocka_unit_test(test_mode_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
