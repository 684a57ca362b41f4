/* A sequence in windows that gradients go through: forward one after the other, backward from the last to the first,
 * each given the adjoint of the past that the one behind it went on from. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "check/gradient_ways.h"
#include "network/session.h"

enum { PIECES = 3 };

/* One of the windows. */
struct piece {
    int first, frames;
    int *lengths;
    struct backward backward; /* its work, and the state that it leaves */
    void **inputs, **adjoints;
    void *gradient, **input_gradients, *past; /* what it gives; a number is behind the adjoint of the past */
};

static void *nan_numbers(const struct gradients *gradients, size_t bytes)
{
    void *numbers = arena_alloc(gradients->arena, bytes + 1, 1);
    memset(numbers, 0xff, bytes);
    return numbers;
}

static bool piece_open(struct piece *piece, const struct gradients *gradients, int first, int frames,
                       const char **error)
{
    const rnn_model *model = gradients->model;
    const size_t size = (size_t)model->real_size;
    struct arena *arena = gradients->arena;
    *piece = (struct piece){.first = first, .frames = frames, .lengths = ARENA_ARRAY(arena, int, gradients->streams)};
    for (int b = 0; b < gradients->streams; b++) {
        const int rest = gradients->lengths[b] - first;
        piece->lengths[b] = rest < 0 ? 0 : rest > frames ? frames : rest;
    }
    piece->inputs = ARENA_ARRAY(arena, void *, model->input_count + 1);
    piece->input_gradients = ARENA_ARRAY(arena, void *, model->input_count + 1);
    piece->adjoints = ARENA_ARRAY(arena, void *, model->output_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        piece->inputs[i] = tensor_at(model, tensor, gradients->request->inputs[i], first, gradients->streams);
        if (tensor->type == RNN_TYPE_REAL)
            piece->input_gradients[i] =
                nan_numbers(gradients, (size_t)tensor_elements(tensor, frames, gradients->streams) * size);
    }
    for (int i = 0; i < model->output_count; i++)
        piece->adjoints[i] = tensor_at(model, &model->outputs[i], gradients->targets[i], first, gradients->streams);
    piece->gradient = nan_numbers(gradients, model->parameter_elements * size);
    piece->past = nan_numbers(gradients, model->vjp->past_size(gradients->streams) + size);
    return backward_open(&piece->backward, arena, model, frames, gradients->streams, error);
}

/* Goes forward from the state that the piece before has left; NULL: there is none. */
static rnn_status go_forward(struct gradients *gradients, struct piece *piece, const struct piece *before)
{
    const rnn_model *model = gradients->model;
    const rnn_window window = {.frames = piece->frames, .lengths = piece->lengths};
    void **outputs = ARENA_ARRAY(gradients->arena, void *, model->output_count + 1); /* none is wanted */
    if (before)
        memcpy(piece->backward.state, before->backward.state, piece->backward.state_size);
    else
        backward_begin(&piece->backward, false);
    return model->vjp->forward(gradients->request->parameters, piece->backward.state, piece->backward.work, &window,
                               (const void *const *)piece->inputs, outputs);
}

static rnn_status go_backward(struct gradients *gradients, struct piece *piece, const struct piece *behind)
{
    return gradients->model->vjp->backward(gradients->request->parameters, piece->backward.work,
                                           (const void *const *)piece->inputs, (const void *const *)piece->adjoints,
                                           behind ? behind->past : NULL, piece->gradient, piece->input_gradients,
                                           piece->past);
}

/* Notes how far sums over the pieces are from the whole, `count` numbers: [all frames] of the whole, and of each piece
 * either the same or, `of_frames` numbers a frame, its own frames. */
static void note_sum(struct gradients *gradients, const char *what, const struct piece *pieces,
                     void *(*part)(const struct piece *piece, int index), int index, const void *whole, long count,
                     long of_frame)
{
    const rnn_tensor number = {.type = RNN_TYPE_REAL};
    double rest = 0, norm = 0;
    for (long k = 0; k < count; k++) {
        const double expected = tensor_get(gradients->model, &number, whole, k);
        double sum = 0;
        for (int p = 0; p < PIECES; p++) {
            const long from = of_frame * pieces[p].first, end = of_frame ? from + of_frame * pieces[p].frames : count;
            if (pieces[p].frames && k >= from && k < end)
                sum += tensor_get(gradients->model, &number, part(&pieces[p], index), k - from);
        }
        rest += (sum - expected) * (sum - expected);
        norm += expected * expected;
    }
    const double error = sqrt(rest) / gradients_scale(gradients, sqrt(norm));
    gradients_note(gradients, what, isnan(error) ? INFINITY : error, 1e-11);
}

static void *parameters_of(const struct piece *piece, int index)
{
    (void)index;
    return piece->gradient;
}

static void *input_of(const struct piece *piece, int index) { return piece->input_gradients[index]; }

static void note_pieces(struct gradients *gradients, const struct piece *pieces)
{
    const rnn_model *model = gradients->model;
    note_sum(gradients, "windows, through states: gradient", pieces, parameters_of, 0, gradients->whole.gradient,
             (long)model->parameter_elements, 0);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        const long frame = tensor->time == RNN_TIME_FRAME ? gradients->streams * tensor_units(tensor) : 0;
        if (tensor->type == RNN_TYPE_REAL)
            note_sum(gradients,
                     arena_printf(gradients->arena, "windows, through states: gradient of input %s", tensor->name),
                     pieces, input_of, i, gradients->whole.input_gradients[i],
                     tensor_elements(tensor, gradients->frames, gradients->streams), frame);
    }
}

/* Notes whether the first piece, whose streams begin, gives a past an adjoint other than 0, or writes behind it. */
static void note_first(struct gradients *gradients, const struct piece *first)
{
    const rnn_tensor number = {.type = RNN_TYPE_REAL};
    const long count =
        (long)(gradients->model->vjp->past_size(gradients->streams) / (size_t)gradients->model->real_size);
    double different = 0;
    for (long k = 0; k < count; k++)
        different += tensor_get(gradients->model, &number, first->past, k) != 0;
    gradients_note(gradients, "adjoint of a past that there is not", different, 0);
    gradients_note(gradients, "what lies behind the adjoint of a past",
                   !isnan(tensor_get(gradients->model, &number, first->past, count)), 0);
}

/* Says why a call in windows failed, if it did. */
static bool is_done(const struct gradients *gradients, rnn_status status, const char **error)
{
    if (status != RNN_OK)
        *error = arena_printf(gradients->arena, "the network cannot be differentiated in windows: %s",
                              rnn_status_text(status));
    return status == RNN_OK;
}

static bool run_pieces(struct gradients *gradients, struct piece *pieces, const char **error)
{
    rnn_status status = RNN_OK;
    int count = PIECES;
    while (!pieces[count - 1].frames)
        count--;
    for (int p = 0; p < count && status == RNN_OK; p++)
        status = go_forward(gradients, &pieces[p], p ? &pieces[p - 1] : NULL);
    for (int p = count - 1; p >= 0 && status == RNN_OK; p--)
        status = go_backward(gradients, &pieces[p], p + 1 < count ? &pieces[p + 1] : NULL);
    return is_done(gradients, status, error);
}

/* Notes whether a backward call with the work of a forward pass is refused where it is given an adjoint of the past. */
static void note_refusal(struct gradients *gradients, const char *what, void *work, const void *end_adjoint)
{
    const rnn_model *model = gradients->model;
    const struct gradient_request *request = gradients->request;
    void *gradient = arena_alloc(gradients->arena, model->parameter_elements + 1, (size_t)model->real_size);
    const rnn_status status =
        model->vjp->backward(request->parameters, work, (const void *const *)request->inputs,
                             (const void *const *)gradients->targets, end_adjoint, gradient, NULL, NULL);
    gradients_note(gradients, what, status != RNN_ERROR_ARGUMENT, 0);
}

/* Checks that no adjoint is taken of a past that is not that of the last frames. */
static bool check_advance(struct gradients *gradients, const void *end_adjoint, const char **error)
{
    struct piece part = {0};
    if (!piece_open(&part, gradients, 0, gradients->frames, error))
        return false;
    const rnn_window window = {.frames = gradients->frames, .advance = 1};
    void **outputs = ARENA_ARRAY(gradients->arena, void *, gradients->model->output_count + 1);
    backward_begin(&part.backward, false);
    const rnn_status status =
        gradients->model->vjp->forward(gradients->request->parameters, part.backward.state, part.backward.work, &window,
                                       (const void *const *)part.inputs, outputs);
    if (status == RNN_OK && gradients->frames > 1)
        note_refusal(gradients, "adjoint of the past of a frame before the last", part.backward.work, end_adjoint);
    backward_close(&part.backward);
    return is_done(gradients, status, error);
}

bool gradients_check_pasts(struct gradients *gradients, const char **error)
{
    struct piece pieces[PIECES] = {{0}};
    const int frames = gradients->frames, half = (frames + 1) / 2, one = frames > half;
    const int lengths[PIECES] = {half, one, frames - half - one};
    bool done = true;
    if (!gradients->model->vjp->past_size) {
        note_refusal(gradients, "adjoint of a past that is a constant", gradients->backward.work, &frames);
        return true;
    }
    for (int p = 0, first = 0; p < PIECES && done; first += lengths[p++])
        if (lengths[p])
            done = piece_open(&pieces[p], gradients, first, lengths[p], error);
    done = done && run_pieces(gradients, pieces, error);
    if (done) {
        note_pieces(gradients, pieces);
        note_first(gradients, &pieces[0]);
        done = check_advance(gradients, pieces[0].past, error);
    }
    for (int p = 0; p < PIECES; p++)
        backward_close(&pieces[p].backward);
    return done;
}
