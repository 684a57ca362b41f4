/* The meaning of the axes of a data file, by input and by options. */
#include "tools_fixture.h"

#include "command/argument.h"
#include "data/array.h"
#include "network/session.h"
#include "table/feed.h"

static const rnn_tensor vector = {.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {3}};
static const rnn_tensor unit = {.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {1}};
static const rnn_tensor scalar = {.name = "x", .time = RNN_TIME_FRAME, .rank = 0};
static const rnn_tensor id = {.name = "x", .type = RNN_TYPE_ID, .time = RNN_TIME_FRAME, .rank = 0, .vocabulary = 200};
static const rnn_tensor once = {.name = "x", .time = RNN_TIME_SEQUENCE, .rank = 1, .shape = {3}};
static const rnn_tensor once_scalar = {.name = "x", .time = RNN_TIME_SEQUENCE, .rank = 0};

/* streams 0: refused; first: of the frames; whole: there is an axis of sequences. Element i of the array is i, and the
 * last unit of stream 1 (or 0, if that is the only one) at frame 1 (or of the sequence) is `probe`. */
static const struct {
    const rnn_tensor *tensor;
    int rank;
    long shape[4];
    bool first;
    int option, streams, frames;
    bool whole;
    int probe;
} cases[] = {
    {&vector, 3, {7, 2, 3}, false, 0, 7, 2, true, 11},
    {&vector, 3, {7, 2, 3}, true, 0, 2, 7, true, 11},
    {&vector, 3, {2, 7, 3}, false, 0, 2, 7, true, 26},
    {&vector, 3, {1, 7, 3}, false, 0, 1, 7, true, 5},
    {&vector, 3, {7, 1, 3}, true, 0, 1, 7, true, 5},
    {&vector, 2, {7, 3}, false, 0, 1, 7, false, 5},
    {&vector, 2, {7, 3}, true, 0, 1, 7, false, 5},
    {&vector, 2, {8, 3}, false, 2, 2, 4, true, 17},
    {&vector, 2, {7, 3}, false, 2, 0, 0, false, 0},
    {&vector, 2, {7, 6}, true, 2, 2, 7, true, 11},
    {&vector, 2, {7, 6}, false, 2, 0, 0, false, 0},
    {&vector, 3, {2, 7, 3}, false, 2, 2, 7, true, 26},
    {&vector, 3, {7, 2, 3}, true, 3, 0, 0, false, 0},
    {&vector, 2, {7, 6}, false, 0, 0, 0, false, 0},
    {&vector, 2, {7, 4}, false, 0, 0, 0, false, 0},
    {&vector, 1, {3}, false, 0, 0, 0, false, 0},
    {&vector, 4, {7, 2, 3, 1}, false, 0, 0, 0, false, 0},
    {&vector, 0, {0}, false, 0, 0, 0, false, 0},
    {&unit, 1, {7}, false, 0, 1, 7, false, 1},
    {&unit, 2, {7, 1}, false, 0, 1, 7, false, 1},
    {&unit, 2, {4, 7}, false, 0, 4, 7, true, 8},
    {&unit, 2, {7, 4}, true, 0, 4, 7, true, 5},
    {&unit, 3, {7, 4, 1}, true, 0, 4, 7, true, 5},
    {&scalar, 1, {7}, false, 0, 1, 7, false, 1},
    {&scalar, 2, {4, 7}, false, 4, 4, 7, true, 8},
    {&scalar, 2, {7, 4}, true, 4, 4, 7, true, 5},
    {&id, 1, {7}, false, 0, 1, 7, false, 1},
    {&id, 2, {4, 7}, false, 0, 4, 7, true, 8},
    {&id, 3, {7, 4, 2}, false, 0, 0, 0, false, 0},
    {&id, 2, {0, 4}, false, 0, 0, 0, false, 0},
    {&once, 1, {3}, false, 0, 1, 0, false, 2},
    {&once, 2, {2, 3}, false, 0, 2, 0, true, 5},
    {&once, 1, {6}, false, 2, 2, 0, true, 5},
    {&once, 1, {6}, false, 0, 0, 0, false, 0},
    {&once_scalar, 0, {0}, false, 0, 1, 0, false, 0},
    {&once_scalar, 1, {4}, false, 0, 4, 0, true, 1},
};

/* Reads arrays, whose elements are their places, from a file for the inputs. */
static bool read_arrays(struct fixture *fixture, const rnn_model *model, struct array *arrays, int count,
                        struct feed_options *options, struct feed *feed, const char **error)
{
    const char *path = in_folder(fixture, "x.safetensors");
    for (int i = 0; i < count; i++) {
        arrays[i].data = ARENA_ARRAY(fixture->arena, double, array_size(&arrays[i]) + 1);
        for (long k = 0; k < array_size(&arrays[i]); k++)
            arrays[i].data[k] = (double)k;
    }
    if (!arrays_write(fixture->arena, path, arrays, count, error))
        fail_msg("%s", *error);
    options->arena = fixture->arena;
    options->inputs.items = &path;
    options->inputs.count = 1;
    bool read = feed_read(options, model, feed, error);
    unlink(path);
    return read;
}

/* The last unit of the second stream's second frame, where there are so many. */
static double probe(struct fixture *fixture, const struct feed *feed, const rnn_tensor *tensor)
{
    int frames = feed->frames ? feed->frames : 1, b = feed->streams > 1, t = feed->frames > 1;
    void *data = tensor_new(fixture->arena, feed->table.model, tensor, frames, feed->streams);
    feed_fill(feed, 0, frames, feed->streams, data);
    return tensor_get(feed->table.model, tensor, data, (long)(t * feed->streams + b + 1) * tensor_units(tensor) - 1);
}

static void test_axes(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const rnn_model model = {.name = "m", .real_size = sizeof(float), .inputs = cases[i].tensor, .input_count = 1};
        struct array array = {.name = "x", .type = ARRAY_F64, .rank = cases[i].rank};
        memcpy(array.shape, cases[i].shape, sizeof array.shape);
        struct feed_options options = {.streams = cases[i].option, .frames_first = cases[i].first};
        struct feed feed;
        const char *error = NULL;
        bool read = read_arrays(fixture, &model, &array, 1, &options, &feed, &error);
        if (read != (cases[i].streams != 0))
            fail_msg("case %zu: %s", i, read ? "is not refused" : error);
        if (!read) {
            assert_non_null(strstr(error, "x.safetensors"));
            continue;
        }
        assert_int_equal(feed.streams, cases[i].streams);
        assert_int_equal(feed.frames, cases[i].frames);
        assert_int_equal(feed.streams > 1 || feed.table.of_sequences, cases[i].whole);
        if (probe(fixture, &feed, cases[i].tensor) != cases[i].probe)
            fail_msg("case %zu: %g", i, probe(fixture, &feed, cases[i].tensor));
    }
}

static void test_inputs_have_to_agree(void **state)
{
    struct fixture *fixture = *state;
    rnn_tensor inputs[3] = {vector, vector, once};
    inputs[1].name = "y";
    inputs[2].name = "s";
    const rnn_model model = {.name = "m", .real_size = sizeof(float), .inputs = inputs, .input_count = 3};
    const struct array sound[] = {{.name = "x", .rank = 3, .shape = {2, 7, 3}},
                                  {.name = "y", .rank = 3, .shape = {2, 7, 3}},
                                  {.name = "s", .rank = 2, .shape = {2, 3}}};
    struct array arrays[3];
    struct feed_options options = {.frames_first = false};
    struct feed feed;
    const char *error = NULL;
    memcpy(arrays, sound, sizeof sound);
    assert_true(read_arrays(fixture, &model, arrays, 3, &options, &feed, &error));
    assert_true(feed_has(&feed, 2));
    assert_true(read_arrays(fixture, &model, arrays, 2, &options, &feed, &error));
    assert_false(feed_has(&feed, 2));
    arrays[1].shape[1] = 8;
    assert_false(read_arrays(fixture, &model, arrays, 3, &options, &feed, &error));
    assert_non_null(
        strstr(error, "'y' is [2, 8, 3]; it has to be of as many sequences and frames as 'x', which is [2, 7, 3]"));
    memcpy(arrays, sound, sizeof sound);
    arrays[2].shape[0] = 4;
    assert_false(read_arrays(fixture, &model, arrays, 3, &options, &feed, &error));
    assert_non_null(strstr(error, "'s' is [4, 3]; it has to be [2, 3]"));
}

static void test_named_files(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->arena;
    struct named_file file = named_file_split(arena, "x_1=a=b.npy");
    assert_string_equal(file.name, "x_1");
    assert_string_equal(file.path, "a=b.npy");
    file = named_file_split(arena, "./x=1.npy");
    assert_null(file.name);
    assert_string_equal(file.path, "./x=1.npy");
    file = named_file_split(arena, "x.npy");
    assert_null(file.name);
}

static void test_find_tensor(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->arena;
    const rnn_tensor tensors[] = {{.name = "a"}, {.name = "b"}};
    const char *error = NULL;
    assert_ptr_equal(tensor_find(arena, tensors, 2, "input", "b", &error), &tensors[1]);
    assert_null(tensor_find(arena, tensors, 2, "input", "c", &error));
    assert_string_equal(error, "the network has no input 'c'; it has 'a', 'b'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_axes),
        TEST(test_inputs_have_to_agree),
        TEST(test_named_files),
        TEST(test_find_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
