/* Optimisers: each against its recurrence written out in double, on a quadratic that has to converge,
 * across a checkpoint, and where numbers are extreme. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnn/optimizer.h"

enum { ELEMENTS = 37, STEPS = 6 };

static void near(double found, double wanted, double bound)
{
    if (!(fabs(found - wanted) <= bound))
        fail_msg("%.17g is not %.17g within %.3g", found, wanted, bound);
}

/* ---- arrays of float or double ---- */

static double get(const void *array, int real_size, size_t i)
{
    return real_size == 8 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

static void put(void *array, int real_size, size_t i, double value)
{
    if (real_size == 8)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

static void *new_array(int real_size)
{
    void *array = rnn_alloc(ELEMENTS * (size_t)real_size, RNN_OPTIMIZER_ALIGNMENT);
    assert_non_null(array);
    return array;
}

static void *new_state(rnn_optimizer_kind kind, int real_size)
{
    void *state = rnn_alloc(rnn_optimizer_state_size(kind, ELEMENTS, real_size), RNN_OPTIMIZER_ALIGNMENT);
    assert_non_null(state);
    return state;
}

/* Some gradient, of numbers that float holds. */
static double gradient_at(int step, size_t i) { return (double)((int)(i * 29 + (size_t)step * 17) % 41 - 20) / 16; }
static double start_at(size_t i) { return ((double)(i % 7) - 3) / 2; }

/* ---- against the recurrences ---- */

struct moments {
    double x, m, v, d;
};

/* The equations of rnn/optimizer.h, for one parameter and step k. */
static void reference_step(const rnn_optimizer_options *o, double a, int k, double g, struct moments *s)
{
    double l = o->weight_decay;
    if (o->kind != RNN_OPTIMIZER_ADAMW)
        g += l * s->x;
    if (o->kind == RNN_OPTIMIZER_SGD || o->kind == RNN_OPTIMIZER_NESTEROV) {
        s->m = o->momentum * s->m + g;
        s->x -= a * (o->kind == RNN_OPTIMIZER_SGD ? s->m : g + o->momentum * s->m);
    } else if (o->kind == RNN_OPTIMIZER_RMSPROP) {
        s->v = o->decay * s->v + (1 - o->decay) * g * g;
        s->m = o->momentum * s->m + g / (sqrt(s->v) + o->epsilon);
        s->x -= a * s->m;
    } else if (o->kind == RNN_OPTIMIZER_ADADELTA) {
        s->v = o->decay * s->v + (1 - o->decay) * g * g;
        double u = sqrt(s->d + o->epsilon) / sqrt(s->v + o->epsilon) * g;
        s->d = o->decay * s->d + (1 - o->decay) * u * u;
        s->x -= a * u;
    } else {
        s->m = o->beta1 * s->m + (1 - o->beta1) * g;
        s->v = o->beta2 * s->v + (1 - o->beta2) * g * g;
        double m = s->m / (1 - pow(o->beta1, k)), v = s->v / (1 - pow(o->beta2, k));
        double u = m / (sqrt(v) + o->epsilon);
        s->x -= a * (o->kind == RNN_OPTIMIZER_ADAMW ? u + l * s->x : u);
    }
}

static void check_recurrence(const rnn_optimizer_options *options, int real_size)
{
    void *x = new_array(real_size), *g = new_array(real_size), *state = new_state(options->kind, real_size);
    struct moments reference[ELEMENTS] = {{0}};
    for (size_t i = 0; i < ELEMENTS; i++)
        put(x, real_size, i, reference[i].x = start_at(i));
    for (int k = 1; k <= STEPS; k++) {
        double rate = 0.1 / k;
        for (size_t i = 0; i < ELEMENTS; i++) {
            put(g, real_size, i, gradient_at(k, i));
            reference_step(options, rate, k, gradient_at(k, i), &reference[i]);
        }
        rnn_optimizer_step(options, rate, state, x, g, ELEMENTS, real_size);
        for (size_t i = 0; i < ELEMENTS; i++)
            near(get(x, real_size, i), reference[i].x, real_size == 8 ? 1e-14 : 3e-6);
    }
    rnn_free(x);
    rnn_free(g);
    rnn_free(state);
}

static void test_recurrences(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < RNN_OPTIMIZERS; kind++)
        for (int variant = 0; variant < 4; variant++) {
            rnn_optimizer_options options = rnn_optimizers[kind].defaults;
            if (variant & 1)
                options.weight_decay = 0.25;
            if (variant & 2) {
                options.momentum = 0.75;
                options.decay = 0.5;
                options.beta1 = 0.5;
                options.beta2 = 0.75;
                options.epsilon = 0.125;
            }
            check_recurrence(&options, 4);
            check_recurrence(&options, 8);
        }
}

/* Numbers that a pencil finds. */
static void test_by_hand(void **unused)
{
    (void)unused;
    const struct {
        rnn_optimizer_options options;
        double after_one, after_two; /* x from 1, rate 0.5, gradient 2 twice */
    } cases[] = {
        {{.kind = RNN_OPTIMIZER_SGD}, 0, -1},
        {{.kind = RNN_OPTIMIZER_SGD, .momentum = 0.5}, 0, -1.5},       /* m = 2, 3 */
        {{.kind = RNN_OPTIMIZER_SGD, .weight_decay = 1}, -0.5, -1.25}, /* g = 3, 1.5 */
        {{.kind = RNN_OPTIMIZER_NESTEROV, .momentum = 0.5}, -0.5, -2.25},
        {{.kind = RNN_OPTIMIZER_RMSPROP, .decay = 0.75, .epsilon = 1}, 0.5, 0.5 - 1 / (sqrt(1.75) + 1)},
        {{.kind = RNN_OPTIMIZER_ADADELTA, .decay = 0.75, .epsilon = 3}, 1 - sqrt(0.75), 0}, /* second: below */
        {{.kind = RNN_OPTIMIZER_ADAM, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 2}, 0.75, 0.5},
        {{.kind = RNN_OPTIMIZER_ADAMW, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 2, .weight_decay = 1}, 0.25, -0.125},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double x = 1, g = 2, wanted = cases[c].after_two;
        if (cases[c].options.kind == RNN_OPTIMIZER_ADADELTA) /* d = 3/4, v = 7/4 */
            wanted = cases[c].after_one - 0.5 * sqrt(3.75) / sqrt(4.75) * 2;
        void *state = new_state(cases[c].options.kind, 8);
        rnn_optimizer_step(&cases[c].options, 0.5, state, &x, &g, 1, 8);
        near(x, cases[c].after_one, 1e-15);
        rnn_optimizer_step(&cases[c].options, 0.5, state, &x, &g, 1, 8);
        near(x, wanted, 1e-15);
        rnn_free(state);
    }
}

/* f(x) = sum c_i (x_i - i mod 3)^2 / 2 with c from 1/2 to 4. */
static void test_quadratic(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        double rate;
        int steps;
    } cases[] = {{"sgd", 0.2, 400},      {"nesterov", 0.05, 400}, {"rmsprop", 0.02, 2000},
                 {"adadelta", 1, 20000}, {"adam", 0.05, 2000},    {"adamw", 0.05, 2000}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int real_size = 4; real_size <= 8; real_size += 4) {
            rnn_optimizer_options options = rnn_optimizer_find(cases[c].name)->defaults;
            rnn_schedule_options schedule = rnn_schedule_find("cosine")->defaults;
            schedule.period = cases[c].steps;
            rnn_schedule_state rates = rnn_schedule_start();
            options.weight_decay = 0;
            void *x = new_array(real_size), *g = new_array(real_size), *state = new_state(options.kind, real_size);
            for (int step = 0; step < cases[c].steps; step++) {
                for (size_t i = 0; i < ELEMENTS; i++)
                    put(g, real_size, i, ((double)(i % 8) + 1) / 2 * (get(x, real_size, i) - (double)(i % 3)));
                rnn_optimizer_step(&options, rnn_schedule_rate(&schedule, &rates, cases[c].rate, (uint64_t)step), state,
                                   x, g, ELEMENTS, real_size);
            }
            for (size_t i = 0; i < ELEMENTS; i++)
                near(get(x, real_size, i), (double)(i % 3), 1e-3);
            rnn_free(x);
            rnn_free(g);
            rnn_free(state);
        }
}

/* ---- state ---- */

static void run_steps(const rnn_optimizer_options *options, int from, int to, void *state, void *x, int real_size)
{
    void *g = new_array(real_size);
    for (int k = from; k < to; k++) {
        for (size_t i = 0; i < ELEMENTS; i++)
            put(g, real_size, i, gradient_at(k, i) / 3);
        rnn_optimizer_step(options, 0.01, state, x, g, ELEMENTS, real_size);
    }
    rnn_free(g);
}

/* Through the arrays only, as a checkpoint does it: into a state that held something else in between. */
static void copy_state(const rnn_optimizer_options *options, void *to, const void *from, int real_size)
{
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    int count = rnn_optimizer_arrays(options->kind, ELEMENTS, real_size, arrays);
    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        size_t size = arrays[i].dtype == RNN_DTYPE_F32 ? 4 : 8;
        memcpy((char *)to + arrays[i].offset, (const char *)from + arrays[i].offset, size * arrays[i].elements);
    }
}

static void test_checkpoint(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < RNN_OPTIMIZERS; kind++)
        for (int real_size = 4; real_size <= 8; real_size += 4) {
            rnn_optimizer_options options = rnn_optimizers[kind].defaults;
            options.momentum = 0.9;
            size_t bytes = ELEMENTS * (size_t)real_size;
            void *x = new_array(real_size), *straight = new_array(real_size);
            void *one = new_state(options.kind, real_size), *other = new_state(options.kind, real_size);
            run_steps(&options, 0, 9, one, straight, real_size);
            memset(one, 0, rnn_optimizer_state_size(options.kind, ELEMENTS, real_size));
            run_steps(&options, 0, 4, one, x, real_size);
            memset(other, 0x3f, rnn_optimizer_state_size(options.kind, ELEMENTS, real_size));
            copy_state(&options, other, one, real_size);
            run_steps(&options, 4, 9, other, x, real_size);
            assert_memory_equal(x, straight, bytes);
            rnn_free(x);
            rnn_free(straight);
            rnn_free(one);
            rnn_free(other);
        }
}

static void test_state_layout(void **unused)
{
    (void)unused;
    static const char *const names[RNN_OPTIMIZERS][RNN_OPTIMIZER_ARRAYS] = {
        {"step", "m"}, {"step", "m"}, {"step", "v", "m"}, {"step", "v", "d"}, {"step", "m", "v"}, {"step", "m", "v"}};
    for (int kind = 0; kind < RNN_OPTIMIZERS; kind++)
        for (int real_size = 4; real_size <= 8; real_size += 4) {
            rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
            size_t end = 0, size = rnn_optimizer_state_size((rnn_optimizer_kind)kind, ELEMENTS, real_size);
            int count = rnn_optimizer_arrays((rnn_optimizer_kind)kind, ELEMENTS, real_size, arrays);
            for (int i = 0; i < RNN_OPTIMIZER_ARRAYS && names[kind][i]; i++) {
                assert_true(i < count);
                assert_string_equal(arrays[i].name, names[kind][i]);
                assert_true(arrays[i].offset >= end && arrays[i].offset % RNN_OPTIMIZER_ALIGNMENT == 0);
                assert_int_equal(arrays[i].elements, i ? ELEMENTS : 1);
                assert_int_equal(arrays[i].dtype, !i ? RNN_DTYPE_I64 : real_size == 8 ? RNN_DTYPE_F64 : RNN_DTYPE_F32);
                end = arrays[i].offset + arrays[i].elements * (size_t)(i ? real_size : 8);
            }
            assert_true(end <= size);
            assert_true(count == RNN_OPTIMIZER_ARRAYS || !names[kind][count]);
        }
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    assert_int_equal(rnn_optimizer_state_size(RNN_OPTIMIZER_ADAM, SIZE_MAX / 8, 4), 0);
    assert_int_equal(rnn_optimizer_arrays(RNN_OPTIMIZER_ADAM, SIZE_MAX / 8, 4, arrays), 0);
    assert_true(rnn_optimizer_state_size(RNN_OPTIMIZER_ADAM, 0, 4) > 0);
}

/* ---- extremes ---- */

static void test_nan_and_zero(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < RNN_OPTIMIZERS; kind++)
        for (int real_size = 4; real_size <= 8; real_size += 4) {
            rnn_optimizer_options options = rnn_optimizers[kind].defaults;
            options.weight_decay = 0;
            options.epsilon = 1e-300; /* 0 in float */
            void *x = new_array(real_size), *g = new_array(real_size), *state = new_state(options.kind, real_size);
            for (size_t i = 0; i < ELEMENTS; i++)
                put(x, real_size, i, start_at(i));
            put(g, real_size, 5, NAN);
            for (int step = 0; step < 2; step++) {
                rnn_optimizer_step(&options, 0.1, state, x, g, ELEMENTS, real_size);
                for (size_t i = 0; i < ELEMENTS; i++) /* a gradient of 0 moves nothing; NaN stays where it is */
                    assert_true(i == 5 ? isnan(get(x, real_size, i)) : get(x, real_size, i) == start_at(i));
                put(g, real_size, 5, 1);
            }
            rnn_free(x);
            rnn_free(g);
            rnn_free(state);
        }
}

/* After many steps 1 - beta^k is 1, and a constant gradient moves x by the rate. */
static void test_late_steps(void **unused)
{
    (void)unused;
    rnn_optimizer_options options = rnn_optimizer_find("adam")->defaults;
    options.beta2 = 0.99;
    void *state = new_state(options.kind, 8);
    double x = 0, g = -4;
    for (int step = 0; step < 10000; step++)
        rnn_optimizer_step(&options, 0.25, state, &x, &g, 1, 8);
    near(x, 2500, 1e-5);
    rnn_free(state);
}

/* ---- clipping ---- */

static void test_clip_norm(void **unused)
{
    (void)unused;
    for (int real_size = 4; real_size <= 8; real_size += 4) {
        double unit = real_size == 8 ? 1e-15 : 1e-6;
        void *g = new_array(real_size);
        long double squares = 0;
        for (size_t i = 0; i < ELEMENTS; i++) {
            put(g, real_size, i, gradient_at(1, i));
            squares += (long double)gradient_at(1, i) * (long double)gradient_at(1, i);
        }
        double norm = (double)sqrtl(squares);
        assert_true(norm > 2);
        near(rnn_gradient_clip_norm(g, ELEMENTS, real_size, INFINITY), norm, 1e-14);
        near(rnn_gradient_clip_norm(g, ELEMENTS, real_size, norm * 1.001), norm, 1e-14);
        for (size_t i = 0; i < ELEMENTS; i++)
            assert_true(get(g, real_size, i) == gradient_at(1, i));
        near(rnn_gradient_clip_norm(g, ELEMENTS, real_size, 2), norm, 1e-14);
        for (size_t i = 0; i < ELEMENTS; i++) /* the direction is the same */
            near(get(g, real_size, i), gradient_at(1, i) * 2 / norm, unit);
        near(rnn_gradient_clip_norm(g, ELEMENTS, real_size, INFINITY), 2, 4 * unit);
        rnn_free(g);
    }
}

static void test_clip_norm_extremes(void **unused)
{
    (void)unused;
    double large[] = {3e300, -4e300}, small[] = {3e-200, 4e-200}, none[] = {0, 0}, bad[] = {1, NAN, 2};
    float top[] = {3e38f, 0, -3e38f}, endless[] = {1, INFINITY};
    near(rnn_gradient_clip_norm(large, 2, 8, 10) / 5e300, 1, 1e-15);
    near(large[0], 6, 1e-14);
    near(large[1], -8, 1e-14);
    near(rnn_gradient_clip_norm(small, 2, 8, 1) / 5e-200, 1, 1e-15);
    assert_true(small[0] == 3e-200);
    assert_true(rnn_gradient_clip_norm(none, 2, 8, 1) == 0 && none[0] == 0);
    assert_true(isnan(rnn_gradient_clip_norm(bad, 3, 8, 1)) && bad[0] == 1 && isnan(bad[1]) && bad[2] == 2);
    near(rnn_gradient_clip_norm(top, 3, 4, 1) / (3e38 * sqrt(2)), 1, 1e-7);
    near((double)top[0], sqrt(0.5), 1e-6);
    assert_true(isinf(rnn_gradient_clip_norm(endless, 2, 4, 1)) && endless[0] == 1 && isinf(endless[1]));
    assert_true(rnn_gradient_clip_norm(NULL, 0, 8, 1) == 0);
}

/* Of three tensors the second is fixed: the others move as if it were not there, and it keeps its value. */
static void test_fixed(void **unused)
{
    (void)unused;
    const rnn_tensor tensors[] = {{.name = "a", .rank = 1, .shape = {3}},
                                  {.name = "b", .rank = 2, .shape = {2, 2}, .offset = 3, .fixed = 1},
                                  {.name = "c", .offset = 7}};
    const rnn_model model = {.real_size = 8, .parameters = tensors, .parameter_count = 3, .parameter_elements = 8};
    for (int kind = 0; kind < RNN_OPTIMIZERS; kind++) {
        rnn_optimizer_options options = rnn_optimizers[kind].defaults;
        double x[8], free_x[8], g[8], kept[4];
        options.weight_decay = 0.1;
        void *state = rnn_alloc(rnn_optimizer_state_size(options.kind, 8, 8), RNN_OPTIMIZER_ALIGNMENT);
        void *free_state = rnn_alloc(rnn_optimizer_state_size(options.kind, 8, 8), RNN_OPTIMIZER_ALIGNMENT);
        for (int i = 0; i < 8; i++) {
            x[i] = free_x[i] = 1 + i;
            g[i] = 0.3 - 0.1 * i;
        }
        memcpy(kept, x + 3, sizeof kept);
        for (int step = 0; step < 3; step++) {
            rnn_optimizer_step_model(&options, 0.1, state, x, g, &model);
            rnn_optimizer_step(&options, 0.1, free_state, free_x, g, 8, 8);
        }
        assert_memory_equal(x, free_x, 3 * sizeof *x);
        assert_memory_equal(x + 3, kept, sizeof kept);
        assert_true(x[7] == free_x[7] && free_x[4] != kept[1]);
        rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
        int count = rnn_optimizer_arrays(options.kind, 8, 8, arrays);
        for (int a = 1; a < count; a++)
            for (int i = 3; i < 7; i++)
                assert_true(((const double *)((const char *)state + arrays[a].offset))[i] == 0);
        rnn_free(state);
        rnn_free(free_state);
    }
}

static void test_clip_value(void **unused)
{
    (void)unused;
    double values[] = {0.5, -0.5, 3, -3, INFINITY, -INFINITY, NAN};
    const double wanted[] = {0.5, -0.5, 2, -2, 2, -2};
    float floats[7];
    for (int i = 0; i < 7; i++)
        floats[i] = (float)values[i];
    rnn_gradient_clip_value(values, 7, 8, 2);
    rnn_gradient_clip_value(floats, 7, 4, 2);
    for (int i = 0; i < 6; i++)
        assert_true(values[i] == wanted[i] && (double)floats[i] == wanted[i]);
    assert_true(isnan(values[6]) && isnan(floats[6]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recurrences),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_quadratic),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_state_layout),
        cmocka_unit_test(test_nan_and_zero),
        cmocka_unit_test(test_late_steps),
        cmocka_unit_test(test_clip_norm),
        cmocka_unit_test(test_clip_norm_extremes),
        cmocka_unit_test(test_clip_value),
        cmocka_unit_test(test_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
