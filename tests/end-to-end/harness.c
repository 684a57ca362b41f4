#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "rnn/weights.h"

extern const rnn_model network_model;

void *exact_alloc(size_t size, size_t alignment)
{
    void *memory = NULL;
    if (posix_memalign(&memory, alignment < sizeof(void *) ? sizeof(void *) : alignment, size ? size : 1) != 0) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

size_t port_width(const rnn_tensor *port)
{
    size_t width = 1;
    for (int i = 0; i < port->rank; i++)
        width *= (size_t)port->shape[i];
    return width;
}

size_t port_elements(const rnn_tensor *port, int frames, int streams)
{
    return port_width(port) * (size_t)streams * (port->time == RNN_TIME_FRAME ? (size_t)frames : 1);
}

/* xorshift64*: Vigna, An experimental exploration of Marsaglia's xorshift generators, scrambled (2016). */
static uint32_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 2685821657736338717u >> 32);
}

static void *draw_input(const rnn_tensor *port, size_t count, uint64_t *state)
{
    if (port->type == RNN_TYPE_ID) {
        int32_t *ids = exact_alloc(count * sizeof *ids, sizeof *ids);
        for (size_t i = 0; i < count; i++)
            ids[i] = (int32_t)(draw(state) % (uint32_t)(port->vocabulary + 1)) - 1;
        return ids;
    }
    rnn_real *values = exact_alloc(count * sizeof *values, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (rnn_real)draw(state) / (rnn_real)2147483648.0 - 1;
    return values;
}

struct harness *harness_new(int frames, int streams, uint64_t seed)
{
    const rnn_model *model = &network_model;
    struct harness *harness = exact_alloc(sizeof *harness, sizeof(void *));
    *harness = (struct harness){.model = model, .frames = frames, .streams = streams};
    if (model->real_size != (int)sizeof(rnn_real) || model->input_count > MAX_PORTS ||
        model->output_count > MAX_PORTS) {
        fprintf(stderr, "%s: unexpected numbers or too many inputs or outputs\n", model->name);
        exit(1);
    }

    harness->parameters = exact_alloc(model->parameter_elements * sizeof(rnn_real), model->alignment);
    rnn_parameters_init(model, harness->parameters, seed);
    harness->packed = exact_alloc(model->packed_size(), model->alignment);
    harness->work = exact_alloc(model->work_size(frames, streams), model->alignment);
    rnn_status status = model->pack(harness->parameters, harness->packed);
    if (status != RNN_OK) {
        fprintf(stderr, "%s: pack: %s\n", model->name, rnn_status_text(status));
        exit(1);
    }

    uint64_t state = seed + 1;
    for (int i = 0; i < model->input_count; i++)
        harness->inputs[i] = draw_input(&model->inputs[i], port_elements(&model->inputs[i], frames, streams), &state);
    for (int i = 0; i < model->output_count; i++)
        harness->outputs[i] =
            exact_alloc(port_elements(&model->outputs[i], frames, streams) * sizeof(rnn_real), sizeof(rnn_real));
    return harness;
}

void harness_free(struct harness *harness)
{
    for (int i = 0; i < harness->model->input_count; i++)
        free(harness->inputs[i]);
    for (int i = 0; i < harness->model->output_count; i++)
        free(harness->outputs[i]);
    free(harness->parameters);
    free(harness->packed);
    free(harness->work);
    free(harness);
}

void *harness_state(const struct harness *harness, int streams)
{
    void *state = exact_alloc(harness->model->state_size(streams), harness->model->alignment);
    harness->model->state_init(state, streams);
    return state;
}
