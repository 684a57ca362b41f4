/* Data of a training: tables from arrays, sequences, and batches. */
#include "tools_fixture.h"

#include "data/array.h"
#include "tiny_model.h"
#include "train/dataset.h"
#include "train/score.h"

/* A network with everything that data can be for. Only its descriptions are looked at. */
static const rnn_tensor wide_inputs[] = {
    {.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {2}},
    {.name = "k", .type = RNN_TYPE_ID, .time = RNN_TIME_SEQUENCE, .vocabulary = 4},
};
static const rnn_tensor wide_targets[] = {
    {.name = "z", .time = RNN_TIME_FRAME},
    {.name = "y", .type = RNN_TYPE_LABELS, .time = RNN_TIME_SEQUENCE, .vocabulary = 4},
};
static const int wide_predictions[] = {-1, 1};
static const rnn_training wide_training = {.targets = wide_targets, .predictions = wide_predictions, .target_count = 2};
static const rnn_tensor wide_outputs[] = {
    {.name = "u", .time = RNN_TIME_FRAME, .rank = 1, .shape = {2}},
    {.name = "p", .time = RNN_TIME_FRAME, .rank = 1, .shape = {4}},
};
static const rnn_model wide_model = {.name = "wide",
                                     .real_size = sizeof(float),
                                     .inputs = wide_inputs,
                                     .outputs = wide_outputs,
                                     .input_count = 2,
                                     .output_count = 2,
                                     .training = &wide_training};

/* Three sequences of up to 4 frames. */
static double wide_x[24], wide_z[12], wide_k[] = {0, 3, 1}, wide_lengths[] = {4, 2, 3};
static double wide_y[] = {1, 2, 3, 0, 2, 2}, wide_counts[] = {2, 0, 1};

static struct array make(const char *name, int rank, long first, long second, long third, double *data)
{
    return (struct array){.name = name, .type = ARRAY_F64, .rank = rank, .shape = {first, second, third}, .data = data};
}

static bool read_with(struct fixture *fixture, struct array *arrays, int count, const rnn_model *model, bool skips,
                      struct table *table, const char **error)
{
    const char *path = in_folder(fixture, "x.safetensors");
    if (!arrays_write(fixture->arena, path, arrays, count, error))
        fail_msg("%s", *error);
    struct table_options options = {.option = "--data", .files = &path, .count = 1, .skips = skips};
    bool read = table_read(fixture->arena, &options, model, table, error);
    unlink(path);
    return read;
}

/* Reads the arrays from a file; one of a name that is there already replaces it. */
static bool read_arrays(struct fixture *fixture, struct array *arrays, int count, const rnn_model *model,
                        struct table *table, const char **error)
{
    return read_with(fixture, arrays, count, model, false, table, error);
}

enum { WIDE = 6 };
static void make_wide(struct array arrays[WIDE])
{
    for (int i = 0; i < 24; i++)
        wide_x[i] = i;
    for (int i = 0; i < 12; i++)
        wide_z[i] = 100 + i;
    const struct array all[WIDE] = {
        make("x", 3, 3, 4, 2, wide_x),
        make("k", 1, 3, 0, 0, wide_k),
        make("z", 2, 3, 4, 0, wide_z),
        make("y", 2, 3, 2, 0, wide_y),
        make("lengths", 1, 3, 0, 0, wide_lengths),
        make("y.lengths", 1, 3, 0, 0, wide_counts),
    };
    memcpy(arrays, all, sizeof all);
}

static void test_padded(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    const char *error;
    make_wide(arrays);
    if (!read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error))
        fail_msg("%s", error);
    assert_false(table.is_series);
    assert_int_equal(table.sequence_count, 3);
    assert_int_equal(table.sequences[1].row, 4);
    assert_int_equal(table.sequences[1].length, 2);
    assert_int_equal(table.targets[1].most, 2);
    assert_int_equal(table.targets[1].counts[1], 0);
    /* Without lengths all frames count, and a 0 at the end of labels is padding. */
    assert_true(read_arrays(fixture, arrays, 4, &wide_model, &table, &error));
    assert_int_equal(table.sequences[1].length, 4);
    assert_int_equal(table.targets[1].counts[1], 1);
    assert_int_equal(table.targets[1].counts[2], 2);
}

/* The same sequences one after the other. */
static void test_concatenated(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    const char *error;
    make_wide(arrays);
    arrays[0] = make("x", 2, 9, 2, 0, wide_x);
    arrays[2] = make("z", 2, 9, 1, 0, wide_z);
    if (!read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error))
        fail_msg("%s", error);
    assert_int_equal(table.sequences[2].row, 6);
    assert_int_equal(table.sequences[2].length, 3);
    arrays[0] = make("x", 2, 10, 2, 0, wide_x);
    arrays[2] = make("z", 1, 10, 0, 0, wide_z);
    assert_false(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    assert_non_null(strstr(error, "add up to 9 frames, but 'x' has 10"));
}

/* Without lengths, what has labels or an id of its own is one sequence, which cannot be cut. */
static void test_single(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[] = {make("x", 2, 4, 2, 0, wide_x), make("k", 1, 1, 0, 0, wide_k),
                             make("z", 1, 4, 0, 0, wide_z), make("y", 2, 1, 3, 0, (double[]){1, 1, 2})};
    struct table table;
    const char *error;
    if (!read_arrays(fixture, arrays, 4, &wide_model, &table, &error))
        fail_msg("%s", error);
    assert_false(table.is_series);
    assert_int_equal(table.sequence_count, 1);
    assert_int_equal(table.sequences[0].length, 4);
    arrays[0].shape[0] = arrays[2].shape[0] = 3;
    assert_false(read_arrays(fixture, arrays, 4, &wide_model, &table, &error));
    assert_non_null(strstr(error, "the 3 labels of sequence 0 in 'y' need 4 frames"));
}

static void refuse(struct fixture *fixture, int which, struct array array, const char *words)
{
    struct array arrays[WIDE];
    struct table table;
    const char *error = "nothing";
    make_wide(arrays);
    arrays[which] = array;
    if (read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error))
        fail_msg("not refused: %s", words);
    assert_non_null(strstr(error, "x.safetensors"));
    if (!strstr(error, words))
        fail_msg("'%s' is not in: %s", words, error);
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, 0, make("x", 3, 4, 3, 2, wide_x), "'z' is [3, 4]; it has to be of as many sequences");
    refuse(fixture, 0, make("x", 3, 4, 2, 3, wide_x), "[sequences, frames, 2] or [rows, 2]");
    refuse(fixture, 1, make("k", 1, 2, 0, 0, wide_k), "'k' is [2]; it has to be [3], one for each sequence");
    refuse(fixture, 1, make("k", 1, 3, 0, 0, (double[]){0, 4, 0}), "element [1]: 4 is no id of 'k'");
    refuse(fixture, 3, make("y", 1, 3, 0, 0, wide_y), "'y' is [3]; it has to be [3, most labels]");
    refuse(fixture, 3, make("y", 2, 3, 2, 0, (double[]){1, 0, 0, 0, 1, 0}), "label 1 of sequence 0 in 'y' is 0");
    refuse(fixture, 4, make("lengths", 1, 3, 0, 0, (double[]){4, 5, 1}), "'lengths' of sequence 1 is 5");
    refuse(fixture, 4, make("lengths", 1, 3, 0, 0, (double[]){4, 0, 1}), "'lengths' of sequence 1 is 0");
    refuse(fixture, 5, make("y.lengths", 1, 3, 0, 0, (double[]){1, 1, 1.5}), "'y.lengths' of sequence 2 is 1.5");
    double infinite[12] = {0, 1.0 / 0.0};
    refuse(fixture, 2, make("z", 2, 3, 4, 0, infinite), "element [0, 1] of 'z' is inf");
    double large[12] = {3.402823466e38, -1e300};
    refuse(fixture, 2, make("z", 2, 3, 4, 0, large), "element [0, 1] of 'z' is -1e+300; more than float can hold");
    struct table table;
    const char *error;
    struct array arrays[WIDE];
    rnn_model in_double = wide_model;
    in_double.real_size = sizeof(double);
    make_wide(arrays);
    arrays[2].data = large;
    assert_true(read_arrays(fixture, arrays, WIDE, &in_double, &table, &error));
    make_wide(arrays);
    assert_false(read_arrays(fixture, arrays, 3, &wide_model, &table, &error));
    assert_non_null(strstr(error, "no data for target 'y'"));
}

/* Without `y.lengths`, 0 and -1 at the end of a row are padding; a label behind one is a mistake. */
static void test_padding_of_labels(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    const char *error;
    make_wide(arrays);
    arrays[3] = make("y", 2, 3, 3, 0, (double[]){1, 0, 0, 2, 3, -1, 0, -1, 0});
    if (!read_arrays(fixture, arrays, WIDE - 1, &wide_model, &table, &error))
        fail_msg("%s", error);
    assert_memory_equal(table.targets[1].counts, ((int[]){1, 2, 0}), sizeof(int[3]));
    static const double wrong[][3] = {{1, 0, 2}, {1, -1, 2}, {0, 1, 2}};
    static const char *const says[] = {
        "label 1 of sequence 1 in 'y' is 0; labels are 1 to 3, as 0 is the blank, and padding",
        "label 1 of sequence 1 in 'y' is -1", "label 0 of sequence 1 in 'y' is 0"};
    for (int i = 0; i < 3; i++) {
        double labels[9] = {1, 0, 0, wrong[i][0], wrong[i][1], wrong[i][2], 1, 2, 3};
        arrays[3] = make("y", 2, 3, 3, 0, labels);
        assert_false(read_arrays(fixture, arrays, WIDE - 1, &wide_model, &table, &error));
        if (!strstr(error, says[i]))
            fail_msg("%s", error);
    }
}

/* Labels that no path over the frames can spell: sequences 1 (2 frames) and 2 (3 frames) of 3. */
static void test_unalignable(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    const char *error;
    make_wide(arrays);
    arrays[3] = make("y", 2, 3, 3, 0, (double[]){1, 1, 2, 3, 3, 0, 1, 1, 2});
    assert_false(read_arrays(fixture, arrays, WIDE - 1, &wide_model, &table, &error));
    assert_non_null(strstr(error, "the 2 labels of sequence 1 in 'y' need 3 frames"));
    assert_non_null(strstr(error, "it has 2; so it is with 2 of 3 sequences. --skip-unalignable leaves them out"));
    if (!read_with(fixture, arrays, WIDE - 1, &wide_model, true, &table, &error))
        fail_msg("%s", error);
    assert_int_equal(table.skipped, 2);
    assert_int_equal(table.sequence_count, 1);
    assert_int_equal(table.sequences[0].length, 4);
    wide_lengths[0] = 3;
    assert_false(read_with(fixture, arrays, WIDE - 1, &wide_model, true, &table, &error));
    assert_non_null(strstr(error, "none of the 3 sequences has frames enough for its labels"));
    wide_lengths[0] = 4;
    /* The sequences that are left keep their own labels. */
    arrays[3] = make("y", 2, 3, 3, 0, (double[]){1, 1, 2, 3, 3, 0, 1, 2, 3});
    assert_true(read_with(fixture, arrays, WIDE - 1, &wide_model, true, &table, &error));
    assert_int_equal(table.sequence_count, 2);
    assert_int_equal(table.sequences[1].row, 8);
    assert_int_equal(table.sequences[1].number, 2);
}

/* A file may have more than is asked for, but not a misspelt name. */
static void test_names(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    const char *error;
    make_wide(arrays);
    assert_true(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    assert_null(table.unused);
    arrays[5].name = "comments";
    assert_true(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    assert_non_null(strstr(table.unused, "'comments' in '"));
    arrays[5].name = "lengthz"; /* 'lengths' is there, but 'y.lengths' is not */
    assert_false(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    assert_non_null(strstr(error, "'wide' has no input or target 'lengthz'; did you mean 'y.lengths'?"));
    refuse(fixture, 4, make("lenghts", 1, 3, 0, 0, wide_lengths), "'lenghts'; did you mean 'lengths'?");
}

/* A batch of sequences of different lengths: rows are frames, then streams; what is past an end is padding. */
static void test_batch(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    struct dataset dataset, rest;
    struct batch batch;
    const char *error;
    make_wide(arrays);
    assert_true(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    const struct cut cut = {.streams = 2};
    assert_true(dataset_split(fixture->arena, &table, &cut, 0.34, &dataset, &rest, &error));
    assert_int_equal(dataset.count, 2);
    assert_int_equal(rest.count, 1);
    assert_int_equal(dataset.frames, 6);
    batch_open(fixture->arena, &batch, &wide_model, 3, 2, 0, 1);
    batch_choose(&batch, &dataset, (long[]){1, 0}, 0, 2);
    assert_int_equal(batch.longest, 4);
    batch_fill(&batch, 1, 3, 1);
    assert_memory_equal(batch.lengths, ((int[]){1, 3}), sizeof(int[2]));
    assert_ptr_equal(batch.window_lengths, batch.lengths);
    assert_memory_equal(batch.inputs[0], ((float[]){10, 11, 2, 3, 0, 0, 4, 5, 0, 0, 6, 7}), sizeof(float[12]));
    assert_memory_equal(batch.inputs[1], ((int32_t[]){3, 0}), sizeof(int32_t[2]));
    assert_memory_equal(batch.targets[0], ((float[]){105, 101, 0, 102, 0, 103}), sizeof(float[6]));
    const rnn_labels *labels = batch.targets[1];
    assert_int_equal(labels->most, 2);
    assert_memory_equal(labels->counts, ((int[]){0, 2}), sizeof(int[2]));
    assert_memory_equal(labels->ids, ((int32_t[]){3, 0, 1, 2}), sizeof(int32_t[4]));
    assert_int_equal(batch.frames, 2);
    batch_fill(&batch, 0, 2, 0);
    assert_null(batch.window_lengths);
    assert_int_equal(batch.frames, 4);
}

/* Outputs against labels: of stream 0, labelled 1 2, they spell 1 2 3, and of stream 1, which has no labels, 3. */
static void test_label_errors(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[WIDE];
    struct table table;
    struct dataset dataset, rest;
    struct batch batch;
    struct score_count count = {0};
    const char *error;
    make_wide(arrays);
    assert_true(read_arrays(fixture, arrays, WIDE, &wide_model, &table, &error));
    assert_true(dataset_split(fixture->arena, &table, &(struct cut){.streams = 2}, 0, &dataset, &rest, &error));
    batch_open(fixture->arena, &batch, &wide_model, 4, 2, 0, 1);
    batch_choose(&batch, &dataset, (long[]){0, 1}, 0, 2);
    batch_fill(&batch, 0, 4, 0);
    static const int largest[4][2] = {{1, 3}, {1, 3}, {2, 1}, {3, 1}}; /* stream 1 ends after two frames */
    float p[4][2][4] = {{{0}}};
    for (int t = 0; t < 4; t++)
        for (int b = 0; b < 2; b++)
            p[t][b][largest[t][b]] = 1;
    assert_null(score_output(&wide_model, 0));
    assert_ptr_equal(score_output(&wide_model, 1), &wide_outputs[1]);
    score_window(fixture->arena, &batch, 4, 1, p, &count);
    assert_true(count.labels == 2 && count.errors == 2 && count.ids == 0);
    p[3][0][3] = 0;
    p[3][0][0] = 1;
    score_window(fixture->arena, &batch, 4, 1, p, &count);
    assert_true(count.labels == 4 && count.errors == 3);
}

/* A series is cut into streams of the same length, and what is held out is its end. */
static void test_series(void **state)
{
    struct fixture *fixture = *state;
    double x[11], y[11];
    for (int i = 0; i < 11; i++)
        x[i] = i % 5, y[i] = i == 2 ? -1 : (i + 1) % 5;
    struct array arrays[] = {make("x", 1, 11, 0, 0, x), make("y", 2, 11, 1, 0, y)};
    struct table table;
    struct dataset dataset, rest;
    struct batch batch;
    const char *error;
    if (!read_arrays(fixture, arrays, 2, &tiny_model, &table, &error))
        fail_msg("%s", error);
    assert_true(table.is_series);
    assert_true(dataset_split(fixture->arena, &table, &(struct cut){.streams = 3}, 0.2, &dataset, &rest, &error));
    assert_true(dataset.ordered);
    assert_int_equal(dataset.count, 3);
    assert_int_equal(dataset.longest, 3);
    assert_int_equal(rest.count, 2);
    assert_int_equal(rest.sequences[1].row, 10);
    batch_open(fixture->arena, &batch, &tiny_model, 2, 3, 0, 1);
    batch_choose(&batch, &dataset, (long[]){0, 1, 2}, 0, 3);
    batch_fill(&batch, 1, 2, 0);
    assert_memory_equal(batch.inputs[0], ((int32_t[]){1, 4, 2, 2, 0, 3}), sizeof(int32_t[6]));
    assert_memory_equal(batch.targets[0], ((int32_t[]){2, 0, 3, -1, 1, 4}), sizeof(int32_t[6]));
    assert_int_equal(batch.frames, 6);
    /* Some of the data is held out, however small the part that is asked for. */
    assert_true(dataset_split(fixture->arena, &table, &(struct cut){.streams = 3}, 0.01, &dataset, &rest, &error));
    assert_int_equal(dataset.frames, 10);
    assert_int_equal(rest.frames, 1);
    const struct cut pieces = {.streams = 3, .piece = 2, .held_piece = 1};
    assert_true(dataset_split(fixture->arena, &table, &pieces, 0.3, &dataset, &rest, &error));
    assert_int_equal(dataset.count, 4);
    assert_false(dataset.ordered);
    assert_int_equal(rest.count, 3);
    assert_int_equal(rest.longest, 1);
    const struct cut uneven = {.streams = 3, .piece = 3, .held_piece = 2};
    assert_true(dataset_split(fixture->arena, &table, &uneven, 0.3, &dataset, &rest, &error));
    assert_int_equal(dataset.count, 3);
    assert_int_equal(dataset.frames, 8);
    assert_int_equal(dataset.sequences[2].length, 2);
    assert_int_equal(rest.count, 2);
    assert_int_equal(rest.sequences[1].row, 10);
    assert_int_equal(rest.sequences[1].length, 1);
    assert_false(dataset_split(fixture->arena, &table, &(struct cut){.streams = 12}, 0, &dataset, &rest, &error));
    assert_non_null(strstr(error, "--streams"));
    /* Every frame is in some stream. */
    for (int streams = 1; streams <= 11; streams++) {
        assert_true(
            dataset_split(fixture->arena, &table, &(struct cut){.streams = streams}, 0, &dataset, &rest, &error));
        assert_int_equal(dataset.frames, 11);
        assert_int_equal(dataset.sequences[streams - 1].row + dataset.sequences[streams - 1].length, 11);
        assert_int_equal(dataset.longest, (11 + streams - 1) / streams);
    }
    assert_false(dataset_split(fixture->arena, &table, &(struct cut){.streams = 3}, 0.95, &dataset, &rest, &error));
    assert_non_null(strstr(error, "1 frame cannot be cut into 3 streams"));
}

static void test_order(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 50 };
    struct sequence *sequences = ARENA_ARRAY(fixture->arena, struct sequence, COUNT);
    struct dataset dataset = {.sequences = sequences, .count = COUNT};
    long order[4][COUNT], places = 0;
    for (int i = 0; i < 4; i++)
        dataset_order(&dataset, i == 3 ? 8 : 7, i == 2 ? 1 : 0, order[i]);
    assert_memory_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
    assert_memory_not_equal(order[0], order[3], sizeof order[0]);
    for (int i = 0; i < COUNT; i++)
        places |= 1L << order[2][i];
    assert_true(places == (1L << COUNT) - 1);
    dataset.ordered = true;
    dataset_order(&dataset, 7, 1, order[0]);
    assert_int_equal(order[0][COUNT - 1], COUNT - 1);
}

/* Arrays from files of one each, by NAME=FILE. */
static void test_named_files(void **state)
{
    struct fixture *fixture = *state;
    const char *x = put_text(fixture, "a.csv", "0,1,2\n3,4,0\n"), *y = put_text(fixture, "b.csv", "1,2,3\n4,0,-1\n");
    const char *lengths = put_text(fixture, "n.csv", "3\n2\n"), *error;
    const char *files[] = {arena_printf(fixture->arena, "x=%s", x), arena_printf(fixture->arena, "y=%s", y),
                           arena_printf(fixture->arena, "lengths=%s", lengths), x};
    struct table_options options = {.option = "--valid-data", .files = files, .count = 3};
    struct table table;
    if (!table_read(fixture->arena, &options, &tiny_model, &table, &error))
        fail_msg("%s", error);
    assert_int_equal(table.sequence_count, 2);
    assert_int_equal(table.sequences[1].length, 2);
    options.count = 4;
    assert_false(table_read(fixture->arena, &options, &tiny_model, &table, &error));
    assert_non_null(strstr(error, "a.csv' for? 'tiny' has 'x', 'y': write --valid-data NAME="));
    options.count = 1;
    assert_false(table_read(fixture->arena, &options, &tiny_model, &table, &error));
    assert_non_null(strstr(error, "no data for target 'y': give --valid-data y=FILE"));
    unlink(x);
    unlink(y);
    unlink(lengths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_padding_of_labels),
        TEST(test_unalignable),
        TEST(test_padded),
        TEST(test_concatenated),
        TEST(test_single),
        TEST(test_refusals),
        TEST(test_names),
        TEST(test_batch),
        TEST(test_label_errors),
        TEST(test_series),
        TEST(test_order),
        TEST(test_named_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
