#include "network/storage.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "network/program.h"
#include "network/session.h"
#include "rnn/stored_round.h"

static rnn_storage storage_of(enum precision storage)
{
    switch (storage) {
    case PRECISION_F16:
        return RNN_F16;
    case PRECISION_BF16:
        return RNN_BF16;
    case PRECISION_INT8:
        return RNN_INT8;
    case PRECISION_F32:
    case PRECISION_COUNT:
        break;
    }
    return RNN_F32;
}

bool storage_round(double *x, long rows, long n, enum precision storage)
{
    if (storage == PRECISION_F32)
        return true;
    struct arena *scratch = arena_new();
    rnn_real *row = ARENA_ARRAY(scratch, rnn_real, n + 1);
    bool fine = true;
    for (long i = 0; i < rows; i++, x += n) {
        for (long j = 0; j < n; j++)
            row[j] = (rnn_real)x[j];
        fine &= rnn_round_rows(row, row, storage_of(storage), 1, n) == 1;
        for (long j = 0; j < n; j++)
            x[j] = row[j];
    }
    arena_free(scratch);
    return fine;
}

/* Rounds one parameter of the model; false if it cannot become int8. */
static bool round_parameter(const rnn_model *model, const rnn_tensor *tensor, enum precision storage, void *parameters)
{
    struct arena *scratch = arena_new();
    const long size = tensor_elements(tensor, 1, 1), n = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    double *numbers = ARENA_ARRAY(scratch, double, size + 1);
    for (long i = 0; i < size; i++)
        numbers[i] = tensor_get(model, tensor, parameters, (long)tensor->offset + i);
    const bool fine = storage_round(numbers, size / n, n, storage);
    for (long i = 0; i < size; i++)
        tensor_set(model, tensor, parameters, (long)tensor->offset + i, numbers[i]);
    arena_free(scratch);
    return fine;
}

bool storage_round_parameters(const struct network_options *options, const rnn_model *model, void *parameters,
                              const char **error)
{
    if (strcmp(options->path, "-") == 0)
        return true;
    struct arena *arena = options->arena;
    struct source *source = source_from_file(arena, options->path, error);
    const struct program *program = source ? program_check(options, source) : NULL;
    for (int i = 0; program && i < program->parameter_count; i++) {
        const struct value *value = program->parameters[i];
        if (value->storage == PRECISION_F32)
            continue;
        const rnn_tensor *tensor =
            tensor_find(arena, model->parameters, model->parameter_count, "parameter", value->name, error);
        if (!tensor)
            return false;
        if (!round_parameter(model, tensor, value->storage, parameters)) {
            *error = arena_printf(arena,
                                  "parameter '%s' has the storage int8, and numbers that are not finite: give it "
                                  "another storage, or train it again",
                                  value->name);
            return false;
        }
    }
    return program != NULL;
}
