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

/* Returns why a number of a parameter with so many can have no form, or NULL. */
static const char *fault_of(double number, double count, bool in_double)
{
    if (!isfinite(number))
        return "not finite, so that it can have no form";
    if (!in_double && !isfinite((float)number))
        return "more than float can hold: compute in double (--double)";
    return isfinite(number * number * count) ? NULL
                                             : "too large for a form, as double cannot hold sums of squares of it";
}

static const double *read_numbers(const struct factoring *factoring, const rnn_file_tensor *tensor, const char **error)
{
    struct arena *arena = factoring->arena;
    const struct factor_options *options = factoring->options;
    double *data = ARENA_ARRAY(arena, double, tensor->elements);
    rnn_file_read_double(tensor, data);
    for (size_t i = 0; i < tensor->elements && !*error; i++) {
        const char *fault = fault_of(data[i], (double)tensor->elements, options->network.in_double);
        if (fault)
            *error = arena_printf(arena, "'%s': number %zu of '%s' is %s", options->weights, i, tensor->name, fault);
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
        else if (can_have_form(value) && !is_imported(factoring->source, value))
            factoring->matrices[factoring->matrix_count++] =
                (struct matrix){.value = value, .weights = tensor, .data = read_numbers(factoring, tensor, error)};
        if (*error)
            return false;
    }
    return true;
}
