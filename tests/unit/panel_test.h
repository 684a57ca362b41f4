/* Numbers and columns that the tests of panels have in common. */
#ifndef TEST_PANEL_TEST_H
#define TEST_PANEL_TEST_H

#include <math.h>
#include <stdlib.h>

#include "rnn/real.h"
#include "vec_test.h"

/* Numbers that add up to many different sums, the same ones on every machine. */
static inline rnn_real number(int i) { return (rnn_real)((i * 7919 + 12345) % 2003) / 1001 - 1; }

/* Returns columns of k numbers, `stride` apart, with NaN between them, in memory that ends with the last. */
static inline rnn_real *columns_new(int columns, int k, int stride)
{
    const size_t count = (size_t)(columns - 1) * (size_t)stride + (size_t)k;
    rnn_real *x = malloc(count * sizeof(rnn_real));
    assert_non_null(x);
    for (size_t i = 0; i < count; i++)
        x[i] = (int)i % stride < k ? number((int)i + 99) : NAN;
    return x;
}

#endif
