/* The process that has the networks: describes them, and calls them as it is told. See remote.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"

extern const int remote_model_count;
extern const rnn_model *const remote_models[]; /* NULL where there is none of that number */

static void fail(const char *reason)
{
    fprintf(stderr, "remote_server: %s\n", reason);
    exit(EXIT_FAILURE);
}

static void give(const void *data, size_t size)
{
    if (fwrite(data, 1, size, stdout) != size)
        fail("nobody reads");
}

static void take(void *data, size_t size)
{
    if (fread(data, 1, size, stdin) != size)
        fail("a call ends too early");
}

/* ---- descriptions ---- */

static void give_text(const char *text)
{
    const int64_t size = (int64_t)strlen(text) + 1;
    give(&size, sizeof size);
    give(text, (size_t)size);
}

static void give_tensors(const rnn_tensor *tensors, int count)
{
    give(tensors, (size_t)count * sizeof *tensors);
    for (int i = 0; i < count; i++) {
        give_text(tensors[i].name);
        give(tensors[i].parts, (size_t)tensors[i].part_count * sizeof *tensors[i].parts);
    }
}

static void give_model(const rnn_model *model)
{
    give(model, sizeof *model);
    give_text(model->name);
    give_tensors(model->parameters, model->parameter_count);
    give_tensors(model->inputs, model->input_count);
    give_tensors(model->outputs, model->output_count);
    if (!model->training)
        return;
    const rnn_training *training = model->training;
    give(training, sizeof *training);
    give_tensors(training->targets, training->target_count);
    give(training->predictions, (size_t)training->target_count * sizeof *training->predictions);
}

static void give_models(void)
{
    const int32_t count = remote_model_count;
    give(&count, sizeof count);
    for (int i = 0; i < count; i++) {
        const int32_t there = remote_models[i] != NULL;
        give(&there, sizeof there);
        if (there)
            give_model(remote_models[i]);
    }
    fflush(stdout);
}

/* ---- calls ---- */

enum { BEHIND = 32, MARK = 0xa5 }; /* bytes behind an argument, which nobody may write */

/* An argument in memory of its own. */
struct memory {
    struct remote_argument argument;
    char *block, *at; /* at: NULL where the argument is */
};

static struct memory take_argument(void)
{
    struct memory memory = {0};
    take(&memory.argument, sizeof memory.argument);
    if (memory.argument.size < 0)
        return memory;
    const size_t size = (size_t)memory.argument.size;
    memory.block =
        aligned_alloc(REMOTE_ALIGNMENT, (size + 2 * REMOTE_ALIGNMENT + BEHIND) / REMOTE_ALIGNMENT * REMOTE_ALIGNMENT);
    if (!memory.block)
        fail("out of memory");
    memory.at = memory.block + memory.argument.offset;
    take(memory.at, size);
    memset(memory.at + size, MARK, BEHIND);
    return memory;
}

static void give_back(const struct memory *memory)
{
    for (int i = 0; i < BEHIND && memory->at; i++)
        if ((unsigned char)memory->at[memory->argument.size + i] != MARK)
            fail("a call writes behind an argument");
    if (memory->at && memory->argument.written)
        give(memory->at, (size_t)memory->argument.size);
    free(memory->block);
}

/* Calls _grad with the arguments in the order in which remote.c gives them. */
static int64_t call_grad(const rnn_model *model, char *const *at)
{
    const rnn_training *training = model->training;
    enum { PORTS_MOST = REMOTE_ARGUMENTS_MOST };
    rnn_window *window = (rnn_window *)(void *)at[3];
    const void *inputs[PORTS_MOST], *targets[PORTS_MOST];
    void *gradients[PORTS_MOST];
    if (window)
        window->lengths = (const int *)(void *)at[4];
    double *const loss = (double *)(void *)at[5];
    void *const gradient = at[6];
    const int wanted = at[7] != NULL;
    at += 8;
    for (int i = 0; i < model->input_count; i++) {
        inputs[i] = *at++;
        gradients[i] = *at++;
    }
    for (int i = 0; i < training->target_count; i++, at += 3) {
        rnn_labels *const labels = (rnn_labels *)(void *)at[0];
        targets[i] = labels;
        if (labels && training->targets[i].type == RNN_TYPE_LABELS) {
            labels->counts = (const int *)(void *)at[1];
            labels->ids = (const int32_t *)(const void *)at[2];
        }
    }
    at -= 8 + 2 * model->input_count + 3 * training->target_count;
    return training->grad(at[0], at[1], at[2], window, inputs, targets, loss, gradient, wanted ? gradients : NULL);
}

static int64_t call_function(const struct remote_call *call, char *const *at)
{
    const rnn_model *model = remote_models[call->model];
    const rnn_training *training = model->training;
    const void *const *inputs = (const void *const *)at + 4;
    void *const *outputs = (void *const *)at + 4 + model->input_count;
    switch ((enum remote_function)call->function) {
    case REMOTE_PACKED_SIZE:
        return (int64_t)model->packed_size();
    case REMOTE_STATE_SIZE:
        return (int64_t)model->state_size(call->streams);
    case REMOTE_WORK_SIZE:
        return (int64_t)model->work_size(call->frames, call->streams);
    case REMOTE_PACK:
        return model->pack(at[0], at[1]);
    case REMOTE_STATE_INIT:
        return model->state_init(at[0], call->streams);
    case REMOTE_RESET:
        return model->reset(at[0], (const unsigned char *)at[1]);
    case REMOTE_STATE_COPY:
        return model->state_copy(at[0], at[1], *(int *)(void *)at[2], at[3], *(int *)(void *)at[4], call->streams);
    case REMOTE_STEP_SOME:
        return model->step_some(at[0], at[1], at[2], (const int *)(void *)at[3], call->streams, inputs, outputs);
    case REMOTE_STEP:
        return model->step(at[0], at[1], inputs, outputs);
    case REMOTE_RUN:
        return model->run(at[0], at[1], at[2], call->frames, (const int *)(void *)at[3], inputs, outputs);
    case REMOTE_TRAINING_STATE_SIZE:
        return (int64_t)training->state_size(call->streams);
    case REMOTE_TRAINING_WORK_SIZE:
        return (int64_t)training->work_size(call->frames, call->streams);
    case REMOTE_TRAINING_STATE_INIT:
        return training->state_init(at[0], call->streams);
    case REMOTE_TRAINING_RESET:
        return training->reset(at[0], (const unsigned char *)at[1]);
    case REMOTE_GRAD:
        return call_grad(model, at);
    }
    fail("no such function");
    return 0;
}

static void answer(const struct remote_call *call)
{
    struct memory memory[REMOTE_ARGUMENTS_MOST];
    char *at[REMOTE_ARGUMENTS_MOST];
    for (int i = 0; i < call->argument_count; i++) {
        memory[i] = take_argument();
        at[i] = memory[i].at;
    }
    const int64_t result = call_function(call, at);
    give(&result, sizeof result);
    for (int i = 0; i < call->argument_count; i++)
        give_back(&memory[i]);
    fflush(stdout);
}

int main(void)
{
    give_models();
    for (struct remote_call call; fread(&call, 1, sizeof call, stdin) == sizeof call;) {
        if (call.model < 0 || call.model >= remote_model_count || !remote_models[call.model] ||
            call.argument_count > REMOTE_ARGUMENTS_MOST)
            fail("no such call");
        answer(&call);
    }
    return 0;
}
