/* A character language model trained on Shakespeare: its logits, and its predictions on text that it has not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { VOCABULARY = 65, STREAMS = 20 };

#define WEIGHTS "models/char-lm/charlm-shakespeare-lstm2x128.safetensors"

/* Runs the network on ids[frames][streams]; returns the logits [frames][streams][VOCABULARY]. */
static double *run_network(const int32_t *ids, int frames, int streams, const char *input_name, const char *output_name)
{
    struct tensors tensors = {.count = 0};
    tensors_add_ids(&tensors, "x", 2, (int64_t[]){frames, streams}, ids);
    const char *input = tensors_save(&tensors, input_name);
    const char *output = work_path(output_name);
    assert_int_equal(
        run_rnn((const char *const[]){"run", "--frames-first", source_path("examples/shakespeare/shakespeare.rnn"),
                                      "--weights", data_path(WEIGHTS), "--input", input, "--output", output, NULL},
                NULL),
        0);
    rnn_file *result = open_file(output);
    size_t count;
    double *logits = read_tensor(result, "logits", &count);
    rnn_file_close(result);
    assert_int_equal(count, (size_t)frames * (size_t)streams * VOCABULARY);
    return logits;
}

static void give_logits(void **state)
{
    (void)state;
    rnn_file *file = open_file(data_path(WEIGHTS));
    size_t id_count, count;
    double *ids_read = read_tensor(file, "ref.ids", &id_count);
    double *expected = read_tensor(file, "ref.logits", &count);
    int frames = (int)(count / VOCABULARY);
    int32_t *ids = calloc(id_count, sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < id_count; i++)
        ids[i] = (int32_t)ids_read[i];

    double *logits = run_network(ids, frames, 1, "logits.input.safetensors", "logits.output.safetensors");
    double error = largest_difference(logits, expected, count);
    print_message("logits: %d characters, largest error %.2g\n", frames, error);
    assert_true(error <= 1e-4);
    free(ids_read);
    free(expected);
    free(ids);
    free(logits);
    rnn_file_close(file);
}

/* Returns the text as ids, by the vocabulary that came with the model. */
static int32_t *read_text_ids(size_t *count)
{
    enum { LIMIT = 1 << 22 };
    int id_of[256];
    for (int i = 0; i < 256; i++)
        id_of[i] = -1;
    json_error_t json_error;
    json_t *vocabulary = json_load_file(data_path("models/char-lm/vocab.json"), 0, &json_error);
    assert_non_null(vocabulary);
    const char *character;
    json_t *id;
    json_object_foreach(vocabulary, character, id) id_of[(unsigned char)character[0]] = (int)json_integer_value(id);
    json_decref(vocabulary);

    char command[2048];
    snprintf(command, sizeof command, "gzip -dc '%s'", data_path("text/tinyshakespeare/input.txt.gz"));
    FILE *text = popen(command, "r");
    assert_non_null(text);
    int32_t *ids = calloc(LIMIT, sizeof *ids);
    assert_non_null(ids);
    *count = 0;
    for (int c; (c = getc(text)) != EOF && *count < LIMIT;) {
        assert_in_range(id_of[c], 0, VOCABULARY - 1);
        ids[(*count)++] = id_of[c];
    }
    assert_int_equal(pclose(text), 0);
    return ids;
}

/* Returns -log of the probability that softmax(logits) gives to `id`. */
static double surprise(const double *logits, int id)
{
    double largest = logits[0], sum = 0;
    for (int i = 1; i < VOCABULARY; i++)
        largest = fmax(largest, logits[i]);
    for (int i = 0; i < VOCABULARY; i++)
        sum += exp(logits[i] - largest);
    return log(sum) + largest - logits[id];
}

/* The validation text is the twentieth of the whole that follows its first nine tenths; it is read as 20 streams, each
 * of which predicts every character of its part but the first. */
static void give_perplexity(void **state)
{
    (void)state;
    size_t count;
    int32_t *text = read_text_ids(&count);
    const int32_t *validation = text + (size_t)(0.9 * (double)count);
    int part = (int)(0.05 * (double)count) / STREAMS;
    int frames = part - 1;
    int32_t *ids = calloc((size_t)frames * STREAMS, sizeof *ids);
    assert_non_null(ids);
    for (int t = 0; t < frames; t++)
        for (int b = 0; b < STREAMS; b++)
            ids[t * STREAMS + b] = validation[b * part + t];

    double *logits = run_network(ids, frames, STREAMS, "text.input.safetensors", "text.output.safetensors");
    double sum = 0;
    for (int t = 0; t < frames; t++)
        for (int b = 0; b < STREAMS; b++)
            sum += surprise(logits + ((size_t)t * STREAMS + (size_t)b) * VOCABULARY, validation[b * part + t + 1]);
    double perplexity = exp(sum / ((double)frames * STREAMS));
    print_message("perplexity: %d characters, %.4f\n", frames * STREAMS, perplexity);
    assert_true(fabs(perplexity - 4.337) <= 0.002);
    free(text);
    free(ids);
    free(logits);
}

int main(void)
{
    support_begin("char_lm");
    const struct CMUnitTest tests[] = {cmocka_unit_test(give_logits), cmocka_unit_test(give_perplexity)};
    return cmocka_run_group_tests_name("char_lm", tests, NULL, NULL);
}
