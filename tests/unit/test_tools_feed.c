/* What the axes of a data file mean, by input and by --streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "feed.h"

static const rnn_tensor vector = {.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {3}};
static const rnn_tensor unit = {.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {1}};
static const rnn_tensor scalar = {.name = "x", .time = RNN_TIME_FRAME, .rank = 0};
static const rnn_tensor id = {.name = "x", .type = RNN_TYPE_ID, .time = RNN_TIME_FRAME, .rank = 0, .vocabulary = 5};
static const rnn_tensor once = {.name = "x", .time = RNN_TIME_SEQUENCE, .rank = 1, .shape = {3}};
static const rnn_tensor once_scalar = {.name = "x", .time = RNN_TIME_SEQUENCE, .rank = 0};

/* frames 0: refused; without: the axis of streams was left out. */
static const struct {
    const rnn_tensor *tensor;
    int rank;
    long shape[4];
    int option, streams, frames;
    bool without;
} cases[] = {
    {&vector, 3, {7, 2, 3}, 0, 2, 7, false},
    {&vector, 3, {7, 1, 3}, 0, 1, 7, false},
    {&vector, 2, {7, 3}, 0, 1, 7, true},
    {&vector, 2, {7, 6}, 2, 2, 7, false},
    {&vector, 3, {7, 2, 3}, 2, 2, 7, false},
    {&vector, 3, {7, 2, 3}, 3, 0, 0, false},
    {&vector, 2, {7, 6}, 0, 0, 0, false},
    {&vector, 2, {7, 4}, 0, 0, 0, false},
    {&vector, 1, {3}, 0, 0, 0, false},
    {&vector, 4, {7, 2, 3, 1}, 0, 0, 0, false},
    {&vector, 0, {0}, 0, 0, 0, false},
    {&unit, 1, {7}, 0, 1, 7, true},
    {&unit, 2, {7, 1}, 0, 1, 7, true},
    {&unit, 2, {7, 4}, 0, 4, 7, false},
    {&unit, 3, {7, 4, 1}, 0, 4, 7, false},
    {&scalar, 1, {7}, 0, 1, 7, true},
    {&scalar, 2, {7, 4}, 0, 4, 7, false},
    {&scalar, 2, {7, 4}, 4, 4, 7, false},
    {&id, 1, {7}, 0, 1, 7, true},
    {&id, 2, {7, 4}, 0, 4, 7, false},
    {&id, 3, {7, 4, 2}, 0, 0, 0, false},
    {&id, 2, {0, 4}, 0, 0, 0, false},
    {&once, 1, {3}, 0, 1, -1, true},
    {&once, 2, {2, 3}, 0, 2, -1, false},
    {&once, 1, {6}, 2, 2, -1, false},
    {&once, 1, {6}, 0, 0, 0, false},
    {&once_scalar, 0, {0}, 0, 1, -1, true},
    {&once_scalar, 1, {4}, 0, 4, -1, false},
};

static void test_axes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct array array = {.rank = cases[i].rank};
        memcpy(array.shape, cases[i].shape, sizeof array.shape);
        struct extent extent = {.streams = cases[i].option, .streams_from = "--streams"};
        const char *error = NULL;
        bool placed = feed_place(arena, cases[i].tensor, &array, "x.npy", cases[i].option, &extent, &error);
        if (placed != (cases[i].frames != 0))
            fail_msg("case %zu: %s", i, placed ? "is not refused" : error);
        if (!placed) {
            assert_non_null(strstr(error, "x.npy"));
            continue;
        }
        assert_int_equal(extent.streams, cases[i].streams);
        assert_int_equal(extent.frames, cases[i].frames < 0 ? 0 : cases[i].frames);
        assert_int_equal(extent.without_streams, cases[i].without);
    }
    arena_free(arena);
}

static void test_inputs_have_to_agree(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct extent extent = {0};
    const char *error = NULL;
    struct array first = {.rank = 3, .shape = {7, 2, 3}}, longer = {.rank = 3, .shape = {8, 2, 3}};
    struct array wider = {.rank = 3, .shape = {7, 4, 3}}, sequence = {.rank = 2, .shape = {2, 3}};
    assert_true(feed_place(arena, &vector, &first, "a.npy", 0, &extent, &error));
    assert_true(feed_place(arena, &once, &sequence, "s.npy", 0, &extent, &error));
    assert_false(feed_place(arena, &vector, &longer, "b.npy", 0, &extent, &error));
    assert_non_null(strstr(error, "'b.npy' has 8 frames, but 'a.npy' has 7"));
    assert_false(feed_place(arena, &vector, &wider, "c.npy", 0, &extent, &error));
    assert_non_null(strstr(error, "'c.npy' has 4 streams, but 's.npy' has 2"));
    arena_free(arena);
}

static void test_named_files(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct named_file file = named_file_split(arena, "x_1=a=b.npy");
    assert_string_equal(file.name, "x_1");
    assert_string_equal(file.path, "a=b.npy");
    file = named_file_split(arena, "./x=1.npy");
    assert_null(file.name);
    assert_string_equal(file.path, "./x=1.npy");
    file = named_file_split(arena, "x.npy");
    assert_null(file.name);
    arena_free(arena);
}

static void test_find_tensor(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const rnn_tensor tensors[] = {{.name = "a"}, {.name = "b"}};
    const char *error = NULL;
    assert_ptr_equal(find_tensor(arena, tensors, 2, "input", "b", &error), &tensors[1]);
    assert_null(find_tensor(arena, tensors, 2, "input", "c", &error));
    assert_string_equal(error, "the network has no input 'c'; it has 'a', 'b'");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes),
        cmocka_unit_test(test_inputs_have_to_agree),
        cmocka_unit_test(test_named_files),
        cmocka_unit_test(test_find_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
