/* Streams together and alone; windows one after the other. */
#include "check/gradient_ways.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "network/session.h"

/* ---- streams alone ---- */

/* A copy of the data with an id in place of every -1, so that all frames of all streams count. */
static void **with_ids(const struct gradients *gradients, const rnn_tensor *tensors, int count, void *const data[])
{
    void **copies = ARENA_ARRAY(gradients->arena, void *, count + 1);
    for (int i = 0; i < count; i++) {
        const rnn_tensor *tensor = &tensors[i];
        copies[i] = data[i];
        if (tensor->type != RNN_TYPE_ID)
            continue;
        copies[i] = tensor_new(gradients->arena, gradients->model, tensor, gradients->frames, gradients->streams);
        for (long k = 0; k < tensor_elements(tensor, gradients->frames, gradients->streams); k++)
            tensor_set(gradients->model, tensor, copies[i], k,
                       fmax(tensor_get(gradients->model, tensor, data[i], k), 0));
    }
    return copies;
}

void **streams_of(const struct gradients *gradients, const rnn_tensor *tensors, int count, void *const data[],
                  int first, int streams)
{
    void **own = ARENA_ARRAY(gradients->arena, void *, count + 1);
    for (int i = 0; i < count; i++) {
        const rnn_tensor *tensor = &tensors[i];
        if (tensor->type == RNN_TYPE_LABELS) {
            const rnn_labels *all = data[i];
            rnn_labels *labels = ARENA_NEW(gradients->arena, rnn_labels);
            *labels = (rnn_labels){all->most, all->counts + first, all->ids + first * all->most};
            own[i] = labels;
            continue;
        }
        long units = tensor_units(tensor);
        own[i] = tensor_new(gradients->arena, gradients->model, tensor, gradients->frames, streams);
        for (long k = 0; k < tensor_elements(tensor, gradients->frames, streams); k++) {
            long frame = k / units / streams, stream = first + k / units % streams;
            tensor_set(gradients->model, tensor, own[i], k,
                       tensor_get(gradients->model, tensor, data[i],
                                  (frame * gradients->streams + stream) * units + k % units));
        }
    }
    return own;
}

/* Squares of the remainder of a gradient, and of the gradient. */
struct remainder {
    double rest, whole;
};

/* Returns the part of a stream alone in the gradient of all: losses are means, a vjp is of a sum. */
static double part_of_stream(const struct gradients *gradients)
{
    return gradients->objective.of_outputs ? 1 : 1.0 / gradients->streams;
}

/* Compares the parameters: together - the mean, or sum, of alone. */
static struct remainder compare_parameters(const struct gradients *gradients, const struct backward_result *together,
                                           const struct backward_result *alone)
{
    const rnn_tensor number = {.type = RNN_TYPE_REAL};
    struct remainder remainder = {0, 0};
    for (size_t k = 0; k < gradients->model->parameter_elements; k++) {
        double whole = tensor_get(gradients->model, &number, together->gradient, (long)k), rest = whole;
        for (int b = 0; b < gradients->streams; b++)
            rest -= tensor_get(gradients->model, &number, alone[b].gradient, (long)k) * part_of_stream(gradients);
        remainder.rest += rest * rest;
        remainder.whole += whole * whole;
    }
    return remainder;
}

static struct remainder compare_inputs(const struct gradients *gradients, const struct backward_result *together,
                                       const struct backward_result *alone)
{
    const rnn_model *model = gradients->model;
    struct remainder remainder = {0, 0};
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        long units = tensor_units(tensor);
        for (long k = 0; k < tensor_elements(tensor, gradients->frames, gradients->streams); k++) {
            if (tensor->type != RNN_TYPE_REAL)
                break;
            long frame = k / units / gradients->streams, stream = k / units % gradients->streams;
            double whole = tensor_get(model, tensor, together->input_gradients[i], k);
            double own = tensor_get(model, tensor, alone[stream].input_gradients[i], frame * units + k % units);
            double rest = whole - own * part_of_stream(gradients);
            remainder.rest += rest * rest;
            remainder.whole += whole * whole;
        }
    }
    return remainder;
}

static bool call_alone(struct gradients *gradients, void *const inputs[], void *const targets[], int stream,
                       struct backward_result *result, const char **error)
{
    const rnn_model *model = gradients->model;
    const rnn_window window = {.frames = gradients->frames, .advance = gradients->frames};
    struct backward alone;
    if (!backward_open(&alone, gradients->arena, model, gradients->frames, 1, error))
        return false;
    backward_begin(&alone, false);
    bool done =
        backward_call(&alone, &window, 0, gradients->request->parameters,
                      streams_of(gradients, model->inputs, model->input_count, inputs, stream, 1),
                      streams_of(gradients, backward_targets(model), backward_target_count(model), targets, stream, 1),
                      WANT_ALL, result, error);
    backward_close(&alone);
    return done;
}

/* Notes a remainder. Both sides may be off by as much as the arithmetic of this data deserves. */
static void note_remainder(struct gradients *gradients, const char *what, struct objective *objective, bool parameters,
                           struct remainder remainder)
{
    double error = sqrt(remainder.rest), scale = gradients_scale(gradients, sqrt(remainder.whole));
    for (int i = 0; i < objective->variable_count; i++)
        objective->variables[i].moves = objective->variables[i].is_parameter == parameters;
    const struct gradients_compared compared = {COMPARED_SLOPE, objective, {0, gradients->frames}, scale};
    error = isnan(error) ? INFINITY : error;
    double tolerance = objective->of_outputs ? 1e-11 * scale : 2 * gradients_tolerance(gradients, &compared, error / 2);
    gradients_note(gradients, what, error / scale, tolerance / scale);
}

static bool note_alone(struct gradients *gradients, void *const inputs[], void *const targets[], double loss,
                       struct remainder of_parameters, struct remainder of_inputs, const char **error)
{
    const struct gradient_request *request = gradients->request;
    struct objective objective;
    int *lengths = ARENA_ARRAY(gradients->arena, int, gradients->streams);
    for (int b = 0; b < gradients->streams; b++)
        lengths[b] = gradients->frames;
    if (!objective_open(&objective, gradients->arena, request->model, request->program, gradients->frames,
                        gradients->streams, lengths, request->parameters, (const void *const *)inputs,
                        (const void *const *)targets, error))
        return false;
    objective_draw_direction(&objective, &gradients->random);
    double distance = isnan(loss) ? INFINITY : fabs(loss);
    const struct gradients_compared compared = {COMPARED_LOSS, &objective, {0, gradients->frames}, 0};
    if (!objective.of_outputs)
        gradients_note(gradients, "streams one by one: loss", distance,
                       2 * gradients_tolerance(gradients, &compared, distance / 2));
    note_remainder(gradients, "streams one by one: gradient", &objective, true, of_parameters);
    note_remainder(gradients, "streams one by one: gradients of inputs", &objective, false, of_inputs);
    return true;
}

bool gradients_check_alone(struct gradients *gradients, const char **error)
{
    const rnn_model *model = gradients->model;
    void **inputs = with_ids(gradients, model->inputs, model->input_count, gradients->request->inputs);
    void **targets = with_ids(gradients, backward_targets(model), backward_target_count(model), gradients->targets);
    const rnn_window window = {.frames = gradients->frames, .advance = gradients->frames};
    struct backward_result together, *alone = ARENA_ARRAY(gradients->arena, struct backward_result, gradients->streams);
    backward_begin(&gradients->backward, true);
    if (!backward_call(&gradients->backward, &window, 0, gradients->request->parameters, inputs, targets, WANT_ALL,
                       &together, error))
        return false;
    double loss = together.loss;
    for (int b = 0; b < gradients->streams; b++) {
        if (!call_alone(gradients, inputs, targets, b, &alone[b], error))
            return false;
        loss -= alone[b].loss / gradients->streams;
    }
    return note_alone(gradients, inputs, targets, loss, compare_parameters(gradients, &together, alone),
                      compare_inputs(gradients, &together, alone), error);
}

/* ---- windows ---- */

struct window {
    struct gradients *gradients;
    rnn_window window;
    int first;        /* of its frames */
    void *state;      /* a copy of the state that it begins with */
    void *parameters; /* moved */
    void **inputs;    /* moved */
};

static struct window window_new(struct gradients *gradients, int first, int frames, int advance, int loss_from)
{
    struct arena *arena = gradients->arena;
    int *lengths = ARENA_ARRAY(arena, int, gradients->streams);
    for (int b = 0; b < gradients->streams; b++) {
        int rest = gradients->lengths[b] - first;
        lengths[b] = rest < 0 ? 0 : rest > frames ? frames : rest;
    }
    return (struct window){.gradients = gradients,
                           .window = {.frames = frames, .advance = advance, .loss_from = loss_from, .lengths = lengths},
                           .first = first};
}

static bool call_window(struct window *window, enum backward_wanted wanted, struct backward_result *result,
                        const char **error)
{
    struct gradients *gradients = window->gradients;
    const struct gradient_request *request = gradients->request;
    if (!backward_call(&gradients->backward, &window->window, window->first, request->parameters, request->inputs,
                       gradients->targets, wanted, result, error))
        return false;
    struct objective_range range = {window->first + window->window.loss_from, window->first + window->window.frames};
    double distance = fabs(result->loss - objective_loss(&gradients->objective, range, 0));
    distance = isnan(distance) ? INFINITY : distance;
    /* The oracle's loss of a range is a difference of two. */
    const struct gradients_compared compared = {COMPARED_LOSS, &gradients->objective, range, gradients->size.magnitude};
    gradients_note(gradients,
                   arena_printf(gradients->arena, "loss of a window of frames %d to %d, counted from %d", window->first,
                                range.to - 1, range.from),
                   distance, gradients_tolerance(gradients, &compared, distance));
    return true;
}

/* The network's own loss of the window, from the past that it has, where the point has moved. */
static double window_loss_at(void *context, double step)
{
    struct window *window = context;
    struct gradients *gradients = window->gradients;
    const struct objective *objective = &gradients->objective;
    for (int i = 0; i < objective->variable_count; i++) {
        const struct variable *variable = &objective->variables[i];
        void *data = variable->is_parameter ? window->parameters : window->inputs[variable->place];
        long offset = variable->is_parameter ? (long)variable->tensor->offset : 0;
        for (long k = 0; k < variable->count; k++)
            tensor_set(gradients->model, variable->tensor, data, offset + k,
                       variable->values[k] + step * variable->direction[k]);
    }
    memcpy(gradients->backward.state, window->state, gradients->backward.state_size);
    struct backward_result result;
    const char *error;
    return backward_call(&gradients->backward, &window->window, window->first, window->parameters, window->inputs,
                         gradients->targets, WANT_LOSS, &result, &error)
               ? result.loss
               : NAN;
}

/* Checks the gradient of a window with a past, to which start values that it still reads belong. In float its own loss
 * is too rough for differences; if the network stops gradients, they are not its gradient. */
static bool check_window_gradient(struct window *window, const char **error)
{
    struct gradients *gradients = window->gradients;
    const rnn_model *model = gradients->model;
    struct arena *arena = gradients->arena;
    struct backward_result claimed;
    window->state = arena_alloc(arena, gradients->backward.state_size + 1, 1);
    memcpy(window->state, gradients->backward.state, gradients->backward.state_size);
    if (!call_window(window, WANT_ALL, &claimed, error))
        return false;
    if (model->real_size != sizeof(double) || !gradients->objective.variable_count ||
        gradients->objective.stops_gradients)
        return true;
    window->parameters = arena_alloc(arena, model->parameter_elements + 1, (size_t)model->real_size);
    window->inputs = ARENA_ARRAY(arena, void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++)
        window->inputs[i] = model->inputs[i].type == RNN_TYPE_REAL
                                ? tensor_new(arena, model, &model->inputs[i], gradients->frames, gradients->streams)
                                : gradients->request->inputs[i];
    void *after = arena_alloc(arena, gradients->backward.state_size + 1, 1);
    memcpy(after, gradients->backward.state, gradients->backward.state_size);
    for (int i = 0; i < gradients->objective.variable_count; i++)
        gradients->objective.variables[i].moves = true;
    objective_draw_direction(&gradients->objective, &gradients->random);
    struct gradient_verdict verdict = {.what = arena_printf(arena,
                                                            "gradient of a window of frames %d to %d, its past given",
                                                            window->first, window->first + window->window.frames - 1)};
    const struct gradients_slope slope = {window_loss_at, window, &claimed, window->first, window->window.frames};
    struct gradients_distance distance = gradients_measure_slope(gradients, &slope);
    gradients_keep_worst(&verdict, &distance, GRADIENT_TOLERANCE * distance.scale);
    if (!verdict.open) /* kinks lie where a given past is equal to what is computed now, whatever the data */
        gradients_push(gradients, verdict);
    memcpy(gradients->backward.state, after, gradients->backward.state_size);
    return true;
}

/* Runs BPTT(h; h') over all frames: windows of `frames` frames, each beginning `advance` frames after the one before,
 * with shared frames counted once. The gradient of the second window is checked. */
static bool run_windows(struct gradients *gradients, int frames, int advance, const char **error)
{
    struct backward_result result;
    int counted = 0; /* frames whose losses have been */
    backward_begin(&gradients->backward, true);
    for (int first = 0, number = 0; counted < gradients->frames; first += advance, number++) {
        int rest = gradients->frames - first;
        int length = frames < rest ? frames : rest;
        struct window window =
            window_new(gradients, first, length, advance < length ? advance : length, counted - first);
        if (!(number == 1 ? check_window_gradient(&window, error) : call_window(&window, WANT_ALL, &result, error)))
            return false;
        counted = first + length;
    }
    return true;
}

bool gradients_check_windows(struct gradients *gradients, const char **error)
{
    int frames = gradients->frames, half = (frames + 1) / 2, third = (frames + 2) / 3;
    return run_windows(gradients, half, half, error) &&
           (third == half || run_windows(gradients, 2 * third - 1, third, error));
}

/* Checks that adjoints before loss_from count as 0, whatever they are: here NaN. */
static bool check_loss_from(struct gradients *gradients, const char **error)
{
    const rnn_model *model = gradients->model;
    const struct gradient_request *request = gradients->request;
    const int half = (gradients->frames + 1) / 2;
    struct backward_result results[2];
    for (int from = 0; from < 2; from++) {
        void **adjoints = ARENA_ARRAY(gradients->arena, void *, model->output_count + 1);
        struct window window = window_new(gradients, 0, gradients->frames, 0, from ? half : 0);
        for (int i = 0; i < model->output_count; i++) {
            const rnn_tensor *tensor = &model->outputs[i];
            adjoints[i] = tensor_new(gradients->arena, model, tensor, gradients->frames, gradients->streams);
            for (long k = 0; k < tensor_elements(tensor, gradients->frames, gradients->streams); k++) {
                const bool counts = k / (gradients->streams * tensor_units(tensor)) >= half;
                const double given = tensor_get(model, tensor, gradients->targets[i], k);
                tensor_set(model, tensor, adjoints[i], k, counts ? given : from ? NAN : 0);
            }
        }
        backward_begin(&gradients->backward, true);
        if (!backward_call(&gradients->backward, &window.window, 0, request->parameters, request->inputs, adjoints,
                           WANT_GRADIENT, &results[from], error))
            return false;
    }
    const size_t size = model->parameter_elements * (size_t)model->real_size;
    gradients_note(gradients, "adjoints before loss_from", memcmp(results[0].gradient, results[1].gradient, size) != 0,
                   0);
    return true;
}

bool gradients_check_second_window(struct gradients *gradients, const char **error)
{
    const rnn_model *model = gradients->model;
    const struct gradient_request *request = gradients->request;
    const int half = (gradients->frames + 1) / 2, rest = gradients->frames - half;
    if (!check_loss_from(gradients, error))
        return false;
    struct window whole = window_new(gradients, 0, gradients->frames, half, 0);
    struct backward_result result;
    backward_begin(&gradients->backward, true);
    if (!backward_call(&gradients->backward, &whole.window, 0, request->parameters, request->inputs, gradients->targets,
                       WANT_ALL, &result, error))
        return false;
    if (!rest)
        return true;
    struct window second = window_new(gradients, half, rest, 0, 0);
    if (!backward_call(&gradients->backward, &second.window, half, request->parameters, request->inputs,
                       gradients->targets, WANT_ALL, &result, error))
        return false;
    struct remainder remainder = {0, 0};
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        const long first = half * gradients->streams * tensor_units(tensor);
        if (tensor->type != RNN_TYPE_REAL || tensor->time != RNN_TIME_FRAME)
            continue;
        for (long k = 0; k < tensor_elements(tensor, rest, gradients->streams); k++) {
            double expected = tensor_get(model, tensor, gradients->whole.input_gradients[i], first + k);
            double difference = expected - tensor_get(model, tensor, result.input_gradients[i], k);
            remainder.rest += difference * difference;
            remainder.whole += expected * expected;
        }
    }
    note_remainder(gradients, "gradients of inputs in a second window", &gradients->objective, false, remainder);
    return true;
}
