/* A network's parameters: loading with every check, and saving; statuses and memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rnn/weights.h"
#include "temporary_folder.h"

enum { BIAS = 0, WEIGHT = 16, SCALE = 28, ELEMENTS = 32 }; /* with gaps, as padding may leave */

static const rnn_tensor tensors[] = {
    {.name = "h1.bias", .rank = 1, .shape = {3}, .offset = BIAS},
    {.name = "h1.weight_ih", .rank = 2, .shape = {3, 4}, .offset = WEIGHT},
    {.name = "scale", .rank = 0, .offset = SCALE},
};

static rnn_model network(int real_size)
{
    return (rnn_model){.name = "lm",
                       .real_size = real_size,
                       .fingerprint = UINT64_C(0x00c0ffee12345678),
                       .parameters = tensors,
                       .parameter_count = 3,
                       .parameter_elements = ELEMENTS};
}

static const double bias[] = {0.5, -1, 2}, weight[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12.25}, scale[] = {3};

/* ---- a file in memory with a test's contents ---- */

static rnn_file_tensor doubles(const char *name, int rank, int64_t rows, int64_t columns, const double *data)
{
    return (rnn_file_tensor){.name = name,
                             .dtype = RNN_DTYPE_F64,
                             .rank = rank,
                             .shape = {rows, columns},
                             .data = data,
                             .elements = (size_t)((rank > 0 ? rows : 1) * (rank > 1 ? columns : 1))};
}

/* Saves the tensors, then loads them from the path and from memory, which must agree. */
static rnn_status load(const struct folder *folder, const rnn_file_tensor *saved, int count, const char *fingerprint,
                       double *parameters, rnn_error *error)
{
    rnn_metadata metadata = {"rnnc.fingerprint", fingerprint};
    assert_int_equal(rnn_file_save(folder->file, saved, count, &metadata, fingerprint ? 1 : 0, error), RNN_OK);
    rnn_model model = network(sizeof(double));

    unsigned char bytes[4000];
    FILE *stream = fopen(folder->file, "rb");
    assert_non_null(stream);
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    double again[ELEMENTS];
    memcpy(again, parameters, sizeof again);
    rnn_status memory_status = rnn_parameters_load_memory(&model, again, bytes, size, error);
    rnn_status status = rnn_parameters_load(&model, parameters, folder->file, error);
    assert_int_equal(memory_status, status);
    assert_int_equal(error->status, status);
    assert_memory_equal(again, parameters, sizeof again);
    return status;
}

static void check_loaded(const double *parameters)
{
    for (int i = 0; i < ELEMENTS; i++) {
        double wanted = i < 3 ? bias[i] : i >= WEIGHT && i < WEIGHT + 12 ? weight[i - WEIGHT] : i == SCALE ? 3 : -99;
        assert_true(parameters[i] == wanted);
    }
}

static void fill_before(double *parameters)
{
    for (int i = 0; i < ELEMENTS; i++)
        parameters[i] = -99;
}

/* Loading fails with a message that contains each of the texts, and writes nothing. */
static void refuse(const struct folder *folder, const rnn_file_tensor *saved, int count, const char *fingerprint,
                   const char *const texts[])
{
    double parameters[ELEMENTS];
    rnn_error error;
    fill_before(parameters);
    assert_int_equal(load(folder, saved, count, fingerprint, parameters, &error), RNN_ERROR_WEIGHTS);
    for (int i = 0; i < ELEMENTS; i++)
        assert_true(parameters[i] == -99);
    for (int i = 0; texts[i]; i++)
        if (!strstr(error.text, texts[i]))
            fail_msg("\"%s\" does not say \"%s\"", error.text, texts[i]);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- loading ---- */

static void test_load(void **state)
{
    const char *fingerprints[] = {NULL, "00c0ffee12345678"};
    rnn_file_tensor saved[] = {doubles("other", 1, 2, 0, bias), doubles("scale", 0, 0, 0, scale),
                               doubles("h1.weight_ih", 2, 3, 4, weight), doubles("h1.bias", 1, 3, 0, bias)};
    for (int i = 0; i < 2; i++) {
        double parameters[ELEMENTS];
        rnn_error error;
        fill_before(parameters);
        assert_int_equal(load(*state, saved, 4, fingerprints[i], parameters, &error), RNN_OK);
        check_loaded(parameters);
    }
}

static void test_load_types(void **state)
{
    const float weight32[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12.25f};
    const uint16_t bias16[] = {0x3800, 0xbc00, 0x4000}, scale16[] = {0x4040}; /* binary16; bfloat16 */
    rnn_file_tensor saved[] = {doubles("scale", 0, 0, 0, NULL), doubles("h1.weight_ih", 2, 3, 4, NULL),
                               doubles("h1.bias", 1, 3, 0, NULL)};
    saved[0].dtype = RNN_DTYPE_BF16;
    saved[0].data = scale16;
    saved[1].dtype = RNN_DTYPE_F32;
    saved[1].data = weight32;
    saved[2].dtype = RNN_DTYPE_F16;
    saved[2].data = bias16;
    double parameters[ELEMENTS];
    rnn_error error;
    fill_before(parameters);
    assert_int_equal(load(*state, saved, 3, NULL, parameters, &error), RNN_OK);
    check_loaded(parameters);
}

/* Float has no room for them: an error, and nothing is written; infinity itself stays what it is. */
static void test_too_large(void **state)
{
    const struct folder *folder = *state;
    const double large[] = {1, 1e300, 2}, infinite[] = {1, INFINITY, 2};
    rnn_file_tensor saved[] = {doubles("scale", 0, 0, 0, scale), doubles("h1.weight_ih", 2, 3, 4, weight),
                               doubles("h1.bias", 1, 3, 0, large)};
    rnn_model model = network(sizeof(float));
    float parameters[ELEMENTS];
    double in_double[ELEMENTS];
    rnn_error error;
    for (int i = 0; i < ELEMENTS; i++)
        parameters[i] = -99;
    assert_int_equal(rnn_file_save(folder->file, saved, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&model, parameters, folder->file, &error), RNN_ERROR_WEIGHTS);
    assert_non_null(strstr(error.text, "element 1 of tensor 'h1.bias' is 1e+300, more than float can hold: "
                                       "compute in double (rnn --double, or C with -DRNN_REAL_DOUBLE)"));
    for (int i = 0; i < ELEMENTS; i++)
        assert_true(parameters[i] == -99);
    assert_int_equal(load(folder, saved, 3, NULL, in_double, &error), RNN_OK);
    saved[2] = doubles("h1.bias", 1, 3, 0, infinite);
    assert_int_equal(rnn_file_save(folder->file, saved, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&model, parameters, folder->file, &error), RNN_OK);
    assert_true(isinf(parameters[1]));
}

static void test_missing(void **state)
{
    rnn_file_tensor saved[] = {doubles("h1.weight_ih_l0", 2, 3, 4, weight), doubles("h1.bias", 1, 3, 0, bias),
                               doubles("q", 0, 0, 0, scale)};
    refuse(*state, saved, 3, NULL, TEXTS("no tensor 'h1.weight_ih', 'scale'", "'lm'", "'h1.weight_ih_l0'", "renamed"));
    refuse(*state, saved + 2, 1, NULL, TEXTS("no tensor 'h1.bias', 'h1.weight_ih', 'scale'"));
    saved[0].name = "H1.Weight_ih";
    saved[2].name = "scale";
    refuse(*state, saved, 3, NULL, TEXTS("no tensor 'h1.weight_ih'", "'H1.Weight_ih'"));
    /* a name that is near but taken is no suggestion */
    refuse(*state, saved + 1, 2, NULL, TEXTS("no tensor 'h1.weight_ih', which 'lm' needs"));
}

/* Only a name that shares most of its letters is suggested. */
static void test_no_suggestion(void **state)
{
    const struct folder *folder = *state;
    rnn_model model = network(sizeof(double));
    rnn_file_tensor saved = doubles("decoder.gamma", 0, 0, 0, scale);
    double parameters[ELEMENTS];
    rnn_error error;
    assert_int_equal(rnn_file_save(folder->file, &saved, 1, NULL, 0, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&model, parameters, folder->file, &error), RNN_ERROR_WEIGHTS);
    assert_null(strstr(error.text, "renamed"));
}

static void test_many_missing(void **state)
{
    (void)state;
    static const rnn_tensor many[] = {{.name = "a1"}, {.name = "a2"}, {.name = "a3"}, {.name = "a4"},
                                      {.name = "a5"}, {.name = "a6"}, {.name = "a7"}};
    rnn_model model = {.name = "m", .real_size = 8, .parameters = many, .parameter_count = 7};
    double parameters[7];
    rnn_error error;
    const char empty[] = "\2\0\0\0\0\0\0\0{}";
    assert_int_equal(rnn_parameters_load_memory(&model, parameters, empty, 10, &error), RNN_ERROR_WEIGHTS);
    assert_non_null(strstr(error.text, "'a1', 'a2', 'a3', 'a4' and 3 more"));
    assert_null(strstr(error.text, "a5"));
}

static void test_wrong_shapes(void **state)
{
    rnn_file_tensor good[] = {doubles("scale", 0, 0, 0, scale), doubles("h1.weight_ih", 2, 3, 4, weight),
                              doubles("h1.bias", 1, 3, 0, bias)};
    rnn_file_tensor saved[3];
    memcpy(saved, good, sizeof good);
    saved[1] = doubles("h1.weight_ih", 2, 4, 3, weight);
    refuse(*state, saved, 3, "00c0ffee12345678", TEXTS("'h1.weight_ih' is [4, 3] but 'lm' needs [3, 4]"));
    saved[1] = doubles("h1.weight_ih", 1, 12, 0, weight);
    refuse(*state, saved, 3, NULL, TEXTS("is [12] but", "needs [3, 4]"));
    saved[1] = good[1];
    saved[0] = doubles("scale", 1, 1, 0, scale);
    refuse(*state, saved, 3, NULL, TEXTS("'scale' is [1] but 'lm' needs []"));
    saved[0] = good[0];
    saved[2].dtype = RNN_DTYPE_I64;
    refuse(*state, saved, 3, NULL, TEXTS("'h1.bias' is of type I64"));
}

/* Quantised weights are the numbers that stand there; the network scales them. */
static void test_small_integers(void **state)
{
    const struct folder *folder = *state;
    static const int8_t signed_weight[12] = {-128, 127, -1, 0, 1, 2, 3, 4, 5, 6, 7, -8};
    static const uint8_t unsigned_bias[3] = {0, 128, 255};
    rnn_file_tensor saved[] = {doubles("scale", 0, 0, 0, scale), doubles("h1.weight_ih", 2, 3, 4, weight),
                               doubles("h1.bias", 1, 3, 0, bias)};
    saved[1].dtype = RNN_DTYPE_I8;
    saved[1].data = signed_weight;
    saved[2].dtype = RNN_DTYPE_U8;
    saved[2].data = unsigned_bias;
    rnn_model model = network(sizeof(double));
    double parameters[ELEMENTS];
    rnn_error error;
    assert_int_equal(rnn_file_save(folder->file, saved, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&model, parameters, folder->file, &error), RNN_OK);
    for (int i = 0; i < 12; i++)
        assert_true(parameters[WEIGHT + i] == signed_weight[i]);
    for (int i = 0; i < 3; i++)
        assert_true(parameters[BIAS + i] == unsigned_bias[i]);
}

static void test_fingerprint(void **state)
{
    rnn_file_tensor saved[] = {doubles("scale", 0, 0, 0, scale), doubles("h1.weight_ih", 2, 3, 4, weight),
                               doubles("h1.bias", 1, 3, 0, bias)};
    refuse(*state, saved, 3, "00c0ffee12345679", TEXTS("00c0ffee12345679", "00c0ffee12345678", "another network"));
    refuse(*state, saved, 3, "", TEXTS("fingerprint"));
    refuse(*state, saved, 2, "1", TEXTS("no tensor 'h1.bias'")); /* what is missing says more */
}

static void test_load_failures(void **state)
{
    const struct folder *folder = *state;
    rnn_model model = network(sizeof(double));
    double parameters[ELEMENTS];
    rnn_error error;
    assert_int_equal(rnn_parameters_load(&model, parameters, folder->file, &error), RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, folder->file));
    assert_int_equal(rnn_parameters_load_memory(&model, parameters, "x", 1, &error), RNN_ERROR_FORMAT);
    assert_int_equal(rnn_parameters_load(&model, NULL, folder->file, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_parameters_load_memory(&model, parameters, NULL, 9, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_parameters_save(&model, NULL, folder->file, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(rnn_parameters_init(&model, NULL, 1), RNN_ERROR_ARGUMENT);
}

/* ---- saving ---- */

static void test_save_and_load(void **state)
{
    const struct folder *folder = *state;
    rnn_model narrow = network(sizeof(float)), wide = network(sizeof(double));
    float saved[ELEMENTS], loaded[ELEMENTS] = {0};
    double widened[ELEMENTS] = {0};
    for (int i = 0; i < ELEMENTS; i++)
        saved[i] = 1 / (float)(i + 3);
    rnn_error error;
    assert_int_equal(rnn_parameters_save(&narrow, saved, folder->file, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&narrow, loaded, folder->file, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&wide, widened, folder->file, &error), RNN_OK);
    for (int i = 0; i < ELEMENTS; i++) {
        int parameter = i < 3 || (i >= WEIGHT && i < WEIGHT + 12) || i == SCALE;
        assert_true(loaded[i] == (parameter ? saved[i] : 0));
        assert_true(widened[i] == (double)loaded[i]);
    }
    rnn_file *file = rnn_file_open(folder->file, &error);
    assert_non_null(file);
    assert_string_equal(rnn_file_metadata(file, "rnnc.fingerprint"), "00c0ffee12345678");
    assert_string_equal(rnn_file_at(file, 0)->name, "h1.bias");
    assert_int_equal(rnn_file_at(file, 0)->dtype, RNN_DTYPE_F32);
    rnn_file_close(file);

    assert_int_equal(rnn_parameters_save(&wide, widened, folder->file, &error), RNN_OK);
    file = rnn_file_open(folder->file, &error);
    assert_non_null(file);
    assert_int_equal(rnn_file_at(file, 0)->dtype, RNN_DTYPE_F64);
    rnn_file_close(file);
}

/* More elements than one chunk of the conversion. */
static void test_large_tensor(void **state)
{
    const struct folder *folder = *state;
    enum { LARGE = 5000 };
    const rnn_tensor tensor = {
        .name = "w", .rank = 3, .shape = {2, 50, 50}, .start = RNN_START_UNIFORM, .start_number = 1};
    rnn_model model = {.name = "m", .real_size = 4, .parameters = &tensor, .parameter_count = 1};
    static float saved[LARGE], loaded[LARGE];
    rnn_error error;
    assert_int_equal(rnn_parameters_init(&model, saved, 1), RNN_OK);
    assert_int_equal(rnn_parameters_save(&model, saved, folder->file, &error), RNN_OK);
    assert_int_equal(rnn_parameters_load(&model, loaded, folder->file, &error), RNN_OK);
    assert_memory_equal(saved, loaded, sizeof saved);
}

/* ---- statuses and memory ---- */

static void test_status_texts(void **state)
{
    (void)state;
    for (int a = RNN_OK; a <= RNN_ERROR_MEMORY; a++) {
        assert_true(strlen(rnn_status_text((rnn_status)a)) > 3);
        for (int b = RNN_OK; b < a; b++)
            assert_string_not_equal(rnn_status_text((rnn_status)a), rnn_status_text((rnn_status)b));
    }
    assert_string_equal(rnn_status_text((rnn_status)99), "unknown status");
}

static void test_memory(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 63, 4096, 100001, (size_t)5 << 20}, alignments[] = {1, 2, 64, 4096};
    for (size_t s = 0; s < 6; s++)
        for (size_t a = 0; a < 4; a++) {
            unsigned char *memory = rnn_alloc(sizes[s], alignments[a]);
            assert_non_null(memory);
            assert_int_equal((uintptr_t)memory % alignments[a], 0);
            for (size_t i = 0; i < sizes[s]; i++)
                assert_true(memory[i] == 0);
            memset(memory, 0xff, sizes[s]); /* so that memory used again is not zero by luck */
            rnn_free(memory);
        }
    assert_null(rnn_alloc(100, 48));
    assert_null(rnn_alloc(SIZE_MAX / 2, 64));
    rnn_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_load_types, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_too_large, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_missing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_no_suggestion, make_folder, remove_folder),
        cmocka_unit_test(test_many_missing),
        cmocka_unit_test_setup_teardown(test_wrong_shapes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_small_integers, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_fingerprint, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_load_failures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_and_load, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_large_tensor, make_folder, remove_folder),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
