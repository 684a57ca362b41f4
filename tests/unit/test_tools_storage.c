/* Numbers as storages keep them: those of the oracle, which has code of its own. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "network/storage.h"
#include "oracle/evaluation.h"

enum { ROWS = 5, COLUMNS = 37 };

static void test_rounding(void **state)
{
    (void)state;
    struct random random = random_start(1);
    for (int storage = PRECISION_F32; storage < PRECISION_COUNT; storage++)
        for (int round = 0; round < 20; round++) {
            struct arena *arena = arena_new();
            const struct value parameter = {.shape = {.rank = 2, .dim = {ROWS, COLUMNS}},
                                            .storage = (enum precision)storage};
            double numbers[ROWS * COLUMNS], kept[ROWS * COLUMNS];
            for (int i = 0; i < ROWS * COLUMNS; i++)
                numbers[i] = kept[i] = (float)(random_real(&random, 1) * pow(10, round - 10));
            const double *expected = oracle_store(arena, &parameter, numbers);
            assert_true(storage_round(kept, ROWS, COLUMNS, (enum precision)storage));
            for (int i = 0; i < ROWS * COLUMNS; i++)
                assert_true(kept[i] == (storage == PRECISION_F32 ? numbers[i] : (double)(float)expected[i]));
            arena_free(arena);
        }
}

static void test_infinite(void **state)
{
    (void)state;
    double numbers[] = {1, 2, INFINITY, 3}, beyond[] = {1, 1e300};
    assert_true(storage_round(numbers, 2, 2, PRECISION_F16));
    assert_false(storage_round((double[]){1, NAN}, 1, 2, PRECISION_INT8));
    assert_false(storage_round(beyond, 1, 2, PRECISION_INT8)); /* no float */
    double largest[] = {FLT_MAX, -FLT_MAX, 1};                 /* the next float above 127 of its scale is infinity */
    assert_true(storage_round(largest, 1, 3, PRECISION_INT8));
    assert_true(isfinite(largest[0]) && largest[0] > 0.999 * FLT_MAX && largest[1] == -largest[0] && largest[2] == 0);
    assert_true(storage_round((double[]){0, 0}, 1, 2, PRECISION_INT8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounding), cmocka_unit_test(test_infinite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
