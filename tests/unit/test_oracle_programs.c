/* The oracle on whole programs: the rules of language.md about time, in numbers that can be followed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "oracle/oracle.h"
#include "sema_check.h"

static void compare(const char *what, int index, const double *result, const double *expected, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabs(result[i] - expected[i]) <= 1e-12) && !(isnan(result[i]) && isnan(expected[i])))
            fail_msg("%s %d, element %d: %.17g, expected %.17g", what, index, i, result[i], expected[i]);
}

enum { MOST = 4, ROOM = 24 };

/* A program, one stream, and its outputs: every array in the order of declaration. */
struct example {
    const char *text;
    int frames, length;
    double parameters[MOST][ROOM], inputs[MOST][ROOM], outputs[MOST][ROOM];
};

static void expect(const struct example *example)
{
    struct checked checked = check_correct(example->text);
    double results[MOST][ROOM];
    const double *parameters[MOST], *inputs[MOST];
    double *outputs[MOST];
    for (int i = 0; i < MOST; i++) {
        parameters[i] = example->parameters[i];
        inputs[i] = example->inputs[i];
        outputs[i] = results[i];
    }
    struct oracle_call call = {.frames = example->frames,
                               .length = example->length,
                               .parameters = parameters,
                               .inputs = inputs,
                               .outputs = outputs};
    assert_in_range(checked.program->output_count, 1, MOST);
    oracle_run(checked.program, &call);
    for (int i = 0; i < checked.program->output_count; i++) {
        const struct value *value = checked.program->outputs[i].value;
        int size = (int)shape_size(&value->shape) * (value->time == TIME_FRAME ? example->frames : 1);
        compare("output", i, results[i], example->outputs[i], size);
    }
    checked_free(&checked);
}

/* The delay of a value is not the value of a delay. */
static void test_delay_of_expression(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x; output a = (sigmoid(x))[t-1]; output b = sigmoid(x[t-1]) }",
        .frames = 2,
        .length = 2,
        .inputs = {{0, 0}},
        .outputs = {{0, 0.5}, {0.5, 0.5}},
    });
}

static void test_elman(void **state)
{
    (void)state;
    double h0 = tanh(1), h1 = tanh(2 + 0.5 * h0 + 0.25);
    expect(&(struct example){
        .text = "cell Elman[n = 1](x[m = n]) -> h[n] {\n"
                "  param W[n, m], U[n, n], b[n]\n"
                "  h = tanh(W @ x + U @ h[t-1] + b)\n"
                "}",
        .frames = 2,
        .length = 2,
        .parameters = {{1}, {0.5}, {0.25}},
        .inputs = {{0.75, 2}},
        .outputs = {{h0, h1}},
    });
}

/* Every frame before the start reads the initial value, however far back. */
static void test_init(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x; param h0; h = h[t-2] + x; init h = h0; output h }",
        .frames = 4,
        .length = 4,
        .parameters = {{10}},
        .inputs = {{1, 2, 3, 4}},
        .outputs = {{11, 12, 14, 16}},
    });
}

static void test_init_once_for_a_sequence(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h { h = h[t-1] + x }\n"
                "model m { input x, s once; h = Sum(x); init h.h = 2 * s; output h }",
        .frames = 2,
        .length = 2,
        .inputs = {{1, 2}, {5}},
        .outputs = {{11, 13}},
    });
}

/* A name of an instance stands for its output, of several layers too, and reads its init. */
static void test_init_of_a_named_output(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h, g { h = h[t-1] + x; init h = 5; g = 2 * h; init g = 7 }\n"
                "cell Outer(x) -> h { h = Sum(x); before = h[t-1] }\n"
                "model m { input x; a, b = Sum(x); c = Outer(x); d = stack 2 Outer(x); e[2] = Sum(x)\n"
                "output p = concat(a[t-1], b[t-1] - a.g[t-1]); output q = c[t-1] - c.before\n"
                "output r = d[t-2]; output s = sum(e[t-1]) }",
        .frames = 3,
        .length = 3,
        .inputs = {{1, 1, 1}},
        .outputs = {{5, 0, 6, 0, 7, 0}, {0, 0, 0}, {5, 5, 11}, {10, 12, 14}},
    });
}

/* A name has an init of its own where the program gives one, and others read on from the output. */
static void test_init_of_a_name(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h { h = h[t-1] + x; init h = 5 }\n"
                "model m { input x; a = Sum(x); init a = 1; b = a; output p = a[t-1]; output q = a.h[t-1]; output r = "
                "b[t-1] }",
        .frames = 2,
        .length = 2,
        .inputs = {{1, 1}},
        .outputs = {{1, 6}, {5, 6}, {0, 6}},
    });
}

/* What makes an instance may give its values another init, whatever way the statements stand. */
static void test_init_replaced(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h { h = h[t-1] + x; init h = 5 }\n"
                "cell Outer(x) -> y { init s.h = 6; s = Sum(x); y = s }\n"
                "model m { input x; init a.h = 10; a = Sum(x); b = Outer(x); c = Outer(x); init c.s.h = 20\n"
                "output p = a; output q = b; output r = c; output s = a[t-1] }",
        .frames = 2,
        .length = 2,
        .inputs = {{1, 1}},
        .outputs = {{11, 12}, {7, 8}, {21, 22}, {10, 11}},
    });
}

/* Reads beyond the end of the stream's own length give 0, whatever the initial value; outputs there are 0 too. */
static void test_reading_ahead(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x; v = x + 1; init v = 7; output a = v[t+1]; output b = v[t-1] }",
        .frames = 4,
        .length = 3,
        .inputs = {{1, 2, 3, 4}},
        .outputs = {{3, 4, 0, 0}, {7, 2, 3, 0}},
    });
}

static void test_reverse(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h { h = h[t-1] + x; init h = 100 }\n"
                "model m { input x; a = reverse Sum(x); b = Sum(x); output a; output b; output c = first(a); output d "
                "= last(b) }",
        .frames = 4,
        .length = 3,
        .inputs = {{1, 2, 3, 4}},
        .outputs = {{106, 105, 103, 0}, {101, 103, 106, 0}, {106}, {106}},
    });
}

/* A cell that runs another in reverse, run in reverse: signs multiply. */
static void test_reverse_twice(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "cell Sum(x) -> h { h = h[t-1] + x }\n"
                "cell Inner(x) -> y { s = reverse Sum(x); y = s + x[t-1] }\n"
                "model m { input x; y = reverse Inner(x); output y }",
        .frames = 3,
        .length = 3,
        .inputs = {{1, 2, 4}},
        .outputs = {{1 + 2, 3 + 4, 7 + 0}},
    });
}

static const char over_time[] =
    "model m { input x[2]; output a = sum_over_time(x); output b = mean_over_time(x); output c = max_over_time(x)\n"
    "  output d = x * first(x) - last(x) }";

static void test_over_time(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = over_time,
        .frames = 3,
        .length = 2,
        .inputs = {{1, -2, 3, -4, 50, 60}},
        .outputs = {{4, -6}, {2, -3}, {3, -2}, {1 - 3, 4 + 4, 3 - 3, 8 + 4, 0, 0}},
    });
}

/* NaN stays, at whichever frame it is. */
static void test_nan_over_time(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x[3]; output a = max_over_time(x); output b = sum_over_time(x) }",
        .frames = 3,
        .length = 3,
        .inputs = {{NAN, 1, 1, 2, NAN, 2, 3, 3, NAN}},
        .outputs = {{NAN, NAN, NAN}, {NAN, NAN, NAN}},
    });
}

/* exp(log(k)) is k: the weights are 1/8, 3/8, 4/8 and 2/4, 1/4, 1/4; the frames behind the end take no part. */
static void test_softmax_over_time(void **state)
{
    (void)state;
    expect(&(struct example){
        .text =
            "model m { input x[2]; output y = softmax_over_time(log(x)); output z = softmax_over_time(1000 * x[0]) }",
        .frames = 4,
        .length = 3,
        .inputs = {{1, 2, 3, 1, 4, 1, 100, 100}},
        .outputs = {{0.125, 0.5, 0.375, 0.25, 0.5, 0.25, 0, 0}, {0, 0, 1, 0}},
    });
}

/* The same whatever way a cell runs and however often it is asked for. */
static void test_frame_number(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "fn late(v) = v * frame_number()\n"
                "cell Numbered(x) -> y { y = late(x) + y[t-1] }\n"
                "model m { input x; a = Numbered(x); b = reverse Numbered(x); output n = frame_number(); output a; "
                "output b }",
        .frames = 4,
        .length = 3,
        .inputs = {{1, 2, 3, 100}},
        .outputs = {{0, 1, 2, 0}, {0, 2, 8, 0}, {8, 8, 6, 0}},
    });
}

static void test_no_frames(void **state)
{
    (void)state;
    expect(&(struct example){.text = over_time, .frames = 3, .length = 0, .inputs = {{1, -2, 3, -4, 50, 60}}});
}

/* Before the start an id is "no token", and its row is 0. */
static void test_embed(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x: index[3]; param E[3, 2]; output a = embed(E, x); output b = embed(E, x[t-1]) }",
        .frames = 3,
        .length = 3,
        .parameters = {{1, 2, 3, 4, 5, 6}},
        .inputs = {{2, -1, 0}},
        .outputs = {{5, 6, 0, 0, 1, 2}, {0, 0, 5, 6, 0, 0}},
    });
}

static void test_parts(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x[4]; param W[2, 4]\n"
                "  a, b = split(x, 2)\n"
                "  output p = concat(b, a[1], x[1:3]); output q = W[:, 1:3] @ b; output r = W[1] * x; output s = x[3] "
                "* a }",
        .frames = 1,
        .length = 1,
        .parameters = {{1, 2, 3, 4, 5, 6, 7, 8}},
        .inputs = {{1, 10, 100, 1000}},
        .outputs = {{100, 1000, 10, 10, 100}, {200 + 3000, 600 + 7000}, {5, 60, 700, 8000}, {1000, 10000}},
    });
}

/* W = A @ B, and of a rank-3 parameter the k products one after the other. */
static void test_factors(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "model m { input x[3]; param W[2, 3] : svd(1); output y = W @ x }",
        .frames = 1,
        .length = 1,
        .parameters = {{2, 3}, {1, 10, 100}},
        .inputs = {{1, 2, 3}},
        .outputs = {{2 * 321, 3 * 321}},
    });
    expect(&(struct example){
        .text = "model m { input x[2]; param Z[2, 2, 2] : cp(1); output y = Z @ x }",
        .frames = 1,
        .length = 1,
        .parameters = {{1, 10}, {2, 3}, {5, 7}},
        .inputs = {{1, 2}},
        .outputs = {{2 * 19, 3 * 19, 20 * 19, 30 * 19}},
    });
}

static void test_functions_and_sharing(void **state)
{
    (void)state;
    expect(&(struct example){
        .text = "fn double(v) = 2 * v\n"
                "cell Sum[n](x[n]) -> h[n] { param w[n]; h = w * h[t-1] + x }\n"
                "model m { input x[1]; a = Sum[1](x); b = a(double(x)); output a; output b; output c = b.h - a.h }",
        .frames = 2,
        .length = 2,
        .parameters = {{3}},
        .inputs = {{1, 10}},
        .outputs = {{1, 13}, {2, 26}, {1, 13}},
    });
}

/* No recursion over frames. */
static void test_many_frames(void **state)
{
    (void)state;
    enum { FRAMES = 50000 };
    struct checked checked = check_correct("model m { input x; h = h[t-1] + x; output y = last(h) }");
    double *x = ARENA_ARRAY(checked.arena, double, FRAMES), y;
    for (int t = 0; t < FRAMES; t++)
        x[t] = 1;
    struct oracle_call call = {
        .frames = FRAMES, .length = FRAMES, .inputs = (const double *const[]){x}, .outputs = (double *[]){&y}};
    oracle_run(checked.program, &call);
    assert_true(y == FRAMES);
    checked_free(&checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay_of_expression),
        cmocka_unit_test(test_elman),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_init_once_for_a_sequence),
        cmocka_unit_test(test_init_of_a_named_output),
        cmocka_unit_test(test_init_of_a_name),
        cmocka_unit_test(test_init_replaced),
        cmocka_unit_test(test_reading_ahead),
        cmocka_unit_test(test_reverse),
        cmocka_unit_test(test_reverse_twice),
        cmocka_unit_test(test_over_time),
        cmocka_unit_test(test_nan_over_time),
        cmocka_unit_test(test_softmax_over_time),
        cmocka_unit_test(test_frame_number),
        cmocka_unit_test(test_no_frames),
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_functions_and_sharing),
        cmocka_unit_test(test_many_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
