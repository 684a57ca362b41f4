/* Two guitar amplifiers, one second of sound each; their files load under their own names, start states included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const double tolerance = 2e-5;

struct amplifier {
    const char *name, *units;
};

static void give_reference(void **state)
{
    const struct amplifier *amplifier = *state;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "models/guitar/%s.safetensors", amplifier->name);
    const char *weights = data_path(name);
    rnn_file *file = open_file(weights);
    size_t frames, count, output_count;
    double *x = read_tensor(file, "ref.x", &frames);
    double *expected = read_tensor(file, "ref.y_f64", &count);
    struct tensors tensors = {.count = 0};
    tensors_add(&tensors, "x", 3, (int64_t[]){(int64_t)frames, 1, 1}, x);
    const char *input = tensors_save(&tensors, "guitar.input.safetensors");
    const char *output = work_path("guitar.output.safetensors");
    assert_int_equal(run_rnn((const char *const[]){"run", "--frames-first", source_path("examples/guitar/guitar.rnn"),
                                                   "-D", amplifier->units, "--weights", weights, "--input", input,
                                                   "--output", output, NULL},
                             NULL),
                     0);

    rnn_file *result = open_file(output);
    double *y = read_tensor(result, "y", &output_count);
    assert_int_equal(output_count, count);
    double error = largest_difference(y, expected, count);
    print_message("%s: %zu samples, largest error %.2g\n", amplifier->name, frames, error);
    assert_true(error <= tolerance);
    free(x);
    free(expected);
    free(y);
    rnn_file_close(file);
    rnn_file_close(result);
}

int main(void)
{
    support_begin("guitar");
    static struct amplifier boss = {"BossLSTM-1x16", "n=16"}, small = {"lstm", "n=3"};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(give_reference, &boss),
                                       cmocka_unit_test_prestate(give_reference, &small)};
    return cmocka_run_group_tests_name("guitar", tests, NULL, NULL);
}
