/* The check of gradients itself: a network written by hand passes it, and each mistake that it can make is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/random.h"
#include "check/gradients.h"
#include "network/session.h"
#include "sema/sema.h"
#include "syntax/tree.h"

enum { INPUTS = 3, UNITS = 2, PARAMETERS = UNITS * INPUTS + UNITS, FRAMES = 9, STREAMS = 4, MOST = FRAMES * STREAMS };

static const char program_text[] = "model by_hand {\n"
                                   "  input x[3]\n"
                                   "  target y[2]\n"
                                   "  param W[2, 3], u[2]\n"
                                   "  h = tanh(W @ x + u * h[t-1])\n"
                                   "  loss mse(h, y)\n"
                                   "}\n";

static enum mistake {
    NONE,
    WRONG_LOSS,
    WRONG_ELEMENT,    /* of a parameter's gradient */
    WRONG_INPUT,      /* the gradient of one input */
    AFTER_THE_END,    /* a gradient there */
    NO_PAST,          /* nothing flows back through h[t-1] */
    STREAM_FORGOTTEN, /* in the gradient of u */
    RESET_FORGOTTEN,
    LOSS_TWICE,         /* loss_from is ignored */
    LOSS_FROM_BACKWARD, /* ... only on the way back */
    PAST_NOT_KEPT,      /* the state stays behind as it was */
    ADVANCE_IGNORED,    /* the state stays behind as it is after all frames */
    READS_WORK,         /* the work's contents before the call get into the gradient */
    WRITES_BEHIND,
    WRITES_BEHIND_INPUT,
    WRITES_BEHIND_STATE,
    WRITES_BEHIND_WORK,
    NOT_A_NUMBER
} mistake;

static const int mistake_count = NOT_A_NUMBER + 1;

/* ---- the network ---- */

/* Returns the size of a state: the number of streams, and h of each. */
static size_t state_size(int streams) { return (size_t)(1 + streams * UNITS) * sizeof(double); }

/* Returns the size of the work: h [frames + 1][streams][UNITS], and its adjoint. */
static size_t work_size(int frames, int streams)
{
    return (size_t)(frames + 1) * (size_t)streams * UNITS * 2 * sizeof(double);
}

static rnn_status state_init(void *state, int streams)
{
    memset(state, 0, state_size(streams));
    *(double *)state = streams;
    return RNN_OK;
}

static rnn_status reset(void *state, const unsigned char *which)
{
    (void)which;
    if (mistake != RESET_FORGOTTEN)
        state_init(state, (int)*(double *)state);
    return RNN_OK;
}

static int length_of(const rnn_window *window, int stream)
{
    return window->lengths ? window->lengths[stream] : window->frames;
}

/* Fills h; returns the sum of losses and their number. */
static double run_forward(const double *parameters, const rnn_window *window, int streams, const double *x,
                          const double *y, double *h, int *count)
{
    double sum = 0;
    *count = 0;
    for (int t = 0; t < window->frames; t++)
        for (int b = 0; b < streams; b++) {
            bool counts = t < length_of(window, b) && (t >= window->loss_from || mistake == LOSS_TWICE);
            *count += counts;
            for (int i = 0; i < UNITS; i++) {
                const double *before = h + (t * streams + b) * UNITS + i;
                double *now = h + ((t + 1) * streams + b) * UNITS + i, z = parameters[UNITS * INPUTS + i] * *before;
                for (int j = 0; j < INPUTS; j++)
                    z += parameters[i * INPUTS + j] * x[(t * streams + b) * INPUTS + j];
                *now = t < length_of(window, b) ? tanh(z) : *before;
                double rest = *now - y[(t * streams + b) * UNITS + i];
                sum += counts ? rest * rest / UNITS : 0;
            }
        }
    return sum;
}

static void run_backward(const double *parameters, const rnn_window *window, int streams, int count, const double *x,
                         const double *y, const double *h, double *adjoint, double *gradient, double *x_gradient)
{
    for (int t = window->frames - 1; t >= 0; t--)
        for (int b = 0; b < streams; b++)
            for (int i = 0; i < UNITS && t < length_of(window, b); i++) {
                int column = t * streams + b;
                double now = h[(column + streams) * UNITS + i], before = h[column * UNITS + i];
                double own = 2.0 / UNITS * (now - y[column * UNITS + i]) / count;
                if (t < window->loss_from && mistake != LOSS_FROM_BACKWARD)
                    own = 0;
                double z = (adjoint[(column + streams) * UNITS + i] + own) * (1 - now * now);
                if (mistake != NO_PAST)
                    adjoint[column * UNITS + i] = z * parameters[UNITS * INPUTS + i];
                if (mistake != STREAM_FORGOTTEN || b != 1)
                    gradient[UNITS * INPUTS + i] += z * before;
                for (int j = 0; j < INPUTS; j++) {
                    gradient[i * INPUTS + j] += z * x[column * INPUTS + j];
                    if (x_gradient)
                        x_gradient[column * INPUTS + j] += z * parameters[i * INPUTS + j];
                }
            }
}

static void spoil_gradient(const rnn_window *window, int streams, double *gradient, double *x_gradient)
{
    if (mistake == WRONG_ELEMENT)
        gradient[1] += 1e-5;
    if (mistake == NOT_A_NUMBER)
        gradient[0] = NAN;
    if (mistake == WRITES_BEHIND)
        gradient[PARAMETERS] = 0;
    for (int b = 0; b < streams && x_gradient; b++) {
        int length = length_of(window, b);
        if (mistake == WRONG_INPUT && length > 2)
            x_gradient[(2 * streams + b) * INPUTS] += 1e-5;
        if (mistake == AFTER_THE_END && length < window->frames)
            x_gradient[(length * streams + b) * INPUTS] = 1e-30;
    }
    if (mistake == WRITES_BEHIND_INPUT && x_gradient)
        x_gradient[window->frames * streams * INPUTS] = 0;
}

static rnn_status grad(const void *parameters, void *state, void *work, const rnn_window *window,
                       const void *const inputs[], const void *const targets[], double *loss, void *gradient,
                       void *const input_gradients[])
{
    double *past = (double *)state + 1;
    const int streams = (int)past[-1], columns = window->frames * streams;
    double *h = work, *adjoint = h + (columns + streams) * UNITS, *x_gradient = NULL;
    int count;
    memcpy(h, past, (size_t)(streams * UNITS) * sizeof *h);
    *loss = run_forward(parameters, window, streams, inputs[0], targets[0], h, &count);
    *loss = (count ? *loss / count : 0) + (mistake == WRONG_LOSS ? 1e-9 : 0);
    if (mistake == WRITES_BEHIND_STATE)
        past[streams * UNITS] = 0;
    if (mistake == WRITES_BEHIND_WORK)
        h[work_size(FRAMES, STREAMS) / sizeof *h] = 0;
    if (mistake != READS_WORK)
        memset(adjoint, 0, (size_t)(columns + streams) * UNITS * sizeof *adjoint);
    if (gradient)
        memset(gradient, 0, PARAMETERS * sizeof(double));
    if (input_gradients)
        x_gradient = memset(input_gradients[0], 0, (size_t)columns * INPUTS * sizeof *x_gradient);
    if (gradient) {
        run_backward(parameters, window, streams, count ? count : 1, inputs[0], targets[0], h, adjoint, gradient,
                     x_gradient);
        spoil_gradient(window, streams, gradient, x_gradient);
    }
    int advance = mistake == ADVANCE_IGNORED ? window->frames : window->advance;
    if (mistake != PAST_NOT_KEPT)
        memcpy(past, h + advance * streams * UNITS, (size_t)(streams * UNITS) * sizeof *h);
    return RNN_OK;
}

static const rnn_tensor parameter_tensors[] = {
    {.name = "W", .rank = 2, .shape = {UNITS, INPUTS}},
    {.name = "u", .rank = 1, .shape = {UNITS}, .offset = UNITS * INPUTS},
};
static const rnn_tensor input_tensors[] = {{.name = "x", .time = RNN_TIME_FRAME, .rank = 1, .shape = {INPUTS}}};
static const rnn_tensor target_tensors[] = {{.name = "y", .time = RNN_TIME_FRAME, .rank = 1, .shape = {UNITS}}};

static const rnn_training training = {.targets = target_tensors,
                                      .target_count = 1,
                                      .loss_count = 1,
                                      .input_gradients = 1,
                                      .state_size = state_size,
                                      .work_size = work_size,
                                      .state_init = state_init,
                                      .reset = reset,
                                      .grad = grad};

static const rnn_model model = {.name = "by_hand",
                                .real_size = sizeof(double),
                                .parameters = parameter_tensors,
                                .inputs = input_tensors,
                                .parameter_count = 2,
                                .input_count = 1,
                                .parameter_elements = PARAMETERS,
                                .alignment = 64,
                                .training = &training};

/* ---- the check ---- */

static struct program *read_program(struct arena *arena, const char *text)
{
    struct source *source = source_from_memory(arena, "by_hand.rnn", text, strlen(text));
    struct diagnostics *diag = diag_new(arena, source);
    struct program *program = resolve_names(arena, parse(arena, source, diag), &(struct sema_options){0}, diag);
    assert_non_null(program);
    infer_shapes(arena, program, diag);
    assert_int_equal(diag_error_count(diag), 0);
    return program;
}

/* True if all comparisons agree. */
static bool check(enum mistake made, struct gradient_report *report, struct arena *arena)
{
    double parameters[PARAMETERS], x[MOST * INPUTS];
    struct random random = random_start(1);
    for (int i = 0; i < PARAMETERS; i++)
        parameters[i] = random_real(&random, 0.8);
    for (int i = 0; i < MOST * INPUTS; i++)
        x[i] = random_real(&random, 1);
    void *const inputs[] = {x};
    const struct gradient_request request = {.arena = arena,
                                             .model = &model,
                                             .program = read_program(arena, program_text),
                                             .frames = FRAMES,
                                             .streams = STREAMS,
                                             .parameters = parameters,
                                             .inputs = inputs,
                                             .seed = 7,
                                             .each = true};
    const char *error = NULL;
    mistake = made;
    if (!gradients_check(&request, report, &error)) {
        assert_non_null(error);
        return false;
    }
    bool agrees = report->count > 0;
    for (int i = 0; i < report->count; i++) {
        assert_false(report->verdicts[i].open);
        agrees &= gradient_verdict_agrees(&report->verdicts[i]);
    }
    return agrees;
}

static void test_right_network(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct gradient_report report;
    bool agrees = check(NONE, &report, arena);
    for (int i = 0; i < report.count && !agrees; i++)
        print_message("%s: %g, tolerance %g\n", report.verdicts[i].what, report.verdicts[i].error,
                      report.verdicts[i].tolerance);
    assert_true(agrees);
    arena_free(arena);
}

static void test_mistakes(void **state)
{
    (void)state;
    for (int i = NONE + 1; i < mistake_count; i++) {
        struct arena *arena = arena_new();
        struct gradient_report report;
        if (check((enum mistake)i, &report, arena))
            fail_msg("mistake %d is not found", i);
        arena_free(arena);
    }
}

/* A program other than the network's is named, not compared. */
static void test_another_program(void **state)
{
    (void)state;
    static const char others[][200] = {"model by_hand {\n input x[3]\n target y[2]\n param W[2, 3], v[2]\n h = tanh(W "
                                       "@ x + v * h[t-1])\n loss mse(h, y)\n}\n",
                                       "model by_hand {\n input z[3]\n target y[2]\n param W[2, 3], u[2]\n h = tanh(W "
                                       "@ z + u * h[t-1])\n loss mse(h, y)\n}\n"};
    static const char *const named[] = {"parameter 'v'", "input 'z'"};
    for (int i = 0; i < 2; i++) {
        struct arena *arena = arena_new();
        double parameters[PARAMETERS] = {0}, x[MOST * INPUTS] = {0};
        void *const inputs[] = {x};
        const struct gradient_request request = {.arena = arena,
                                                 .model = &model,
                                                 .program = read_program(arena, others[i]),
                                                 .frames = FRAMES,
                                                 .streams = STREAMS,
                                                 .parameters = parameters,
                                                 .inputs = inputs,
                                                 .seed = 7};
        struct gradient_report report;
        const char *error = NULL;
        mistake = NONE;
        assert_false(gradients_check(&request, &report, &error));
        if (!strstr(error, named[i]) || !strstr(error, "is not the same in the program and in the compiled network"))
            fail_msg("%s", error);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_right_network), cmocka_unit_test(test_mistakes),
                                       cmocka_unit_test(test_another_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
