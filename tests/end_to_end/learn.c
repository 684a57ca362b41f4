/* Properties of the training call of every network, whatever its numbers are: it stays within the memory that it asked
 * for, gives the same results twice, refuses wrong arguments, and takes streams of any length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { FRAMES = 23, STREAMS = 4, MOST_LABELS = 3 };

/* One shorter stream, one without frames. */
static const int lengths[STREAMS] = {FRAMES, 9, FRAMES, 0};
static const int label_counts[STREAMS] = {MOST_LABELS, 2, 0, 0};

struct learner {
    struct harness *harness;
    const rnn_training *training;
    const void *targets[MAX_PORTS];
    rnn_labels labels[MAX_PORTS];
    void *state, *work, *gradient[2], *input_gradients[MAX_PORTS];
    double loss;
};

static size_t gradient_size(const struct learner *learner)
{
    return learner->harness->model->parameter_elements * sizeof(rnn_real);
}

static const void *new_target(const rnn_tensor *port, rnn_labels *labels)
{
    size_t count = port->type == RNN_TYPE_LABELS ? STREAMS * MOST_LABELS : port_elements(port, FRAMES, STREAMS);
    if (port->type == RNN_TYPE_REAL) {
        rnn_real *values = exact_alloc(count * sizeof *values, sizeof *values);
        for (size_t i = 0; i < count; i++)
            values[i] = (rnn_real)(i % 7) / 7;
        return values;
    }
    int32_t *ids = exact_alloc(count * sizeof *ids, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = port->type == RNN_TYPE_LABELS ? 1 + (int32_t)i % (port->vocabulary - 1)
                                               : (int32_t)i % (port->vocabulary + 1) - 1;
    *labels = (rnn_labels){MOST_LABELS, label_counts, ids};
    return port->type == RNN_TYPE_LABELS ? (const void *)labels : ids;
}

static int begin(void **state)
{
    struct learner *learner = calloc(1, sizeof *learner);
    if (!learner)
        return -1;
    learner->harness = harness_new(FRAMES, STREAMS, 3);
    const rnn_model *model = learner->harness->model;
    const rnn_training *training = learner->training = model->training;
    for (int i = 0; i < training->target_count; i++)
        learner->targets[i] = new_target(&training->targets[i], &learner->labels[i]);
    learner->state = exact_alloc(training->state_size(STREAMS), model->alignment);
    learner->work = exact_alloc(training->work_size(FRAMES, STREAMS), model->alignment);
    for (int k = 0; k < 2; k++)
        learner->gradient[k] = exact_alloc(gradient_size(learner), sizeof(rnn_real));
    for (int i = 0; i < model->input_count; i++)
        if (model->inputs[i].type == RNN_TYPE_REAL)
            learner->input_gradients[i] =
                exact_alloc(port_elements(&model->inputs[i], FRAMES, STREAMS) * sizeof(rnn_real), sizeof(rnn_real));
    *state = learner;
    return 0;
}

static int end(void **state)
{
    struct learner *learner = *state;
    for (int i = 0; i < MAX_PORTS; i++) {
        if (learner->targets[i] == &learner->labels[i])
            free((void *)(uintptr_t)learner->labels[i].ids);
        else
            free((void *)(uintptr_t)learner->targets[i]);
        free(learner->input_gradients[i]);
    }
    free(learner->state);
    free(learner->work);
    free(learner->gradient[0]);
    free(learner->gradient[1]);
    harness_free(learner->harness);
    free(learner);
    return 0;
}

static rnn_status call(struct learner *learner, const rnn_window *window, void *gradient)
{
    return learner->training->grad(learner->harness->parameters, learner->state, learner->work, window,
                                   (const void *const *)learner->harness->inputs, learner->targets, &learner->loss,
                                   gradient, learner->input_gradients);
}

/* Makes a call from fresh streams. */
static double first_call(struct learner *learner, const rnn_window *window, void *gradient)
{
    memset(learner->work, 0xff, learner->training->work_size(FRAMES, STREAMS)); /* its former contents must not
                                                                                   matter */
    learner->training->state_init(learner->state, STREAMS);
    assert_int_equal(call(learner, window, gradient), RNN_OK);
    assert_true(isfinite(learner->loss));
    return learner->loss;
}

static void calls_repeat(void **state)
{
    struct learner *learner = *state;
    rnn_window window = {.frames = FRAMES, .advance = FRAMES, .lengths = lengths, .drops = 1, .seed = 5};
    double loss[2];
    for (int k = 0; k < 2; k++) {
        memset(learner->gradient[k], 0xff, gradient_size(learner)); /* NaN */
        window.advance = k ? 0 : FRAMES;                            /* 0 means all of them */
        loss[k] = first_call(learner, &window, learner->gradient[k]);
    }
    assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
    assert_memory_equal(learner->gradient[0], learner->gradient[1], gradient_size(learner));
    for (size_t i = 0; i < learner->harness->model->parameter_elements; i++)
        assert_true(isfinite(((rnn_real *)learner->gradient[0])[i]));
    loss[1] = first_call(learner, &window, NULL);
    assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
}

static void wrong_windows_are_refused(void **state)
{
    struct learner *learner = *state;
    static const int above[STREAMS] = {1, FRAMES + 1, 1, 1}, below[STREAMS] = {1, 1, -1, 1};
    const rnn_window wrong[] = {
        {.frames = FRAMES, .advance = -1},
        {.frames = FRAMES, .advance = FRAMES + 1},
        {.frames = 0, .advance = 0},
        {.frames = FRAMES, .advance = FRAMES, .loss_from = -1},
        {.frames = FRAMES, .advance = FRAMES, .loss_from = FRAMES + 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(call(learner, &wrong[i], NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(call(learner, &(rnn_window){.frames = FRAMES, .advance = FRAMES, .lengths = above}, NULL),
                     RNN_ERROR_LENGTH);
    assert_int_equal(call(learner, &(rnn_window){.frames = FRAMES, .advance = FRAMES, .lengths = below}, NULL),
                     RNN_ERROR_LENGTH);
    rnn_window partial = {.frames = FRAMES, .advance = 1};
    assert_int_equal(call(learner, &partial, NULL), learner->training->whole_sequences ? RNN_ERROR_ARGUMENT : RNN_OK);
}

static void short_windows_fit(void **state)
{
    struct learner *learner = *state;
    for (int frames = 1; frames < FRAMES; frames += 3) {
        static const int none[STREAMS] = {0}, ones[STREAMS] = {1, 0, 1, 1};
        if (learner->training->target_count == 0 || learner->training->targets[0].type != RNN_TYPE_LABELS)
            first_call(learner, &(rnn_window){.frames = frames, .advance = frames}, learner->gradient[0]);
        first_call(learner, &(rnn_window){.frames = frames, .advance = frames, .lengths = none}, learner->gradient[0]);
        if (learner->training->target_count == 0 || learner->training->targets[0].type != RNN_TYPE_LABELS)
            first_call(learner, &(rnn_window){.frames = frames, .advance = frames, .lengths = ones},
                       learner->gradient[0]);
    }
}

static void sizes_grow_with_frames_and_streams(void **state)
{
    const rnn_training *training = ((struct learner *)*state)->training;
    assert_true(sizes_grow(training->state_size, training->work_size));
}

/* Memory for the longest window of the most streams serves every other. Labels need more frames than these: streams
 * have none. */
static void memory_for_many_serves_fewer(void **state)
{
    struct learner all = *(struct learner *)*state;
    bool labels = all.training->target_count > 0 && all.training->targets[0].type == RNN_TYPE_LABELS;
    for (int most = 1; most <= STREAMS; most++) {
        struct learner learner = all;
        learner.state = exact_alloc(all.training->state_size(most), all.harness->model->alignment);
        learner.work = exact_alloc(all.training->work_size(grid_frames[GRID - 1], most), all.harness->model->alignment);
        for (int streams = 1; streams <= most; streams++)
            for (int i = 0; i < GRID; i++) {
                static const int none[STREAMS] = {0};
                rnn_window window = {.frames = grid_frames[i], .lengths = labels ? none : NULL};
                rnn_fault fault;
                assert_int_equal(learner.training->state_init(learner.state, streams), RNN_OK);
                assert_int_equal(call(&learner, &window, learner.gradient[0]), RNN_OK);
                (void)learner.training->find_fault(learner.state, learner.work, &window, &fault);
            }
        free(learner.state);
        free(learner.work);
    }
}

static void wrong_memory_is_refused(void **state)
{
    struct learner *learner = *state;
    const rnn_window window = {.frames = FRAMES, .lengths = lengths};
    for (int wrong = 0; wrong < 4; wrong++) {
        struct learner other = *learner;
        if (wrong < 2)
            other.state = wrong ? (char *)other.state + sizeof(int64_t) : NULL;
        else
            other.work = wrong == 2 ? (char *)other.work + sizeof(int64_t) : NULL;
        assert_int_equal(call(&other, &window, other.gradient[0]), RNN_ERROR_ARGUMENT);
        if (wrong < 2) {
            assert_int_equal(other.training->state_init(other.state, STREAMS), RNN_ERROR_ARGUMENT);
            assert_int_equal(other.training->reset(other.state, NULL), RNN_ERROR_ARGUMENT);
        }
    }
    for (int streams = 0; streams > -2; streams--) {
        struct learner none = *learner;
        none.state = exact_alloc(none.training->state_size(streams), none.harness->model->alignment);
        assert_int_equal(none.training->state_init(none.state, streams), RNN_ERROR_ARGUMENT);
        assert_int_equal(call(&none, &window, none.gradient[0]), RNN_ERROR_ARGUMENT);
        free(none.state);
    }
    for (int i = 0; i < learner->harness->model->input_count + learner->training->target_count; i++) {
        struct learner without = *learner;
        struct harness harness = *learner->harness;
        without.harness = &harness;
        int target = i - harness.model->input_count;
        if (target < 0)
            harness.inputs[i] = NULL;
        else
            without.targets[target] = NULL;
        assert_int_equal(call(&without, &window, without.gradient[0]), RNN_ERROR_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_repeat),
        cmocka_unit_test(wrong_windows_are_refused),
        cmocka_unit_test(short_windows_fit),
        cmocka_unit_test(sizes_grow_with_frames_and_streams),
        cmocka_unit_test(memory_for_many_serves_fewer),
        cmocka_unit_test(wrong_memory_is_refused),
    };
    return cmocka_run_group_tests_name("learn", tests, begin, end);
}
