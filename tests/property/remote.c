#include "remote.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "network/session.h"
#include "rnn/call.h"

static struct {
    FILE *calls, *answers; /* to and from the program */
    const rnn_model **networks;
    int count, current;
} remote;

static void fail(const char *reason)
{
    fprintf(stderr, "remote: %s\n", reason);
    _exit(4);
}

static void give(const void *data, size_t size)
{
    if (fwrite(data, 1, size, remote.calls) != size)
        fail("the program takes no calls");
}

static void take(void *data, size_t size)
{
    if (fread(data, 1, size, remote.answers) != size)
        fail("the program has ended");
}

/* ---- calls ---- */

static const rnn_model *network(void) { return remote.networks[remote.current]; }

/* A call in the making. */
struct call {
    struct remote_call head;
    struct remote_argument arguments[REMOTE_ARGUMENTS_MOST];
    void *memory[REMOTE_ARGUMENTS_MOST];
};

enum written { KEPT, WRITTEN };

static struct call begin(enum remote_function function, int frames, int streams)
{
    return (struct call){.head = {function, remote.current, frames, streams, 0}};
}

static void add(struct call *call, const void *memory, size_t size, enum written written)
{
    const int at = call->head.argument_count++;
    if (call->head.argument_count > REMOTE_ARGUMENTS_MOST)
        fail("a call has too many arguments");
    call->memory[at] = (void *)(uintptr_t)memory;
    call->arguments[at] =
        (struct remote_argument){memory ? (int64_t)size : -1, (uintptr_t)memory % REMOTE_ALIGNMENT, written};
}

static int64_t finish(const struct call *call)
{
    int64_t result;
    give(&call->head, sizeof call->head);
    for (int i = 0; i < call->head.argument_count; i++) {
        give(&call->arguments[i], sizeof call->arguments[i]);
        if (call->memory[i])
            give(call->memory[i], (size_t)call->arguments[i].size);
    }
    fflush(remote.calls);
    take(&result, sizeof result);
    for (int i = 0; i < call->head.argument_count; i++)
        if (call->memory[i] && call->arguments[i].written)
            take(call->memory[i], (size_t)call->arguments[i].size);
    return result;
}

/* Calls a function without memory. */
static size_t ask(enum remote_function function, int frames, int streams)
{
    const struct call call = begin(function, frames, streams);
    return (size_t)finish(&call);
}

/* ---- the functions of a network ---- */

static size_t packed_size(void) { return ask(REMOTE_PACKED_SIZE, 0, 0); }
static size_t state_size(int streams) { return ask(REMOTE_STATE_SIZE, 0, streams); }
static size_t work_size(int frames, int streams) { return ask(REMOTE_WORK_SIZE, frames, streams); }
static size_t training_state_size(int streams) { return ask(REMOTE_TRAINING_STATE_SIZE, 0, streams); }
static size_t training_work_size(int frames, int streams) { return ask(REMOTE_TRAINING_WORK_SIZE, frames, streams); }

static size_t parameter_bytes(void) { return network()->parameter_elements * (size_t)network()->real_size; }

/* Bytes of an input, output or target; for labels those of rnn_labels alone. */
static size_t tensor_bytes(const rnn_tensor *tensor, int frames, int streams)
{
    if (tensor->type == RNN_TYPE_LABELS)
        return sizeof(rnn_labels);
    return (size_t)tensor_elements(tensor, frames > 0 ? frames : 0, streams) *
           (tensor->type == RNN_TYPE_ID ? sizeof(int32_t) : (size_t)network()->real_size);
}

static rnn_status pack(const void *parameters, void *packed)
{
    const size_t size = packed_size();
    struct call call = begin(REMOTE_PACK, 0, 0);
    add(&call, parameters, parameter_bytes(), KEPT);
    add(&call, packed, size, WRITTEN);
    return (rnn_status)finish(&call);
}

static rnn_status init(enum remote_function function, void *state, size_t size, int streams)
{
    struct call call = begin(function, 0, streams);
    add(&call, state, size, WRITTEN);
    return (rnn_status)finish(&call);
}

static rnn_status state_init(void *state, int streams)
{
    return init(REMOTE_STATE_INIT, state, state_size(streams), streams);
}

static rnn_status training_state_init(void *state, int streams)
{
    return init(REMOTE_TRAINING_STATE_INIT, state, training_state_size(streams), streams);
}

static rnn_status begin_again(enum remote_function function, void *state, size_t size, const unsigned char *which)
{
    struct call call = begin(function, 0, 0);
    add(&call, state, size, WRITTEN);
    add(&call, which, (size_t)rnn_streams(state), KEPT);
    return (rnn_status)finish(&call);
}

static rnn_status reset(void *state, const unsigned char *which)
{
    return begin_again(REMOTE_RESET, state, state_size(rnn_streams(state)), which);
}

static rnn_status training_reset(void *state, const unsigned char *which)
{
    return begin_again(REMOTE_TRAINING_RESET, state, training_state_size(rnn_streams(state)), which);
}

/* Places of streams go as arguments too: a call has no room for them. */
static rnn_status state_copy(const void *packed, void *to, int to_first, const void *from, int from_first, int count)
{
    const size_t sizes[] = {packed_size(), state_size(rnn_streams(to)), state_size(rnn_streams(from))};
    struct call call = begin(REMOTE_STATE_COPY, 0, count);
    add(&call, packed, sizes[0], KEPT);
    add(&call, to, sizes[1], WRITTEN);
    add(&call, &to_first, sizeof to_first, KEPT);
    add(&call, from, sizes[2], KEPT);
    add(&call, &from_first, sizeof from_first, KEPT);
    return (rnn_status)finish(&call);
}

static rnn_status step_some(const void *packed, void *state, void *batch, const int *streams, int count,
                            const void *const inputs[], void *const outputs[])
{
    const rnn_model *model = network();
    const size_t sizes[] = {packed_size(), state_size(rnn_streams(state)), state_size(count)};
    struct call call = begin(REMOTE_STEP_SOME, 1, count);
    add(&call, packed, sizes[0], KEPT);
    add(&call, state, sizes[1], WRITTEN);
    add(&call, batch, sizes[2], WRITTEN);
    add(&call, streams, (size_t)count * sizeof *streams, KEPT);
    for (int i = 0; i < model->input_count; i++)
        add(&call, inputs[i], tensor_bytes(&model->inputs[i], 1, count), KEPT);
    for (int i = 0; i < model->output_count; i++)
        add(&call, outputs[i], tensor_bytes(&model->outputs[i], 1, count), WRITTEN);
    return (rnn_status)finish(&call);
}

/* Calls _step or _run; `work` and `lengths` are NULL for the former. */
static rnn_status compute(enum remote_function function, const void *packed, void *state, void *work, int frames,
                          const int *lengths, const void *const inputs[], void *const outputs[])
{
    const rnn_model *model = network();
    const int streams = rnn_streams(state);
    const size_t sizes[] = {packed_size(), state_size(streams), work_size(frames, streams)};
    struct call call = begin(function, frames, streams);
    add(&call, packed, sizes[0], KEPT);
    add(&call, state, sizes[1], WRITTEN);
    add(&call, work, sizes[2], WRITTEN);
    add(&call, lengths, (size_t)streams * sizeof *lengths, KEPT);
    for (int i = 0; i < model->input_count; i++)
        add(&call, inputs[i], tensor_bytes(&model->inputs[i], frames, streams), KEPT);
    for (int i = 0; i < model->output_count; i++)
        add(&call, outputs[i], tensor_bytes(&model->outputs[i], frames, streams), WRITTEN);
    return (rnn_status)finish(&call);
}

static rnn_status step(const void *packed, void *state, const void *const inputs[], void *const outputs[])
{
    return compute(REMOTE_STEP, packed, state, NULL, 1, NULL, inputs, outputs);
}

static rnn_status run(const void *packed, void *state, void *work, int frames, const int *lengths,
                      const void *const inputs[], void *const outputs[])
{
    return compute(REMOTE_RUN, packed, state, work, frames, lengths, inputs, outputs);
}

static void add_target(struct call *call, const rnn_tensor *tensor, const void *target, int frames, int streams)
{
    const rnn_labels *labels = tensor->type == RNN_TYPE_LABELS ? target : NULL;
    add(call, target, tensor_bytes(tensor, frames, streams), KEPT);
    add(call, labels ? labels->counts : NULL, (size_t)streams * sizeof *labels->counts, KEPT);
    add(call, labels ? labels->ids : NULL, labels ? (size_t)(streams * labels->most) * sizeof *labels->ids : 0, KEPT);
}

static rnn_status grad(const void *parameters, void *state, void *work, const rnn_window *window,
                       const void *const inputs[], const void *const targets[], double *loss, void *gradient,
                       void *const input_gradients[])
{
    const rnn_model *model = network();
    const int streams = rnn_streams(state), frames = window ? window->frames : 0;
    const size_t sizes[] = {training_state_size(streams), training_work_size(frames, streams)};
    struct call call = begin(REMOTE_GRAD, frames, streams);
    add(&call, parameters, parameter_bytes(), KEPT);
    add(&call, state, sizes[0], WRITTEN);
    add(&call, work, sizes[1], WRITTEN);
    add(&call, window, sizeof *window, KEPT);
    add(&call, window ? window->lengths : NULL, (size_t)streams * sizeof *window->lengths, KEPT);
    add(&call, loss, sizeof *loss, WRITTEN);
    add(&call, gradient, parameter_bytes(), WRITTEN);
    add(&call, input_gradients, 0, KEPT);
    for (int i = 0; i < model->input_count; i++) {
        const size_t size = tensor_bytes(&model->inputs[i], frames, streams);
        add(&call, inputs[i], size, KEPT);
        add(&call, input_gradients ? input_gradients[i] : NULL, size, WRITTEN);
    }
    for (int i = 0; i < model->training->target_count; i++)
        add_target(&call, &model->training->targets[i], targets[i], frames, streams);
    return (rnn_status)finish(&call);
}

/* ---- the program ---- */

static void *take_array(struct arena *arena, int count, size_t size)
{
    void *array = arena_alloc(arena, (size_t)count + 1, size);
    take(array, (size_t)count * size);
    return array;
}

static const char *take_text(struct arena *arena)
{
    int64_t size;
    take(&size, sizeof size);
    return take_array(arena, (int)size, 1);
}

static const rnn_tensor *take_tensors(struct arena *arena, int count)
{
    rnn_tensor *tensors = take_array(arena, count, sizeof *tensors);
    for (int i = 0; i < count; i++) {
        tensors[i].name = take_text(arena);
        tensors[i].parts = take_array(arena, tensors[i].part_count, sizeof *tensors[i].parts);
    }
    return tensors;
}

static const rnn_training *take_training(struct arena *arena)
{
    rnn_training *training = take_array(arena, 1, sizeof *training);
    training->targets = take_tensors(arena, training->target_count);
    training->predictions = take_array(arena, training->target_count, sizeof *training->predictions);
    training->probabilities = NULL;
    training->state_size = training_state_size;
    training->work_size = training_work_size;
    training->state_init = training_state_init;
    training->reset = training_reset;
    training->grad = grad;
    training->losses = NULL;
    training->find_fault = NULL;
    return training;
}

/* Takes a network, if there is one of this number. */
static const rnn_model *take_network(struct arena *arena)
{
    int32_t there;
    take(&there, sizeof there);
    if (!there)
        return NULL;
    rnn_model *model = take_array(arena, 1, sizeof *model);
    model->name = take_text(arena);
    model->parameters = take_tensors(arena, model->parameter_count);
    model->inputs = take_tensors(arena, model->input_count);
    model->outputs = take_tensors(arena, model->output_count);
    model->packed_size = packed_size;
    model->state_size = state_size;
    model->work_size = work_size;
    model->pack = pack;
    model->state_init = state_init;
    model->reset = reset;
    model->state_copy = model->state_copy ? state_copy : NULL;
    model->step_some = model->step_some ? step_some : NULL;
    model->step = model->step ? step : NULL;
    model->run = run;
    model->training = model->training ? take_training(arena) : NULL;
    model->alloc = rnn_alloc;
    model->free = rnn_free;
    model->status_text = rnn_status_text;
    return model;
}

static void start_program(const char *command)
{
    int calls[2], answers[2];
    if (pipe(calls) != 0 || pipe(answers) != 0)
        fail("no pipe");
    const pid_t child = fork();
    if (child < 0)
        fail("no process");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(calls[0], STDIN_FILENO);
        dup2(answers[1], STDOUT_FILENO);
        close(calls[1]);
        close(answers[0]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(calls[0]);
    close(answers[1]);
    remote.calls = fdopen(calls[1], "w");
    remote.answers = fdopen(answers[0], "r");
    if (!remote.calls || !remote.answers)
        fail("no stream");
}

void remote_start(struct arena *arena, const char *command)
{
    int32_t count;
    start_program(command);
    take(&count, sizeof count);
    remote.count = count;
    remote.networks = ARENA_ARRAY(arena, const rnn_model *, count + 1);
    for (int i = 0; i < count; i++)
        remote.networks[i] = take_network(arena);
}

const rnn_model *remote_network(int number)
{
    remote.current = number;
    return number < remote.count ? network() : NULL;
}
