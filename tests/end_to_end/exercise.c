/* Properties of every network: one call on T frames is T steps, a sequence may be cut anywhere between calls, B streams
 * are B runs, streams end and are reset on their own, and wrong arguments are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { FRAMES = 37, STREAMS = 5 };

/* Two orders of summation of a few hundred products of numbers about 1. */
static const double tolerance = 2e-5;

/* Views of the ports from one frame and one stream on; outputs go to `outputs`. */
struct ports {
    const void *inputs[MAX_PORTS];
    void *outputs[MAX_PORTS];
};

static size_t element_size(const rnn_tensor *port)
{
    return port->type == RNN_TYPE_ID ? sizeof(int32_t) : sizeof(rnn_real);
}

static struct ports ports_from(const struct harness *harness, rnn_real *const outputs[], int frame)
{
    const rnn_model *model = harness->model;
    struct ports ports;
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *port = &model->inputs[i];
        size_t skipped = port->time == RNN_TIME_FRAME ? port_elements(port, frame, harness->streams) : 0;
        ports.inputs[i] = (const char *)harness->inputs[i] + skipped * element_size(port);
    }
    for (int i = 0; i < model->output_count; i++) {
        const rnn_tensor *port = &model->outputs[i];
        ports.outputs[i] =
            outputs[i] + (port->time == RNN_TIME_FRAME ? port_elements(port, frame, harness->streams) : 0);
    }
    return ports;
}

static void outputs_new(const struct harness *harness, rnn_real *outputs[])
{
    for (int i = 0; i < harness->model->output_count; i++) {
        size_t count = port_elements(&harness->model->outputs[i], harness->frames, harness->streams);
        outputs[i] = exact_alloc(count * sizeof(rnn_real), sizeof(rnn_real));
        memset(outputs[i], 0xff, count * sizeof(rnn_real)); /* NaN */
    }
}

static void outputs_free(const struct harness *harness, rnn_real *outputs[])
{
    for (int i = 0; i < harness->model->output_count; i++)
        free(outputs[i]);
}

static void run(const struct harness *harness, void *state, const int *lengths, rnn_real *const outputs[])
{
    struct ports ports = ports_from(harness, outputs, 0);
    assert_int_equal(harness->model->run(harness->packed, state, harness->work, harness->frames, lengths, ports.inputs,
                                         ports.outputs),
                     RNN_OK);
}

/* Asserts that a stream's outputs of frames begin .. end-1 are those of the harness, as far as the order of summation
 * allows. An output of the whole sequence counts as one of frame 0. */
static void assert_same_frames(const struct harness *harness, rnn_real *const outputs[], int stream, int begin, int end)
{
    for (int i = 0; i < harness->model->output_count; i++) {
        const rnn_tensor *port = &harness->model->outputs[i];
        size_t width = port_width(port), row = width * (size_t)harness->streams;
        for (int t = begin; t < (port->time == RNN_TIME_FRAME ? end : 1); t++)
            for (size_t k = (size_t)t * row + (size_t)stream * width, u = 0; u < width; k++, u++)
                if (!(fabs((double)outputs[i][k] - (double)harness->outputs[i][k]) <= tolerance))
                    fail_msg("%s, frame %d of stream %d, unit %zu: %.9g instead of %.9g", port->name, t, stream, u,
                             (double)outputs[i][k], (double)harness->outputs[i][k]);
    }
}

static void assert_same(const struct harness *harness, rnn_real *const outputs[])
{
    for (int stream = 0; stream < harness->streams; stream++)
        assert_same_frames(harness, outputs, stream, 0, harness->frames);
}

static int begin(void **state)
{
    struct harness *harness = harness_new(FRAMES, STREAMS, 7);
    void *fresh = harness_state(harness, STREAMS);
    run(harness, fresh, NULL, harness->outputs);
    free(fresh);
    *state = harness;
    return 0;
}

static int end(void **state)
{
    harness_free(*state);
    return 0;
}

static void steps_equal_run(void **state)
{
    const struct harness *harness = *state;
    if (!harness->model->step)
        skip();
    rnn_real *outputs[MAX_PORTS];
    outputs_new(harness, outputs);
    void *fresh = harness_state(harness, STREAMS);
    for (int t = 0; t < FRAMES; t++) {
        struct ports ports = ports_from(harness, outputs, t);
        assert_int_equal(harness->model->step(harness->packed, fresh, ports.inputs, ports.outputs), RNN_OK);
    }
    assert_same(harness, outputs);
    free(fresh);
    outputs_free(harness, outputs);
}

static void cuts_do_not_show(void **state)
{
    const struct harness *harness = *state;
    if (!harness->model->step)
        skip();
    rnn_real *outputs[MAX_PORTS];
    outputs_new(harness, outputs);
    void *fresh = harness_state(harness, STREAMS);
    for (int t = 0, length = 1; t < FRAMES; t += length, length = length * 2 + 1) {
        if (length > FRAMES - t)
            length = FRAMES - t;
        struct ports ports = ports_from(harness, outputs, t);
        assert_int_equal(
            harness->model->run(harness->packed, fresh, harness->work, length, NULL, ports.inputs, ports.outputs),
            RNN_OK);
    }
    assert_same(harness, outputs);
    free(fresh);
    outputs_free(harness, outputs);
}

/* Copies stream `stream` of `port` between the memory of all streams and that of one. */
static void copy_stream(const rnn_tensor *port, int stream, void *all, void *one, int gather)
{
    size_t size = port_width(port) * element_size(port);
    for (int t = 0; t < (port->time == RNN_TIME_FRAME ? FRAMES : 1); t++) {
        char *in_all = (char *)all + ((size_t)t * STREAMS + (size_t)stream) * size;
        char *in_one = (char *)one + (size_t)t * size;
        if (gather)
            memcpy(in_one, in_all, size);
        else
            memcpy(in_all, in_one, size);
    }
}

static void streams_equal_runs(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    rnn_real *outputs[MAX_PORTS];
    outputs_new(harness, outputs);
    struct harness *single = harness_new(FRAMES, 1, 7);
    for (int b = 0; b < STREAMS; b++) {
        for (int i = 0; i < model->input_count; i++)
            copy_stream(&model->inputs[i], b, harness->inputs[i], single->inputs[i], 1);
        void *fresh = harness_state(single, 1);
        run(single, fresh, NULL, single->outputs);
        for (int i = 0; i < model->output_count; i++)
            copy_stream(&model->outputs[i], b, outputs[i], single->outputs[i], 0);
        free(fresh);
    }
    assert_same(harness, outputs);
    harness_free(single);
    outputs_free(harness, outputs);
}

static void streams_end_on_their_own(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    static const int lengths[STREAMS] = {FRAMES, 0, 1, 20, FRAMES - 1};
    if (!model->step)
        skip();
    rnn_real *outputs[MAX_PORTS];
    outputs_new(harness, outputs);
    void *fresh = harness_state(harness, STREAMS);
    run(harness, fresh, lengths, outputs);
    for (int i = 0; i < model->output_count; i++) {
        size_t width = port_width(&model->outputs[i]);
        bool per_frame = model->outputs[i].time == RNN_TIME_FRAME;
        for (size_t k = 0; k < port_elements(&model->outputs[i], FRAMES, STREAMS); k++) {
            int frame = (int)(k / (width * STREAMS)), stream = (int)(k / width % STREAMS);
            if (!per_frame && lengths[stream] != 0 && lengths[stream] != FRAMES)
                continue; /* outputs of a shorter sequence are known only for those given frame by frame */
            double expected = frame < lengths[stream] ? (double)harness->outputs[i][k] : 0;
            if (!(fabs((double)outputs[i][k] - expected) <= tolerance))
                fail_msg("%s, frame %d of stream %d: %.9g instead of %.9g", model->outputs[i].name, frame, stream,
                         (double)outputs[i][k], expected);
        }
    }

    /* The streams that ended go on from where they were: frame 20 of stream 3 is next. */
    struct ports ports = ports_from(harness, outputs, 20);
    assert_int_equal(model->step(harness->packed, fresh, ports.inputs, ports.outputs), RNN_OK);
    assert_same_frames(harness, outputs, 3, 20, 21);
    free(fresh);
    outputs_free(harness, outputs);
}

static void reset_begins_again(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    rnn_real *outputs[MAX_PORTS];
    outputs_new(harness, outputs);
    void *used = harness_state(harness, STREAMS);
    run(harness, used, NULL, outputs);
    assert_int_equal(model->reset(used, NULL), RNN_OK);
    run(harness, used, NULL, outputs);
    assert_same(harness, outputs);

    /* Only stream 2 begins again. */
    static const unsigned char which[STREAMS] = {0, 0, 1, 0, 0};
    assert_int_equal(model->reset(used, which), RNN_OK);
    run(harness, used, NULL, outputs);
    assert_same_frames(harness, outputs, 2, 0, FRAMES);
    free(used);
    outputs_free(harness, outputs);
}

static void wrong_arguments_are_refused(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    struct ports ports = ports_from(harness, harness->outputs, 0);
    void *fresh = harness_state(harness, STREAMS);
    static const int below[STREAMS] = {1, 1, -1, 1, 1}, above[STREAMS] = {1, 1, 1, 1, FRAMES + 1};
    assert_int_equal(model->run(harness->packed, fresh, harness->work, FRAMES, below, ports.inputs, ports.outputs),
                     RNN_ERROR_LENGTH);
    assert_int_equal(model->run(harness->packed, fresh, harness->work, FRAMES, above, ports.inputs, ports.outputs),
                     RNN_ERROR_LENGTH);
    for (int i = 0; i < model->input_count; i++) {
        if (model->inputs[i].type != RNN_TYPE_ID)
            continue;
        int32_t *ids = harness->inputs[i], kept = ids[3];
        static const int wrong[] = {-2, INT32_MIN, INT32_MAX};
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0] + 1; k++) {
            ids[3] = k < sizeof wrong / sizeof wrong[0] ? wrong[k] : model->inputs[i].vocabulary;
            assert_int_equal(
                model->run(harness->packed, fresh, harness->work, FRAMES, NULL, ports.inputs, ports.outputs),
                RNN_ERROR_ID);
        }
        ids[3] = kept;
    }
    free(fresh);
}

/* Expects all calls on a state to be refused. */
static void expect_refused(const struct harness *harness, const void *packed, void *state, void *work)
{
    const rnn_model *model = harness->model;
    struct ports ports = ports_from(harness, harness->outputs, 0);
    assert_int_equal(model->run(packed, state, work, FRAMES, NULL, ports.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
    if (model->step && work)
        assert_int_equal(model->step(packed, state, ports.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
}

/* Expects a state to be as after state_init, as calls that are refused leave it, and frees it. */
static void expect_untouched(const struct harness *harness, void *fresh)
{
    void *untouched = harness_state(harness, STREAMS);
    assert_memory_equal(fresh, untouched, harness->model->state_size(STREAMS));
    free(untouched);
    free(fresh);
}

static void wrong_memory_is_refused(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    struct ports ports = ports_from(harness, harness->outputs, 0);
    void *fresh = harness_state(harness, STREAMS);
    char *misaligned = (char *)fresh + sizeof(int64_t), *packed = harness->packed, *work = harness->work;
    expect_refused(harness, NULL, fresh, work);
    expect_refused(harness, packed + sizeof(rnn_real), fresh, work);
    expect_refused(harness, packed, NULL, work);
    expect_refused(harness, packed, misaligned, work);
    expect_refused(harness, packed, fresh, NULL);
    assert_int_equal(model->run(packed, fresh, work + sizeof(rnn_real), FRAMES, NULL, ports.inputs, ports.outputs),
                     RNN_ERROR_ARGUMENT);
    assert_int_equal(model->run(packed, fresh, work, -1, NULL, ports.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
    if (model->input_count)
        assert_int_equal(model->run(packed, fresh, work, FRAMES, NULL, NULL, ports.outputs), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->run(packed, fresh, work, FRAMES, NULL, ports.inputs, NULL), RNN_ERROR_ARGUMENT);
    for (int i = 0; i < model->input_count; i++) {
        struct ports without = ports;
        without.inputs[i] = NULL;
        assert_int_equal(model->run(packed, fresh, work, FRAMES, NULL, without.inputs, ports.outputs),
                         RNN_ERROR_ARGUMENT);
        if (model->step)
            assert_int_equal(model->step(packed, fresh, without.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
    }
    assert_int_equal(model->pack(NULL, packed), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->pack(harness->parameters, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->pack(harness->parameters, packed + sizeof(rnn_real)), RNN_ERROR_ARGUMENT);
    expect_untouched(harness, fresh);
}

static void wrong_states_are_refused(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    void *fresh = harness_state(harness, STREAMS), *packed = harness->packed;
    char *misaligned = (char *)fresh + sizeof(int64_t);
    assert_int_equal(model->state_init(NULL, STREAMS), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_init(misaligned, STREAMS), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->reset(NULL, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->reset(misaligned, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(NULL, fresh, 0, fresh, 0, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(packed, NULL, 0, fresh, 0, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(packed, fresh, 0, misaligned, 0, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(packed, fresh, 0, fresh, 1, STREAMS), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(packed, fresh, -1, fresh, 0, 1), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->state_copy(packed, fresh, 0, fresh, 0, -1), RNN_ERROR_ARGUMENT);
    for (int streams = 0; streams > -3; streams--) { /* a state of none is refused from then on */
        void *none = exact_alloc(model->state_size(streams), model->alignment);
        assert_int_equal(model->state_init(none, streams), RNN_ERROR_ARGUMENT);
        expect_refused(harness, packed, none, harness->work);
        assert_int_equal(model->reset(none, NULL), RNN_ERROR_ARGUMENT);
        free(none);
    }
    expect_untouched(harness, fresh);
}

static void wrong_choices_of_streams_are_refused(void **state)
{
    static const int twice[] = {0, 1, 0}, outside[] = {0, STREAMS}, below[] = {-1};
    static const int *const wrong[] = {twice, outside, below, NULL};
    static const int counts[] = {3, 2, 1, 1};
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    struct ports ports = ports_from(harness, harness->outputs, 0);
    if (!model->step_some)
        return;
    void *fresh = harness_state(harness, STREAMS), *packed = harness->packed;
    void *batch = exact_alloc(model->state_size(3), model->alignment);
    for (int i = 0; i < 4; i++)
        assert_int_equal(model->step_some(packed, fresh, batch, wrong[i], counts[i], ports.inputs, ports.outputs),
                         RNN_ERROR_ARGUMENT);
    assert_int_equal(model->step_some(packed, fresh, fresh, twice, 2, ports.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->step_some(NULL, fresh, batch, twice, 2, ports.inputs, ports.outputs), RNN_ERROR_ARGUMENT);
    assert_int_equal(model->step_some(packed, fresh, batch, twice, -1, ports.inputs, ports.outputs),
                     RNN_ERROR_ARGUMENT);
    free(batch);
    expect_untouched(harness, fresh);
}

static void sizes_grow_with_frames_and_streams(void **state)
{
    const rnn_model *model = ((const struct harness *)*state)->model;
    assert_true(sizes_grow(model->state_size, model->work_size));
}

/* Memory for the longest call of the most streams serves every other. */
static void memory_for_many_serves_fewer(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    struct ports ports = ports_from(harness, harness->outputs, 0);
    for (int most = 1; most <= STREAMS; most++)
        for (int longest = 1; longest < GRID; longest++) {
            void *memory = exact_alloc(model->state_size(most), model->alignment);
            void *work = exact_alloc(model->work_size(grid_frames[longest], most), model->alignment);
            for (int streams = 1; streams <= most; streams++)
                for (int i = 0; i <= longest; i++) {
                    int frames = grid_frames[i], lengths[STREAMS];
                    for (int b = 0; b < STREAMS; b++)
                        lengths[b] = b % (frames + 1);
                    assert_int_equal(model->state_init(memory, streams), RNN_OK);
                    assert_int_equal(model->run(harness->packed, memory, work, frames,
                                                (streams + i) % 2 ? lengths : NULL, ports.inputs, ports.outputs),
                                     RNN_OK);
                }
            free(memory);
            free(work);
        }
}

/* An output that is not wanted is not written, and the others stay the same. */
static void outputs_are_optional(void **state)
{
    const struct harness *harness = *state;
    const rnn_model *model = harness->model;
    for (int left_out = 0; left_out < model->output_count; left_out++) {
        rnn_real *outputs[MAX_PORTS];
        outputs_new(harness, outputs);
        struct ports ports = ports_from(harness, outputs, 0);
        ports.outputs[left_out] = NULL;
        void *fresh = harness_state(harness, STREAMS);
        assert_int_equal(model->run(harness->packed, fresh, harness->work, FRAMES, NULL, ports.inputs, ports.outputs),
                         RNN_OK);
        size_t size = port_elements(&model->outputs[left_out], FRAMES, STREAMS) * sizeof(rnn_real);
        memcpy(outputs[left_out], harness->outputs[left_out], size);
        assert_same(harness, outputs);
        free(fresh);
        outputs_free(harness, outputs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_equal_run),
        cmocka_unit_test(cuts_do_not_show),
        cmocka_unit_test(streams_equal_runs),
        cmocka_unit_test(streams_end_on_their_own),
        cmocka_unit_test(reset_begins_again),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(outputs_are_optional),
        cmocka_unit_test(wrong_memory_is_refused),
        cmocka_unit_test(wrong_states_are_refused),
        cmocka_unit_test(wrong_choices_of_streams_are_refused),
        cmocka_unit_test(sizes_grow_with_frames_and_streams),
        cmocka_unit_test(memory_for_many_serves_fewer),
    };
    return cmocka_run_group_tests_name("exercise", tests, begin, end);
}
