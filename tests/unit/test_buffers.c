/* The copies that legalise adds to the graph, and the storage that the schedule gives to values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/unique.h"
#include "schedule_check.h"
#include "transform/transform.h"

/* ---- legalise ---- */

static void expect_legal(const char *text, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    simplify(lowered.graph, lowered.arena);
    legalise(lowered.graph, lowered.arena);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

/* One past has one initial value: of readers that want different ones, all but the first read a copy, and those that
 * want the same read the same copy. */
static void test_separate_initial_values(void **state)
{
    (void)state;
    expect_legal(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a\n  c = a\n  y = a[t-1] * b[t-1] * c[t-1]\n"
        "  init b = k\n}",
        LINES("y = ((a[t-1] * copy(a)[t-1 or k]) * a[t-1])", "a = tanh(x)"));
    expect_legal("cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a\n  y = a[t-1] * b[t-1] * b[t-2]\n"
                 "  init b = k\n}",
                 LINES("y = ((a[t-1] * u1[t-1 or k]) * u1[t-2 or k])", "a = tanh(x)", "u1 = copy(a)"));
    expect_legal(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  y = a[t-1] * a[t-2] * a\n  init a = k\n}",
        LINES("y = ((a[t-1 or k] * a[t-2 or k]) * a)", "a = tanh(x)"));
}

/* An operation on a column reads whole, aligned vectors: no part that begins elsewhere, no number, no scalar for a
 * vector. */
static void test_align_columns(void **state)
{
    (void)state;
    expect_legal("cell C(x[9]) -> y {\n  y = sum(x[3:9])\n}", LINES("y = sum(copy(x[3:9]))"));
    expect_legal("cell C(x[9]) -> y {\n  y = sum(x[0:6]) + maximum(x)\n}", LINES("y = (sum(x[0:6]) + maximum(x))"));
    expect_legal("cell C(x[4]) -> y[4] {\n  param g[4], s\n  y = layernorm(x, g, 0.5) + layernorm(x, s, g)\n}",
                 LINES("y = (layernorm(x, g, copy(0.5)) + layernorm(x, copy(s), g))"));
    expect_legal("cell C(x[4], z[8]) -> y {\n  y = x @ z[4:8]\n}", LINES("y = dot(x, copy(z[4:8]))"));
}

static void test_delays_of_ids(void **state)
{
    (void)state;
    expect_legal("model M {\n  param E[5, 3]\n  input x: index[5]\n  output y = tanh(embed(E, x[t-2]))\n}",
                 LINES("y = tanh(copy(embed(E, x)[t-2]))"));
}

static void test_operands_over_time(void **state)
{
    (void)state;
    expect_legal("cell C(x[4]) -> y[4] {\n  a = tanh(x)\n  y = last(a) + last(a[t-1]) + sum_over_time(x)\n}",
                 LINES("y = ((last(a) + last(copy(a[t-1]))) + sum_over_time(copy(x)))", "a = tanh(x)"));
}

/* ---- buffers ---- */

static void expect_buffers(const char *text, const char *const *names_and_texts)
{
    struct scheduled scheduled = schedule_program(text, &default_schedule_options);
    for (int i = 0; names_and_texts[i]; i += 2) {
        const char *found = buffer_text(&scheduled, names_and_texts[i]);
        if (strcmp(found, names_and_texts[i + 1]) != 0)
            fail_msg("'%s' lives in '%s', not in '%s'", names_and_texts[i], found, names_and_texts[i + 1]);
    }
    scheduled_free(&scheduled);
}

static void test_states_in_place(void **state)
{
    (void)state;
    /* c is read unit by unit where it is written; h by all units, before it is written a phase later. */
    expect_buffers(
        "cell C[n = 8](x[n]) -> y[n] {\n  param U[n, n], V[n, n]\n  c = sigmoid(U @ h[t-1] + x) * c[t-1] + x\n"
        "  h = tanh(V @ c)\n  y = c * 2\n}",
        LINES("h", "frame, past 1, in place", "c", "block, past 1"));
    expect_buffers("cell C[n = 8](x[n]) -> h[n] {\n  param U[n, n]\n  a = tanh(U @ h[t-1] + x)\n  c = a * c[t-1] + x\n "
                   " h = tanh(c)\n}",
                   LINES("c", "frame, past 1, in place", "h", "block, past 1", "a", "none"));
    /* Read by all units in the phase that writes it: what is there is needed until the phase ends. */
    expect_buffers("cell C[n = 8](x[n]) -> y[n] {\n  param U[n, n]\n  h = tanh(U @ h[t-1] + c[t-1])\n  c = h * x\n"
                   "  y = exp(c)\n}",
                   LINES("h", "block, past 1", "c", "block, past 1", "y", "block"));
}

static void test_pasts_are_as_deep_as_delays(void **state)
{
    (void)state;
    expect_buffers("cell C[n = 8](x[n], z[n]) -> y[n] {\n  param U[n, n], k[n]\n  h = tanh(U @ h[t-1] + x[t-4])\n"
                   "  y = exp(h[t-3]) + h[t-2] + z\n  init h = k\n}",
                   LINES("h", "block, past 3 from k", "x", "block, past 4", "z", "block", "y", "block", "k", "static"));
    expect_buffers("cell C[n = 8](x[n]) -> y[n] {\n  h = tanh(h[t-2] + x)\n  y = h * 2\n}",
                   LINES("h", "block, past 2"));
}

static void test_whole_sequences(void **state)
{
    (void)state;
    expect_buffers("cell C[n = 8](x[n]) -> y[n] {\n  param U[n, n], W[n, n]\n  b = tanh(U @ b[t+1] + W @ x)\n  f = "
                   "tanh(f[t-1] + x)\n"
                   "  y = f * b[t+2]\n}",
                   LINES("b", "sequence, future 2", "f", "sequence, past 1", "y", "block"));
}

static void test_inputs_stay_where_they_are(void **state)
{
    (void)state;
    expect_buffers("model M {\n  param W[8, 3], E[5, 8]\n  input x[3], id: index[5], z[8]\n  output y = W @ x + "
                   "embed(E, id) * z\n}",
                   LINES("x", "input", "id", "input", "z", "block"));
}

static void test_static_values(void **state)
{
    (void)state;
    expect_buffers(
        "cell C[n = 8](x[n]) -> y[n] {\n  param W[n, n], b[n], k[n], s\n  e = exp(k)\n  y = tanh(W @ x + b) * e + s\n}",
        LINES("W", "none", "b", "static", "k", "none", "e", "static", "s", "static"));
}

static void test_names_are_unique(void **state)
{
    (void)state;
    struct scheduled scheduled =
        schedule_program("cell R[n](x[n]) -> h[n] {\n  h = tanh(h[t-1] + x)\n}\n"
                         "model M {\n  input x[4]\n  a = R[4](x)\n  a_h = R[4](a)\n  output y = a_h.h + a.h\n}",
                         &default_schedule_options);
    const struct schedule *schedule = scheduled.schedule;
    struct unique names;
    unique_init(&names, scheduled.lowered.arena);
    for (int i = 0; i < schedule->graph->node_count; i++) {
        const char *name = schedule->names[i];
        assert_true((name != NULL) == (schedule->graph->nodes[i]->op != OP_number));
        if (name) /* with underscores for dots too */
            assert_int_equal(strlen(unique_name(&names, name)), strlen(name));
    }
    scheduled_free(&scheduled);
}

/* Values without a name in the program are described, if they are one operation; others are named after their
 * equation. */
static void test_names_say_what_values_are(void **state)
{
    (void)state;
    struct scheduled scheduled =
        schedule_program("cell R[n](x[n]) -> h[n] {\n  param W[n, n], U[n, n], b[n]\n  z = sigmoid(W @ x + b)\n"
                         "  h = (1 - z) * h[t-1] + z * tanh(U @ (z * h[t-1]))\n}\n"
                         "model M {\n  input x[4]\n  r = R[4](x)\n  output y = softmax(r)\n}",
                         &default_schedule_options);
    const struct schedule *schedule = scheduled.schedule;
    static const char *const expected[] = {"r.one_minus_z", "r.z_times_h_before", "r.z", "r.h", "r.z_in", "x", "y"};
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        int found = 0;
        for (int i = 0; i < schedule->graph->node_count; i++)
            found += schedule->names[i] && strcmp(schedule->names[i], expected[k]) == 0;
        if (!found)
            fail_msg("no value is called %s", expected[k]);
    }
    scheduled_free(&scheduled);
}

/* Blocks hold what stays in a cache, within bounds; or what the option says. */
static void test_block_frames(void **state)
{
    (void)state;
    static const char format[] = "cell C[n = %d](x[n]) -> y[n] {\n  y = tanh(x)\n}";
    static const int sizes[][2] = {{4, 384}, {128, 216}, {100000, 96}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[100];
        snprintf(text, sizeof text, format, sizes[i][0]);
        struct scheduled scheduled = schedule_program(text, &default_schedule_options);
        assert_int_equal(scheduled.schedule->block_frames, sizes[i][1]);
        scheduled_free(&scheduled);
    }
    struct schedule_options options = default_schedule_options;
    options.block_frames = 7;
    struct scheduled scheduled = schedule_program("cell C(x[4]) -> y[4] {\n  y = tanh(x)\n}", &options);
    assert_int_equal(scheduled.schedule->block_frames, 7);
    scheduled_free(&scheduled);
}

/* Products over frames, as gradients have them, want longer blocks than values that do not stay in a cache. */
static void test_block_frames_of_gradients(void **state)
{
    (void)state;
    static const char text[] = "model M {\n  input x[4]\n  target y[4096]\n  param W[4096, 4], u[4096]\n"
                               "  h = tanh(W @ x + u * h[t-1])\n  output q = h\n  loss mse(q, y)\n}";
    struct scheduled scheduled = schedule_training(text, &default_schedule_options);
    assert_int_equal(scheduled.schedule->block_frames, 192);
    scheduled_free(&scheduled);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separate_initial_values),
        cmocka_unit_test(test_align_columns),
        cmocka_unit_test(test_delays_of_ids),
        cmocka_unit_test(test_operands_over_time),
        cmocka_unit_test(test_states_in_place),
        cmocka_unit_test(test_pasts_are_as_deep_as_delays),
        cmocka_unit_test(test_whole_sequences),
        cmocka_unit_test(test_inputs_stay_where_they_are),
        cmocka_unit_test(test_static_values),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_names_say_what_values_are),
        cmocka_unit_test(test_block_frames),
        cmocka_unit_test(test_block_frames_of_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
