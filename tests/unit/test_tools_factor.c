/* The choice of `rnn factor` among the networks that its search has judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "factor/search.h"

enum { STATES = 4 };

/* Returns which state is taken: 0 the dense network, 1 a rank, 2 the same rank with a storage, 3 a smaller rank with
 * one; of predicted times, and those that are good. */
static int taken(const double times[STATES], const bool good[STATES])
{
    static struct choice choices[STATES][2] = {
        {{FORM_DENSE, 0, PRECISION_F32, 0, 0}, {FORM_DENSE, 0, PRECISION_F32, 0, 0}},
        {{FORM_SVD, 16, PRECISION_F32, 0, 0}, {FORM_DENSE, 0, PRECISION_F32, 0, 0}},
        {{FORM_SVD, 16, PRECISION_F32, 0, 0}, {FORM_DENSE, 0, PRECISION_INT8, 0, 0}},
        {{FORM_SVD, 8, PRECISION_F16, 0, 0}, {FORM_DENSE, 0, PRECISION_F32, 0, 0}},
    };
    struct state states[STATES];
    for (int i = 0; i < STATES; i++)
        states[i] =
            (struct state){.choices = choices[i], .time = times[i], .verdict = good[i] ? VERDICT_GOOD : VERDICT_WORSE};
    const struct search search = {.states = states, .state_count = STATES, .group_count = 2};
    return (int)(fastest_state(&search) - states);
}

/* Coarser numbers have to save a twentieth of the time. */
static void test_storages_save_time(void **state)
{
    (void)state;
    static const bool all[STATES] = {true, true, true, true}, but_last[STATES] = {true, true, true, false};
    assert_int_equal(taken((double[]){15100, 1347, 1337, 2000}, all), 1);
    assert_int_equal(taken((double[]){15100, 1347, 1275, 2000}, all), 2);
    assert_int_equal(taken((double[]){15100, 1347, 1275, 1270}, all), 3); /* neither has finer numbers */
    assert_int_equal(taken((double[]){15100, 1347, 1300, 1270}, but_last), 1);
    assert_int_equal(taken((double[]){1300, 1347, 1250, 1240}, all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_storages_save_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
