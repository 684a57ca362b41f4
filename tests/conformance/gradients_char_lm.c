/* A character language model trained on Shakespeare: loss and gradients against those that PyTorch computed, and the
 * loss over 20 steps down the gradient. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"

#define WEIGHTS   "models/char-lm/charlm-shakespeare-lstm2x128.safetensors"
#define GRADIENTS "gradients/charlm-bptt.safetensors"

extern const rnn_model trained_shakespeare_float_model, trained_shakespeare_double_model;

/* Opens the network; each frame's target is the character of the next frame. */
static void open_network(struct trained *trained, const rnn_model *model, const rnn_file *file)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, "ids");
    assert_non_null(tensor);
    const int frames = (int)tensor->shape[0] - 1, streams = (int)tensor->shape[1];
    size_t count;
    double *values = read_tensor(file, "ids", &count);
    int32_t *ids = calloc(count, sizeof *ids), *next = calloc(count, sizeof *next);
    assert_true(ids && next);
    for (size_t i = 0; i < count; i++) {
        ids[i] = (int32_t)values[i];
        if (i >= (size_t)streams)
            next[i - (size_t)streams] = ids[i];
    }
    free(values);
    trained_open(trained, model, frames, streams, data_path(WEIGHTS));
    trained->inputs[0] = ids;
    trained->targets[0] = next;
}

static void give_gradients(void **state)
{
    const rnn_model *model = *state;
    rnn_file *file = open_file(data_path(GRADIENTS));
    struct trained trained;
    open_network(&trained, model, file);
    trained_run(&trained, NULL);
    size_t count;
    double *loss = read_tensor(file, "loss", &count);
    print_message("loss %.7f, expected %.7f\n", trained.loss, *loss);
    assert_true(fabs(trained.loss - *loss) <= 1e-5);
    free(loss);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "grad.%s", tensor->name);
        const char *first = (const char *)trained.gradient + tensor->offset * (size_t)model->real_size;
        double error = norm_error(model, first, 1, file, name);
        print_message("%s: error %.2g\n", name, error);
        assert_true(error <= 1e-4);
    }
    trained_close(&trained);
    rnn_file_close(file);
}

static void descend(void **state)
{
    const rnn_model *model = *state;
    const double rate = 0.5;
    rnn_file *file = open_file(data_path(GRADIENTS));
    size_t count;
    double *losses = read_tensor(file, "sgd_lr0.5_losses", &count);
    assert_int_equal(count, 20);
    struct trained trained;
    open_network(&trained, model, file);
    for (size_t step = 0; step < count; step++) {
        trained_run(&trained, NULL);
        assert_true(fabs(trained.loss - losses[step]) <= 0.0005);
        for (size_t i = 0; i < model->parameter_elements; i++) {
            double moved = number_get(model, trained.parameters, i) - rate * number_get(model, trained.gradient, i);
            number_set(model, trained.parameters, i, moved);
        }
    }
    print_message("loss at step 20: %.5f, expected %.5f\n", trained.loss, losses[count - 1]);
    free(losses);
    trained_close(&trained);
    rnn_file_close(file);
}

int main(void)
{
    support_begin("gradients_char_lm");
    void *in_float = (void *)&trained_shakespeare_float_model, *in_double = (void *)&trained_shakespeare_double_model;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(give_gradients, in_float),
        cmocka_unit_test_prestate(give_gradients, in_double),
        cmocka_unit_test_prestate(descend, in_float),
        cmocka_unit_test_prestate(descend, in_double),
    };
    return cmocka_run_group_tests_name("gradients_char_lm", tests, NULL, NULL);
}
