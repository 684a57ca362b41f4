/* Schedules at chosen steps, and the names and numbers of optimisers and schedules. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rnn/optimizer.h"

static void near(double found, double wanted, double bound)
{
    if (!(fabs(found - wanted) <= bound))
        fail_msg("%.17g is not %.17g within %.3g", found, wanted, bound);
}

/* ---- schedules ---- */

static double rate_at(const rnn_schedule_options *options, uint64_t step)
{
    rnn_schedule_state state = rnn_schedule_start();
    return rnn_schedule_rate(options, &state, 2, step);
}

static void test_schedules(void **unused)
{
    (void)unused;
    rnn_schedule_options constant = {.kind = RNN_SCHEDULE_CONSTANT, .warm_up = 4};
    const double warm[] = {0.5, 1, 1.5, 2, 2, 2};
    for (int i = 0; i < 6; i++)
        near(rate_at(&constant, (uint64_t)i), warm[i], 1e-15);

    rnn_schedule_options step = {.kind = RNN_SCHEDULE_STEP, .warm_up = 1, .period = 10, .factor = 0.5, .least = 0.3};
    near(rate_at(&step, 0), 2, 1e-15);
    near(rate_at(&step, 10), 2, 1e-15);
    near(rate_at(&step, 11), 1, 1e-15);
    near(rate_at(&step, 30), 0.5, 1e-15);
    near(rate_at(&step, 31), 0.3, 1e-15);
    near(rate_at(&step, 1000000000000), 0.3, 1e-15);
    step.least = 3;
    near(rate_at(&step, 500), 2, 1e-15);
}

static void test_cosine(void **unused)
{
    (void)unused;
    rnn_schedule_options cosine = {.kind = RNN_SCHEDULE_COSINE, .warm_up = 2, .period = 12, .least = 0.5};
    near(rate_at(&cosine, 0), 1, 1e-15);
    near(rate_at(&cosine, 2), 2, 1e-15);
    near(rate_at(&cosine, 2 + 3), 0.5 + 0.75 * (1 + sqrt(0.5)), 1e-15);
    near(rate_at(&cosine, 2 + 4), 0.5 + 0.75 * 1.5, 1e-15);
    near(rate_at(&cosine, 2 + 6), 1.25, 1e-15);
    near(rate_at(&cosine, 2 + 12), 0.5, 1e-15);
    near(rate_at(&cosine, 1000), 0.5, 1e-15);
    cosine.growth = 1;
    near(rate_at(&cosine, 2 + 12), 2, 1e-15);
    near(rate_at(&cosine, 2 + 5 * 12 + 6), 1.25, 1e-15);
    cosine.growth = 3; /* restarts after 12, 48, 156 */
    near(rate_at(&cosine, 2 + 12), 2, 1e-15);
    near(rate_at(&cosine, 2 + 12 + 18), 1.25, 1e-15);
    near(rate_at(&cosine, 2 + 48), 2, 1e-15);
    near(rate_at(&cosine, 2 + 48 + 36), 0.5 + 0.75 * 1.5, 1e-15);
    cosine.least = 5;
    near(rate_at(&cosine, 2 + 48 + 36), 2, 1e-15);
}

static void test_plateau(void **unused)
{
    (void)unused;
    rnn_schedule_options plateau = {
        .kind = RNN_SCHEDULE_PLATEAU, .patience = 1, .factor = 0.5, .threshold = 0.1, .least = 0.4};
    rnn_schedule_state state = rnn_schedule_start();
    static const struct {
        double loss;
        int reduced;
        double rate;
    } losses[] = {
        {10, 0, 2},      {8.9, 0, 2},     {8.5, 0, 2}, /* not better by a tenth: the first that is waited for */
        {8, 0, 2},                                     /* better */
        {NAN, 0, 2},     {7.3, 1, 1},     {9, 0, 1},      {9, 1, 0.5},        /* twice too many */
        {-1, 0, 0.5},    {-1.05, 0, 0.5}, {-1.2, 0, 0.5},                     /* below 0 a tenth is a tenth too */
        {-1.25, 0, 0.5}, {-1.3, 1, 0.4},  {0, 0, 0.4},    {INFINITY, 1, 0.4}, /* not below the least rate */
    };
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        assert_int_equal(rnn_schedule_observe(&plateau, &state, losses[i].loss), losses[i].reduced);
        near(rnn_schedule_rate(&plateau, &state, 2, i), losses[i].rate, 1e-15);
    }
    rnn_schedule_options constant = {.kind = RNN_SCHEDULE_CONSTANT};
    rnn_schedule_state before = state;
    for (int i = 0; i < 9; i++)
        assert_int_equal(rnn_schedule_observe(&constant, &state, 1e9), 0);
    assert_memory_equal(&state, &before, sizeof state);
}

/* ---- names ---- */

static void test_names(void **unused)
{
    (void)unused;
    rnn_error error;
    for (int i = 0; i < RNN_OPTIMIZERS; i++) {
        assert_int_equal(rnn_optimizers[i].defaults.kind, i);
        assert_ptr_equal(rnn_optimizer_find(rnn_optimizers[i].name), &rnn_optimizers[i]);
        assert_int_equal(rnn_optimizer_check(&rnn_optimizers[i].defaults, &error), RNN_OK);
    }
    for (int i = 0; i < RNN_SCHEDULES; i++) {
        assert_int_equal(rnn_schedules[i].defaults.kind, i);
        assert_ptr_equal(rnn_schedule_find(rnn_schedules[i].name), &rnn_schedules[i]);
        assert_int_equal(rnn_schedule_check(&rnn_schedules[i].defaults, &error), RNN_OK);
    }
    assert_null(rnn_optimizer_find("adamm"));
    assert_null(rnn_schedule_find(""));
}

static void test_numbers(void **unused)
{
    (void)unused;
    rnn_error error;
    rnn_optimizer_options adam = rnn_optimizer_find("adam")->defaults, before = adam;
    assert_int_equal(rnn_optimizer_set(&adam, "beta1", 0.5, &error), RNN_OK);
    assert_true(adam.beta1 == 0.5);
    adam.beta1 = before.beta1;
    assert_int_equal(rnn_optimizer_set(&adam, "momentum", 0.5, &error), RNN_ERROR_ARGUMENT);
    assert_string_equal(error.text, "adam has no number 'momentum'; it has rate, beta1, beta2, epsilon, weight_decay");
    assert_int_equal(rnn_optimizer_set(&adam, "beta2", 1, &error), RNN_ERROR_ARGUMENT);
    assert_string_equal(error.text, "adam: beta2 is 1 but must be 0 or more and below 1");
    assert_int_equal(rnn_optimizer_set(&adam, "epsilon", 0, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_optimizer_set(&adam, "rate", NAN, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_optimizer_set(&adam, "weight_decay", -1, &error), RNN_ERROR_ARGUMENT);
    assert_memory_equal(&adam, &before, sizeof adam);
    adam.beta2 = 2;
    assert_int_equal(rnn_optimizer_check(&adam, &error), RNN_ERROR_ARGUMENT);
    adam.kind = RNN_OPTIMIZER_SGD; /* which has no beta2 */
    assert_int_equal(rnn_optimizer_check(&adam, &error), RNN_OK);

    rnn_schedule_options cosine = rnn_schedule_find("cosine")->defaults;
    assert_int_equal(rnn_schedule_set(&cosine, "period", 500, &error), RNN_OK);
    assert_true(cosine.period == 500);
    assert_int_equal(rnn_schedule_set(&cosine, "period", 0, &error), RNN_ERROR_ARGUMENT);
    assert_string_equal(error.text, "cosine: period is 0 but must be a whole number, 1 or more");
    assert_int_equal(rnn_schedule_set(&cosine, "growth", 1.5, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_schedule_set(&cosine, "factor", 0.5, &error), RNN_ERROR_ARGUMENT);
    assert_true(cosine.period == 500);
    rnn_schedule_options step = rnn_schedule_find("step")->defaults;
    assert_int_equal(rnn_schedule_set(&step, "factor", 0, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_schedule_set(&step, "factor", 1, &error), RNN_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules), cmocka_unit_test(test_cosine),  cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
