/* The loss of an objective: the oracle computes it for each stream. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "check/objective.h"
#include "check/rounding.h"
#include "command/progress.h"
#include "network/session.h"
#include "oracle/oracle.h"

/* Returns the number of loss statements: of a vjp 1. */
static int statements_of(const struct objective *objective)
{
    return objective->of_outputs ? 1 : objective->program->loss_count;
}

/* The place where the oracle reads element k of a variable, and its slope. */
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

/* Options of a request to the oracle. */
struct asking {
    bool with_slopes, round_to_float;
    int neighbour; /* 0: rounds to the nearest float; else draws */
    struct oracle_stops *stops;
};

/* Returns the arrays that the oracle writes outputs to; only those of a vjp are wanted. */
static double **new_outputs(const struct objective *objective, struct arena *scratch)
{
    double **outputs = ARENA_ARRAY(scratch, double *, objective->program->output_count + 1);
    for (int i = 0; i < objective->program->output_count && objective->of_outputs; i++)
        outputs[i] =
            ARENA_ARRAY(scratch, double, tensor_elements(&objective->model->outputs[i], objective->frames, 1) + 1);
    return outputs;
}

/* The loss of a vjp in one stream. */
static struct oracle_loss sum_of_outputs(const struct objective *objective, int stream, int length,
                                         double *const *outputs)
{
    struct oracle_loss loss = {.count = 1};
    for (int i = 0; i < objective->program->output_count; i++) {
        const rnn_tensor *tensor = &objective->model->outputs[i];
        const int frames = tensor->time == RNN_TIME_FRAME ? length : length > 0;
        for (long k = 0; k < frames * tensor_units(tensor); k++)
            loss.sum += outputs[i][k] * objective->targets[stream][i][k];
    }
    return loss;
}

/* Adds the losses of the frames before `end` of a stream, times `sign`, to the sums and counts of all statements. */
static void add_stream(const struct objective *objective, int stream, int end, int sign, struct asking how,
                       struct oracle_loss *losses)
{
    const struct program *program = objective->program;
    struct arena *scratch = arena_new();
    /* The same draws for the frames before a range as for these alone, so that they cancel. */
    struct random random = random_start(random_key((uint64_t)how.neighbour, (uint64_t)stream));
    struct oracle_loss *own = ARENA_ARRAY(scratch, struct oracle_loss, statements_of(objective) + 1);
    const struct oracle_direction direction = {(const double *const *)objective->parameter_slopes,
                                               (const double *const *)objective->input_slopes[stream]};
    const struct oracle_call call = {
        .frames = objective->frames,
        .length = objective->lengths[stream] < end ? objective->lengths[stream] : end,
        .full_numbers = true,
        .round_to_float = how.round_to_float,
        .rounding = how.neighbour ? &random : NULL,
        .parameters = (const double *const *)objective->parameters,
        .inputs = (const double *const *)objective->inputs[stream],
        .outputs = new_outputs(objective, scratch),
        .targets = objective->of_outputs ? NULL : (const double *const *)objective->targets[stream],
        .label_counts = objective->label_counts[stream],
        .losses = objective->of_outputs ? NULL : own,
        .stops = how.stops,
        .direction = how.with_slopes ? &direction : NULL,
        .computed = progress_step,
        .context = objective->progress,
    };
    oracle_run(program, &call);
    if (objective->of_outputs)
        own[0] = sum_of_outputs(objective, stream, call.length, call.outputs);
    for (int i = 0; i < statements_of(objective); i++) {
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
    struct oracle_loss *losses = ARENA_ARRAY(scratch, struct oracle_loss, statements_of(objective) + 1);
    struct oracle_stops stops = {.arena = scratch}; /* stop_gradient gives the values of the point */
    struct asking how = {.stops = objective->stops_gradients ? &stops : NULL};
    if (how.stops && step != 0) {
        move_all(objective, 0, NULL);
        for (int b = 0; b < objective->streams; b++)
            add_range(objective, b, range, how, losses);
        memset(losses, 0, (size_t)statements_of(objective) * sizeof *losses);
        stops.replays = true;
    }
    move_all(objective, step, NULL);
    for (int b = 0; b < objective->streams; b++)
        add_range(objective, b, range, how, losses);
    double loss = 0;
    for (int i = 0; i < statements_of(objective); i++)
        if (objective->of_outputs)
            loss += losses[i].sum;
        else if (losses[i].count) /* a statement without a frame that counts adds nothing */
            loss += losses[i].sum / losses[i].count;
    arena_free(scratch);
    return loss;
}

/* Measures one loss statement, for each stream by itself, so that errors of several do not cancel. */
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
