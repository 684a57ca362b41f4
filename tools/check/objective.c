#include "check/objective.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "check/rounding.h"
#include "command/progress.h"
#include "network/session.h"
#include "oracle/oracle.h"

/* ---- targets ---- */

/* As many labels as can be spelt in `length` frames: one that is like the label before takes a blank between them. */
static int draw_labels(int32_t *ids, int most, int vocabulary, int length, struct random *random)
{
    int wanted = (int)(random_bits(random) % (uint64_t)(most + 1)), count = 0;
    for (int taken = 0; count < wanted && vocabulary > 1; count++) {
        ids[count] = 1 + (int32_t)((random_bits(random) >> 33) % (uint64_t)(vocabulary - 1));
        taken += count && ids[count] == ids[count - 1] ? 2 : 1;
        if (taken > length)
            break;
    }
    return count;
}

static rnn_labels *new_labels(struct arena *arena, const rnn_tensor *tensor, int streams, const int *lengths,
                              struct random *random)
{
    const int most = 4;
    int *counts = ARENA_ARRAY(arena, int, streams);
    int32_t *ids = ARENA_ARRAY(arena, int32_t, streams * most);
    for (int b = 0; b < streams; b++)
        counts[b] = draw_labels(ids + b * most, most, tensor->vocabulary, lengths[b], random);
    rnn_labels *labels = ARENA_NEW(arena, rnn_labels);
    *labels = (rnn_labels){.most = most, .counts = counts, .ids = ids};
    return labels;
}

void **targets_draw(struct arena *arena, const rnn_model *model, int frames, int streams, const int *lengths,
                    struct random *random)
{
    const rnn_training *training = model->training;
    void **targets = ARENA_ARRAY(arena, void *, training->target_count + 1);
    for (int i = 0; i < training->target_count; i++) {
        const rnn_tensor *tensor = &training->targets[i];
        if (tensor->type == RNN_TYPE_LABELS) {
            targets[i] = new_labels(arena, tensor, streams, lengths, random);
            continue;
        }
        targets[i] = tensor_new(arena, model, tensor, frames, streams);
        for (long k = 0; k < tensor_elements(tensor, frames, streams); k++) {
            bool id = tensor->type == RNN_TYPE_ID;
            tensor_set(model, tensor, targets[i], k,
                       id ? random_id(random, tensor->vocabulary) : random_real(random, 1));
        }
    }
    return targets;
}

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

/* Every value of the program has a tensor of its size in the model. */
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
    const rnn_training *training = model->training;
    double **own_inputs = ARENA_ARRAY(arena, double *, program->input_count + 1);
    double **own_slopes = ARENA_ARRAY(arena, double *, program->input_count + 1);
    double **own_targets = ARENA_ARRAY(arena, double *, program->target_count + 1);
    int *counts = ARENA_ARRAY(arena, int, program->target_count + 1);
    for (int i = 0; i < program->input_count; i++) {
        int place = find_tensor_of(model->inputs, model->input_count, program->inputs[i]);
        own_inputs[i] = stream_of(objective, &model->inputs[place], inputs[place], stream);
        own_slopes[i] = ARENA_ARRAY(arena, double, tensor_elements(&model->inputs[place], objective->frames, 1) + 1);
    }
    for (int i = 0; i < program->target_count; i++) {
        int place = find_tensor_of(training->targets, training->target_count, program->targets[i]);
        const rnn_tensor *tensor = &training->targets[place];
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
    const rnn_training *training = model->training;
    *objective = (struct objective){
        .arena = arena, .model = model, .program = program, .frames = frames, .streams = streams, .lengths = lengths};
    if (!compare_lists(arena, "parameter", program->parameters, program->parameter_count, model->parameters,
                       model->parameter_count, error) ||
        !compare_lists(arena, "input", program->inputs, program->input_count, model->inputs, model->input_count,
                       error) ||
        !compare_lists(arena, "target", program->targets, program->target_count, training->targets,
                       training->target_count, error))
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

/* ---- its loss ---- */

/* Where the oracle reads element k of a variable, and its slope. */
struct place {
    double *value, *slope;
};

static struct place place_of(const struct objective *objective, const struct variable *variable, int of_program, long k)
{
    if (variable->is_parameter)
        return (struct place){&objective->parameters[of_program][k], &objective->parameter_slopes[of_program][k]};
    long units = tensor_units(variable->tensor), column = k / units;
    long stream = column % objective->streams, own = column / objective->streams * units + k % units;
    return (struct place){&objective->inputs[stream][of_program][own],
                          &objective->input_slopes[stream][of_program][own]};
}

/* Writes the variable to where the oracle reads it: moved by `step` times its direction, and by the neighbour's
 * rounding if there is one. */
static void move_variable(const struct objective *objective, const struct variable *variable, double step,
                          struct random *neighbour)
{
    const struct program *program = objective->program;
    struct value *const *values = variable->is_parameter ? program->parameters : program->inputs;
    int count = variable->is_parameter ? program->parameter_count : program->input_count, of_program = 0;
    while (of_program < count && strcmp(values[of_program]->name, variable->tensor->name) != 0)
        of_program++;
    for (long k = 0; k < variable->count && of_program < count; k++) {
        struct place place = place_of(objective, variable, of_program, k);
        double value = variable->values[k], slope = variable->moves ? variable->direction[k] : 0;
        *place.slope = neighbour ? rounding_move(neighbour, slope) : slope;
        *place.value = (neighbour ? rounding_move(neighbour, value) : value) + step * slope;
    }
}

static void move_all(const struct objective *objective, double step, struct random *neighbour)
{
    for (int i = 0; i < objective->variable_count; i++)
        move_variable(objective, &objective->variables[i], step, neighbour);
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

/* How the oracle is asked. */
struct asking {
    bool with_slopes, round_to_float;
    int neighbour; /* 0: rounds to the nearest float; else draws */
    struct oracle_stops *stops;
};

/* Adds what the frames before `end` of a stream are worth, `sign` times, to the sums and counts of all statements. */
static void add_stream(const struct objective *objective, int stream, int end, int sign, struct asking how,
                       struct oracle_loss *losses)
{
    const struct program *program = objective->program;
    struct arena *scratch = arena_new();
    /* The same draws for the frames before a range as for these alone, so that they cancel. */
    struct random random = random_start(random_key((uint64_t)how.neighbour, (uint64_t)stream));
    struct oracle_loss *own = ARENA_ARRAY(scratch, struct oracle_loss, program->loss_count + 1);
    const struct oracle_direction direction = {(const double *const *)objective->parameter_slopes,
                                               (const double *const *)objective->input_slopes[stream]};
    const struct oracle_call call = {
        .frames = objective->frames,
        .length = objective->lengths[stream] < end ? objective->lengths[stream] : end,
        .round_to_float = how.round_to_float,
        .rounding = how.neighbour ? &random : NULL,
        .parameters = (const double *const *)objective->parameters,
        .inputs = (const double *const *)objective->inputs[stream],
        .outputs = ARENA_ARRAY(scratch, double *, program->output_count + 1),
        .targets = (const double *const *)objective->targets[stream],
        .label_counts = objective->label_counts[stream],
        .losses = own,
        .stops = how.stops,
        .direction = how.with_slopes ? &direction : NULL,
        .computed = progress_step,
        .context = objective->progress,
    };
    oracle_run(program, &call);
    for (int i = 0; i < program->loss_count; i++) {
        losses[i].sum += sign * own[i].sum;
        losses[i].slope += sign * own[i].slope;
        losses[i].count += sign * own[i].count;
    }
    arena_free(scratch);
}

static void add_range(const struct objective *objective, int stream, struct objective_range range, struct asking how,
                      struct oracle_loss *losses)
{
    add_stream(objective, stream, range.to, 1, how, losses);
    if (range.from > 0)
        add_stream(objective, stream, range.from, -1, how, losses);
}

double objective_loss(const struct objective *objective, struct objective_range range, double step)
{
    struct arena *scratch = arena_new();
    struct oracle_loss *losses = ARENA_ARRAY(scratch, struct oracle_loss, objective->program->loss_count + 1);
    struct oracle_stops stops = {.arena = scratch}; /* what stop_gradient gives is that of the point */
    struct asking how = {.stops = objective->stops_gradients ? &stops : NULL};
    if (how.stops && step != 0) {
        move_all(objective, 0, NULL);
        for (int b = 0; b < objective->streams; b++)
            add_range(objective, b, range, how, losses);
        memset(losses, 0, (size_t)objective->program->loss_count * sizeof *losses);
        stops.replays = true;
    }
    move_all(objective, step, NULL);
    for (int b = 0; b < objective->streams; b++)
        add_range(objective, b, range, how, losses);
    double loss = 0;
    for (int i = 0; i < objective->program->loss_count; i++)
        if (losses[i].count) /* a statement of which no frame counts adds nothing */
            loss += losses[i].sum / losses[i].count;
    arena_free(scratch);
    return loss;
}

/* What one loss statement adds: of each stream, so that errors of several do not cancel. */
static struct objective_size measure_statement(const struct oracle_loss *const *exact,
                                               const struct oracle_loss *const *near, int streams, int statement)
{
    struct objective_size size = {0};
    int count = 0;
    for (int b = 0; b < streams; b++) {
        const struct oracle_loss *a = &exact[b][statement], *c = &near[b][statement];
        count += a->count;
        size.magnitude += fabs(a->sum);
        size.rounding += fabs(a->sum - c->sum);
        size.slope += a->slope;
        size.slope_rounding += fabs(a->slope - c->slope);
    }
    if (!count)
        return (struct objective_size){0};
    return (struct objective_size){size.magnitude / count, size.rounding / count, size.slope / count,
                                   size.slope_rounding / count};
}

struct objective_size objective_measure(const struct objective *objective, struct objective_range range, int neighbour)
{
    struct arena *scratch = arena_new();
    const int statements = objective->program->loss_count, streams = objective->streams;
    struct oracle_loss **exact = ARENA_ARRAY(scratch, struct oracle_loss *, streams);
    struct oracle_loss **near = ARENA_ARRAY(scratch, struct oracle_loss *, streams);
    struct random random = random_start((uint64_t)neighbour);
    move_all(objective, 0, neighbour ? &random : NULL);
    for (int b = 0; b < streams; b++) {
        exact[b] = ARENA_ARRAY(scratch, struct oracle_loss, statements + 1);
        near[b] = ARENA_ARRAY(scratch, struct oracle_loss, statements + 1);
        add_range(objective, b, range, (struct asking){.with_slopes = true}, exact[b]);
        add_range(objective, b, range, (struct asking){true, true, neighbour, NULL}, near[b]);
    }
    struct objective_size size = {0};
    for (int i = 0; i < statements; i++) {
        struct objective_size own = measure_statement((const struct oracle_loss *const *)exact,
                                                      (const struct oracle_loss *const *)near, streams, i);
        size.magnitude += own.magnitude;
        size.rounding += own.rounding;
        size.slope += own.slope;
        size.slope_rounding += own.slope_rounding;
    }
    arena_free(scratch);
    return size;
}
