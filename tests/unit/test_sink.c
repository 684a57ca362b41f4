/* sink: which values run beside their readers in other regions, and are not stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schedule_check.h"

/* Checks the storage of value k of a cell whose equations are given. */
static void expect_storage(const char *equations, const char *storage)
{
    char text[400];
    snprintf(text, sizeof text,
             "cell C[n = 4](x[n]) -> h[n] {\n  param W[n, n], V[n, n], U[n, n]\n  g = tanh(W @ x)\n%s\n}", equations);
    struct scheduled scheduled = schedule_program(text, &default_schedule_options);
    assert_string_equal(buffer_text(&scheduled, "k"), storage);
    scheduled_free(&scheduled);
}

static void test_cheap_values_sink(void **state)
{
    (void)state;
    expect_storage("  k = 1 - g\n  h = tanh(U @ h[t-1] + g) * k", "none");
    expect_storage("  k = 1 - g * g\n  h = tanh(U @ h[t-1] + g) * k", "none");
}

static void test_other_values_stay(void **state)
{
    (void)state;
    expect_storage("  k = exp(g)\n  h = tanh(U @ h[t-1] + g) * k", "block");             /* takes long */
    expect_storage("  k = 1 - g\n  h = tanh(U @ h[t-1]) * k", "block");                  /* g is not stored */
    expect_storage("  k = 1 - g\n  h = tanh(U @ h[t-1] + g) * k[t-1]", "block, past 1"); /* of another frame */
    expect_storage("  k = 1 - g\n  h = tanh(U @ (h[t-1] * k) + g) * k", "none");
    expect_storage("  k = 1 - g\n  h = tanh(U @ h[t-1] + g) + V @ k", "block"); /* a product needs all units */
    expect_storage("  m = sum(g)\n  k = 1 - m\n  h = k * h[t-1] + m", "block"); /* one number for all units */
}

/* A value of its own for each region: one that stays where it is read, and one that sinks. */
static void test_values_stay_and_sink(void **state)
{
    (void)state;
    expect_schedule(
        "cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n], V[n, n]\n  f = sigmoid(W @ x)\n  r = sigmoid(V @ x)"
        "\n  c = f * c[t-1] + (1 - f) * x\n  y = r * tanh(c) + (1 - r) * x + (1 - f)\n}",
        &default_schedule_options,
        LINES("r_frames: frames: 0 panel 2x4 by x", "c_scan: elementwise scan: 0 elementwise 4",
              "y_frames: frames: 0 elementwise 4"));
}

/* Returns the differences 1 - value of a training network that are stored. */
static int count_stored_differences(const struct scheduled *scheduled)
{
    const struct graph *graph = scheduled->schedule->graph;
    int count = 0;
    for (int i = 0; i < graph->node_count; i++)
        count += graph->nodes[i]->op == OP_sub && graph->nodes[graph->nodes[i]->edges[0].node]->op == OP_number &&
                 scheduled->schedule->buffers[i].storage != STORE_NONE;
    return count;
}

/* In the adjoint of an LSTM each slope is computed from the value that the scan reads anyway. */
static void test_slopes_are_not_stored(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_training(
        "cell L[n = 4](x[n]) -> h[n] {\n  param W[4*n, n], U[4*n, n]\n  i, f, g, o = split(W @ x + U @ h[t-1], 4)\n"
        "  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)\n  h = sigmoid(o) * tanh(c)\n}\n"
        "model M {\n  input x[4]\n  h = L(x)\n  output y = h\n  target z[4]\n  loss mse(y, z)\n}",
        &default_schedule_options);
    assert_int_equal(count_stored_differences(&scheduled), 0);
    scheduled_free(&scheduled);
}

/* Checks the storage of e, a row of a table that the equations look up by the id w. */
static void expect_row(const char *table, const char *equations, const char *storage)
{
    char text[400];
    snprintf(text, sizeof text, "model M {\n  const n = 32\n  input w: index[9]\n  param E%s, b[32], U[n, n]\n%s\n}",
             table, equations);
    struct scheduled scheduled = schedule_program(text, &default_schedule_options);
    assert_string_equal(buffer_text(&scheduled, "e"), storage);
    if (strcmp(storage, "none") != 0)
        assert_false(scheduled.lowered.graph->nodes[node_called(&scheduled.lowered, "e")]->by_units);
    scheduled_free(&scheduled);
}

/* Readers of its region take the units of a row from the table. */
static void test_rows_are_read_in_the_table(void **state)
{
    (void)state;
    const char *read = "  e = embed(E, w)\n  g = tanh(e + b)\n  output h = tanh(g * (U @ h[t-1]))";
    expect_row("[9, 32]", read, "none");
    expect_row("[9, 32] : int8", read, "block");                               /* it becomes plain numbers once */
    expect_row("[9, 24]", "  e = embed(E, w)\n  output g = tanh(e)", "block"); /* no whole vectors, on some machines */
    expect_row("[9, 32]", "  e = embed(E, w)\n  output h = tanh(e + U @ h[t-1])", "block");   /* a scan reads it */
    expect_row("[9, 32]", "  e = embed(E, w)\n  output h = tanh(e + 0.5 * h[t-1])", "block"); /* another one */
    expect_row("[9, 32]", "  e = embed(E, w)\n  output g = softmax(e) * e", "block"); /* one reader needs all units */
    expect_row("[9, 32]", "  e = embed(E, w)\n  output g = tanh(e) + e[t-1]", "block, past 1");
    expect_row("[9, 32]", "  e = embed(E, w[t-1])\n  output g = tanh(e)", "none"); /* copied from the frame before */
    expect_row("[9, 32]", "  e = embed(E, w)\n  output g = tanh(e)\n  output e", "block");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheap_values_sink),          cmocka_unit_test(test_other_values_stay),
        cmocka_unit_test(test_values_stay_and_sink),       cmocka_unit_test(test_slopes_are_not_stored),
        cmocka_unit_test(test_rows_are_read_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
