#include "exercise.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "check/check.h"
#include "rnn/variant.h"

enum { CALLS = 7, LONGEST_CALL = 9 };

static int below(struct random *random, int count) { return (int)((random_bits(random) >> 33) % (uint64_t)count); }

/* ---- data ---- */

/* Draws multiples of 1/8: some are equal, and sums of them are exact, so that comparisons have one answer. */
static void draw_inputs(struct check *check, struct random *random)
{
    const rnn_model *model = check->model;
    check->inputs = ARENA_ARRAY(check->arena, void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        check->inputs[i] = tensor_new(check->arena, model, tensor, check->frames, check->streams);
        for (long k = 0; k < tensor_elements(tensor, check->frames, check->streams); k++) {
            double drawn =
                tensor->type == RNN_TYPE_ID ? random_id(random, tensor->vocabulary) : (below(random, 17) - 8) / 8.0;
            tensor_set(model, tensor, check->inputs[i], k, drawn);
        }
    }
}

/* Draws parameters: the start values, moved a little if they are all alike, as multiples of 1/256. */
static void draw_parameters(struct check *check, struct random *random)
{
    const rnn_model *model = check->model;
    session_draw(&check->session, random_bits(random));
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        for (long k = 0; k < tensor_units(tensor); k++) {
            long place = (long)tensor->offset + k;
            double x = tensor_get(model, tensor, check->session.parameters, place);
            if (tensor->start == RNN_START_CONSTANT)
                x += random_real(random, 0.5);
            tensor_set(model, tensor, check->session.parameters, place, round(256 * x) / 256);
        }
    }
}

/* ---- random calls ---- */

/* The inputs and outputs of a stream since its reset. */
struct history {
    int length;
    int *frames;       /* of the data, in the order in which they were given */
    const char **ways; /* by which call */
    void **outputs;    /* of frame time, one frame after the other */
};

struct calls {
    struct check *check;
    struct random *random;
    struct history *histories; /* [streams] */
    const char *error;
    int number;      /* of calls */
    const char *way; /* the kind of the call in hand */
};

/* Copies one stream of a tensor to a tensor of one stream: frame `at` of `to` from frame `frame` of `from`. */
static void copy_frame(const rnn_model *model, const rnn_tensor *tensor, void *to, int at, const void *from, int frame,
                       int stream, int streams)
{
    long units = tensor_units(tensor);
    for (long u = 0; u < units; u++)
        tensor_set(model, tensor, to, at * units + u,
                   tensor_get(model, tensor, from, ((long)frame * streams + stream) * units + u));
}

/* Makes a judge of one stream alone, with the inputs that the stream was given. */
static struct judge judge_of_stream(const struct calls *calls, int stream)
{
    const struct check *check = calls->check;
    const rnn_model *model = check->model;
    const struct history *history = &calls->histories[stream];
    struct judge judge = check->judge;
    judge.frames = history->length;
    judge.streams = 1;
    void **inputs = ARENA_ARRAY(check->arena, void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        bool frames = tensor->time == RNN_TIME_FRAME;
        inputs[i] = tensor_new(check->arena, model, tensor, frames ? history->length : 1, 1);
        for (int t = 0; t < (frames ? history->length : 1); t++)
            copy_frame(model, tensor, inputs[i], t, check->inputs[i], frames ? history->frames[t] : 0, stream,
                       check->streams);
    }
    judge.inputs = (const void *const *)inputs;
    return judge;
}

/* Compares all outputs of the stream since its reset, and forgets them. */
static void end_sequence(struct calls *calls, int stream)
{
    struct history *history = &calls->histories[stream];
    struct judge judge = judge_of_stream(calls, stream);
    struct expectation expectation = judge_expect(&judge, 0, 0, history->length, history->length);
    const rnn_model *model = calls->check->model;
    void **outputs = ARENA_ARRAY(calls->check->arena, void *, model->output_count + 1);
    for (int t = 0; t < history->length; t++) {
        for (int i = 0; i < model->output_count; i++)
            outputs[i] = tensor_at(model, &model->outputs[i], history->outputs[i], t, 1);
        struct outcome outcome = {history->ways[t], outputs, 1, 1, 0, t, true, false};
        judge_compare(&judge, &expectation, &outcome);
    }
    history->length = 0;
}

static bool clear_after_end(const struct calls *calls, void *const *outputs, int stream, int length, int frames)
{
    const struct check *check = calls->check;
    const rnn_model *model = check->model;
    for (int i = 0; i < model->output_count; i++) {
        const rnn_tensor *tensor = &model->outputs[i];
        long units = tensor_units(tensor);
        for (int t = length; tensor->time == RNN_TIME_FRAME && t < frames; t++)
            for (long u = 0; u < units; u++)
                if (tensor_get(model, tensor, outputs[i], ((long)t * check->streams + stream) * units + u) != 0)
                    return false;
    }
    return true;
}

/* Notes a call that gave the stream `length` of its `frames` frames, from frame `first` of the data on. */
static void note_call(struct calls *calls, void *const *outputs, int stream, int first, int length, int frames)
{
    struct check *check = calls->check;
    const rnn_model *model = check->model;
    struct history *history = &calls->histories[stream];
    for (int t = 0; t < length; t++) {
        for (int i = 0; i < model->output_count; i++)
            if (model->outputs[i].time == RNN_TIME_FRAME)
                copy_frame(model, &model->outputs[i], history->outputs[i], history->length, outputs[i], t, stream,
                           check->streams);
        history->ways[history->length] = calls->way;
        history->frames[history->length++] = first + t;
    }
    if (!clear_after_end(calls, outputs, stream, length, frames))
        calls->error = "an output after the end of a stream is not 0";
    bool has_sequences = false;
    for (int i = 0; i < model->output_count; i++)
        has_sequences |= model->outputs[i].time != RNN_TIME_FRAME;
    if (!has_sequences)
        return;
    struct judge judge = judge_of_stream(calls, stream);
    struct expectation expectation = judge_expect(&judge, 0, 0, history->length, history->length);
    struct outcome outcome = {calls->way, outputs, frames, check->streams, stream, 0, false, true};
    judge_compare(&judge, &expectation, &outcome);
}

static void reset_some(struct calls *calls)
{
    struct check *check = calls->check;
    unsigned char *which = ARENA_ARRAY(check->arena, unsigned char, check->streams);
    bool all = below(calls->random, 4) == 0;
    for (int b = 0; b < check->streams; b++) {
        which[b] = all || below(calls->random, 2) == 0;
        if (which[b])
            end_sequence(calls, b);
    }
    check->model->reset(check->session.state, all ? NULL : which);
}

/* Moves all streams to a state of more streams, in another order, and back to a state that begins again. */
static void move_streams(struct calls *calls)
{
    const struct check *check = calls->check;
    const rnn_model *model = check->model;
    const struct session *session = &check->session;
    const int streams = check->streams, more = streams + 1 + below(calls->random, 3), turn = below(calls->random, more);
    void *other = rnn_alloc(model->state_size(more), model->alignment);
    rnn_status status = other ? model->state_init(other, more) : RNN_ERROR_MEMORY;
    for (int b = 0; b < streams && status == RNN_OK; b++)
        status = model->state_copy(session->packed, other, (b + turn) % more, session->state, b, 1);
    if (status == RNN_OK)
        status = model->state_init(session->state, streams);
    const int behind = turn + streams > more ? turn + streams - more : 0; /* that stand at the other's beginning */
    if (status == RNN_OK)
        status = model->state_copy(session->packed, session->state, 0, other, turn, streams - behind);
    if (status == RNN_OK)
        status = model->state_copy(session->packed, session->state, streams - behind, other, 0, behind);
    rnn_free(other);
    if (status != RNN_OK)
        calls->error = rnn_status_text(status);
}

/* Steps some of the streams, in a random order. */
static void step_some(struct calls *calls)
{
    struct check *check = calls->check;
    const rnn_model *model = check->model;
    const int frame = below(calls->random, check->frames);
    int *streams = ARENA_ARRAY(check->arena, int, check->streams), count = 0;
    for (int b = 0; b < check->streams; b++)
        if (below(calls->random, 2)) {
            const int place = below(calls->random, count + 1);
            streams[count++] = streams[place];
            streams[place] = b;
        }
    calls->way = arena_printf(check->arena, "random call %d, a step of %d of %d streams", calls->number++, count,
                              check->streams);
    void **inputs = ARENA_ARRAY(check->arena, void *, model->input_count + 1);
    void **outputs = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
    void **all = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        inputs[i] = tensor_new(check->arena, model, tensor, 1, count);
        for (int k = 0; k < count; k++)
            copy_frame(model, tensor, inputs[i], k, check->inputs[i], tensor->time == RNN_TIME_FRAME ? frame : 0,
                       streams[k], check->streams);
    }
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = tensor_new(check->arena, model, &model->outputs[i], 1, count);
    void *batch = rnn_alloc(model->state_size(count), model->alignment);
    rnn_status status = model->step_some(check->session.packed, check->session.state, batch, streams, count,
                                         (const void *const *)inputs, outputs);
    rnn_free(batch);
    if (status != RNN_OK)
        calls->error = rnn_status_text(status);
    for (int i = 0; i < model->output_count; i++) {
        const long units = tensor_units(&model->outputs[i]);
        all[i] = tensor_new(check->arena, model, &model->outputs[i], 1, check->streams);
        for (long k = 0; k < count * units; k++)
            tensor_set(model, &model->outputs[i], all[i], streams[k / units] * units + k % units,
                       tensor_get(model, &model->outputs[i], outputs[i], k));
    }
    for (int k = 0; k < count; k++)
        note_call(calls, all, streams[k], frame, 1, 1);
}

static void call_once(struct calls *calls)
{
    struct check *check = calls->check;
    const rnn_model *model = check->model;
    int most = check->frames < LONGEST_CALL ? check->frames : LONGEST_CALL;
    bool step = model->step && below(calls->random, 3) == 0;
    int frames = step ? 1 : below(calls->random, most + 1);
    int first = below(calls->random, check->frames - frames + 1);
    bool own_lengths = !step && below(calls->random, 2) == 0;
    int *lengths = ARENA_ARRAY(check->arena, int, check->streams);
    for (int b = 0; b < check->streams; b++)
        lengths[b] = own_lengths ? below(calls->random, frames + 1) : frames;
    calls->way = arena_printf(check->arena, "random call %d, %s of %d frames%s", calls->number++,
                              step ? "a step" : "a run", frames, own_lengths ? " with lengths" : "");

    const void **inputs = ARENA_ARRAY(check->arena, const void *, model->input_count + 1);
    void **outputs = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->input_count; i++)
        inputs[i] = tensor_at(model, &model->inputs[i], check->inputs[i], first, check->streams);
    for (int i = 0; i < model->output_count; i++) {
        outputs[i] = tensor_new(check->arena, model, &model->outputs[i], frames, check->streams);
        for (long k = 0; k < tensor_elements(&model->outputs[i], frames, check->streams); k++)
            tensor_set(model, &model->outputs[i], outputs[i], k, NAN);
    }
    const struct session *session = &check->session;
    session_spoil_work(session);
    rnn_status status = step ? model->step(session->packed, session->state, inputs, outputs)
                             : model->run(session->packed, session->state, session->work, frames,
                                          own_lengths ? lengths : NULL, inputs, outputs);
    if (status != RNN_OK)
        calls->error = rnn_status_text(status);
    for (int b = 0; b < check->streams; b++)
        note_call(calls, outputs, b, first, lengths[b], frames);
}

/* Makes calls of random lengths, by frames and by steps, with resets of random streams between them. */
static const char *make_calls(struct check *check, struct random *random)
{
    const rnn_model *model = check->model;
    struct calls calls = {
        .check = check, .random = random, .histories = ARENA_ARRAY(check->arena, struct history, check->streams)};
    const int longest = CALLS * LONGEST_CALL;
    for (int b = 0; b < check->streams; b++) {
        calls.histories[b].frames = ARENA_ARRAY(check->arena, int, longest);
        calls.histories[b].ways = ARENA_ARRAY(check->arena, const char *, longest);
        calls.histories[b].outputs = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
        for (int i = 0; i < model->output_count; i++)
            calls.histories[b].outputs[i] = tensor_new(check->arena, model, &model->outputs[i], longest, 1);
    }
    model->reset(check->session.state, NULL);
    for (int i = 0; i < CALLS && !calls.error; i++) {
        if (!model->step) /* one call is one whole sequence */
            for (int b = 0; b < check->streams; b++)
                end_sequence(&calls, b);
        else if (below(random, 3) == 0)
            reset_some(&calls);
        if (model->state_copy && below(random, 3) == 0)
            move_streams(&calls);
        if (model->step_some && below(random, 4) == 0)
            step_some(&calls);
        else
            call_once(&calls);
    }
    for (int b = 0; b < check->streams && !calls.error; b++)
        end_sequence(&calls, b);
    return calls.error;
}

/* ---- the verdict ---- */

static const char *find_disagreement(struct check *check)
{
    for (int i = 0; i < check->model->output_count; i++) {
        const struct verdict *verdict = &check->judge.verdicts[i];
        double tolerance = judge_tolerance(&check->judge, i);
        if (!(verdict->error <= tolerance))
            return arena_printf(check->arena,
                                "output '%s' is off by %.3g, tolerance %.3g: %s; frame %d, stream %d, unit %ld "
                                "(%d frames, %d streams)",
                                check->model->outputs[i].name, verdict->error, tolerance, verdict->way, verdict->frame,
                                verdict->stream, verdict->unit, check->frames, check->streams);
    }
    return NULL;
}

static const char *run_all(struct check *check, int variant, struct random *random)
{
    const char *error = NULL;
    draw_parameters(check, random);
    if (variant >= 0 && rnn_use_variant(check->model, check->session.parameters, variant) != RNN_OK)
        return "the variant is not there";
    if (!session_pack(check->arena, &check->session, &error) ||
        !judge_open(&check->judge, check->session.parameters, &error) || !check_ways(check, &error))
        return error;
    error = make_calls(check, random);
    return error ? error : find_disagreement(check);
}

const char *exercise_network(struct arena *arena, const rnn_model *model, const struct program *program, int variant,
                             uint64_t seed)
{
    struct random random = random_start(seed);
    struct check check = {.arena = arena, .model = model};
    const char *error;
    random_bits(&random);
    check.frames = 1 + below(&random, below(&random, 4) ? 14 : 30);
    check.streams = 1 + below(&random, below(&random, 4) ? 4 : 9);
    draw_inputs(&check, &random);
    check.judge = (struct judge){.arena = arena, .model = model, .program = program};
    check.judge.inputs = (const void *const *)check.inputs;
    check.judge.frames = check.frames;
    check.judge.streams = check.streams;
    if (!session_open(&check.session, model, check.frames, check.streams, &error))
        return error;
    error = run_all(&check, variant, &random);
    session_close(&check.session);
    return error;
}
