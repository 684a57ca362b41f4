/* Seven networks of RTNeural's tests, with outputs from Keras and PyTorch; and one that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const double tolerance = 1e-6;

struct network {
    const char *name;
    bool (*rename)(const char *name, char renamed[NAME_SIZE]);
};

/* Renames weights of Keras, by RTNeural's exporter: `10.dense.kernel` (layer, its type, its weight) is `l10.kernel` in
 * our networks. */
static bool rename_keras(const char *name, char renamed[NAME_SIZE])
{
    const char *type = strchr(name, '.');
    const char *weight = strrchr(name, '.');
    if (!isdigit((unsigned char)name[0]) || !type)
        return false;
    snprintf(renamed, NAME_SIZE, "l%.*s%s", (int)(type - name), name, weight);
    return true;
}

/* Renames weights of PyTorch: `gru2.weight_ih_l1` is `gru2.1.weight_ih`, the name of a layer of a stack. */
static bool rename_torch(const char *name, char renamed[NAME_SIZE])
{
    const char *dot = strchr(name, '.');
    const char *layer = strrchr(name, '_');
    if (layer && layer[1] == 'l' && isdigit((unsigned char)layer[2]))
        snprintf(renamed, NAME_SIZE, "%.*s.%s%.*s", (int)(dot - name), name, layer + 2, (int)(layer - dot), dot);
    else
        snprintf(renamed, NAME_SIZE, "%s", name);
    return strncmp(name, "ref.", 4) != 0;
}

static void give_reference(void **state)
{
    const struct network *network = *state;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "models/rtneural/%s.safetensors", network->name);
    rnn_file *file = open_file(data_path(name));
    struct tensors tensors = {.count = 0};
    tensors_add_file(&tensors, file, 1, network->rename);
    snprintf(name, sizeof name, "%s.weights.safetensors", network->name);
    const char *weights = tensors_save(&tensors, name);

    size_t frames, count, output_count;
    double *x = read_tensor(file, "ref.x", &frames);
    double *expected = read_tensor(file, "ref.y", &count);
    tensors_add(&tensors, "x", 3, (int64_t[]){(int64_t)frames, 1, 1}, x);
    snprintf(name, sizeof name, "%s.input.safetensors", network->name);
    const char *input = tensors_save(&tensors, name);

    snprintf(name, sizeof name, "%s.output.safetensors", network->name);
    const char *output = work_path(name);
    snprintf(name, sizeof name, "tests/conformance/%s.rnn", network->name);
    assert_int_equal(run_rnn((const char *const[]){"run", "--frames-first", source_path(name), "--weights", weights,
                                                   "--input", input, "--output", output, NULL},
                             NULL),
                     0);

    rnn_file *result = open_file(output);
    double *y = read_tensor(result, "y", &output_count);
    assert_int_equal(output_count, count);
    double error = largest_difference(y, expected, count);
    print_message("%s: %zu frames, largest error %.2g\n", network->name, frames, error);
    assert_true(error <= tolerance);

    free(x);
    free(expected);
    free(y);
    rnn_file_close(file);
    rnn_file_close(result);
}

/* Adds a list of numbers, or a list of lists, as a tensor. */
static void add_json_tensor(struct tensors *tensors, const char *name, const json_t *list)
{
    size_t rows = json_array_size(list);
    const json_t *first = json_array_get(list, 0);
    int rank = json_is_array(first) ? 2 : 1;
    size_t columns = rank == 2 ? json_array_size(first) : 1;
    double *values = calloc(rows * columns, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++) {
            const json_t *row = json_array_get(list, i);
            values[i * columns + k] = json_number_value(rank == 2 ? json_array_get(row, k) : row);
        }
    tensors_add(tensors, name, rank, (int64_t[]){(int64_t)rows, (int64_t)columns}, values);
    free(values);
}

/* bad_lstm.json says that its LSTM has 16 units, but its weights are those of 20. */
static void refuse_bad_lstm(void **state)
{
    (void)state;
    json_error_t json_error;
    json_t *root = json_load_file(data_path("models/rtneural/bad_lstm.json"), 0, &json_error);
    assert_non_null(root);
    static const char *const names[2][3] = {{"l0.kernel", "l0.recurrent_kernel", "l0.bias"}, {"l1.kernel", "l1.bias"}};
    struct tensors tensors = {.count = 0};
    for (size_t layer = 0; layer < 2; layer++) {
        const json_t *lists = json_object_get(json_array_get(json_object_get(root, "layers"), layer), "weights");
        assert_int_equal(json_array_size(lists), layer == 0 ? 3 : 2);
        for (size_t i = 0; i < json_array_size(lists); i++)
            add_json_tensor(&tensors, names[layer][i], json_array_get(lists, i));
    }
    json_decref(root);
    const char *weights = tensors_save(&tensors, "bad_lstm.weights.safetensors");
    tensors_add(&tensors, "x", 3, (int64_t[]){2, 1, 1}, (double[]){0, 1});
    const char *input = tensors_save(&tensors, "bad_lstm.input.safetensors");
    const char *output = work_path("bad_lstm.output.safetensors");
    remove(output);

    char *text;
    int status =
        run_rnn((const char *const[]){"run", "--frames-first", source_path("tests/conformance/lstm_1d.rnn"), "-D",
                                      "n=16", "--weights", weights, "--input", input, "--output", output, NULL},
                &text);
    print_message("bad_lstm: exit status %d: %s", status, text);
    assert_int_equal(status, 1);
    assert_non_null(strstr(text, "l0.kernel"));
    assert_non_null(strstr(text, "[1, 80]"));
    assert_non_null(strstr(text, "[1, 64]"));
    free(text);
    FILE *left = fopen(output, "rb");
    assert_null(left);
}

int main(void)
{
    support_begin("rtneural");
    static struct network networks[] = {
        {"dense", rename_keras},   {"gru", rename_keras},       {"gru_1d", rename_keras},    {"lstm", rename_keras},
        {"lstm_1d", rename_keras}, {"gru_torch", rename_torch}, {"lstm_torch", rename_torch}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(give_reference, &networks[0]),
        cmocka_unit_test_prestate(give_reference, &networks[1]),
        cmocka_unit_test_prestate(give_reference, &networks[2]),
        cmocka_unit_test_prestate(give_reference, &networks[3]),
        cmocka_unit_test_prestate(give_reference, &networks[4]),
        cmocka_unit_test_prestate(give_reference, &networks[5]),
        cmocka_unit_test_prestate(give_reference, &networks[6]),
        cmocka_unit_test(refuse_bad_lstm),
    };
    return cmocka_run_group_tests_name("rtneural", tests, NULL, NULL);
}
