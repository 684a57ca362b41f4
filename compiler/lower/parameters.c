/* Parameters and their start values. */
#include "lower/parameters.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "graph/graph.h"
#include "sema/program.h"

/* The start of one of q factors of rank r, so that their product has the variance that was asked of the whole: each
 * element of it is a sum of r products of q independent numbers. Orthogonal factors are left so. */
static void share_variance(struct graph_parameter *parameter, const struct value *value)
{
    bool normal = parameter->start == START_KIND_NORMAL;
    if (!normal && parameter->start != START_KIND_UNIFORM)
        return;
    double number = parameter->start_number, asked = normal ? number * number : number * number / 3;
    double variance = pow(asked / value->form_rank, 1.0 / value->whole.rank);
    parameter->start_number = normal ? sqrt(variance) : sqrt(3 * variance);
}

/* Resolves the start of a parameter with these dimensions. */
static enum start_kind resolve_start(enum parameter_start start, int rank, const int *dim, double *number)
{
    double fan_in = rank ? dim[rank - 1] : 1, fan_out = rank > 1 ? dim[rank - 2] : fan_in;
    switch (start) {
    case START_DEFAULT: /* uniform(1/sqrt(fan_in)) for matrices, 0 for vectors */
        *number = rank > 1 ? 1 / sqrt(fan_in) : 0;
        return rank > 1 ? START_KIND_UNIFORM : START_KIND_CONSTANT;
    case START_CONSTANT:
        return START_KIND_CONSTANT;
    case START_NORMAL:
        return START_KIND_NORMAL;
    case START_UNIFORM:
        return START_KIND_UNIFORM;
    case START_GLOROT: /* Glorot and Bengio 2010, equation 16 */
        *number = sqrt(6 / (fan_in + fan_out));
        return START_KIND_UNIFORM;
    case START_ORTHOGONAL:
        *number = 1;
        return START_KIND_ORTHOGONAL;
    case START_IDENTITY:
        break;
    }
    return START_KIND_IDENTITY;
}

void lower_parameter(struct arena *arena, const struct value *value, struct graph_parameter *parameter)
{
    *parameter = (struct graph_parameter){.name = value->name,
                                          .shape = value->shape,
                                          .start_number = value->start_number,
                                          .storage = value->storage,
                                          .fixed = value->fixed,
                                          .of_form = value->whole.rank > 0,
                                          .multiplied = value->multiplied};
    memcpy(parameter->size_names, value->size_names, sizeof parameter->size_names);
    const struct shape *shape = value->whole.rank ? &value->whole : &value->shape;
    parameter->start = resolve_start(value->start, shape->rank, shape->dim, &parameter->start_number);
    if (value->whole.rank)
        share_variance(parameter, value);
    parameter->parts = ARENA_ARRAY(arena, struct graph_part_start, value->part_start_count + 1);
    parameter->part_count = value->part_start_count;
    for (int i = 0; i < value->part_start_count; i++) {
        const struct part_start *from = &value->part_starts[i];
        struct graph_part_start *to = &parameter->parts[i];
        memcpy(to->begin, from->begin, sizeof to->begin);
        memcpy(to->length, from->length, sizeof to->length);
        to->number = from->number;
        to->start = resolve_start(from->start, shape->rank, to->length, &to->number);
    }
}
