#include "oracle/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "base/random.h"
#include "oracle/evaluation.h"

static int slot_count(const struct evaluation *evaluation, const struct value *value)
{
    return value->time == TIME_FRAME ? evaluation->call->frames : 1;
}

static struct slot *find_slot(const struct evaluation *evaluation, const struct value *value, int frame)
{
    return &evaluation->slots[value->id][value->time == TIME_FRAME ? frame : 0];
}

const double *oracle_read_value(const struct evaluation *evaluation, const struct value *value, int frame)
{
    if (value->kind != VALUE_EQUATION) {
        const double *given = evaluation->given[value->id];
        if (!given)
            internal_error("oracle: '%s' is read but was not given", value->name);
        return value->time == TIME_FRAME ? given + frame * shape_size(&value->shape) : given;
    }
    const double *data = find_slot(evaluation, value, frame)->data;
    if (!data)
        internal_error("oracle: '%s' depends on itself", value->name);
    return data;
}

const double *oracle_read_slope(const struct evaluation *evaluation, const struct value *value, int frame)
{
    long size = shape_size(&value->shape);
    if (value->kind == VALUE_EQUATION)
        return find_slot(evaluation, value, frame)->slope;
    const double *given = evaluation->given_slopes[value->id];
    if (!given) /* a target, or an id */
        return ARENA_ARRAY(evaluation->scratch, double, size + 1);
    return value->time == TIME_FRAME ? given + frame * size : given;
}

enum ids oracle_read_ids(const struct evaluation *evaluation, const struct value *value, int frame)
{
    return value->kind == VALUE_EQUATION ? find_slot(evaluation, value, frame)->ids : NO_IDS;
}

void oracle_demand_value(struct evaluation *evaluation, const struct value *value, int frame)
{
    if (value->kind != VALUE_EQUATION || find_slot(evaluation, value, frame)->data)
        return;
    struct demand demand = {value, frame};
    ARENA_PUSH(evaluation->memory, evaluation->demands, evaluation->demand_count, evaluation->demand_capacity, demand);
}

static double *keep_numbers(const struct evaluation *evaluation, const double *numbers, long count)
{
    double *kept = ARENA_ARRAY(evaluation->memory, double, count + 1);
    memcpy(kept, numbers, (size_t)count * sizeof *kept);
    return kept;
}

static void compute_value(struct evaluation *evaluation, const struct value *value, int frame)
{
    evaluation->scratch = arena_new();
    long size = shape_size(&value->shape);
    struct slot *slot = find_slot(evaluation, value, frame);
    slot->data = keep_numbers(evaluation, oracle_evaluate_term(evaluation, value->term, frame), size);
    if (evaluation->call->losses)
        slot->ids = oracle_find_ids(evaluation, value->term, frame);
    if (evaluation->call->direction)
        slot->slope = keep_numbers(evaluation, oracle_evaluate_slope(evaluation, value->term, frame), size);
    arena_free(evaluation->scratch);
    if (evaluation->call->computed && value->time == TIME_FRAME)
        evaluation->call->computed(evaluation->call->context);
}

/* Works off the stack. A demand that is met for the first time puts what it reads on top of itself; met again, all of
 * that is known. */
static void meet_demands(struct evaluation *evaluation)
{
    while (evaluation->demand_count) {
        struct demand demand = evaluation->demands[evaluation->demand_count - 1];
        struct slot *slot = find_slot(evaluation, demand.value, demand.frame);
        if (!slot->data && !slot->visited) {
            slot->visited = true;
            oracle_demand_term(evaluation, demand.value->term, demand.frame);
            continue;
        }
        if (!slot->data)
            compute_value(evaluation, demand.value, demand.frame);
        evaluation->demand_count--;
    }
}

static void write_output(struct evaluation *evaluation, const struct value *value, double *out)
{
    long size = shape_size(&value->shape);
    int slots = slot_count(evaluation, value);
    memset(out, 0, (size_t)slots * (size_t)size * sizeof *out);
    for (int frame = 0; frame < slots && frame < evaluation->call->length; frame++) {
        oracle_demand_value(evaluation, value, frame);
        meet_demands(evaluation);
        memcpy(out + frame * size, oracle_read_value(evaluation, value, frame), (size_t)size * sizeof *out);
    }
}

static struct oracle_loss evaluate_loss(struct evaluation *evaluation, const struct term *term)
{
    struct oracle_loss loss = {0};
    int length = evaluation->call->length;
    int times = term->time == TIME_FRAME ? length : length > 0;
    for (int frame = 0; frame < times; frame++) {
        oracle_demand_term(evaluation, term, frame);
        meet_demands(evaluation);
        evaluation->scratch = arena_new();
        if (oracle_find_ids(evaluation, term, frame) != IDS_MISSING) {
            loss.sum += *oracle_evaluate_term(evaluation, term, frame);
            if (evaluation->call->direction)
                loss.slope = rounded(evaluation, loss.slope + *oracle_evaluate_slope(evaluation, term, frame));
            loss.count++;
        }
        arena_free(evaluation->scratch);
    }
    return loss;
}

static void take_given(const double **given, struct value *const *values, int count, const double *const *data)
{
    for (int i = 0; data && i < count; i++)
        given[values[i]->id] = data[i];
}

/* Parameters with a storage are rounded to it, but where losses are wanted: they are of training, which is not. */
static void store_parameters(struct evaluation *evaluation)
{
    const struct program *program = evaluation->program;
    for (int i = 0; i < program->parameter_count && !is_of_training(evaluation); i++) {
        const struct value *value = program->parameters[i];
        const double **given = &evaluation->given[value->id];
        if (*given && value->storage != PRECISION_F32)
            *given = oracle_store(evaluation->memory, value, *given);
    }
}

void oracle_run(const struct program *program, const struct oracle_call *call)
{
    struct arena *memory = arena_new();
    struct evaluation evaluation = {.program = program, .call = call, .memory = memory};
    evaluation.given = ARENA_ARRAY(memory, const double *, program->value_count + 1);
    evaluation.slots = ARENA_ARRAY(memory, struct slot *, program->value_count + 1);
    take_given(evaluation.given, program->parameters, program->parameter_count, call->parameters);
    store_parameters(&evaluation);
    oracle_find_whole(&evaluation);
    take_given(evaluation.given, program->inputs, program->input_count, call->inputs);
    take_given(evaluation.given, program->targets, program->target_count, call->targets);
    if (call->direction) {
        const double **slopes = evaluation.given_slopes = ARENA_ARRAY(memory, const double *, program->value_count + 1);
        take_given(slopes, program->parameters, program->parameter_count, call->direction->parameters);
        take_given(slopes, program->inputs, program->input_count, call->direction->inputs);
    }
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->kind == VALUE_EQUATION)
            evaluation.slots[i] = ARENA_ARRAY(memory, struct slot, slot_count(&evaluation, program->values[i]) + 1);

    for (int i = 0; i < program->output_count; i++)
        if (call->outputs[i])
            write_output(&evaluation, program->outputs[i].value, call->outputs[i]);
    for (int i = 0; call->losses && i < program->loss_count; i++)
        call->losses[i] = evaluate_loss(&evaluation, program->losses[i].term);
    arena_free(memory);
}
