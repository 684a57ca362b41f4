#include "check/backward.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "network/session.h"

enum { GUARD = 128, GUARD_BYTE = 0xa5, GARBAGE = 0xff /* a NaN, in whatever precision */ };

static void *guarded_new(size_t size, size_t alignment)
{
    if (size > SIZE_MAX - GUARD)
        return NULL;
    unsigned char *memory = rnn_alloc(size + GUARD, alignment);
    if (memory) {
        memset(memory, GARBAGE, size);
        memset(memory + size, GUARD_BYTE, GUARD);
    }
    return memory;
}

static bool is_intact(const void *memory, size_t size)
{
    const unsigned char *guard = (const unsigned char *)memory + size;
    for (int i = 0; i < GUARD; i++)
        if (guard[i] != GUARD_BYTE)
            return false;
    return true;
}

bool backward_open(struct backward *backward, struct arena *arena, const rnn_model *model, int frames, int streams,
                   const char **error)
{
    const rnn_training *training = model->training;
    *backward = (struct backward){.arena = arena, .model = model, .frames = frames, .streams = streams};
    backward->state_size = (training ? training->state_size : model->vjp->state_size)(streams);
    backward->work_size = (training ? training->work_size : model->vjp->work_size)(frames, streams);
    backward->state = guarded_new(backward->state_size, model->alignment);
    backward->work = guarded_new(backward->work_size, model->alignment);
    if (backward->state && backward->work)
        return true;
    backward_close(backward);
    *error = "out of memory: fewer frames or streams need less";
    return false;
}

void backward_close(struct backward *backward)
{
    rnn_free(backward->state);
    rnn_free(backward->work);
    backward->state = backward->work = NULL;
}

void backward_begin(struct backward *backward, bool by_reset)
{
    const rnn_training *training = backward->model->training;
    const rnn_vjp *vjp = backward->model->vjp;
    if (by_reset)
        (training ? training->reset : vjp->reset)(backward->state, NULL);
    else
        (training ? training->state_init : vjp->state_init)(backward->state, backward->streams);
}

const rnn_tensor *backward_targets(const rnn_model *model)
{
    return model->training ? model->training->targets : model->outputs;
}

int backward_target_count(const rnn_model *model)
{
    return model->training ? model->training->target_count : model->output_count;
}

static void **inputs_from(const struct backward *backward, const rnn_tensor *tensors, int count, void *const data[],
                          int first)
{
    void **from = ARENA_ARRAY(backward->arena, void *, count + 1);
    for (int i = 0; i < count; i++)
        from[i] = tensor_at(backward->model, &tensors[i], data[i], first, backward->streams);
    return from;
}

/* `count` numbers, all NaN. */
static void *new_numbers(const struct backward *backward, size_t count)
{
    size_t size = (count + 1) * (size_t)backward->model->real_size;
    void *numbers = arena_alloc(backward->arena, size, 1);
    memset(numbers, GARBAGE, size);
    return numbers;
}

/* True if the number behind the last one is as it was. */
static bool is_intact_behind(const struct backward *backward, const void *numbers, size_t count)
{
    const unsigned char *behind = (const unsigned char *)numbers + count * (size_t)backward->model->real_size;
    for (int i = 0; i < backward->model->real_size; i++)
        if (behind[i] != GARBAGE)
            return false;
    return true;
}

static size_t input_elements(const struct backward *backward, int input, int frames)
{
    return (size_t)tensor_elements(&backward->model->inputs[input], frames, backward->streams);
}

/* Names the memory behind which something has been written; NULL: none. */
static const char *find_harm(const struct backward *backward, const rnn_window *window,
                             const struct backward_result *result)
{
    const rnn_model *model = backward->model;
    if (!is_intact(backward->state, backward->state_size))
        return "the state";
    if (!is_intact(backward->work, backward->work_size))
        return "the work";
    if (result->gradient && !is_intact_behind(backward, result->gradient, model->parameter_elements))
        return "the gradient";
    for (int i = 0; result->input_gradients && i < model->input_count; i++)
        if (result->input_gradients[i] &&
            !is_intact_behind(backward, result->input_gradients[i], input_elements(backward, i, window->frames)))
            return arena_printf(backward->arena, "the gradient of input '%s'", model->inputs[i].name);
    return NULL;
}

static void *copy_state(const struct backward *backward)
{
    void *copy = arena_alloc(backward->arena, backward->state_size + 1, 1);
    memcpy(copy, backward->state, backward->state_size);
    return copy;
}

/* ---- a vjp in two calls ---- */

static void new_results(const struct backward *backward, const rnn_window *window, enum backward_wanted wanted,
                        struct backward_result *result)
{
    const rnn_model *model = backward->model;
    *result = (struct backward_result){.loss = NAN};
    if (wanted >= WANT_GRADIENT)
        result->gradient = new_numbers(backward, model->parameter_elements);
    if (wanted >= WANT_ALL)
        result->input_gradients = ARENA_ARRAY(backward->arena, void *, model->input_count + 1);
    for (int i = 0; result->input_gradients && i < model->input_count; i++)
        if (model->inputs[i].type == RNN_TYPE_REAL)
            result->input_gradients[i] = new_numbers(backward, input_elements(backward, i, window->frames));
}

/* True if both results have the same bytes. */
static bool results_equal(const struct backward *backward, const rnn_window *window, const struct backward_result *a,
                          const struct backward_result *b)
{
    const rnn_model *model = backward->model;
    const size_t size = (size_t)model->real_size;
    bool equal = memcmp(a->gradient, b->gradient, model->parameter_elements * size) == 0;
    for (int i = 0; a->input_gradients && i < model->input_count; i++)
        if (a->input_gradients[i])
            equal &= memcmp(a->input_gradients[i], b->input_gradients[i],
                            input_elements(backward, i, window->frames) * size) == 0;
    return equal;
}

static double outputs_times_adjoints(const struct backward *backward, const rnn_window *window, void *const outputs[],
                                     void *const adjoints[])
{
    const rnn_model *model = backward->model;
    double sum = 0;
    for (int i = 0; i < model->output_count; i++) {
        const rnn_tensor *tensor = &model->outputs[i];
        const long frame = tensor_units(tensor) * backward->streams,
                   all = tensor_elements(tensor, window->frames, backward->streams);
        for (long k = tensor->time == RNN_TIME_FRAME ? frame * window->loss_from : 0; k < all; k++)
            sum += tensor_get(model, tensor, outputs[i], k) * tensor_get(model, tensor, adjoints[i], k);
    }
    return sum;
}

/* Goes forward from a copy of a state, which is then that behind the call. Returns the outputs, NULL on failure. */
static void **go_forward(struct backward *backward, const rnn_window *window, const void *parameters,
                         void *const inputs[], const void *state)
{
    const rnn_model *model = backward->model;
    void **outputs = ARENA_ARRAY(backward->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->output_count; i++)
        outputs[i] =
            new_numbers(backward, (size_t)tensor_elements(&model->outputs[i], window->frames, backward->streams));
    memcpy(backward->state, state, backward->state_size);
    memset(backward->work, GARBAGE, backward->work_size);
    const rnn_status status =
        model->vjp->forward(parameters, backward->state, backward->work, window, (const void *const *)inputs, outputs);
    return status == RNN_OK ? outputs : NULL;
}

/* True if calls that go on from both states have the same bytes of outputs. The states themselves may differ in the
 * padding of their columns: where a vector of a part crosses the end of its column, it has numbers of the next stream,
 * which another thread may be writing. */
static bool states_equal(struct backward *backward, const rnn_window *window, const void *parameters,
                         void *const inputs[], const void *a, const void *b)
{
    const rnn_model *model = backward->model;
    void *const *of_a = go_forward(backward, window, parameters, inputs, a);
    void *const *of_b = go_forward(backward, window, parameters, inputs, b);
    bool equal = of_a && of_b;
    for (int i = 0; equal && i < model->output_count; i++)
        equal = memcmp(of_a[i], of_b[i],
                       (size_t)tensor_elements(&model->outputs[i], window->frames, backward->streams) *
                           (size_t)model->real_size) == 0;
    return equal;
}

/* Compares a vjp with its two calls, from the state before it; the result gets its loss. */
static bool call_in_two(struct backward *backward, const rnn_window *window, const void *parameters,
                        void *const inputs[], void *const adjoints[], const void *before,
                        struct backward_result *result, const char **error)
{
    const rnn_vjp *vjp = backward->model->vjp;
    const void *after = copy_state(backward);
    void *const *outputs = go_forward(backward, window, parameters, inputs, before);
    *error = "the forward pass fails";
    if (!outputs)
        return false;
    const void *after_forward = copy_state(backward);
    result->loss = outputs_times_adjoints(backward, window, outputs, adjoints);
    for (int time = 0; time < 2; time++) {
        struct backward_result again;
        new_results(backward, window, result->input_gradients ? WANT_ALL : WANT_GRADIENT, &again);
        *error = time ? "the backward pass gives other gradients when it is called again"
                      : "the backward pass gives other gradients than both in one";
        if (vjp->backward(parameters, backward->work, (const void *const *)inputs, (const void *const *)adjoints, NULL,
                          again.gradient, again.input_gradients, NULL) != RNN_OK ||
            !results_equal(backward, window, result, &again))
            return false;
    }
    *error = "the forward pass leaves another state than both in one";
    const bool equal = states_equal(backward, window, parameters, inputs, after, after_forward);
    memcpy(backward->state, after, backward->state_size);
    return equal;
}

bool backward_call(struct backward *backward, const rnn_window *window, int first, const void *parameters,
                   void *const inputs[], void *const targets[], enum backward_wanted wanted,
                   struct backward_result *result, const char **error)
{
    const rnn_model *model = backward->model;
    const rnn_training *training = model->training;
    new_results(backward, window, wanted, result);
    void *before = copy_state(backward);
    memset(backward->work, GARBAGE, backward->work_size);
    void **own_inputs = inputs_from(backward, model->inputs, model->input_count, inputs, first);
    void **own_targets = inputs_from(backward, backward_targets(model), backward_target_count(model), targets, first);
    rnn_status status =
        training
            ? training->grad(parameters, backward->state, backward->work, window, (const void *const *)own_inputs,
                             (const void *const *)own_targets, &result->loss, result->gradient, result->input_gradients)
            : model->vjp->vjp(parameters, backward->state, backward->work, window, (const void *const *)own_inputs,
                              (const void *const *)own_targets, NULL, result->gradient, result->input_gradients, NULL);
    if (status != RNN_OK) {
        *error = arena_printf(backward->arena, "the network cannot be differentiated: %s", rnn_status_text(status));
        return false;
    }
    const char *harmed = find_harm(backward, window, result);
    if (harmed)
        *error = arena_printf(backward->arena, "the network writes behind the end of %s", harmed);
    return !harmed &&
           (training || call_in_two(backward, window, parameters, own_inputs, own_targets, before, result, error));
}
