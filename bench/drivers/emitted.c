/* Emitted code: any network that rnnc has compiled with --prefix=net. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "rnn/model.h"
#include "rnn/train.h"
#include "rnn/weights.h"

extern const rnn_model net_model;

enum { TENSORS_MOST = 16 };

static struct task task;
static float *parameters, *gradient;
static void *packed, *state, *work;
static void *inputs[TENSORS_MOST], *targets[TENSORS_MOST], *outputs[TENSORS_MOST];
static double loss;

static size_t units_of(const rnn_tensor *tensor)
{
    size_t units = 1;
    for (int i = 0; i < tensor->rank; i++)
        units *= (size_t)tensor->shape[i];
    return units;
}

/* Of all frames and streams, or of what there is once a sequence. */
static size_t count_of(const rnn_tensor *tensor)
{
    return units_of(tensor) * (size_t)task.streams * (tensor->time == RNN_TIME_FRAME ? (size_t)task.frames : 1);
}

static float draw(void) { return (float)(2.0 * rand() / RAND_MAX - 1); }

/* Makes values in [-1, 1], or ids in range, and writes them for the peers. */
static void *make_values(const rnn_tensor *tensor)
{
    const size_t count = count_of(tensor);
    float *values = allocate(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        if (tensor->type == RNN_TYPE_ID)
            ((int32_t *)values)[i] = rand() % tensor->vocabulary;
        else
            values[i] = draw();
    }
    char path[600];
    snprintf(path, sizeof path, "%s/%s.%s", task.folder, tensor->name, tensor->type == RNN_TYPE_ID ? "i32" : "f32");
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(values, sizeof *values, count, file) != count || fclose(file) != 0)
        fail(path);
    return values;
}

/* Start values, and biases, which would start as zero, drawn too; or trained weights, from the file that BENCH_WEIGHTS
 * names: how long a preview of an output takes depends on its numbers. */
static void make_parameters(void)
{
    const rnn_model *model = &net_model;
    parameters = rnn_alloc(model->parameter_elements * sizeof *parameters, 64);
    gradient = rnn_alloc(model->parameter_elements * sizeof *gradient, 64);
    if (!parameters || !gradient || rnn_parameters_init(model, parameters, 1) != RNN_OK)
        fail("making parameters");
    const char *trained = getenv("BENCH_WEIGHTS");
    rnn_error error;
    if (trained && rnn_parameters_load(model, parameters, trained, &error) != RNN_OK)
        fail(error.text);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        for (size_t j = 0; !trained && tensor->rank < 2 && j < units_of(tensor); j++)
            parameters[tensor->offset + j] = 0.2f * draw();
        write_numbers(task.folder, tensor->name, parameters + tensor->offset, units_of(tensor));
    }
}

void system_choose(const char *path) { (void)path; }

void system_describe(char text[static 200]) { snprintf(text, 200, "emitted code"); }

const char *system_load(const struct task *given)
{
    const rnn_model *model = &net_model;
    const rnn_training *training = model->training;
    task = *given;
    const bool train = task.call == CALL_TRAIN;
    srand(1);
    make_parameters();
    packed = rnn_alloc(model->packed_size(), model->alignment);
    state = rnn_alloc(train ? training->state_size(task.streams) : model->state_size(task.streams), model->alignment);
    work =
        rnn_alloc(train ? training->work_size(task.frames, task.streams) : model->work_size(task.frames, task.streams),
                  model->alignment);
    if (!packed || !state || !work || model->pack(parameters, packed) != RNN_OK)
        fail("packing");
    for (int i = 0; i < model->input_count; i++)
        inputs[i] = make_values(&model->inputs[i]);
    for (int i = 0; train && i < training->target_count; i++)
        targets[i] = make_values(&training->targets[i]);
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = allocate(count_of(&model->outputs[i]) * sizeof(float));
    system_reset();
    return NULL;
}

void system_reset(void)
{
    if (task.call == CALL_TRAIN)
        net_model.training->state_init(state, task.streams);
    else
        net_model.state_init(state, task.streams);
}

static void step(int frame)
{
    const rnn_model *model = &net_model;
    const size_t columns = (size_t)frame * (size_t)task.streams;
    const void *in[TENSORS_MOST];
    void *out[TENSORS_MOST];
    for (int i = 0; i < model->input_count; i++)
        in[i] = (float *)inputs[i] + columns * units_of(&model->inputs[i]);
    for (int i = 0; i < model->output_count; i++)
        out[i] = (float *)outputs[i] + columns * units_of(&model->outputs[i]);
    if (model->step(packed, state, in, out) != RNN_OK)
        fail("a step");
}

void system_call(int frame)
{
    const void *const *in = (const void *const *)inputs;
    const rnn_window window = {.frames = task.frames, .advance = task.frames};
    switch (task.call) {
    case CALL_STEP:
        step(frame);
        break;
    case CALL_RUN:
        if (net_model.run(packed, state, work, task.frames, NULL, in, outputs) != RNN_OK)
            fail("a run");
        break;
    case CALL_TRAIN:
        if (net_model.training->grad(parameters, state, work, &window, in, (const void *const *)targets, &loss,
                                     gradient, NULL) != RNN_OK)
            fail("a training call");
        break;
    }
}

float system_look(void) { return task.call == CALL_TRAIN ? (float)loss + gradient[0] : ((const float *)outputs[0])[0]; }

void system_write(const char *folder)
{
    const rnn_model *model = &net_model;
    if (task.call == CALL_TRAIN) {
        for (int i = 0; i < model->parameter_count; i++) {
            const rnn_tensor *tensor = &model->parameters[i];
            write_numbers(folder, tensor->name, gradient + tensor->offset, units_of(tensor));
        }
        return;
    }
    for (int i = 0; i < model->output_count; i++)
        write_numbers(folder, model->outputs[i].name, outputs[i], count_of(&model->outputs[i]));
}
