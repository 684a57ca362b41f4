/* Any bytes as a weights file: it is refused with a sentence, or every tensor of it can be read and the parameters of a
 * small network are loaded from it or left as they were. */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "rnn/weights.h"

enum { BIAS = 0, WEIGHT = 4, CUBE = 12, SCALE = 20, ELEMENTS = 24, SMALL = 1 << 16 };

static const rnn_tensor tensors[] = {
    {.name = "bias", .rank = 1, .shape = {3}, .offset = BIAS},
    {.name = "h.W", .rank = 2, .shape = {3, 2}, .offset = WEIGHT},
    {.name = "Z", .rank = 3, .shape = {2, 2, 2}, .offset = CUBE},
    {.name = "scale", .rank = 0, .offset = SCALE},
};

static void check_error(rnn_status status, const rnn_error *error)
{
    FUZZ_CHECK(error->status == status);
    FUZZ_CHECK(memchr(error->text, '\0', sizeof error->text));
    FUZZ_CHECK((status == RNN_OK) == (error->text[0] == '\0'));
}

static void load(const void *memory, size_t size, bool opens, int real_size)
{
    const rnn_model model = {.name = "fuzz",
                             .real_size = real_size,
                             .fingerprint = 1,
                             .parameters = tensors,
                             .parameter_count = sizeof tensors / sizeof *tensors,
                             .parameter_elements = ELEMENTS};
    double parameters[ELEMENTS], before[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++)
        parameters[i] = before[i] = -99;
    rnn_error error;
    rnn_status status = rnn_parameters_load_memory(&model, parameters, memory, size, &error);
    check_error(status, &error);
    FUZZ_CHECK(opens ? status == RNN_OK || status == RNN_ERROR_WEIGHTS : status == RNN_ERROR_FORMAT);
    FUZZ_CHECK(status == RNN_OK || memcmp(parameters, before, sizeof before) == 0);
}

static void read_tensors(const rnn_file *file)
{
    for (int i = 0; i < rnn_file_count(file); i++) {
        const rnn_file_tensor *tensor = rnn_file_at(file, i);
        FUZZ_CHECK(rnn_file_find(file, tensor->name) == tensor);
        FUZZ_CHECK(tensor->elements <= SMALL); /* a byte of the file each, at least */
        double *elements = calloc(tensor->elements + 1, sizeof *elements);
        FUZZ_CHECK(elements);
        rnn_file_read_double(tensor, elements);
        free(elements);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SMALL)
        return 0;
    uint8_t nothing = 0;
    const uint8_t *memory = data ? data : &nothing;
    rnn_error error;
    rnn_file *file = rnn_file_open_memory(memory, size, &error);
    check_error(file ? RNN_OK : RNN_ERROR_FORMAT, &error);
    if (file) {
        read_tensors(file);
        (void)rnn_file_metadata(file, "rnnc.fingerprint");
    }
    load(memory, size, file, sizeof(float));
    load(memory, size, file, sizeof(double));
    rnn_file_close(file);
    return 0;
}
