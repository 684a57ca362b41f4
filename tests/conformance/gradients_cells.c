/* Eight small cells with start states: gradients that PyTorch computed in double precision, of every parameter, of the
 * input and of the start states, against ours in float and in double. The sequences of one of them end at different
 * frames. The file's loss is the sum over frames and streams of h times the cotangent; ours is the mean. The cotangent
 * is the adjoint of h, too, from which rnn_vjp makes the same gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

static const char data_name[] = "gradients/cells-small.safetensors";

#define CELLS(X)                                                                                                       \
    X(rnn_tanh) X(rnn_relu) X(lstm) X(lstm_ragged) X(lstm_peephole) X(lstm_proj) X(gru_reset_after) X(gru_reset_before)

#define DECLARE(cell) extern const rnn_model trained_##cell##_float_model, trained_##cell##_double_model;
CELLS(DECLARE)
#undef DECLARE

struct cell {
    const char *name;
    const rnn_model *in_float, *in_double;
};

static struct cell cells[] = {
#define CELL(cell) {#cell, &trained_##cell##_float_model, &trained_##cell##_double_model},
    CELLS(CELL)
#undef CELL
};

/* Returns the name of a tensor: x and the cotangent belong to all cells, h0 and c0 to each. */
static const char *tensor_name(const struct cell *cell, const char *name, char full[NAME_SIZE])
{
    bool shared = strcmp(name, "x") == 0 || strcmp(name, "cotangent") == 0;
    snprintf(full, NAME_SIZE, "%s%s%s", shared ? "" : cell->name, shared ? "" : ".", name);
    return full;
}

static void take_data(struct trained *trained, const struct cell *cell, const rnn_file *file)
{
    const rnn_model *model = trained->model;
    char name[NAME_SIZE];
    size_t count;
    for (int i = 0; i < model->input_count; i++) {
        double *values = read_tensor(file, tensor_name(cell, model->inputs[i].name, name), &count);
        trained->inputs[i] = numbers_new(model, values, count);
        trained->input_gradients[i] = numbers_new(model, NULL, count);
        free(values);
    }
    double *cotangent = read_tensor(file, "cotangent", &count);
    trained->targets[0] = numbers_new(model, cotangent, count);
    free(cotangent);
}

/* Returns the largest error of the loss and of all gradients, `counted` times ours; counted = 1: gradients of a sum,
 * without a loss. */
static double compare_all(const struct trained *trained, const struct cell *cell, const rnn_file *file, double counted)
{
    const rnn_model *model = trained->model;
    char name[NAME_SIZE];
    size_t count;
    snprintf(name, sizeof name, "%s.loss", cell->name);
    double *loss = read_tensor(file, name, &count);
    double largest = counted > 1 ? fabs(counted * trained->loss - *loss) / fabs(*loss) : 0;
    free(loss);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        const char *part = strrchr(tensor->name, '.');
        assert_non_null(part);
        snprintf(name, sizeof name, "%s.grad%s", cell->name, part);
        const char *first = (const char *)trained->gradient + tensor->offset * (size_t)model->real_size;
        largest = fmax(largest, norm_error(model, first, counted, file, name));
    }
    for (int i = 0; i < model->input_count; i++) {
        snprintf(name, sizeof name, "%s.grad.%s", cell->name, model->inputs[i].name);
        largest = fmax(largest, norm_error(model, trained->input_gradients[i], counted, file, name));
    }
    return largest;
}

/* Returns the adjoint of the output, whose units are the first of the cotangent's. */
static void *adjoint_of(const struct trained *trained)
{
    const rnn_model *model = trained->model;
    const size_t units = (size_t)model->outputs[0].shape[0], given = (size_t)model->training->targets[0].shape[0];
    const size_t count = (size_t)trained->frames * (size_t)trained->streams * units;
    void *adjoint = numbers_new(model, NULL, count);
    for (size_t i = 0; i < count; i++)
        number_set(model, adjoint, i, number_get(model, trained->targets[0], i / units * given + i % units));
    return adjoint;
}

static double run_cell(const struct cell *cell, const rnn_model *model, const rnn_file *file)
{
    const rnn_file_tensor *x = rnn_file_find(file, "x");
    assert_non_null(x);
    const int frames = (int)x->shape[0], streams = (int)x->shape[1];
    struct trained trained;
    trained_open(&trained, model, frames, streams, data_path(data_name));
    take_data(&trained, cell, file);
    int lengths[8], counted = frames * streams;
    bool ragged = strcmp(cell->name, "lstm_ragged") == 0;
    if (ragged) {
        size_t count;
        double *values = read_tensor(file, "lengths", &count);
        assert_in_range(count, 1, 8);
        counted = 0;
        for (size_t b = 0; b < count; b++)
            counted += lengths[b] = (int)values[b];
        free(values);
        assert_true(counted < frames * streams);
    }
    trained_run(&trained, ragged ? lengths : NULL);
    double error = compare_all(&trained, cell, file, counted);
    memset(trained.gradient, 0xff, model->parameter_elements * (size_t)model->real_size);
    void *adjoint = adjoint_of(&trained);
    trained_run_vjp(&trained, ragged ? lengths : NULL, adjoint);
    free(adjoint);
    error = fmax(error, compare_all(&trained, cell, file, 1));
    trained_close(&trained);
    return error;
}

static void give_gradients(void **state)
{
    const struct cell *cell = *state;
    rnn_file *file = open_file(data_path(data_name));
    double in_float = run_cell(cell, cell->in_float, file), in_double = run_cell(cell, cell->in_double, file);
    print_message("%s: largest error in float %.2g, in double %.2g\n", cell->name, in_float, in_double);
    assert_true(in_float <= 1e-5);
    assert_true(in_double <= 1e-10);
    rnn_file_close(file);
}

int main(void)
{
    support_begin("gradients_cells");
#define TEST(i) cmocka_unit_test_prestate(give_gradients, &cells[i])
    const struct CMUnitTest tests[] = {TEST(0), TEST(1), TEST(2), TEST(3), TEST(4), TEST(5), TEST(6), TEST(7)};
#undef TEST
    return cmocka_run_group_tests_name("gradients_cells", tests, NULL, NULL);
}
