/* Figures that `rnn bench` makes of times and rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bench/floor.h"
#include "bench/timing.h"

static void test_median_and_late(void **state)
{
    (void)state;
    double few[] = {3, 1, 2};
    const struct timing of_few = timing_of(few, 3);
    assert_true(of_few.median == 2 && of_few.late == 3 && of_few.calls == 3);

    double many[4000];
    for (int i = 0; i < 4000; i++)
        many[i] = 4000 - i;
    const struct timing of_many = timing_of(many, 4000);
    assert_true(of_many.median == 2000 && of_many.late == 3996);
}

static rnn_status count_calls(void *context)
{
    ++*(int *)context;
    return RNN_OK;
}

static rnn_status call_wrongly(void *context)
{
    (void)context;
    return RNN_ERROR_ID;
}

static void test_measure_calls(void **state)
{
    (void)state;
    int calls = 0;
    struct timing timing;
    const char *error = NULL;
    assert_true(timing_measure(count_calls, &calls, 0, &timing, &error));
    assert_true(timing.calls >= 5 && calls > timing.calls + 50); /* the clock takes longer: several make a sample */
    assert_false(timing_measure(call_wrongly, NULL, 0, &timing, &error));
    assert_string_equal(error, rnn_status_text(RNN_ERROR_ID));
}

/* 1000 flops a second, 100 bytes a second beside cycles, 10 within. */
static void test_floor(void **state)
{
    (void)state;
    struct floor floor = {.beside = {2000, 100},
                          .within = {500, 30},
                          .streams = 1,
                          .frames = 1,
                          .real_size = 4,
                          .flops = 1000,
                          .beside_reads = 100,
                          .within_reads = 10};
    assert_true(floor_seconds(&floor) == 4 + 12); /* both read longer than they compute */
    floor.frames = 4;
    assert_true(floor_seconds(&floor) == 2 + 12); /* read once for four frames */
    floor.streams = 30;
    assert_true(floor_seconds(&floor) == 60 + 15); /* weights are read once for all streams */
    floor.real_size = 8;
    floor.streams = 1;
    assert_true(floor_seconds(&floor) == 2 + 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_and_late),
        cmocka_unit_test(test_measure_calls),
        cmocka_unit_test(test_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
