#include "check/judge.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "command/progress.h"
#include "network/session.h"
#include "oracle/oracle.h"

/* A request to the oracle: one stream from its reset on. */
struct sequence {
    const double **inputs; /* as the oracle takes them */
    int length, frames;
    bool only_end; /* only outputs of sequence time are asked for */
};

struct samples {
    struct sequence *sequences;
    int count, capacity;
    int neighbours; /* samples taken beside the data itself */
};

static int find_value(struct value *const *values, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(values[i]->name, name) == 0)
            return i;
    return -1;
}

static int find_name(const rnn_tensor *tensors, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(tensors[i].name, name) == 0)
            return i;
    return -1;
}

static bool differ(struct judge *judge, const char *what, const char *name, const char **error)
{
    *error =
        arena_printf(judge->arena, "%s '%s' is not the same in the program and in the compiled network", what, name);
    return false;
}

static bool read_parameters(struct judge *judge, const void *parameters, const char **error)
{
    const struct program *program = judge->program;
    const rnn_model *model = judge->model;
    judge->parameters = ARENA_ARRAY(judge->arena, const double *, program->parameter_count + 1);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        int place = find_value(program->parameters, program->parameter_count, tensor->name);
        long units = tensor_units(tensor);
        if (place < 0 || shape_size(&program->parameters[place]->shape) != units)
            return differ(judge, "parameter", tensor->name, error);
        double *data = ARENA_ARRAY(judge->arena, double, units + 1);
        for (long k = 0; k < units; k++)
            data[k] = tensor_get(model, tensor, parameters, (long)tensor->offset + k);
        judge->parameters[place] = data;
    }
    for (int i = 0; i < program->parameter_count; i++)
        if (!judge->parameters[i])
            return differ(judge, "parameter", program->parameters[i]->name, error);
    return true;
}

bool judge_open(struct judge *judge, const void *parameters, const char **error)
{
    const struct program *program = judge->program;
    const rnn_model *model = judge->model;
    for (int i = 0; i < program->input_count; i++)
        if (find_name(model->inputs, model->input_count, program->inputs[i]->name) < 0)
            return differ(judge, "input", program->inputs[i]->name, error);
    for (int i = 0; i < program->output_count; i++)
        if (find_name(model->outputs, model->output_count, program->outputs[i].name) < 0)
            return differ(judge, "output", program->outputs[i].name, error);
    judge->verdicts = ARENA_ARRAY(judge->arena, struct verdict, model->output_count + 1);
    judge->samples = ARENA_NEW(judge->arena, struct samples);
    return read_parameters(judge, parameters, error);
}

/* The inputs of one stream for the oracle: `before` frames from the beginning, then `frames` from the beginning. */
static const double **stream_inputs(struct judge *judge, int stream, int before, int frames)
{
    const struct program *program = judge->program;
    const rnn_model *model = judge->model;
    const double **inputs = ARENA_ARRAY(judge->arena, const double *, program->input_count + 1);
    for (int i = 0; i < program->input_count; i++) {
        int place = find_name(model->inputs, model->input_count, program->inputs[i]->name);
        const rnn_tensor *tensor = &model->inputs[place];
        long units = tensor_units(tensor);
        int times = tensor->time == RNN_TIME_FRAME ? before + frames : 1;
        double *data = ARENA_ARRAY(judge->arena, double, times *units + 1);
        for (int t = 0; t < times; t++) {
            long from = ((long)(t < before ? t : t - before) * judge->streams + stream) * units;
            for (long u = 0; u < units; u++)
                data[t * units + u] = tensor_get(model, tensor, judge->inputs[place], from + u);
        }
        inputs[i] = data;
    }
    return inputs;
}

static double distance(double a, double b)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    double difference = fabs(a - b);
    return isnan(difference) ? INFINITY : difference;
}

/* Evaluates the outputs; NULL for those that are not asked for. */
static double **evaluate(const struct judge *judge, const struct sequence *sequence, const double *const *parameters,
                         bool round_to_float, struct random *rounding, struct arena *arena)
{
    const struct program *program = judge->program;
    double **outputs = ARENA_ARRAY(arena, double *, program->output_count + 1);
    for (int i = 0; i < program->output_count; i++) {
        const struct value *value = program->outputs[i].value;
        int times = value->time == TIME_FRAME ? sequence->frames : 1;
        if (!sequence->only_end || value->time != TIME_FRAME)
            outputs[i] = ARENA_ARRAY(arena, double, shape_size(&value->shape) * (times + 1));
    }
    struct oracle_call call = {
        .frames = sequence->frames,
        .length = sequence->length,
        .round_to_float = round_to_float,
        .rounding = rounding,
        .parameters = parameters,
        .inputs = sequence->inputs,
        .outputs = outputs,
        .computed = progress_step,
        .context = judge->progress,
    };
    oracle_run(program, &call);
    return outputs;
}

/* Takes one sample, of the data (in judge->parameters) or of a neighbour; returns the exact outputs of the program. */
static double **measure_rounding(const struct judge *judge, const struct sequence *sequence,
                                 const double *const *parameters, struct random *neighbour, struct arena *arena)
{
    const struct program *program = judge->program;
    struct arena *scratch = arena_new();
    double **exact = evaluate(judge, sequence, parameters, false, NULL, arena);
    double **near = evaluate(judge, sequence, parameters, true, neighbour, scratch);
    for (int i = 0; i < program->output_count; i++) {
        const struct value *value = program->outputs[i].value;
        int place = find_name(judge->model->outputs, judge->model->output_count, program->outputs[i].name);
        struct verdict *verdict = &judge->verdicts[place];
        long count = shape_size(&value->shape) * (value->time == TIME_FRAME ? sequence->frames : 1);
        struct rounding *rounding = &verdict->rounding;
        double *largest = neighbour ? &rounding->nearby : &rounding->here;
        for (long k = 0; exact[i] && k < count; k++) {
            if (isfinite(exact[i][k]) && !neighbour)
                rounding->scale = fmax(rounding->scale, fabs(exact[i][k]));
            *largest = fmax(*largest, distance(exact[i][k], near[i][k]));
        }
    }
    arena_free(scratch);
    return exact;
}

/* Takes the first sample of a sequence, keeps it for those of neighbours, and fills in its expected outputs. */
static void expect(struct judge *judge, const struct sequence *sequence, struct expectation *expectation,
                   struct arena *arena)
{
    const struct program *program = judge->program;
    const rnn_model *model = judge->model;
    struct samples *samples = judge->samples;
    double **exact = measure_rounding(judge, sequence, judge->parameters, NULL, arena);
    ARENA_PUSH(judge->arena, samples->sequences, samples->count, samples->capacity, *sequence);
    expectation->exact = ARENA_ARRAY(arena, double *, model->output_count + 1);
    for (int i = 0; i < program->output_count; i++)
        expectation->exact[find_name(model->outputs, model->output_count, program->outputs[i].name)] = exact[i];
}

struct expectation judge_expect(struct judge *judge, int stream, int before, int length, int frames)
{
    struct expectation expectation = {.stream = stream, .before = before, .length = length, .frames = frames};
    expectation.inputs = stream_inputs(judge, stream, before, frames);
    const struct sequence sequence = {expectation.inputs, before + length, before + frames, false};
    expect(judge, &sequence, &expectation, judge->arena);
    return expectation;
}

/* Compares one frame of an output, or an output of the sequence. */
static void compare_units(struct judge *judge, int output, const double *exact, const struct outcome *outcome,
                          int frame, int stream)
{
    const rnn_tensor *tensor = &judge->model->outputs[output];
    struct verdict *verdict = &judge->verdicts[output];
    long units = tensor_units(tensor);
    long from = ((long)frame * outcome->streams + outcome->stream) * units;
    for (long u = 0; u < units; u++) {
        double error = distance(exact[u], tensor_get(judge->model, tensor, outcome->outputs[output], from + u));
        if (verdict->way && error <= verdict->error)
            continue;
        verdict->error = error;
        verdict->frame = outcome->first + frame;
        verdict->stream = stream;
        verdict->unit = u;
        verdict->way = outcome->way;
    }
}

void judge_compare(struct judge *judge, const struct expectation *expectation, const struct outcome *outcome)
{
    for (int i = 0; i < judge->model->output_count; i++) {
        const rnn_tensor *tensor = &judge->model->outputs[i];
        const double *exact = expectation->exact[i];
        if (tensor->time != RNN_TIME_FRAME && outcome->per_sequence)
            compare_units(judge, i, exact, outcome, 0, expectation->stream);
        for (int t = 0; tensor->time == RNN_TIME_FRAME && outcome->per_frame && t < outcome->frames; t++)
            compare_units(judge, i, exact + (expectation->before + outcome->first + t) * tensor_units(tensor), outcome,
                          t, expectation->stream);
    }
}

void judge_compare_end(struct judge *judge, const struct expectation *whole, int length, const struct outcome *outcome)
{
    struct arena *scratch = arena_new();
    struct expectation end = {.stream = whole->stream, .length = length, .frames = length, .inputs = whole->inputs};
    const struct sequence sequence = {whole->inputs, length, length, true};
    expect(judge, &sequence, &end, scratch);
    judge_compare(judge, &end, outcome);
    arena_free(scratch);
}

/* ---- tolerance ---- */

static const double *move_numbers(const double *numbers, long count, struct random *random, struct arena *arena)
{
    double *moved = ARENA_ARRAY(arena, double, count + 1);
    for (long i = 0; i < count; i++)
        moved[i] = rounding_move(random, numbers[i]);
    return moved;
}

static void measure_neighbour(const struct judge *judge)
{
    const struct program *program = judge->program;
    struct samples *samples = judge->samples;
    struct random random = random_start((uint64_t)samples->neighbours++);
    struct arena *arena = arena_new();
    double frames = 0;
    for (int s = 0; s < samples->count; s++)
        frames += samples->sequences[s].length;
    if (judge->progress)
        progress_next(judge->progress,
                      arena_printf(judge->arena, "what rounding may do, %d of up to %d", samples->neighbours,
                                   ROUNDING_NEIGHBOURS),
                      judge_work(judge, frames));
    const double **parameters = ARENA_ARRAY(arena, const double *, program->parameter_count + 1);
    for (int i = 0; i < program->parameter_count; i++)
        parameters[i] = move_numbers(judge->parameters[i], shape_size(&program->parameters[i]->shape), &random, arena);
    for (int s = 0; s < samples->count; s++) {
        struct arena *scratch = arena_new();
        struct sequence sequence = samples->sequences[s];
        sequence.inputs = ARENA_ARRAY(scratch, const double *, program->input_count + 1);
        for (int i = 0; i < program->input_count; i++) {
            const struct value *input = program->inputs[i];
            const double *numbers = samples->sequences[s].inputs[i];
            long count = shape_size(&input->shape) * (input->time == TIME_FRAME ? sequence.frames : 1);
            sequence.inputs[i] = input->vocabulary ? numbers : move_numbers(numbers, count, &random, scratch);
        }
        measure_rounding(judge, &sequence, parameters, &random, scratch);
        arena_free(scratch);
    }
    arena_free(arena);
}

double judge_work(const struct judge *judge, double frames)
{
    int equations = 0;
    for (int i = 0; i < judge->program->value_count; i++) {
        const struct value *value = judge->program->values[i];
        equations += value->kind == VALUE_EQUATION && value->time == TIME_FRAME;
    }
    return 2 * frames * equations; /* exactly, and rounded */
}

double judge_tolerance(struct judge *judge, int output)
{
    const struct verdict *verdict = &judge->verdicts[output];
    const bool in_double = judge->model->real_size == sizeof(double);
    while (isfinite(verdict->error) && verdict->error > rounding_tolerance(&verdict->rounding, in_double) &&
           judge->samples->neighbours < ROUNDING_NEIGHBOURS)
        measure_neighbour(judge);
    return rounding_tolerance(&verdict->rounding, in_double);
}
