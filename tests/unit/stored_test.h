/* What the tests of stored weights have in common. */
#ifndef TEST_STORED_TEST_H
#define TEST_STORED_TEST_H

#include "panel_test.h"
#include "rnn/stored.h"

#ifdef ONE_STORAGE /* for instructions that the others do not have */
static const rnn_storage storages[] = {ONE_STORAGE};
#else
static const rnn_storage storages[] = {RNN_F32, RNN_F16, RNN_BF16, RNN_INT8};
#endif
enum { STORAGES = sizeof storages / sizeof storages[0] };

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(RNN_VECTOR_BYTES, (bytes + RNN_VECTOR_BYTES) / RNN_VECTOR_BYTES * RNN_VECTOR_BYTES);
    assert_non_null(memory);
    return memory;
}

#endif
