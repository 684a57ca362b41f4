#include "check/gradient_measures.h"

#include <math.h>

#include "base/arena.h"
#include "check/rounding.h"
#include "network/session.h"

void gradients_push(struct gradients *gradients, struct gradient_verdict verdict)
{
    struct gradient_report *report = gradients->report;
    ARENA_PUSH(gradients->arena, report->verdicts, report->count, report->capacity, verdict);
}

void gradients_note(struct gradients *gradients, const char *what, double error, double tolerance)
{
    gradients_push(gradients, (struct gradient_verdict){what, error, tolerance, !isfinite(tolerance)});
}

bool gradient_verdict_agrees(const struct gradient_verdict *verdict)
{
    return !verdict->open && verdict->error <= verdict->tolerance;
}

double gradients_tolerance(const struct gradients *gradients, const struct gradients_compared *compared, double error)
{
    bool in_double = gradients->model->real_size == sizeof(double), of_slope = compared->what == COMPARED_SLOPE;
    struct rounding rounding;
    for (int neighbour = 0;; neighbour++) {
        struct objective_size size = objective_measure(compared->objective, compared->range, neighbour);
        double lost = of_slope ? size.slope_rounding : size.rounding;
        if (neighbour)
            rounding.nearby = fmax(rounding.nearby, lost);
        else
            rounding = (struct rounding){compared->scale + (of_slope ? 0 : size.magnitude), lost, 0};
        double tolerance = rounding_tolerance(&rounding, in_double);
        if (!isfinite(tolerance) || !isfinite(error) || error <= tolerance || neighbour == ROUNDING_NEIGHBOURS)
            return tolerance;
    }
}

/* Adds the variable's part of the gradient: its square, and how much of it points in the direction. */
static void add_variable(const struct gradients *gradients, const struct gradients_slope *slope,
                         const struct variable *variable, double *square, double *along)
{
    const rnn_tensor *tensor = variable->tensor;
    const void *data =
        variable->is_parameter ? slope->claimed->gradient : slope->claimed->input_gradients[variable->place];
    long offset = variable->is_parameter ? (long)tensor->offset : 0, skip = 0, count = variable->count;
    if (!variable->is_parameter && tensor->time == RNN_TIME_FRAME) {
        skip = slope->input_offset * tensor_units(tensor) * gradients->streams;
        count = slope->frames * tensor_units(tensor) * gradients->streams;
    }
    for (long k = 0; k < count; k++) {
        double x = tensor_get(gradients->model, tensor, data, offset + k);
        *square += x * x;
        *along += x * variable->direction[skip + k];
    }
}

double gradients_scale(const struct gradients *gradients, double norm)
{
    double scale = fmax(norm, 1e-4 * gradients->size.magnitude);
    return scale == 0 ? 1 : scale;
}

struct gradients_distance gradients_measure_slope(const struct gradients *gradients,
                                                  const struct gradients_slope *slope)
{
    double square = 0, along = 0;
    for (int i = 0; i < gradients->objective.variable_count; i++)
        if (gradients->objective.variables[i].moves)
            add_variable(gradients, slope, &gradients->objective.variables[i], &square, &along);
    double scale = gradients_scale(gradients, sqrt(square));
    if (!isfinite(scale))
        return (struct gradients_distance){INFINITY, 1, {0, 0}};
    const double first_step = 1.0 / 64;
    struct difference difference =
        difference_estimate(slope->loss, slope->context, first_step, 0.01 * GRADIENT_TOLERANCE * scale);
    return (struct gradients_distance){fabs(along - difference.value), scale, difference};
}

void gradients_keep_worst(struct gradient_verdict *verdict, const struct gradients_distance *distance, double tolerance)
{
    double error = distance->error / distance->scale, allowed = tolerance / distance->scale;
    verdict->open |= !(distance->difference.error <= 0.1 * tolerance);
    if (verdict->tolerance != 0 && error * verdict->tolerance <= verdict->error * allowed)
        return;
    verdict->error = error;
    verdict->tolerance = allowed;
}
