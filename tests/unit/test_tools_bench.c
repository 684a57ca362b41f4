/* Figures that `rnn bench` and `rnn tune` make of times and rates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bench/floor.h"
#include "bench/timing.h"
#include "tune/products.h"

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

static bool is_near(double value, double expected) { return fabs(value - expected) < 1e-9 * expected; }

/* Times of a machine with known rates, of which none is measured by itself. */
static void test_rates_of_products(void **state)
{
    (void)state;
    const struct machine_rate rates[PRECISION_COUNT] = {
        [PRECISION_F16] = {0.5, 0.9, 7}, [PRECISION_BF16] = {0.7, 1, 3}, [PRECISION_INT8] = {1.6, 1.7, 12}};
    const double plain = 0.02, operations = 50; /* nanoseconds of a weight, operations in one */
    struct products products = {.lanes = 8};
    const double sums = (double)PRODUCT_ROWS * products.lanes;
    products.times[PRECISION_F32][PRODUCT_MANY] = plain * sums * PRODUCT_WEIGHTS * PRODUCT_COLUMNS;
    for (int s = PRECISION_F32 + 1; s < PRECISION_COUNT; s++) {
        const double weight = plain / rates[s].one, ends = rates[s].sum / operations;
        products.times[s][PRODUCT_SHORT] = sums * (weight * PRODUCT_WEIGHTS_SHORT + ends);
        products.times[s][PRODUCT_LONG] = sums * (weight * PRODUCT_WEIGHTS + ends);
        products.times[s][PRODUCT_MANY] = products.times[PRECISION_F32][PRODUCT_MANY] / rates[s].many;
    }
    struct machine machine = {.operations = operations, .rates = {{1, 1, 0}}};
    products_set_rates(&products, &machine);
    for (int s = PRECISION_F32 + 1; s < PRECISION_COUNT; s++) {
        assert_true(is_near(machine.rates[s].one, rates[s].one));
        assert_true(is_near(machine.rates[s].many, rates[s].many));
        assert_true(is_near(machine.rates[s].sum, rates[s].sum));
    }
    assert_true(machine.rates[PRECISION_F32].one == 1 && machine.rates[PRECISION_F32].sum == 0);

    /* A clock that saw the short product take longer, or nothing beside weights, gives rates that a file may have. */
    products.times[PRECISION_F16][PRODUCT_SHORT] = 2 * products.times[PRECISION_F16][PRODUCT_LONG];
    products.times[PRECISION_INT8][PRODUCT_SHORT] = 0;
    products_set_rates(&products, &machine);
    assert_true(machine.rates[PRECISION_F16].one > 0 && isfinite(machine.rates[PRECISION_F16].one));
    assert_true(machine.rates[PRECISION_INT8].sum > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_and_late),
        cmocka_unit_test(test_measure_calls),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_rates_of_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
