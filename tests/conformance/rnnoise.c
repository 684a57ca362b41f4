/* RNNoise as deployed: 1,600 frames of noisy speech, in one call and frame by frame, against its gains in double
 * precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "support.h"

static const double tolerance = 5e-5;

static void compare(const rnn_file *result, const char *name, const rnn_file *reference, const char *reference_name)
{
    size_t count, expected_count;
    double *values = read_tensor(result, name, &count);
    double *expected = read_tensor(reference, reference_name, &expected_count);
    assert_int_equal(count, expected_count);
    double error = largest_difference(values, expected, count);
    print_message("%s: %zu numbers, largest error %.2g\n", name, count, error);
    assert_true(error <= tolerance);
    free(values);
    free(expected);
}

/* `state` is "" or the option --step. */
static void give_reference(void **state)
{
    const char *option = *state;
    rnn_file *weights_file = open_file(data_path("models/rnnoise/rnnoise-v0.1.1.weights.safetensors"));
    rnn_file *reference = open_file(data_path("models/rnnoise/rnnoise-v0.1.1.ref.safetensors"));
    struct tensors tensors = {.count = 0};
    tensors_add_file(&tensors, weights_file, 1.0 / 256, rename_weights); /* int8, see `scale` in the file */
    const char *weights = tensors_save(&tensors, "rnnoise.weights.safetensors");

    size_t count;
    double *features = read_tensor(reference, "features", &count);
    tensors_add(&tensors, "features", 3, (int64_t[]){(int64_t)count / 42, 1, 42}, features);
    const char *input = tensors_save(&tensors, "rnnoise.input.safetensors");
    const char *output = work_path(*option ? "rnnoise.step.safetensors" : "rnnoise.run.safetensors");
    assert_int_equal(
        run_rnn((const char *const[]){"run", "--frames-first", source_path("examples/rnnoise/rnnoise.rnn"), "--weights",
                                      weights, "--input", input, "--output", output, *option ? option : NULL, NULL},
                NULL),
        0);

    rnn_file *result = open_file(output);
    compare(result, "gains", reference, "gains_exact");
    compare(result, "vad", reference, "vad_exact");
    free(features);
    rnn_file_close(weights_file);
    rnn_file_close(reference);
    rnn_file_close(result);
}

int main(void)
{
    support_begin("rnnoise");
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(give_reference, (char *)""),
                                       cmocka_unit_test_prestate(give_reference, (char *)"--step")};
    return cmocka_run_group_tests_name("rnnoise", tests, NULL, NULL);
}
