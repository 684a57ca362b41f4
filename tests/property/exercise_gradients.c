#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "check/gradients.h"
#include "exercise.h"
#include "network/session.h"
#include "rnn/weights.h"

/* Rounds to a multiple of 2^-20. Unlike in exercise.c equal numbers are not wanted, since an operation may have a kink
 * there. Sums of multiples are still exact, so that comparisons have one answer. */
static double without_tail(double x) { return ldexp(round(ldexp(x, 20)), -20); }

static void **draw_inputs(struct arena *arena, const rnn_model *model, int frames, int streams, struct random *random)
{
    void **inputs = ARENA_ARRAY(arena, void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        inputs[i] = tensor_new(arena, model, tensor, frames, streams);
        for (long k = 0; k < tensor_elements(tensor, frames, streams); k++) {
            bool id = tensor->type == RNN_TYPE_ID;
            tensor_set(model, tensor, inputs[i], k,
                       id ? random_id(random, tensor->vocabulary) : without_tail(random_real(random, 1)));
        }
    }
    return inputs;
}

/* True if numbers of the parameter start alike, or at round numbers, which may be the bounds of a clip. */
static bool starts_at_kinks(const rnn_tensor *tensor)
{
    return tensor->start == RNN_START_CONSTANT || tensor->start == RNN_START_IDENTITY || tensor->part_count > 0;
}

/* Draws parameters: the start values, moved if they may be at a kink, where differences find no slope. */
static void draw_parameters(const struct session *session, struct random *random)
{
    const rnn_model *model = session->model;
    rnn_parameters_init(model, session->parameters, random_bits(random));
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        for (long k = 0; k < tensor_units(tensor); k++) {
            long place = (long)tensor->offset + k;
            double x = tensor_get(model, tensor, session->parameters, place);
            if (starts_at_kinks(tensor))
                x += random_real(random, 0.5);
            tensor_set(model, tensor, session->parameters, place, without_tail(x));
        }
    }
}

static const char *find_disagreement(struct arena *arena, const struct gradient_report *report, bool *open,
                                     const struct gradient_request *request)
{
    *open = false;
    for (int i = 0; i < report->count; i++) {
        const struct gradient_verdict *verdict = &report->verdicts[i];
        *open |= verdict->open;
        if (!verdict->open && !gradient_verdict_agrees(verdict))
            return arena_printf(arena, "%s: error %.3g, tolerance %.3g (%d frames, %d streams)", verdict->what,
                                verdict->error, verdict->tolerance, request->frames, request->streams);
    }
    return NULL;
}

/* Runs all comparisons. Data at which differences do not settle, since a kink is near, is drawn again. */
static const char *run_all(struct gradient_request *request, struct session *session, struct random *random)
{
    enum { ATTEMPTS = 6 };
    bool open = true;
    for (int i = 0; i < ATTEMPTS && open; i++) {
        struct gradient_report report;
        const char *error = NULL;
        draw_parameters(session, random);
        request->parameters = session->parameters;
        request->inputs = draw_inputs(request->arena, request->model, request->frames, request->streams, random);
        request->seed = random_bits(random);
        if (!gradients_check(request, &report, &error))
            return error;
        error = find_disagreement(request->arena, &report, &open, request);
        if (error)
            return error;
    }
    return open ? "nothing to compare: differences of the oracle do not settle" : NULL;
}

const char *exercise_gradients(struct arena *arena, const rnn_model *model, const struct program *program,
                               uint64_t seed)
{
    struct random random = random_start(seed);
    struct gradient_request request = {.arena = arena, .model = model, .program = program};
    struct session session;
    const char *error;
    random_bits(&random);
    request.frames = 1 + (int)(random_bits(&random) % 9);
    request.streams = 1 + (int)(random_bits(&random) % 3);
    if (!session_open(&session, model, request.frames, request.streams, &error))
        return error;
    error = run_all(&request, &session, &random);
    session_close(&session);
    return error;
}
