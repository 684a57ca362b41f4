#include "harness.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    memset(harness->packed, 0xff, model->packed_size()); /* its former contents must not matter */
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

const int grid_frames[GRID] = {1, 3, 5};

bool sizes_grow(size_t (*state_size)(int streams), size_t (*work_size)(int frames, int streams))
{
    bool good = true;
    for (int streams = 0; streams < 130 && good; streams++) {
        good = state_size(streams) <= state_size(streams + 1);
        for (int frames = 0; frames < 60 && good; frames++) {
            size_t size = work_size(frames, streams);
            good = size <= work_size(frames + 1, streams) && size <= work_size(frames, streams + 1);
            if (!good)
                fprintf(stderr, "%d frames of %d streams need %zu bytes of work; one more of either fewer\n", frames,
                        streams, size);
        }
    }
    if (state_size(-1) != state_size(0) || state_size(INT_MIN) != state_size(0) ||
        work_size(-1, 3) != work_size(0, 3) || work_size(3, -1) != work_size(3, 0) ||
        work_size(INT_MIN, INT_MIN) != work_size(0, 0)) {
        fprintf(stderr, "numbers below 0 do not count as 0\n");
        good = false;
    }
    if (work_size(INT_MAX, INT_MAX) != SIZE_MAX) {
        fprintf(stderr, "the most frames of the most streams fit in memory\n");
        good = false;
    }
    return good;
}
