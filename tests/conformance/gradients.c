#include "gradients.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

void *numbers_new(const rnn_model *model, const double *values, size_t count)
{
    void *numbers = calloc(count + 1, (size_t)model->real_size);
    assert_non_null(numbers);
    for (size_t i = 0; values && i < count; i++)
        number_set(model, numbers, i, values[i]);
    return numbers;
}

double number_get(const rnn_model *model, const void *numbers, size_t i)
{
    return model->real_size == sizeof(double) ? ((const double *)numbers)[i] : (double)((const float *)numbers)[i];
}

void number_set(const rnn_model *model, void *numbers, size_t i, double x)
{
    if (model->real_size == sizeof(double))
        ((double *)numbers)[i] = x;
    else
        ((float *)numbers)[i] = (float)x;
}

void trained_open(struct trained *trained, const rnn_model *model, int frames, int streams, const char *weights)
{
    const rnn_training *training = model->training;
    assert_non_null(training);
    assert_in_range(model->input_count, 0, MOST_INPUTS);
    assert_int_equal(training->target_count, 1);
    *trained = (struct trained){.model = model, .frames = frames, .streams = streams};
    trained->parameters = rnn_alloc(model->parameter_elements * (size_t)model->real_size, model->alignment);
    trained->gradient = rnn_alloc(model->parameter_elements * (size_t)model->real_size, model->alignment);
    trained->state = rnn_alloc(training->state_size(streams), model->alignment);
    trained->work = rnn_alloc(training->work_size(frames, streams), model->alignment);
    assert_true(trained->parameters && trained->gradient && trained->state && trained->work);
    training->state_init(trained->state, streams);
    rnn_error error;
    if (rnn_parameters_load(model, trained->parameters, weights, &error) != RNN_OK)
        fail_msg("%s", error.text);
}

void trained_close(struct trained *trained)
{
    rnn_free(trained->parameters);
    rnn_free(trained->gradient);
    rnn_free(trained->state);
    rnn_free(trained->work);
    for (int i = 0; i < MOST_INPUTS; i++) {
        free(trained->inputs[i]);
        free(trained->input_gradients[i]);
    }
    free(trained->targets[0]);
}

void trained_run(struct trained *trained, const int *lengths)
{
    const rnn_training *training = trained->model->training;
    const rnn_window window = {.frames = trained->frames, .advance = trained->frames, .lengths = lengths};
    assert_int_equal(training->reset(trained->state, NULL), RNN_OK);
    rnn_status status =
        training->grad(trained->parameters, trained->state, trained->work, &window,
                       (const void *const *)trained->inputs, (const void *const *)trained->targets, &trained->loss,
                       trained->gradient, training->input_gradients ? trained->input_gradients : NULL);
    assert_string_equal(rnn_status_text(status), rnn_status_text(RNN_OK));
}

void trained_run_vjp(struct trained *trained, const int *lengths, const void *adjoint)
{
    const rnn_model *model = trained->model;
    const rnn_vjp *vjp = model->vjp;
    const void *const adjoints[] = {adjoint};
    assert_non_null(vjp);
    assert_int_equal(model->output_count, 1);
    const rnn_window window = {.frames = trained->frames, .lengths = lengths};
    void *state = rnn_alloc(vjp->state_size(trained->streams), model->alignment);
    void *work = rnn_alloc(vjp->work_size(trained->frames, trained->streams), model->alignment);
    assert_true(state && work);
    assert_int_equal(vjp->state_init(state, trained->streams), RNN_OK);
    rnn_status status = vjp->vjp(trained->parameters, state, work, &window, (const void *const *)trained->inputs,
                                 adjoints, NULL, trained->gradient, trained->input_gradients, NULL);
    assert_string_equal(rnn_status_text(status), rnn_status_text(RNN_OK));
    rnn_free(state);
    rnn_free(work);
}

double norm_error(const rnn_model *model, const void *numbers, double factor, const rnn_file *file, const char *name)
{
    size_t count;
    double *expected = read_tensor(file, name, &count), rest = 0, whole = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = factor * number_get(model, numbers, i) - expected[i];
        rest += difference * difference;
        whole += expected[i] * expected[i];
    }
    free(expected);
    assert_true(whole > 0);
    return sqrt(rest / whole);
}
