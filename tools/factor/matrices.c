#include <math.h>

#include "base/arena.h"
#include "factor/factor.h"

static bool shapes_agree(const rnn_file_tensor *tensor, const struct shape *shape)
{
    bool same = tensor->rank == shape->rank;
    for (int i = 0; same && i < shape->rank; i++)
        same = tensor->shape[i] == shape->dim[i];
    return same;
}

/* Reads the numbers of a parameter, which have to be finite. */
static const double *read_numbers(struct arena *arena, const char *path, const rnn_file_tensor *tensor,
                                  const char **error)
{
    double *data = ARENA_ARRAY(arena, double, tensor->elements);
    rnn_file_read_double(tensor, data);
    for (size_t i = 0; i < tensor->elements; i++)
        if (!isfinite(data[i])) {
            *error = arena_printf(arena, "'%s': number %zu of '%s' is not finite, so that it can have no form", path, i,
                                  tensor->name);
            return NULL;
        }
    return data;
}

bool find_matrices(struct factoring *factoring, const char **error)
{
    struct arena *arena = factoring->arena;
    const struct program *program = factoring->program;
    const char *path = factoring->options->weights;
    rnn_error reason;
    factoring->file = rnn_file_open(path, &reason);
    if (!factoring->file) {
        *error = arena_printf(arena, "%s", reason.text);
        return false;
    }
    factoring->matrices = ARENA_ARRAY(arena, struct matrix, program->parameter_count + 1);
    for (int i = 0; i < program->parameter_count; i++) {
        const struct value *value = program->parameters[i];
        const rnn_file_tensor *tensor = rnn_file_find(factoring->file, value->name);
        if (!tensor)
            *error = arena_printf(arena, "'%s' has no parameter '%s', which the program has", path, value->name);
        else if (!shapes_agree(tensor, &value->shape))
            *error = arena_printf(arena,
                                  "'%s': '%s' has another shape than %s, as in the program; a -D may have been "
                                  "forgotten",
                                  path, value->name, shape_text(arena, &value->shape));
        else if (value->form == FORM_DENSE && value->storage == PRECISION_F32 && value->shape.rank >= 2)
            factoring->matrices[factoring->matrix_count++] =
                (struct matrix){.value = value, .weights = tensor, .data = read_numbers(arena, path, tensor, error)};
        if (*error)
            return false;
    }
    return true;
}
