/* The ways to run a network that the language says are the same. Each is one function, whose outputs are compared with
 * those that the oracle expects of every stream. */
#include <math.h>
#include <stddef.h>

#include "base/arena.h"
#include "check/check.h"
#include "command/progress.h"

/* Data shared by the ways. */
struct ways {
    struct check *check;
    struct expectation *whole; /* [streams] all frames after a reset */
    int *lengths;              /* [streams] of streams that differ in length, from all frames down to none */
    const char *name;          /* of the way that is being run */
};

/* Makes outputs filled with NaN, so that those that no call has written show. */
static void **new_outputs(const struct check *check, int frames, int streams)
{
    const rnn_model *model = check->model;
    void **outputs = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->output_count; i++) {
        outputs[i] = tensor_new(check->arena, model, &model->outputs[i], frames, streams);
        for (long k = 0; k < tensor_elements(&model->outputs[i], frames, streams); k++)
            tensor_set(model, &model->outputs[i], outputs[i], k, NAN);
    }
    return outputs;
}

/* The inputs from frame `first` on. */
static const void *const *inputs_from(const struct check *check, int first)
{
    const rnn_model *model = check->model;
    const void **inputs = ARENA_ARRAY(check->arena, const void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++)
        inputs[i] = tensor_at(model, &model->inputs[i], check->inputs[i], first, check->streams);
    return inputs;
}

static bool failed(const struct ways *ways, rnn_status status, const char **error)
{
    if (status == RNN_OK)
        return false;
    *error = arena_printf(ways->check->arena, "the network cannot run %s: %s", ways->name, rnn_status_text(status));
    return true;
}

/* Runs `frames` frames of all streams, beginning with frame `first` of the data. */
static bool run_frames(const struct ways *ways, int first, int frames, const int *lengths, void **outputs,
                       const char **error)
{
    const struct check *check = ways->check;
    const struct session *session = &check->session;
    session_spoil_work(session);
    rnn_status status = check->model->run(session->packed, session->state, session->work, frames, lengths,
                                          inputs_from(check, first), outputs);
    return !failed(ways, status, error);
}

static bool reset(const struct ways *ways, const unsigned char *which, const char **error)
{
    return !failed(ways, ways->check->model->reset(ways->check->session.state, which), error);
}

/* Compares all outputs of a call that began after a reset with frame `first`. */
static void compare_whole(const struct ways *ways, void *const *outputs, int first, int frames, bool per_sequence)
{
    struct check *check = ways->check;
    for (int b = 0; b < check->streams; b++) {
        struct outcome outcome = {ways->name, outputs, frames, check->streams, b, first, true, per_sequence};
        judge_compare(&check->judge, &ways->whole[b], &outcome);
    }
}

static bool run_at_once(struct ways *ways, const char **error)
{
    int frames = ways->check->frames;
    void **outputs = new_outputs(ways->check, frames, ways->check->streams);
    if (!reset(ways, NULL, error) || !run_frames(ways, 0, frames, NULL, outputs, error))
        return false;
    compare_whole(ways, outputs, 0, frames, true);
    return true;
}

static bool run_lengths(struct ways *ways, const char **error)
{
    struct check *check = ways->check;
    void **outputs = new_outputs(check, check->frames, check->streams);
    if (!reset(ways, NULL, error) || !run_frames(ways, 0, check->frames, ways->lengths, outputs, error))
        return false;
    for (int b = 0; b < check->streams; b++) {
        struct expectation expectation = judge_expect(&check->judge, b, 0, ways->lengths[b], check->frames);
        struct outcome outcome = {ways->name, outputs, check->frames, check->streams, b, 0, true, true};
        judge_compare(&check->judge, &expectation, &outcome);
    }
    return true;
}

/* Runs streams of different lengths, then resets every second stream; the others go on from their own last frames. */
static bool run_after_lengths(struct ways *ways, const char **error)
{
    struct check *check = ways->check;
    void **outputs = new_outputs(check, check->frames, check->streams);
    unsigned char *which = ARENA_ARRAY(check->arena, unsigned char, check->streams);
    for (int b = 0; b < check->streams; b++)
        which[b] = b % 2 == 1;
    if (!reset(ways, NULL, error) || !run_frames(ways, 0, check->frames, ways->lengths, outputs, error) ||
        !reset(ways, which, error) || !run_frames(ways, 0, check->frames, NULL, outputs, error))
        return false;
    for (int b = 0; b < check->streams; b++) {
        int before = which[b] ? 0 : ways->lengths[b];
        struct expectation expectation = judge_expect(&check->judge, b, before, check->frames, check->frames);
        struct outcome outcome = {ways->name, outputs, check->frames, check->streams, b, 0, true, true};
        judge_compare(&check->judge, &expectation, &outcome);
    }
    return true;
}

static bool run_in_two_calls(struct ways *ways, const char **error)
{
    struct check *check = ways->check;
    int half = (check->frames + 1) / 2, rest = check->frames - half;
    void **outputs = new_outputs(check, half, check->streams);
    if (!reset(ways, NULL, error) || !run_frames(ways, 0, half, NULL, outputs, error))
        return false;
    compare_whole(ways, outputs, 0, half, rest == 0);
    if (rest == 0)
        return true;
    outputs = new_outputs(check, rest, check->streams);
    if (!run_frames(ways, half, rest, NULL, outputs, error))
        return false;
    compare_whole(ways, outputs, half, rest, true);
    return true;
}

/* True if outputs of sequence time are compared after this step: they are those of a sequence that ends there. To know
 * them takes an evaluation of all frames up to there, so that of many frames only some are compared: the first, the
 * last, and between them as many as check->ends, evenly. */
static bool is_end_compared(const struct check *check, int frame)
{
    enum { FIRST_ENDS = 8 };
    const long frames = check->frames, spread = check->ends ? check->ends : frames;
    return frame < FIRST_ENDS || (frame + 1) * spread / frames != frame * spread / frames;
}

static void compare_ends(const struct ways *ways, void *const *outputs, int frame)
{
    struct check *check = ways->check;
    for (int b = 0; b < check->streams; b++) {
        struct outcome outcome = {ways->name, outputs, 1, check->streams, b, frame, false, true};
        judge_compare_end(&check->judge, &ways->whole[b], frame + 1, &outcome);
    }
}

static bool has_sequences(const rnn_model *model)
{
    bool has = false;
    for (int i = 0; i < model->output_count; i++)
        has |= model->outputs[i].time != RNN_TIME_FRAME;
    return has;
}

static bool run_frame_by_frame(struct ways *ways, const char **error)
{
    struct check *check = ways->check;
    if (!reset(ways, NULL, error))
        return false;
    for (int t = 0; t < check->frames; t++) {
        void **outputs = new_outputs(check, 1, check->streams);
        rnn_status status = check->model->step(check->session.packed, check->session.state, inputs_from(check, t),
                                               (void *const *)outputs);
        if (failed(ways, status, error))
            return false;
        compare_whole(ways, outputs, t, 1, false);
        if (has_sequences(check->model) && is_end_compared(check, t))
            compare_ends(ways, outputs, t);
    }
    return true;
}

/* Takes the first stream's part of the inputs. */
static const void *const *first_stream(const struct check *check)
{
    const rnn_model *model = check->model;
    const void **inputs = ARENA_ARRAY(check->arena, const void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        long units = tensor_units(tensor);
        void *data = tensor_new(check->arena, model, tensor, check->frames, 1);
        for (long k = 0; k < tensor_elements(tensor, check->frames, 1); k++) {
            long from = k / units * check->streams * units + k % units;
            tensor_set(model, tensor, data, k, tensor_get(model, tensor, check->inputs[i], from));
        }
        inputs[i] = data;
    }
    return inputs;
}

static bool run_one_stream(struct ways *ways, const char **error)
{
    struct check *check = ways->check;
    struct session alone;
    if (!session_open(&alone, check->model, check->frames, 1, error))
        return false;
    void **outputs = new_outputs(check, check->frames, 1);
    session_spoil_work(&alone);
    rnn_status status = check->model->run(check->session.packed, alone.state, alone.work, check->frames, NULL,
                                          first_stream(check), (void *const *)outputs);
    session_close(&alone);
    struct outcome outcome = {ways->name, outputs, check->frames, 1, 0, 0, true, true};
    judge_compare(&check->judge, &ways->whole[0], &outcome);
    return !failed(ways, status, error);
}

static const struct way {
    const char *name;
    bool causal; /* only for networks that do not need the future */
    bool (*run)(struct ways *ways, const char **error);
} table[] = {
    {"all frames at once", false, run_at_once},
    {"streams of different lengths", false, run_lengths},
    {"one stream alone", false, run_one_stream},
    {"going on after streams of different lengths", true, run_after_lengths},
    {"in two calls", true, run_in_two_calls},
    {"frame by frame", true, run_frame_by_frame},
};

/* The number of frames that the oracle is asked for, of all streams, in all ways. */
static double count_frames(const struct ways *ways)
{
    const struct check *check = ways->check;
    double frames = (double)check->frames * check->streams;
    for (int b = 0; b < check->streams; b++)
        frames += ways->lengths[b];
    if (!check->model->step)
        return frames;
    for (int b = 0; b < check->streams; b++)
        frames += check->frames + (b % 2 ? 0 : ways->lengths[b]);
    for (int t = 0; t < check->frames && has_sequences(check->model); t++)
        frames += is_end_compared(check, t) ? (t + 1.0) * check->streams : 0;
    return frames;
}

bool check_ways(struct check *check, const char **error)
{
    struct ways ways = {.check = check};
    ways.whole = ARENA_ARRAY(check->arena, struct expectation, check->streams);
    ways.lengths = ARENA_ARRAY(check->arena, int, check->streams);
    for (int b = 0; b < check->streams; b++) {
        int steps = check->streams > 1 ? check->streams - 1 : 2;
        ways.lengths[b] = (int)((long)check->frames * (check->streams > 1 ? steps - b : 1) / steps);
    }
    if (check->judge.progress)
        progress_next(check->judge.progress, "the reference", judge_work(&check->judge, count_frames(&ways)));
    for (int b = 0; b < check->streams; b++)
        ways.whole[b] = judge_expect(&check->judge, b, 0, check->frames, check->frames);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ways.name = table[i].name;
        if ((!table[i].causal || check->model->step) && !table[i].run(&ways, error))
            return false;
    }
    return true;
}
