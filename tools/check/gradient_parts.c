/* One batch in two calls, each with some of its streams, joined by an exchange. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "check/gradient_ways.h"
#include "network/session.h"

/* What a call hears from its exchange. */
struct heard {
    const rnn_model *model;
    rnn_loss *own, *all;   /* [losses]: of this call; of all, or NULL while those are not known */
    size_t *numbers;       /* [parameters]: how many of each have been finished */
    void *finished;        /* like the parameters: each gradient as it was then */
    const void **gradient; /* the call's */
    int sums;              /* how often those of losses were asked for */
};

static rnn_status hear_sums(void *context, rnn_loss *losses, int count)
{
    struct heard *heard = context;
    heard->sums++;
    memcpy(heard->own, losses, (size_t)count * sizeof *losses);
    if (heard->all)
        memcpy(losses, heard->all, (size_t)count * sizeof *losses);
    return RNN_OK;
}

static void hear_finished(void *context, int parameter, size_t first, size_t count)
{
    struct heard *heard = context;
    const rnn_tensor *tensor = &heard->model->parameters[parameter];
    const size_t size = (size_t)heard->model->real_size, from = (tensor->offset + first) * size;
    heard->numbers[parameter] += count;
    if (first + count <= (size_t)tensor_units(tensor))
        memcpy((char *)heard->finished + from, (const char *)*heard->gradient + from, count * size);
}

/* A call with some of the streams. */
struct piece {
    int first, streams;
    struct heard heard;
    struct backward backward;
    struct backward_result result;
};

static bool piece_open(struct piece *piece, const struct gradients *gradients, int first, int streams,
                       const char **error)
{
    const rnn_model *model = gradients->model;
    struct arena *arena = gradients->arena;
    *piece = (struct piece){.first = first, .streams = streams, .heard = {.model = model}};
    piece->heard.own = ARENA_ARRAY(arena, rnn_loss, model->training->loss_count + 1);
    piece->heard.numbers = ARENA_ARRAY(arena, size_t, model->parameter_count + 1);
    piece->heard.finished = arena_alloc(arena, model->parameter_elements + 1, (size_t)model->real_size);
    return backward_open(&piece->backward, arena, model, gradients->frames, streams, error);
}

/* Calls with the streams of a piece, from the state that they have: all frames but the first third count, and dropout
 * is on. */
static bool call_piece(const struct gradients *gradients, struct piece *piece, enum backward_wanted wanted,
                       const char **error)
{
    const rnn_model *model = gradients->model;
    const rnn_training *training = model->training;
    const struct gradient_request *request = gradients->request;
    const rnn_exchange exchange = {&piece->heard, hear_sums, hear_finished};
    const rnn_window window = {.frames = gradients->frames,
                               .advance = gradients->frames,
                               .loss_from = training->whole_sequences ? 0 : gradients->frames / 3,
                               .lengths = gradients->lengths + piece->first,
                               .drops = 1,
                               .seed = request->seed,
                               .call = 1,
                               .first_stream = piece->first,
                               .exchange = &exchange};
    piece->heard.gradient = (const void **)&piece->result.gradient;
    return backward_call(
        &piece->backward, &window, 0, request->parameters,
        streams_of(gradients, model->inputs, model->input_count, request->inputs, piece->first, piece->streams),
        streams_of(gradients, training->targets, training->target_count, gradients->targets, piece->first,
                   piece->streams),
        wanted, &piece->result, error);
}

/* Notes whether a call has asked for the sums once, and told of each number of a gradient once and when it was
 * complete. */
static void note_heard(struct gradients *gradients, const struct piece *piece)
{
    const rnn_model *model = gradients->model;
    const size_t bytes = model->parameter_elements * (size_t)model->real_size;
    int wrong = piece->heard.sums != 1;
    for (int i = 0; i < model->parameter_count; i++)
        wrong += piece->heard.numbers[i] != (size_t)tensor_units(&model->parameters[i]);
    gradients_note(gradients, "an exchange: calls that are not made once", wrong, 0);
    gradients_note(gradients, "an exchange: gradients that change when they are finished",
                   memcmp(piece->heard.finished, piece->result.gradient, bytes) != 0, 0);
}

/* Returns the tolerance of an error, relative to `scale`: a fixed one, or what the arithmetic of this data deserves. */
static double tolerance_of(struct gradients *gradients, double error, double scale, bool of_loss)
{
    struct objective *objective = &gradients->objective;
    const double fixed = gradients->model->real_size == sizeof(double) ? 1e-11 : 1e-5;
    if (error <= fixed * scale)
        return fixed;
    for (int i = 0; i < objective->variable_count; i++)
        objective->variables[i].moves = true;
    objective_draw_direction(objective, &gradients->random);
    const struct gradients_compared compared = {
        of_loss ? COMPARED_LOSS : COMPARED_SLOPE, objective, {0, gradients->frames}, scale};
    return fmax(fixed, 2 * gradients_tolerance(gradients, &compared, error / 2) / scale);
}

static void note_sums(struct gradients *gradients, const struct piece *whole, const struct piece *pieces, int count)
{
    const rnn_tensor number = {.type = RNN_TYPE_REAL};
    double square = 0, rest_square = 0, loss = 0;
    for (size_t k = 0; k < gradients->model->parameter_elements; k++) {
        double all = tensor_get(gradients->model, &number, whole->result.gradient, (long)k), rest = all;
        for (int p = 0; p < count; p++)
            rest -= tensor_get(gradients->model, &number, pieces[p].result.gradient, (long)k);
        square += all * all;
        rest_square += rest * rest;
    }
    for (int p = 0; p < count; p++)
        loss = fmax(loss, fabs(pieces[p].result.loss - whole->result.loss));
    double scale = gradients_scale(gradients, sqrt(square)), error = sqrt(rest_square);
    error = isnan(error) ? INFINITY : error;
    gradients_note(gradients, "streams in two calls: the sum of their gradients", error / scale,
                   tolerance_of(gradients, error, scale, false));
    scale = fmax(1, fabs(whole->result.loss));
    loss = isnan(whole->result.loss) ? INFINITY : loss;
    gradients_note(gradients, "streams in two calls: loss", loss / scale, tolerance_of(gradients, loss, scale, true));
}

enum { PIECES = 2 };

/* Calls each piece for its losses, and then with those of all for its gradient. */
static bool call_pieces(struct gradients *gradients, struct piece pieces[PIECES], const char **error)
{
    const int losses = gradients->model->training->loss_count;
    rnn_loss *all = ARENA_ARRAY(gradients->arena, rnn_loss, losses + 1);
    for (int p = 0; p < PIECES; p++) {
        backward_begin(&pieces[p].backward, false);
        if (!call_piece(gradients, &pieces[p], WANT_LOSS, error))
            return false;
        for (int i = 0; i < losses; i++) {
            all[i].sum += pieces[p].heard.own[i].sum;
            all[i].count += pieces[p].heard.own[i].count;
        }
    }
    for (int p = 0; p < PIECES; p++) {
        pieces[p].heard.all = all;
        backward_begin(&pieces[p].backward, false);
        if (!call_piece(gradients, &pieces[p], WANT_ALL, error))
            return false;
        pieces[p].heard.all = NULL;
    }
    return true;
}

/* Compares the losses of a second window, whose past the pieces have from the state of the whole, and then that state
 * with one put together from copies. */
static bool check_copies(struct gradients *gradients, struct piece *whole, struct piece pieces[PIECES],
                         const char **error)
{
    const rnn_training *training = gradients->model->training;
    double distance = 0, size = 0;
    void *kept = arena_alloc(gradients->arena, whole->backward.state_size + 1, 1);
    memcpy(kept, whole->backward.state, whole->backward.state_size);
    for (int p = 0; p < PIECES; p++) {
        backward_begin(&pieces[p].backward, false);
        if (training->copy_streams(pieces[p].backward.state, 0, whole->backward.state, pieces[p].first,
                                   pieces[p].streams) != RNN_OK)
            distance = INFINITY;
    }
    backward_begin(&whole->backward, false);
    for (int p = 0; p < PIECES; p++)
        training->copy_streams(whole->backward.state, pieces[p].first, pieces[p].backward.state, 0, pieces[p].streams);
    gradients_note(gradients, "a state copied stream by stream",
                   memcmp(kept, whole->backward.state, whole->backward.state_size) != 0, 0);
    if (!call_piece(gradients, whole, WANT_LOSS, error) || !call_piece(gradients, &pieces[0], WANT_LOSS, error) ||
        !call_piece(gradients, &pieces[1], WANT_LOSS, error))
        return false;
    for (int i = 0; i < training->loss_count; i++) {
        double sum = whole->heard.own[i].sum;
        distance += fabs(pieces[0].heard.own[i].sum + pieces[1].heard.own[i].sum - sum);
        size += fabs(sum);
    }
    size = fmax(size, 1);
    distance = isnan(distance) ? INFINITY : distance;
    gradients_note(gradients, "streams in two calls that go on: loss", distance / size,
                   tolerance_of(gradients, distance, size, true));
    return true;
}

static bool compare_pieces(struct gradients *gradients, struct piece *whole, struct piece pieces[PIECES],
                           const char **error)
{
    const int first = gradients->streams / PIECES;
    bool done = piece_open(&pieces[0], gradients, 0, first, error) &&
                piece_open(&pieces[1], gradients, first, gradients->streams - first, error) &&
                call_pieces(gradients, pieces, error);
    if (done)
        note_sums(gradients, whole, pieces, PIECES);
    done = done && (gradients->model->training->whole_sequences || check_copies(gradients, whole, pieces, error));
    for (int p = 0; p < PIECES; p++)
        backward_close(&pieces[p].backward);
    return done;
}

bool gradients_check_parts(struct gradients *gradients, const char **error)
{
    struct piece whole, pieces[PIECES] = {{0}};
    if (!gradients->model->training->losses) /* a network on another machine, which calls nobody back */
        return true;
    bool done = piece_open(&whole, gradients, 0, gradients->streams, error);
    if (done) {
        backward_begin(&whole.backward, false);
        done = call_piece(gradients, &whole, WANT_ALL, error);
    }
    if (done)
        note_heard(gradients, &whole);
    if (done && gradients->streams >= PIECES)
        done = compare_pieces(gradients, &whole, pieces, error);
    backward_close(&whole.backward);
    return done;
}
