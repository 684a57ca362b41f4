/* factor_sums: the order and the signs of sums, and where a sum ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/machine.h"
#include "graph_check.h"
#include "transform/transform.h"

static void expect_factored(const char *text, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    simplify(lowered.graph, lowered.arena);
    factor(lowered.graph, &machine_generic, lowered.arena);
    factor_sums(lowered.graph, lowered.arena);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

static void expect_sum(const char *right, const char *line)
{
    char text[400];
    snprintf(
        text, sizeof text,
        "cell C[n = 4](x[n], z[n], s) -> h[n] {\n  param W[n, n], U[n, n], b[n], k[n]\n  h = tanh(%s)\n  init h = 0\n}",
        right);
    expect_factored(text, LINES(line));
}

#define H "h[t-1 or 0]"

static void test_sums_are_ordered(void **state)
{
    (void)state;
    expect_sum("W @ x + U @ h[t-1] + b", "h = tanh(((b + (W @ x)) + (U @ " H ")))");
    expect_sum("U @ h[t-1] + W @ x + b", "h = tanh(((b + (W @ x)) + (U @ " H ")))");
    expect_sum("h[t-1] + U @ h[t-1] + x + W @ x + b", "h = tanh(((((b + (W @ x)) + x) + (U @ " H ")) + " H "))");
    expect_sum("U @ h[t-1] + (W @ x + (x + b))", "h = tanh((((b + (W @ x)) + x) + (U @ " H ")))");
    expect_sum("b + (W @ x + U @ h[t-1])", "h = tanh(((b + (W @ x)) + (U @ " H ")))");
    expect_sum("x + b + h[t-1] + k", "h = tanh((((b + k) + x) + " H "))"); /* b + k at load */
    expect_sum("h[t-1] * x + s + 1", "h = tanh(((1 + s) + (" H " * x)))");
}

static void test_signs_are_kept(void **state)
{
    (void)state;
    expect_sum("W @ x - U @ h[t-1] + b", "h = tanh(((b + (W @ x)) - (U @ " H ")))");
    expect_sum("U @ h[t-1] - (W @ x - b)", "h = tanh(((b - (W @ x)) + (U @ " H ")))");
    expect_sum("x - (z - (b - (W @ x - h[t-1])))", "h = tanh(((((b - (W @ x)) + x) - z) + " H "))");
    expect_sum("h[t-1] - x - b", "h = tanh(((neg(b) - x) + " H "))");
    expect_sum("h[t-1] - x", "h = tanh((neg(x) + " H "))");
    expect_sum("x - 1", "h = tanh((-1 + x))");
    expect_sum("x - b - k", "h = tanh(((neg(b) - k) + x))");
}

static void test_sums_in_order_stay(void **state)
{
    (void)state;
    expect_sum("b + W @ x + U @ h[t-1]", "h = tanh(((b + (W @ x)) + (U @ " H ")))");
    expect_sum("x + z", "h = tanh((x + z))");
    expect_sum("z - x", "h = tanh((z - x))");
    expect_sum("b - x", "h = tanh((b - x))");
    expect_sum("b + k + x", "h = tanh(((b + k) + x))");
    expect_sum("b + k - x", "h = tanh(((b + k) - x))");
}

/* A sum is one as long as nothing else reads a part of it, now or later. */
static void test_sums_end_where_something_else_reads(void **state)
{
    (void)state;
    expect_factored("cell C[n = 4](x[n], z[n]) -> y[n] {\n  param b[n]\n  a = x + z\n  y = a + b + exp(a)\n}",
                    LINES("y = ((b + a) + exp(a))", "a = (x + z)"));
    expect_factored("cell C[n = 4](x[n], z[n]) -> y[n] {\n  param b[n]\n  a = x + z\n  y = a[t-1] + b\n}",
                    LINES("y = (b + a[t-1])", "a = (x + z)"));
    expect_factored("cell C[n = 4](x[n]) -> y[n] {\n  param b[n], k[n]\n  a = x + b\n  y = a[t-1] + k\n}",
                    LINES("y = (k + a[t-1])", "a = (b + x)")); /* two sums, each in its order */
    expect_factored(
        "cell C[n = 4](x[n], s, r) -> y[n] {\n  param b[n]\n  y = x + (s + r) + b\n}", /* r + s once, not n times */
        LINES("y = ((b + x) + (s + r))"));
}

/* The sum reads its own past, which is no summand to be taken apart again. */
static void test_running_sums(void **state)
{
    (void)state;
    expect_factored("cell C[n = 4](x[n]) -> h[n] {\n  h = h[t-1] + x\n}", LINES("h = (x + h[t-1])"));
    expect_factored("cell C[n = 4](x[n]) -> h[n] {\n  param U[n, n], b[n]\n  h = h[t-1] - x + U @ h[t-1] - b\n}",
                    LINES("h = (((neg(b) - x) + (U @ h[t-1])) + h[t-1])"));
}

static void test_sums_of_scalars(void **state)
{
    (void)state;
    expect_factored("cell C(s, r) -> y {\n  param k\n  y = s - r + k + 2\n}", LINES("y = (((k + 2) + s) - r)"));
    expect_factored("cell C(x[4], s) -> y[4] {\n  y = x + s + 2 + s\n}", LINES("y = (((2 + x) + s) + s)"));
}

/* Values that a sequence has once are added once, not at every frame. */
static void test_sums_with_values_of_sequences(void **state)
{
    (void)state;
    struct lowered lowered = lower_program(
        "model M {\n  input x[4], g[4] once\n  param b[4], W[4, 4], V[4, 4]\n  output y = tanh(W @ x + V @ g + b)\n}");
    simplify(lowered.graph, lowered.arena);
    factor(lowered.graph, &machine_generic, lowered.arena);
    factor_sums(lowered.graph, lowered.arena);
    expect_equations(&lowered, LINES("y = tanh(((b + (V @ g)) + (W @ x)))"));
    const struct graph *graph = lowered.graph;
    const struct node *sum = graph->nodes[graph->nodes[node_called(&lowered, "y")]->edges[0].node];
    assert_int_equal(sum->time, TIME_FRAME);
    assert_int_equal(graph->nodes[sum->edges[0].node]->time, TIME_SEQUENCE);
    lowered_free(&lowered);
}

static void test_names_survive(void **state)
{
    (void)state;
    expect_factored("cell C[n = 4](x[n]) -> y[n] {\n  param U[n, n], b[n]\n  y = U @ y[t-1] + x + b\n}",
                    LINES("y = ((b + x) + (U @ y[t-1]))"));
    /* Parts of parts are named after what they are parts of in the end, and only if they are all of what had the name.
     */
    expect_factored("cell C(x[9]) -> y[2] {\n  s = tanh(x)\n  v = s[2:6]\n  b = v[1:3]\n  y = exp(b) * b\n}",
                    LINES("y = (exp(b) * b)", "b = tanh(x[3:5])"));
    expect_factored("cell C(x[9]) -> y[2] {\n  s = tanh(x)\n  w = s[0:4]\n  y = exp(w[0:2]) * w[2:4]\n}",
                    LINES("y = (exp(tanh(x[0:2])) * tanh(x[2:4]))"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_are_ordered),
        cmocka_unit_test(test_signs_are_kept),
        cmocka_unit_test(test_sums_in_order_stay),
        cmocka_unit_test(test_sums_end_where_something_else_reads),
        cmocka_unit_test(test_running_sums),
        cmocka_unit_test(test_sums_of_scalars),
        cmocka_unit_test(test_sums_with_values_of_sequences),
        cmocka_unit_test(test_names_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
