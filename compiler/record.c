#include "record.h"

#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "emit/emit.h"
#include "oracle/oracle.h"
#include "sema/program.h"

enum { RECORDED_FRAMES = 8, RECORD_SEED = 1 };

static long count_of(const struct value *value)
{
    return shape_size(&value->shape) * (value->time == TIME_FRAME ? RECORDED_FRAMES : 1);
}

/* Returns random numbers of float's precision in [-1, 1), or ids. */
static double *draw(struct arena *arena, const struct value *input, struct random *random)
{
    const long count = count_of(input);
    double *numbers = ARENA_ARRAY(arena, double, count + 1);
    for (long k = 0; k < count; k++)
        numbers[k] = input->vocabulary ? random_id(random, input->vocabulary) : (double)(float)random_real(random, 1);
    return numbers;
}

static double **evaluate(struct arena *arena, const struct program *program, const double *const *parameters,
                         const double *const *inputs, bool round_to_float)
{
    double **outputs = ARENA_ARRAY(arena, double *, program->output_count + 1);
    for (int i = 0; i < program->output_count; i++)
        outputs[i] = ARENA_ARRAY(arena, double, count_of(program->outputs[i].value) + 1);
    const struct oracle_call call = {.frames = RECORDED_FRAMES,
                                     .length = RECORDED_FRAMES,
                                     .round_to_float = round_to_float,
                                     .parameters = parameters,
                                     .inputs = inputs,
                                     .outputs = outputs};
    oracle_run(program, &call);
    return outputs;
}

/* Returns how far an output in float may be from the exact one: 8 times as far as the oracle is that rounds each step,
 * and at least 1e-6 of the largest number. */
static double tolerance_of(const double *exact, const double *rounded, long count)
{
    double scale = 0, distance = 0;
    for (long k = 0; k < count; k++) {
        scale = fmax(scale, fabs(exact[k]));
        distance = fmax(distance, fabs(exact[k] - rounded[k]));
    }
    return fmax(1e-6 * scale, 8 * distance);
}

const struct emit_record *record_outputs(struct arena *arena, const struct program *program, const double *weights,
                                         const char **error)
{
    struct emit_record *record = ARENA_NEW(arena, struct emit_record);
    const double **parameters = ARENA_ARRAY(arena, const double *, program->parameter_count + 1);
    const double **inputs = ARENA_ARRAY(arena, const double *, program->input_count + 1);
    double *tolerances = ARENA_ARRAY(arena, double, program->output_count + 1);
    struct random random = random_start(RECORD_SEED);
    for (int i = 0; i < program->parameter_count; i++) {
        const long count = shape_size(&program->parameters[i]->shape);
        double *numbers = ARENA_ARRAY(arena, double, count + 1);
        for (long k = 0; k < count; k++)
            numbers[k] = (double)(float)*weights++;
        parameters[i] = numbers;
    }
    for (int i = 0; i < program->input_count; i++)
        inputs[i] = draw(arena, program->inputs[i], &random);
    double **exact = evaluate(arena, program, parameters, inputs, false);
    double **rounded = evaluate(arena, program, parameters, inputs, true);
    for (int i = 0; i < program->output_count; i++) {
        const long count = count_of(program->outputs[i].value);
        tolerances[i] = tolerance_of(exact[i], rounded[i], count);
        for (long k = 0; k < count; k++)
            if (!(fabs(exact[i][k]) <= 3e38) || !isfinite(tolerances[i])) {
                *error = arena_printf(arena,
                                      "--self-test: output '%s' is not finite with these weights and random inputs, so "
                                      "that nothing can be compared with it",
                                      program->outputs[i].name);
                return NULL;
            }
    }
    *record = (struct emit_record){RECORDED_FRAMES, inputs, (const double *const *)exact, tolerances};
    return record;
}
