/* For tests of data files: arrays that are read from text of a test. */
#ifndef RNNC_TESTS_ARRAY_CHECK_H
#define RNNC_TESTS_ARRAY_CHECK_H

#include "tools_fixture.h"

#include "data/array.h"

/* The array of a file with this content; the file is removed. */
static inline struct array take(struct fixture *fixture, const char *name, const char *data, size_t length)
{
    struct array *arrays;
    int count;
    const char *error;
    const char *path = put(fixture, name, data, length);
    if (!arrays_read(fixture->arena, path, &arrays, &count, &error))
        fail_msg("%s", error);
    assert_int_equal(count, 1);
    unlink(path);
    return arrays[0];
}

/* The file is refused, and the message has both words. */
static inline void refuse(struct fixture *fixture, const char *name, const char *data, size_t length, const char *word)
{
    struct array *arrays;
    int count;
    const char *error;
    const char *path = put(fixture, name, data, length);
    assert_false(arrays_read(fixture->arena, path, &arrays, &count, &error));
    if (!strstr(error, word) || !strstr(error, path))
        fail_msg("the message has no '%s' or no '%s': %s", word, path, error);
    unlink(path);
}

static inline void expect_array(const struct array *array, int rank, const long *shape, const double *data)
{
    assert_int_equal(array->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(array->shape[i], shape[i]);
    for (long i = 0; i < array_size(array); i++)
        assert_true(array->data[i] == data[i]);
}

#endif
