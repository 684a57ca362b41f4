#include "check/gradients.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "check/gradient_ways.h"
#include "command/progress.h"
#include "network/draw.h"
#include "network/session.h"

/* ---- differences ---- */

static double oracle_loss_at(void *context, double step)
{
    const struct objective *objective = context;
    return objective_loss(objective, (struct objective_range){0, objective->frames}, step);
}

/* The tolerance of a slope: in double that of gradients; in float from the rounding of the oracle's slope. */
static double slope_tolerance(const struct gradients *gradients, const struct gradients_distance *distance)
{
    const struct gradients_compared compared = {
        COMPARED_SLOPE, &gradients->objective, {0, gradients->frames}, distance->scale};
    if (gradients->model->real_size == sizeof(double))
        return GRADIENT_TOLERANCE * distance->scale;
    return gradients_tolerance(gradients, &compared, distance->error);
}

/* Shows a stage of the progress, without a total: the number of evaluations of a comparison is not known. */
static void show_stage(const struct gradients *gradients, const char *what)
{
    if (gradients->objective.progress)
        progress_next(gradients->objective.progress, what, 0);
}

static void compare_directions(struct gradients *gradients, const char *what, int directions)
{
    show_stage(gradients, what);
    struct gradient_verdict verdict = {.what = what};
    const struct gradients_slope slope = {oracle_loss_at, &gradients->objective, &gradients->whole, 0,
                                          gradients->frames};
    for (int i = 0; i < directions; i++) {
        objective_draw_direction(&gradients->objective, &gradients->random);
        struct gradients_distance distance = gradients_measure_slope(gradients, &slope);
        gradients_keep_worst(&verdict, &distance, slope_tolerance(gradients, &distance));
    }
    gradients_push(gradients, verdict);
}

/* Compares the oracle's slopes, which tolerances are made from, with its differences. */
static void compare_oracle(struct gradients *gradients)
{
    struct gradient_verdict verdict = {.what = "gradient of everything, in the reference"};
    show_stage(gradients, verdict.what);
    const struct gradients_slope slope = {oracle_loss_at, &gradients->objective, &gradients->whole, 0,
                                          gradients->frames};
    objective_draw_direction(&gradients->objective, &gradients->random);
    struct gradients_distance distance = gradients_measure_slope(gradients, &slope);
    struct objective_range range = {0, gradients->frames};
    distance.error = fabs(objective_measure(&gradients->objective, range, 0).slope - distance.difference.value);
    gradients_keep_worst(&verdict, &distance, GRADIENT_TOLERANCE * distance.scale);
    gradients_push(gradients, verdict);
}

static void move_all(struct objective *objective, bool move)
{
    for (int i = 0; i < objective->variable_count; i++)
        objective->variables[i].moves = move;
}

static void check_differences(struct gradients *gradients)
{
    struct objective *objective = &gradients->objective;
    if (!objective->variable_count)
        return;
    move_all(objective, true);
    if (!objective->of_outputs) /* the oracle has no slopes of outputs */
        compare_oracle(gradients);
    compare_directions(gradients, "gradient of everything", 2);
    const struct gradient_verdict *all = &gradients->report->verdicts[gradients->report->count - 1];
    if (!gradients->request->each && (all->open || gradient_verdict_agrees(all)))
        return;
    move_all(objective, false);
    for (int i = 0; i < objective->variable_count; i++) {
        struct variable *variable = &objective->variables[i];
        if (variable->tensor->fixed)
            continue;
        variable->moves = true;
        const char *kind = variable->is_parameter ? "" : "input ";
        compare_directions(gradients, arena_printf(gradients->arena, "gradient of %s%s", kind, variable->tensor->name),
                           1);
        variable->moves = false;
    }
}

/* ---- all frames at once ---- */

static bool call_whole(struct gradients *gradients, bool by_reset, enum backward_wanted wanted,
                       struct backward_result *result, const char **error)
{
    const struct gradient_request *request = gradients->request;
    const rnn_window window = {
        .frames = gradients->frames, .advance = gradients->frames, .lengths = gradients->lengths};
    backward_begin(&gradients->backward, by_reset);
    return backward_call(&gradients->backward, &window, 0, request->parameters, request->inputs, gradients->targets,
                         wanted, result, error);
}

/* Checks that an input has no influence after the end of its stream. */
static void check_ends(struct gradients *gradients)
{
    const rnn_model *model = gradients->model;
    double largest = 0;
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        long units = tensor_units(tensor);
        if (tensor->type != RNN_TYPE_REAL || tensor->time != RNN_TIME_FRAME)
            continue;
        for (long k = 0; k < tensor_elements(tensor, gradients->frames, gradients->streams); k++) {
            long frame = k / units / gradients->streams, stream = k / units % gradients->streams;
            double x = tensor_get(model, tensor, gradients->whole.input_gradients[i], k);
            if (frame >= gradients->lengths[stream] && !(fabs(x) <= largest))
                largest = isnan(x) ? INFINITY : fabs(x);
        }
    }
    gradients_note(gradients, "gradients of inputs after the ends of streams", largest, 0);
}

/* Checks that the gradients of fixed parameters, if there are any, are 0. */
static void check_fixed(struct gradients *gradients)
{
    const rnn_model *model = gradients->model;
    double largest = 0;
    bool any = false;
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        any |= tensor->fixed;
        for (long k = 0; tensor->fixed && k < tensor_units(tensor); k++) {
            double g = tensor_get(model, tensor, gradients->whole.gradient, (long)tensor->offset + k);
            if (!(fabs(g) <= largest))
                largest = isnan(g) ? INFINITY : fabs(g);
        }
    }
    if (any)
        gradients_note(gradients, "gradients of what is fixed", largest, 0);
}

static void note_loss(struct gradients *gradients, const char *what, double difference)
{
    double error = isnan(difference) ? INFINITY : fabs(difference);
    const struct gradients_compared compared = {COMPARED_LOSS, &gradients->objective, {0, gradients->frames}, 0};
    gradients_note(gradients, what, error, gradients_tolerance(gradients, &compared, error));
}

static bool check_whole(struct gradients *gradients, const char **error)
{
    const struct objective_range range = {0, gradients->frames};
    if (!call_whole(gradients, false, WANT_ALL, &gradients->whole, error))
        return false;
    if (gradients->objective.of_outputs) {
        const double expected = objective_loss(&gradients->objective, range, 0);
        gradients->size.magnitude = fabs(expected);
        gradients_note(gradients, "outputs times adjoints", fabs(gradients->whole.loss - expected),
                       1e-10 * (1 + fabs(expected)));
    } else {
        gradients->size = objective_measure(&gradients->objective, range, 0);
        note_loss(gradients, "loss", gradients->whole.loss - objective_loss(&gradients->objective, range, 0));
    }
    check_ends(gradients);
    check_fixed(gradients);
    check_differences(gradients);
    return true;
}

/* ---- the same call again ---- */

/* Counts the bytes that differ in the gradients of parameters, and of inputs if both have them. */
static double count_different(const struct gradients *gradients, const struct backward_result *a,
                              const struct backward_result *b)
{
    const rnn_model *model = gradients->model;
    size_t different = 0, bytes = model->parameter_elements * (size_t)model->real_size;
    for (size_t k = 0; k < bytes; k++)
        different += ((unsigned char *)a->gradient)[k] != ((unsigned char *)b->gradient)[k];
    for (int i = 0; i < model->input_count && a->input_gradients && b->input_gradients; i++) {
        if (model->inputs[i].type != RNN_TYPE_REAL)
            continue;
        bytes = (size_t)tensor_elements(&model->inputs[i], gradients->frames, gradients->streams) *
                (size_t)model->real_size;
        different += memcmp(a->input_gradients[i], b->input_gradients[i], bytes) != 0;
    }
    return (double)different + (!isnan(a->loss) && memcmp(&a->loss, &b->loss, sizeof a->loss) != 0);
}

static bool check_again(struct gradients *gradients, const char **error)
{
    struct backward_result again, without_inputs, loss_alone;
    const bool has_loss = !gradients->objective.of_outputs;
    if (!call_whole(gradients, true, WANT_ALL, &again, error) ||
        !call_whole(gradients, true, WANT_GRADIENT, &without_inputs, error) ||
        (has_loss && !call_whole(gradients, true, WANT_LOSS, &loss_alone, error)))
        return false;
    gradients_note(gradients, "the same call again", count_different(gradients, &gradients->whole, &again), 0);
    gradients_note(gradients, "without gradients of inputs",
                   count_different(gradients, &gradients->whole, &without_inputs), 0);
    if (has_loss)
        note_loss(gradients, "without gradients", loss_alone.loss - gradients->whole.loss);
    return true;
}

/* ---- everything ---- */

static void **draw_adjoints(struct gradients *gradients)
{
    const rnn_model *model = gradients->model;
    void **adjoints = ARENA_ARRAY(gradients->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->output_count; i++)
        adjoints[i] = tensor_draw(gradients->arena, model, &model->outputs[i], gradients->frames, gradients->streams,
                                  &gradients->random);
    return adjoints;
}

static bool prepare(struct gradients *gradients, const char **error)
{
    const struct gradient_request *request = gradients->request;
    int steps = request->streams > 1 ? request->streams - 1 : 1;
    gradients->lengths = ARENA_ARRAY(gradients->arena, int, request->streams);
    for (int b = 0; b < request->streams; b++)
        gradients->lengths[b] = (int)((long)request->frames * (steps - b * (request->streams > 1)) / steps);
    gradients->random = random_start(request->seed);
    gradients->targets = gradients->model->training
                             ? targets_draw(gradients->arena, gradients->model, request->frames, request->streams,
                                            gradients->lengths, &gradients->random)
                             : draw_adjoints(gradients);
    bool done = objective_open(&gradients->objective, gradients->arena, request->model, request->program,
                               request->frames, request->streams, gradients->lengths, request->parameters,
                               (const void *const *)request->inputs, (const void *const *)gradients->targets, error);
    gradients->objective.progress = request->progress;
    show_stage(gradients, "the loss, in the reference");
    return done;
}

bool gradients_check(const struct gradient_request *request, struct gradient_report *report, const char **error)
{
    const rnn_training *training = request->model->training;
    const rnn_vjp *vjp = request->model->vjp;
    if (!training && !vjp) {
        *error = "the network was compiled without gradients (rnnc --train or --vjp)";
        return false;
    }
    struct gradients gradients = {.request = request,
                                  .report = report,
                                  .arena = request->arena,
                                  .model = request->model,
                                  .frames = request->frames,
                                  .streams = request->streams};
    *report = (struct gradient_report){0};
    if (!prepare(&gradients, error) ||
        !backward_open(&gradients.backward, request->arena, request->model, request->frames, request->streams, error))
        return false;
    bool done = check_whole(&gradients, error) && check_again(&gradients, error) &&
                gradients_check_alone(&gradients, error) &&
                ((training ? training->whole_sequences : vjp->whole_sequences) ||
                 (training ? gradients_check_windows : gradients_check_second_window)(&gradients, error)) &&
                (training ? gradients_check_parts : gradients_check_pasts)(&gradients, error);
    backward_close(&gradients.backward);
    return done;
}
