/* What all modules of PyTorch share: errors, tensors, what they read and give, and the kinds of recurrent ones. */
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "import/torch_program.h"

static const struct torch_kind kinds[] = {
    {"lstm", "LSTM", "lstm", "", "", 4},
    {"gru", "GRU", "gru", "", "", 3},
    {"rnn_tanh", "RNN", "rnn", "", "", 1},
    {"rnn_relu", "RNN", "rnn", ", relu", ", nonlinearity='relu'", 1},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

bool torch_error(struct torch_program *program, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *words = arena_vprintf(program->arena, format, arguments);
    va_end(arguments);
    *program->error = arena_printf(program->arena, "'%s'%s", program->path, words);
    return false;
}

const struct array *torch_find(const struct torch_program *program, const struct torch_module *module, const char *name)
{
    const char *whole = arena_printf(program->arena, "%s%s", module->prefix, name);
    for (int i = 0; i < program->array_count; i++)
        if (strcmp(program->arrays[i].name, whole) == 0)
            return &program->arrays[i];
    return NULL;
}

bool torch_take_shape(struct torch_program *program, const struct torch_module *module, const char *name, int rank,
                      const long *shape)
{
    const struct array *array = torch_find(program, module, name);
    struct array wanted = {.rank = rank};
    memcpy(wanted.shape, shape, (size_t)rank * sizeof *shape);
    if (!array)
        return torch_error(program, " lacks '%s%s'", module->prefix, name);
    if (array->problem) {
        *program->error = array->problem;
        return false;
    }
    if (array->rank != rank || memcmp(array->shape, shape, (size_t)rank * sizeof *shape) != 0)
        return torch_error(program, ": '%s' is %s instead of %s", array->name, array_shape_text(program->arena, array),
                           array_shape_text(program->arena, &wanted));
    struct array *weight = &program->network->weights[program->network->weight_count++];
    *weight = *array;
    weight->name = arena_printf(program->arena, "%s.%s", module->name, name);
    return true;
}

bool torch_take(struct torch_program *program, const struct torch_module *module, const char *name, long rows,
                long columns)
{
    const long shape[] = {rows, columns};
    return torch_take_shape(program, module, name, columns ? 2 : 1, shape);
}

void torch_note(struct torch_program *program, const struct torch_module *module, const char *taken, const char *other)
{
    text_printf(&program->notes, "%s'%s' is taken for %s; %s", program->notes.length ? "\n" : "", module->name, taken,
                other);
}

bool torch_enter(struct torch_program *program, const struct torch_module *module, long features, bool frames)
{
    if (!program->before) {
        program->input = arena_printf(program->arena, "x[%ld]", features);
        program->expression = "x";
        return true;
    }
    if (frames && program->whole)
        return torch_error(program, ": '%s' reads frames, but '%s' before it gives one value for each sequence",
                           module->name, program->before);
    return features == program->size || torch_error(program, ": '%s' reads %ld features, but '%s' before it gives %ld",
                                                    module->name, features, program->before, program->size);
}

void torch_give(struct torch_program *program, const struct torch_module *module, const char *expression, long size,
                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    program->module = arena_vprintf(program->arena, format, arguments);
    va_end(arguments);
    text_printf(&program->modules, "#   %s = %s\n", module->name, program->module);
    program->before = module->name;
    program->expression = expression;
    program->size = size;
}

/* ---- kinds ---- */

static const struct torch_kind *kind_of(const char *as)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].as, as) == 0)
            return &kinds[i];
    return NULL;
}

bool torch_has_kind(const char *as) { return kind_of(as) != NULL; }

const struct torch_kind *torch_find_kind(struct torch_program *program, const struct array *W, const struct array *U,
                                         long units)
{
    const struct torch_kind *kind = program->as ? kind_of(program->as) : NULL;
    const long gates = units > 0 && W->shape[0] % units == 0 ? W->shape[0] / units : 0;
    for (int i = 0; i < KIND_COUNT && !kind; i++)
        if (gates == kinds[i].gates)
            kind = &kinds[i];
    if (!kind || gates != kind->gates || W->shape[1] < 1) {
        torch_error(program, ": '%s' is %s and '%s' %s, as in no %s", W->name, array_shape_text(program->arena, W),
                    U->name, array_shape_text(program->arena, U), program->as ? kind->module : "LSTM, GRU or RNN");
        return NULL;
    }
    if (!program->as && gates == 1) {
        torch_error(program,
                    " does not say which function the RNN of '%s' has: give "
                    "--as torch:rnn_tanh or --as torch:rnn_relu",
                    W->name);
        return NULL;
    }
    return kind;
}
