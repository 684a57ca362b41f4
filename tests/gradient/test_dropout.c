/* Dropout in training: its masks, and that loss and gradients see the same ones. The oracle knows no dropout, so
 * gradients are compared with differences of the network's own loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/random.h"
#include "check/backward.h"
#include "network/session.h"
#include "rnn/weights.h"

extern const rnn_model dropping_model, kept_model, lasting_model, lasts_model, connections_model;

enum { FRAMES = 20, STREAMS = 4 };

struct network {
    struct arena *arena;
    struct backward backward;
    void *parameters;
    void *inputs[2], *targets[1];
};

static void *draw(struct network *network, const rnn_tensor *tensor, struct random *random)
{
    const rnn_model *model = network->backward.model;
    void *data = tensor_new(network->arena, model, tensor, FRAMES, STREAMS);
    for (long k = 0; k < tensor_elements(tensor, FRAMES, STREAMS); k++)
        tensor_set(model, tensor, data, k, random_real(random, 1));
    return data;
}

static struct network network_open(const rnn_model *model)
{
    struct network network = {.arena = arena_new()};
    struct random random = random_start(3);
    const char *error = NULL;
    assert_true(backward_open(&network.backward, network.arena, model, FRAMES, STREAMS, &error));
    network.parameters = arena_alloc(network.arena, model->parameter_elements + 1, (size_t)model->real_size);
    rnn_parameters_init(model, network.parameters, 1);
    for (int i = 0; i < model->input_count; i++)
        network.inputs[i] = draw(&network, &model->inputs[i], &random);
    for (int i = 0; i < model->training->target_count; i++)
        network.targets[i] = draw(&network, &model->training->targets[i], &random);
    return network;
}

static void network_close(struct network *network)
{
    backward_close(&network->backward);
    arena_free(network->arena);
}

/* Runs all frames from a fresh state; seed 0: without dropout. */
static struct backward_result run(struct network *network, uint64_t seed)
{
    const rnn_window window = {.frames = FRAMES, .advance = FRAMES, .drops = seed != 0, .seed = seed};
    struct backward_result result;
    const char *error = NULL;
    backward_begin(&network->backward, false);
    if (!backward_call(&network->backward, &window, 0, network->parameters, network->inputs, network->targets, WANT_ALL,
                       &result, &error))
        fail_msg("%s", error);
    return result;
}

static void test_what_is_kept(void **state)
{
    (void)state;
    struct network network = network_open(&kept_model);
    struct backward_result result = run(&network, 11);
    const double *gradients[] = {result.input_gradients[0], result.input_gradients[1]};
    const int units = 100, columns = FRAMES * STREAMS;
    const double kept = 1 / (0.7 * units * columns); /* the derivative by a unit that is kept */
    int dropped[2] = {0, 0}, differ = 0;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < units * columns; k++) {
            assert_true(gradients[i][k] == 0 || fabs(gradients[i][k] / kept - 1) < 1e-12);
            dropped[i] += gradients[i][k] == 0;
            differ += i && (gradients[0][k] == 0) != (gradients[1][k] == 0);
        }
    /* Of 8000 draws, five standard deviations. */
    assert_true(abs(dropped[0] - 2400) < 205 && abs(dropped[1] - 2400) < 205);
    assert_true(abs(differ - 3360) < 220); /* 2 * 0.3 * 0.7: places do not know of each other */
    for (int a = 0; a < columns; a++)
        for (int b = 0; b < a; b++)
            assert_memory_not_equal(gradients[0] + a * units, gradients[0] + b * units,
                                    (size_t)units * sizeof **gradients);
    network_close(&network);
}

/* Calls with consecutive seeds drop different units, also at neighbouring places. */
static void test_seeds_in_a_row(void **state)
{
    (void)state;
    struct network network = network_open(&kept_model);
    const int count = 100 * FRAMES * STREAMS;
    struct backward_result results[] = {run(&network, 11), run(&network, 12)};
    for (int i = 0; i < 2; i++) {
        const double *a = results[i].input_gradients[1], *b = results[!i].input_gradients[0];
        int differ = 0;
        for (int k = 0; k < count; k++)
            differ += (a[k] == 0) != (b[k] == 0);
        assert_true(abs(differ - 3360) < 220);
    }
    network_close(&network);
}

static void test_seeds(void **state)
{
    (void)state;
    struct network network = network_open(&dropping_model);
    const double without = run(&network, 0).loss;
    struct backward_result first = run(&network, 1), again = run(&network, 1), other = run(&network, 2);
    assert_true(first.loss == again.loss && first.loss != other.loss && first.loss != without);
    assert_memory_equal(first.gradient, again.gradient, dropping_model.parameter_elements * sizeof(double));
    network_close(&network);
}

/* Two windows drop the same units as one. */
static void expect_same_windows(const rnn_model *model)
{
    enum { HALF = 7 };
    struct network network = network_open(model);
    const double whole = run(&network, 5).loss;
    const rnn_window windows[] = {{.frames = HALF, .advance = HALF, .drops = 1, .seed = 5},
                                  {.frames = FRAMES - HALF, .advance = FRAMES - HALF, .drops = 1, .seed = 5}};
    double sum = 0;
    backward_begin(&network.backward, true);
    for (int i = 0; i < 2; i++) {
        struct backward_result result;
        const char *error = NULL;
        assert_true(backward_call(&network.backward, &windows[i], i * HALF, network.parameters, network.inputs,
                                  network.targets, WANT_LOSS, &result, &error));
        sum += result.loss * windows[i].frames / FRAMES;
    }
    assert_true(fabs(sum - whole) <= 1e-13 * whole);
    network_close(&network);
}

static void test_windows(void **state)
{
    (void)state;
    expect_same_windows(&dropping_model);
    expect_same_windows(&lasting_model);
}

/* A stream grows older by its own frames: without any yet it is as after a reset. */
static void test_streams_that_wait(void **state)
{
    (void)state;
    enum { HALF = 7 };
    struct network network = network_open(&dropping_model);
    const int lengths[STREAMS] = {HALF, 0, HALF, 1};
    const unsigned char second[STREAMS] = {0, 1, 0, 0}, fourth[STREAMS] = {0, 0, 0, 1};
    const unsigned char *const resets[] = {NULL, second, fourth};
    const rnn_window windows[] = {{.frames = HALF, .lengths = lengths, .drops = 1, .seed = 5},
                                  {.frames = FRAMES - HALF, .drops = 1, .seed = 5}};
    double losses[3];
    for (int i = 0; i < 3; i++) {
        struct backward_result result;
        const char *error = NULL;
        backward_begin(&network.backward, false);
        for (int k = 0; k < 2; k++) {
            if (k && resets[i])
                dropping_model.training->reset(network.backward.state, resets[i]);
            if (!backward_call(&network.backward, &windows[k], k * HALF, network.parameters, network.inputs,
                               network.targets, WANT_LOSS, &result, &error))
                fail_msg("%s", error);
        }
        losses[i] = result.loss;
    }
    assert_true(losses[1] == losses[0] && losses[2] != losses[0]);
    network_close(&network);
}

/* Moves parameters and input by `step` along the direction that the seed gives. */
static void move(struct network *network, double step)
{
    const rnn_model *model = network->backward.model;
    struct random random = random_start(99);
    double *parameters = network->parameters, *x = network->inputs[0];
    for (size_t i = 0; i < model->parameter_elements; i++)
        parameters[i] += step * random_real(&random, 1);
    for (long k = 0; k < tensor_elements(&model->inputs[0], FRAMES, STREAMS); k++)
        x[k] += step * random_real(&random, 1);
}

static void expect_gradients(const rnn_model *model)
{
    const double step = 1e-4;
    struct network network = network_open(model);
    struct backward_result result = run(&network, 7);
    const double *gradient = result.gradient, *d_x = result.input_gradients[0];
    struct random random = random_start(99);
    double along = 0, square = 0;
    for (size_t i = 0; i < model->parameter_elements; i++) {
        along += gradient[i] * random_real(&random, 1);
        square += gradient[i] * gradient[i];
    }
    for (long k = 0; k < tensor_elements(&model->inputs[0], FRAMES, STREAMS); k++) {
        along += d_x[k] * random_real(&random, 1);
        square += d_x[k] * d_x[k];
    }
    move(&network, step);
    double ahead = run(&network, 7).loss;
    move(&network, -2 * step);
    double difference = (ahead - run(&network, 7).loss) / (2 * step);
    assert_true(square > 0 && fabs(along - difference) <= 1e-6 * sqrt(square));
    network_close(&network);
}

static void test_gradients(void **state)
{
    (void)state;
    expect_gradients(&dropping_model);
    expect_gradients(&lasting_model);
}

/* All frames of a stream drop the same units, other streams and other places others. */
static void test_what_lasts(void **state)
{
    (void)state;
    struct network network = network_open(&lasts_model);
    struct backward_result result = run(&network, 11);
    const double *x = result.input_gradients[0], *z = result.input_gradients[1];
    const size_t column = 100 * sizeof *x;
    int dropped = 0;
    for (int t = 0; t < FRAMES; t++)
        for (int b = 0; b < STREAMS; b++)
            assert_memory_equal(x + (t * STREAMS + b) * 100, x + b * 100, column);
    for (int b = 0; b < STREAMS; b++) {
        assert_memory_not_equal(x + b * 100, z + b * 100, column);
        for (int other = 0; other < b; other++)
            assert_memory_not_equal(x + b * 100, x + other * 100, column);
        for (int k = 0; k < 100; k++)
            dropped += x[b * 100 + k] == 0;
    }
    assert_true(abs(dropped - 120) < 46); /* of 400 draws, five standard deviations */
    network_close(&network);
}

/* Finds the elements of W and V that the call drops: their gradients are 0. */
static void find_dropped(struct network *network, uint64_t seed, uint64_t call, bool *dropped)
{
    const rnn_window window = {.frames = FRAMES, .drops = 1, .seed = seed, .call = call};
    struct backward_result result;
    const char *error = NULL;
    backward_begin(&network->backward, false);
    assert_true(backward_call(&network->backward, &window, 0, network->parameters, network->inputs, network->targets,
                              WANT_ALL, &result, &error));
    for (size_t i = 0; i < network->backward.model->parameter_elements; i++)
        dropped[i] = ((const double *)result.gradient)[i] == 0;
}

static void test_weights(void **state)
{
    (void)state;
    enum { W = 50 * 40 };
    static bool first[2 * W], again[2 * W], other[2 * W], seeded[2 * W];
    struct network network = network_open(&connections_model);
    find_dropped(&network, 1, 0, first);
    find_dropped(&network, 1, 0, again);
    find_dropped(&network, 1, 1, other);
    find_dropped(&network, 2, 0, seeded);
    assert_memory_equal(first, again, sizeof first);
    int count = 0, of_places = 0, of_calls = 0, of_seeds = 0;
    for (int i = 0; i < W; i++) {
        count += first[i];
        of_places += first[i] != first[W + i];
        of_calls += first[i] != other[i];
        of_seeds += first[i] != seeded[i];
    }
    assert_true(abs(count - 600) < 103); /* of 2000 draws, five standard deviations; 0.3 and 2 * 0.3 * 0.7 of them */
    assert_true(abs(of_places - 840) < 111 && abs(of_calls - 840) < 111 && abs(of_seeds - 840) < 111);
    network_close(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_kept),   cmocka_unit_test(test_seeds),
                                       cmocka_unit_test(test_seeds_in_a_row), cmocka_unit_test(test_windows),
                                       cmocka_unit_test(test_gradients),      cmocka_unit_test(test_what_lasts),
                                       cmocka_unit_test(test_weights),        cmocka_unit_test(test_streams_that_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
