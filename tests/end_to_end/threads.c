/* A network computes the same, to the bit, with any number of threads: the calls of a sequence, of streams of different
 * lengths, and of its training. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/model.h"
#include "rnn/weights.h"

extern const rnn_model network_model;

enum { STREAMS = 3, CALLS = 3, LONGEST = 150, TENSORS_MOST = 8 };
static const int call_frames[CALLS] = {70, 1, LONGEST},
                 call_lengths[CALLS][STREAMS] = {{70, 0, 41}, {1, 1, 0}, {149, 8, 150}};

static void *new_memory(size_t size)
{
    void *memory = rnn_alloc(size ? size : 1, network_model.alignment);
    if (!memory) {
        fprintf(stderr, "threads: no memory\n");
        exit(1);
    }
    return memory;
}

/* Returns the elements of a tensor for the longest call. */
static size_t elements(const rnn_tensor *tensor)
{
    size_t count = tensor->time == RNN_TIME_FRAME ? (size_t)LONGEST * STREAMS : STREAMS;
    for (int d = 0; d < tensor->rank; d++)
        count *= (size_t)tensor->shape[d];
    return count;
}

/* Makes numbers, or ids, that look like chance. */
static void *new_data(const rnn_tensor *tensor)
{
    const size_t count = elements(tensor);
    rnn_real *numbers = new_memory(count * sizeof *numbers);
    int32_t *ids = (int32_t *)(void *)numbers;
    for (size_t i = 0; i < count; i++)
        if (tensor->type == RNN_TYPE_ID)
            ids[i] = (int32_t)(i * 2654435761u % (unsigned)tensor->vocabulary);
        else
            numbers[i] = (rnn_real)(i * 2654435761u % 65536u) / 65536 - (rnn_real)0.5;
    return numbers;
}

struct results {
    char *data;
    size_t size, room;
};

static void keep(struct results *results, const void *data, size_t size)
{
    if (results->size + size > results->room)
        exit(2);
    memcpy(results->data + results->size, data, size);
    results->size += size;
}

static void check(rnn_status status)
{
    if (status == RNN_OK)
        return;
    fprintf(stderr, "threads: %s\n", rnn_status_text(status));
    exit(1);
}

static void run(const void *parameters, void *const inputs[], struct results *results)
{
    const rnn_model *model = &network_model;
    void *packed = new_memory(model->packed_size()), *state = new_memory(model->state_size(STREAMS)),
         *work = new_memory(model->work_size(LONGEST, STREAMS)), *outputs[TENSORS_MOST];
    check(model->pack(parameters, packed));
    check(model->state_init(state, STREAMS));
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = new_memory(elements(&model->outputs[i]) * sizeof(rnn_real));
    for (int call = 0; call < CALLS; call++) {
        check(model->run(packed, state, work, call_frames[call], call_lengths[call], (const void *const *)inputs,
                         outputs));
        for (int i = 0; i < model->output_count; i++)
            keep(results, outputs[i], elements(&model->outputs[i]) * sizeof(rnn_real));
    }
    for (int i = 0; i < model->output_count; i++)
        rnn_free(outputs[i]);
    rnn_free(packed);
    rnn_free(state);
    rnn_free(work);
}

static void train(const void *parameters, void *const inputs[], void *const targets[], struct results *results)
{
    const rnn_training *training = network_model.training;
    const size_t size = network_model.parameter_elements * sizeof(rnn_real);
    void *state = new_memory(training->state_size(STREAMS)), *work = new_memory(training->work_size(LONGEST, STREAMS)),
         *gradient = new_memory(size);
    check(training->state_init(state, STREAMS));
    for (int call = 0; call < CALLS; call++) {
        double loss;
        rnn_window window = {.frames = call_frames[call], .lengths = call_lengths[call]};
        check(training->grad(parameters, state, work, &window, (const void *const *)inputs,
                             (const void *const *)targets, &loss, gradient, NULL));
        keep(results, &loss, sizeof loss);
        keep(results, gradient, size);
    }
    rnn_free(gradient);
    rnn_free(state);
    rnn_free(work);
}

int main(void)
{
    static const int threads[] = {1, 2, 3, 7};
    const rnn_model *model = &network_model;
    void *inputs[TENSORS_MOST], *targets[TENSORS_MOST];
    void *parameters = new_memory(model->parameter_elements * sizeof(rnn_real));
    struct results results[2];
    check(rnn_parameters_init(model, parameters, 1));
    for (int i = 0; i < model->input_count; i++)
        inputs[i] = new_data(&model->inputs[i]);
    for (int i = 0; i < model->training->target_count; i++)
        targets[i] = new_data(&model->training->targets[i]);
    for (int k = 0; k < 4; k++) {
        struct results *result = &results[k > 0];
        *result = (struct results){new_memory(1 << 22), 0, 1 << 22};
        omp_set_num_threads(threads[k]);
        run(parameters, inputs, result);
        train(parameters, inputs, targets, result);
        if (k && (result->size != results->size || memcmp(result->data, results->data, result->size) != 0)) {
            fprintf(stderr, "threads: %d threads do not compute what one does\n", threads[k]);
            return 1;
        }
        if (k)
            rnn_free(result->data);
    }
    rnn_free(results->data);
    for (int i = 0; i < model->input_count; i++)
        rnn_free(inputs[i]);
    for (int i = 0; i < model->training->target_count; i++)
        rnn_free(targets[i]);
    rnn_free(parameters);
    return 0;
}
