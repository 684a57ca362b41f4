#include "costs.h"

#include <jansson.h>
#include <math.h>
#include <mpi.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

/* ---- read ---- */

/* Reads a parameter, which begins behind so many numbers. */
static bool read_parameter(struct arena *arena, json_t *object, size_t offset, rnn_tensor *parameter)
{
    const char *name;
    json_t *shape;
    *parameter = (rnn_tensor){.offset = offset};
    if (json_unpack(object, "{s:s, s:o, s:i}", "name", &name, "shape", &shape, "fixed", &parameter->fixed) ||
        json_array_size(shape) > 3)
        return false;
    parameter->name = arena_copy_string(arena, name, strlen(name));
    parameter->rank = (int)json_array_size(shape);
    for (int k = 0; k < parameter->rank; k++) {
        const json_int_t length = json_integer_value(json_array_get(shape, (size_t)k));
        if (length < 1 || length > 1 << 24)
            return false;
        parameter->shape[k] = (int)length;
    }
    return true;
}

size_t costs_units(const rnn_tensor *parameter)
{
    size_t units = 1;
    for (int k = 0; k < parameter->rank; k++)
        units *= (size_t)parameter->shape[k];
    return units;
}

static bool read_parameters(struct costs *costs, json_t *array)
{
    costs->parameters = ARENA_ARRAY(costs->arena, rnn_tensor, json_array_size(array) + 1);
    for (size_t i = 0, offset = 0; i < json_array_size(array); i++) {
        rnn_tensor *parameter = &costs->parameters[costs->parameter_count++];
        if (!read_parameter(costs->arena, json_array_get(array, i), offset, parameter))
            return false;
        offset += costs_units(parameter);
    }
    return costs->parameter_count > 0;
}

/* Reads when gradients, or parts of them, are complete: all of each, in the order of time. */
static bool read_finished(struct costs *costs, json_t *array)
{
    double before = 0;
    size_t missing = 0;
    for (int i = 0; i < costs->parameter_count; i++)
        missing += costs_units(&costs->parameters[i]);
    costs->finished = ARENA_ARRAY(costs->arena, struct finished, json_array_size(array) + 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct finished *finished = &costs->finished[costs->finished_count++];
        json_int_t first, count;
        if (json_unpack(json_array_get(array, i), "[iIIF]", &finished->parameter, &first, &count, &finished->seconds) ||
            finished->parameter < 0 || finished->parameter >= costs->parameter_count || finished->seconds < before)
            return false;
        const size_t units = costs_units(&costs->parameters[finished->parameter]);
        if (first < 0 || count < 1 || (size_t)first >= units || (size_t)count > units - (size_t)first ||
            (size_t)count > missing)
            return false;
        finished->first = (size_t)first;
        finished->count = (size_t)count;
        missing -= finished->count;
        before = finished->seconds;
    }
    return !missing && before <= costs->backward;
}

static bool read_arithmetic(struct costs *costs, json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name;
        struct arithmetic call;
        if (json_unpack(json_array_get(array, i), "[siiiF]", &name, &call.rows, &call.columns, &call.rank,
                        &call.seconds))
            return false;
        call.name = arena_copy_string(costs->arena, name, strlen(name));
        ARENA_PUSH(costs->arena, costs->arithmetic, costs->arithmetic_count, costs->arithmetic_capacity, call);
    }
    return true;
}

static bool read_all(struct costs *costs, json_t *file)
{
    json_t *parameters, *finished, *arithmetic;
    return json_unpack(file, "{s:i, s:i, s:i, s:F, s:F, s:F, s:F, s:F, s:o, s:o, s:o}", "real_size", &costs->real_size,
                       "streams", &costs->streams, "frames", &costs->frames, "forward", &costs->forward, "backward",
                       &costs->backward, "learn", &costs->learn, "add", &costs->add, "add_half", &costs->add_half,
                       "parameters", &parameters, "finished", &finished, "arithmetic", &arithmetic) == 0 &&
           (costs->real_size == (int)sizeof(float) || costs->real_size == (int)sizeof(double)) &&
           read_parameters(costs, parameters) && read_finished(costs, finished) && read_arithmetic(costs, arithmetic);
}

bool costs_read(struct costs *costs, struct arena *arena, const char *path, const char **error)
{
    json_error_t problem;
    json_t *file = json_load_file(path, 0, &problem);
    *costs = (struct costs){.arena = arena};
    const bool read = file && read_all(costs, file);
    if (!file)
        *error = arena_printf(arena, "%s:%d: %s", path, problem.line, problem.text);
    else if (!read)
        *error = arena_printf(arena, "'%s' has no costs as `rnn_scale costs` writes them", path);
    json_decref(file);
    return read;
}

/* ---- write ---- */

static json_t *list_parameters(const struct costs *costs)
{
    json_t *array = json_array();
    for (int i = 0; i < costs->parameter_count; i++) {
        const rnn_tensor *parameter = &costs->parameters[i];
        json_t *shape = json_array();
        for (int k = 0; k < parameter->rank; k++)
            json_array_append_new(shape, json_integer(parameter->shape[k]));
        json_array_append_new(
            array, json_pack("{s:s, s:o, s:i}", "name", parameter->name, "shape", shape, "fixed", parameter->fixed));
    }
    return array;
}

void costs_write(const struct costs *costs)
{
    json_t *finished = json_array(), *arithmetic = json_array();
    for (int i = 0; i < costs->finished_count; i++)
        json_array_append_new(finished,
                              json_pack("[iIIf]", costs->finished[i].parameter, (json_int_t)costs->finished[i].first,
                                        (json_int_t)costs->finished[i].count, costs->finished[i].seconds));
    for (int i = 0; i < costs->arithmetic_count; i++) {
        const struct arithmetic *call = &costs->arithmetic[i];
        json_array_append_new(arithmetic,
                              json_pack("[siiif]", call->name, call->rows, call->columns, call->rank, call->seconds));
    }
    json_t *file = json_pack("{s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o}", "real_size", costs->real_size,
                             "streams", costs->streams, "frames", costs->frames, "forward", costs->forward, "backward",
                             costs->backward, "learn", costs->learn, "add", costs->add, "add_half", costs->add_half,
                             "parameters", list_parameters(costs), "finished", finished, "arithmetic", arithmetic);
    json_dumpf(file, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(file);
}

/* ---- take ---- */

void costs_take(double seconds) { smpi_execute(seconds); }

void costs_take_add(const struct costs *costs, double bytes, bool halves)
{
    costs_take(bytes * (halves ? costs->add_half : costs->add));
}

/* Returns the call of the same name and size, or NULL. */
static struct arithmetic *find_call(const struct costs *costs, const struct arithmetic *call)
{
    for (int i = 0; i < costs->arithmetic_count; i++) {
        struct arithmetic *found = &costs->arithmetic[i];
        if (strcmp(found->name, call->name) == 0 && found->rows == call->rows && found->columns == call->columns &&
            found->rank == call->rank)
            return found;
    }
    return NULL;
}

void costs_note(struct costs *costs, const struct arithmetic *call)
{
    struct arithmetic *found = find_call(costs, call);
    if (found)
        found->seconds = fmin(found->seconds, call->seconds);
    else
        ARENA_PUSH(costs->arena, costs->arithmetic, costs->arithmetic_count, costs->arithmetic_capacity, *call);
}

void costs_take_call(const struct costs *costs, const struct arithmetic *call)
{
    const struct arithmetic *found = find_call(costs, call);
    if (found) {
        costs_take(found->seconds);
        return;
    }
    fprintf(stderr, "rnn_scale: the costs have no '%s' of %d x %d, rank %d: measure them again\n", call->name,
            call->rows, call->columns, call->rank);
    fflush(NULL);
    _exit(1); /* SimGrid cannot be ended from within a rank otherwise */
}
