/* What the tests of stored weights have in common. */
#ifndef TEST_STORED_TEST_H
#define TEST_STORED_TEST_H

#include <stdlib.h>

#include "rnn/stored.h"
#include "vec_test.h"

static const rnn_storage storages[] = {RNN_F32, RNN_F16, RNN_BF16, RNN_INT8};
enum { STORAGES = sizeof storages / sizeof storages[0] };

/* Numbers that add up to many different sums, the same ones on every machine. */
static rnn_real number(int i) { return (rnn_real)((i * 7919 + 12345) % 2003) / 1001 - 1; }

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(RNN_VECTOR_BYTES, (bytes + RNN_VECTOR_BYTES) / RNN_VECTOR_BYTES * RNN_VECTOR_BYTES);
    assert_non_null(memory);
    return memory;
}

#endif
