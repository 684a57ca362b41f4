/* Eight small cells with start states: outputs that PyTorch computed in double precision, against ours in float and in
 * double. The sequences of one of them end at different frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char data_name[] = "gradients/cells-small.safetensors";

struct cell {
    const char *name;
    bool has_memory, ragged;
};

struct precision {
    const char *name, *option;
    double tolerance;
};

/* Copies a tensor of the data under another name. */
static void add_tensor(struct tensors *tensors, const rnn_file *file, const char *name, const char *new_name)
{
    size_t count;
    double *values = read_tensor(file, name, &count);
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    tensors_add_exact(tensors, new_name, tensor->rank, tensor->shape, values);
    free(values);
}

static const char *save_inputs(const struct cell *cell, const rnn_file *file)
{
    struct tensors tensors = {.count = 0};
    char name[NAME_SIZE];
    add_tensor(&tensors, file, "x", "x");
    snprintf(name, sizeof name, "%s.h0", cell->name);
    add_tensor(&tensors, file, name, "h0");
    snprintf(name, sizeof name, "%s.c0", cell->name);
    if (cell->has_memory)
        add_tensor(&tensors, file, name, "c0");
    snprintf(name, sizeof name, "%s.input.safetensors", cell->name);
    return tensors_save(&tensors, name);
}

static const char *save_lengths(const rnn_file *file)
{
    struct tensors tensors = {.count = 0};
    add_tensor(&tensors, file, "lengths", "lengths");
    return tensors_save(&tensors, "lengths.safetensors");
}

/* Sets outputs [frames, streams, units] to 0 after the end of a sequence. */
static void end_sequences(const rnn_file *file, const int64_t shape[3], double *outputs)
{
    int64_t frames = shape[0], streams = shape[1], units = shape[2];
    size_t count, shorter = 0;
    double *lengths = read_tensor(file, "lengths", &count);
    assert_int_equal(count, streams);
    for (int64_t b = 0; b < streams; b++) {
        shorter += lengths[b] < (double)frames;
        for (int64_t t = (int64_t)lengths[b]; t < frames; t++)
            memset(outputs + (t * streams + b) * units, 0, (size_t)units * sizeof *outputs);
    }
    assert_true(shorter > 0);
    free(lengths);
}

/* Runs the network and returns the difference of its output from `expected`. */
static double run_cell(const struct cell *cell, const struct precision *precision, const char *input,
                       const char *lengths, const double *expected, size_t count)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s.%s.safetensors", cell->name, precision->name);
    const char *output = work_path(name);
    const char *arguments[16] = {"run",           source_path("tests/conformance/cells.rnn"),
                                 "--top",         cell->name,
                                 "--weights",     data_path(data_name),
                                 "--input",       input,
                                 "--output",      output,
                                 "--frames-first"};
    int last = 11;
    if (precision->option)
        arguments[last++] = precision->option;
    if (lengths) {
        arguments[last++] = "--lengths";
        arguments[last++] = lengths;
    }
    assert_int_equal(run_rnn(arguments, NULL), 0);

    rnn_file *result = open_file(output);
    size_t output_count;
    double *h = read_tensor(result, "h", &output_count);
    assert_int_equal(output_count, count);
    double error = largest_difference(h, expected, count);
    free(h);
    rnn_file_close(result);
    return error;
}

static void give_reference(void **state)
{
    static const struct precision precisions[] = {{"float", NULL, 1e-6}, {"double", "--double", 1e-12}};
    const struct cell *cell = *state;
    rnn_file *file = open_file(data_path(data_name));
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s.h", cell->name);
    size_t count;
    double *expected = read_tensor(file, name, &count);
    if (cell->ragged)
        end_sequences(file, rnn_file_find(file, name)->shape, expected);
    const char *input = save_inputs(cell, file);
    const char *lengths = cell->ragged ? save_lengths(file) : NULL;
    for (int i = 0; i < 2; i++) {
        double error = run_cell(cell, &precisions[i], input, lengths, expected, count);
        print_message("%s in %s: largest error %.2g\n", cell->name, precisions[i].name, error);
        assert_true(error <= precisions[i].tolerance);
    }
    free(expected);
    rnn_file_close(file);
}

int main(void)
{
    support_begin("cells");
    static struct cell cells[] = {
        {"rnn_tanh", false, false},        {"rnn_relu", false, false},         {"lstm", true, false},
        {"lstm_ragged", true, true},       {"lstm_peephole", true, false},     {"lstm_proj", true, false},
        {"gru_reset_after", false, false}, {"gru_reset_before", false, false},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(give_reference, &cells[0]), cmocka_unit_test_prestate(give_reference, &cells[1]),
        cmocka_unit_test_prestate(give_reference, &cells[2]), cmocka_unit_test_prestate(give_reference, &cells[3]),
        cmocka_unit_test_prestate(give_reference, &cells[4]), cmocka_unit_test_prestate(give_reference, &cells[5]),
        cmocka_unit_test_prestate(give_reference, &cells[6]), cmocka_unit_test_prestate(give_reference, &cells[7]),
    };
    return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
