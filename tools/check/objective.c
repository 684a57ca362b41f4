#include "check/objective.h"

#include <string.h>

#include "base/arena.h"
#include "check/backward.h"
#include "network/session.h"

/* ---- a point ---- */

static int find_tensor_of(const rnn_tensor *tensors, int count, const struct value *value)
{
    for (int i = 0; i < count; i++)
        if (strcmp(tensors[i].name, value->name) == 0)
            return i;
    return -1;
}

static bool differ(struct arena *arena, const char *what, const char *name, const char **error)
{
    *error = arena_printf(arena, "%s '%s' is not the same in the program and in the compiled network", what, name);
    return false;
}

/* True if every value of the program has a tensor of its size in the model. */
static bool compare_lists(struct arena *arena, const char *what, struct value *const *values, int count,
                          const rnn_tensor *tensors, int tensor_count, const char **error)
{
    for (int i = 0; i < count; i++) {
        int place = find_tensor_of(tensors, tensor_count, values[i]);
        if (place < 0 || (!values[i]->labels && shape_size(&values[i]->shape) != tensor_units(&tensors[place])))
            return differ(arena, what, values[i]->name, error);
    }
    return count == tensor_count || differ(arena, what, "that is not there", error);
}

static void add_variable(struct objective *objective, const rnn_tensor *tensor, bool is_parameter, int place,
                         const void *data, long first)
{
    struct arena *arena = objective->arena;
    long count = is_parameter ? tensor_units(tensor) : tensor_elements(tensor, objective->frames, objective->streams);
    struct variable variable = {.tensor = tensor, .is_parameter = is_parameter, .place = place, .count = count};
    variable.values = ARENA_ARRAY(arena, double, count + 1);
    variable.direction = ARENA_ARRAY(arena, double, count + 1);
    for (long k = 0; k < count; k++)
        variable.values[k] = tensor_get(objective->model, tensor, data, first + k);
    objective->variables[objective->variable_count++] = variable;
}

/* One stream of an input or target in the model's layout, for the oracle. */
static double *stream_of(const struct objective *objective, const rnn_tensor *tensor, const void *data, int stream)
{
    long units = tensor_units(tensor);
    int times = tensor->time == RNN_TIME_FRAME ? objective->frames : 1;
    double *own = ARENA_ARRAY(objective->arena, double, times *units + 1);
    for (int t = 0; t < times; t++)
        for (long u = 0; u < units; u++)
            own[t * units + u] =
                tensor_get(objective->model, tensor, data, ((long)t * objective->streams + stream) * units + u);
    return own;
}

static double *labels_of(const struct objective *objective, const rnn_labels *labels, int stream, int *count)
{
    *count = labels->counts[stream];
    double *own = ARENA_ARRAY(objective->arena, double, *count + 1);
    for (int i = 0; i < *count; i++)
        own[i] = labels->ids[stream * labels->most + i];
    return own;
}

static void take_stream(struct objective *objective, int stream, const void *const *inputs, const void *const *targets)
{
    struct arena *arena = objective->arena;
    const struct program *program = objective->program;
    const rnn_model *model = objective->model;
    double **own_inputs = ARENA_ARRAY(arena, double *, program->input_count + 1);
    double **own_slopes = ARENA_ARRAY(arena, double *, program->input_count + 1);
    const int target_count = objective->of_outputs ? program->output_count : program->target_count;
    double **own_targets = ARENA_ARRAY(arena, double *, target_count + 1);
    int *counts = ARENA_ARRAY(arena, int, target_count + 1);
    for (int i = 0; i < program->input_count; i++) {
        int place = find_tensor_of(model->inputs, model->input_count, program->inputs[i]);
        own_inputs[i] = stream_of(objective, &model->inputs[place], inputs[place], stream);
        own_slopes[i] = ARENA_ARRAY(arena, double, tensor_elements(&model->inputs[place], objective->frames, 1) + 1);
    }
    for (int i = 0; i < target_count; i++) {
        const rnn_tensor *tensors = backward_targets(model);
        int place =
            objective->of_outputs ? i : find_tensor_of(tensors, backward_target_count(model), program->targets[i]);
        const rnn_tensor *tensor = &tensors[place];
        own_targets[i] = tensor->type == RNN_TYPE_LABELS ? labels_of(objective, targets[place], stream, &counts[i])
                                                         : stream_of(objective, tensor, targets[place], stream);
    }
    objective->inputs[stream] = own_inputs;
    objective->input_slopes[stream] = own_slopes;
    objective->targets[stream] = own_targets;
    objective->label_counts[stream] = counts;
}

static bool term_stops(const struct term *term)
{
    bool stops = term && term->kind == TERM_OP && term->op == OP_stop_gradient;
    for (int i = 0; term && i < term->count && !stops; i++)
        stops = term_stops(term->args[i]);
    return stops;
}

static bool program_stops(const struct program *program)
{
    bool stops = false;
    for (int i = 0; i < program->value_count && !stops; i++)
        stops = term_stops(program->values[i]->term) || term_stops(program->values[i]->init);
    for (int i = 0; i < program->loss_count && !stops; i++)
        stops = term_stops(program->losses[i].term);
    return stops;
}

bool objective_open(struct objective *objective, struct arena *arena, const rnn_model *model,
                    const struct program *program, int frames, int streams, const int *lengths, const void *parameters,
                    const void *const *inputs, const void *const *targets, const char **error)
{
    *objective = (struct objective){.arena = arena,
                                    .model = model,
                                    .program = program,
                                    .frames = frames,
                                    .streams = streams,
                                    .lengths = lengths,
                                    .of_outputs = !model->training};
    if (!compare_lists(arena, "parameter", program->parameters, program->parameter_count, model->parameters,
                       model->parameter_count, error) ||
        !compare_lists(arena, "input", program->inputs, program->input_count, model->inputs, model->input_count,
                       error) ||
        (!objective->of_outputs && !compare_lists(arena, "target", program->targets, program->target_count,
                                                  backward_targets(model), backward_target_count(model), error)))
        return false;
    objective->variables = ARENA_ARRAY(arena, struct variable, model->parameter_count + model->input_count + 1);
    for (int i = 0; i < model->parameter_count; i++)
        add_variable(objective, &model->parameters[i], true, i, parameters, (long)model->parameters[i].offset);
    for (int i = 0; i < model->input_count; i++)
        if (model->inputs[i].type == RNN_TYPE_REAL)
            add_variable(objective, &model->inputs[i], false, i, inputs[i], 0);
    objective->parameters = ARENA_ARRAY(arena, double *, program->parameter_count + 1);
    objective->parameter_slopes = ARENA_ARRAY(arena, double *, program->parameter_count + 1);
    for (int i = 0; i < program->parameter_count; i++) {
        long size = shape_size(&program->parameters[i]->shape);
        objective->parameters[i] = ARENA_ARRAY(arena, double, size + 1);
        objective->parameter_slopes[i] = ARENA_ARRAY(arena, double, size + 1);
    }
    objective->inputs = ARENA_ARRAY(arena, double **, streams);
    objective->input_slopes = ARENA_ARRAY(arena, double **, streams);
    objective->targets = ARENA_ARRAY(arena, double **, streams);
    objective->label_counts = ARENA_ARRAY(arena, int *, streams);
    for (int b = 0; b < streams; b++)
        take_stream(objective, b, inputs, targets);
    objective->stops_gradients = program_stops(program);
    return true;
}

void objective_draw_direction(struct objective *objective, struct random *random)
{
    for (int i = 0; i < objective->variable_count; i++) {
        struct variable *variable = &objective->variables[i];
        for (long k = 0; k < variable->count; k++) {
            double x = random_real(random, 0.5);
            variable->direction[k] = variable->tensor->fixed ? 0 : x < 0 ? x - 0.5 : x + 0.5;
        }
    }
}
