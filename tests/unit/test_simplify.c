/* simplify: the nodes that it takes out, and those that must stay because frames out of range would read something
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "graph_check.h"
#include "transform/transform.h"

static void expect_simplified(const char *text, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    simplify(lowered.graph, lowered.arena);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

/* ---- copies ---- */

static void test_names_are_not_copied(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x\n  b = a\n  y = tanh(b)\n}", LINES("y = tanh(x)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = a\n  a = tanh(x)\n}", LINES("output y = a", "a = tanh(x)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n], z[n] {\n  a = tanh(x)\n  y = a\n  z = a\n}",
                      LINES("output y = a", "a = tanh(x)", "output z = a"));
}

static void test_delays_add_up(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x[t-2]\n  y = tanh(a)\n}", LINES("y = tanh(x[t-2])"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x[t-2]\n  b = a\n  y = tanh(b[t-3])\n}",
                      LINES("y = tanh(x[t-5])"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x[t+2]\n  y = tanh(a[t+1])\n}", LINES("y = tanh(x[t+3])"));
}

/* x[t-2] read one frame ahead is 0 before frame 1 and at the last frame; x[t-1] is neither. */
static void test_delays_of_both_directions_stay(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x[t-2]\n  y = tanh(a[t+1])\n}",
                      LINES("y = tanh(a[t+1])", "a = copy(x[t-2])"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = x[t+2]\n  y = tanh(a[t-1])\n}",
                      LINES("y = tanh(a[t-1])", "a = copy(x[t+2])"));
}

static void test_initial_values_move_along(void **state)
{
    (void)state;
    /* The reader has no delay of its own: it takes the copy's. */
    expect_simplified(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a[t-1]\n  y = exp(b)\n  init a = k\n}",
        LINES("y = exp(a[t-1 or k])", "a = tanh(x)"));
    /* The copy has none: the reader keeps its own. */
    expect_simplified(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a\n  y = exp(b[t-1])\n  init b = k\n}",
        LINES("y = exp(a[t-1 or k])", "a = tanh(x)"));
}

/* Two delays would need the one initial value at frame 0 and the other, or 0, at frame 1. */
static void test_two_delays_with_an_initial_value_stay(void **state)
{
    (void)state;
    expect_simplified(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a[t-1]\n  y = exp(b[t-1])\n  init a = k\n}",
        LINES("y = exp(b[t-1])", "b = copy(a[t-1 or k])", "a = tanh(x)"));
    expect_simplified(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = tanh(x)\n  b = a[t-1]\n  y = exp(b[t-1])\n  init b = k\n}",
        LINES("y = exp(b[t-1 or k])", "b = copy(a[t-1])", "a = tanh(x)"));
}

static void test_ranges_add_up(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 8](x[n]) -> y[2] {\n  a = x[2:7]\n  b = a[1:4]\n  y = tanh(b[1:3])\n}",
                      LINES("y = tanh(x[4:6])"));
    expect_simplified("cell C[n = 8](x[n]) -> y[2] {\n  a = x[2:7]\n  y = tanh((a[t-1])[1:3])\n}",
                      LINES("y = tanh(x[3:5][t-1])"));
    expect_simplified("cell C[n = 8](x[n]) -> y[2] {\n  a = x[2:7]\n  y = tanh((a[t-1])[1:3])\n  init a = 0.5\n}",
                      LINES("y = tanh(x[3:5][t-1 or 0.5])"));
}

/* The initial value has as many units as the part, not as what the part is of. */
static void test_initial_values_of_parts_stay(void **state)
{
    (void)state;
    expect_simplified(
        "cell C[n = 8](x[n]) -> y[2] {\n  param k[5]\n  a = x[2:7]\n  y = tanh((a[t-1])[1:3])\n  init a = k\n}",
        LINES("y = tanh(a[1:3][t-1 or k])", "a = copy(x[2:7])"));
}

static void test_spreading_is_no_copy(void **state)
{
    (void)state;
    expect_simplified("model M {\n  input x[4]\n  a[4] = sum(x)\n  output y = softmax(a)\n}",
                      LINES("y = softmax(a)", "a = copy(sum(x))"));
}

/* Copies that end in themselves; one of them has to stay, and a reader that comes first must not follow them for ever.
 */
static void test_circular_copies(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = a[t-1]\n  a[n] = b[t-1]\n  b[n] = c\n  c[n] = a[t-1]\n}",
                      LINES("y = copy(a[t-1])", "a = copy(b[t-1])", "b = copy(y)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a[n] = a[t-1]\n  b = a\n  y = b * x\n  init a = 1\n}",
                      LINES("y = (a * x)", "a = copy(a[t-1 or 1])"));
}

/* Each delay is one that a program may have; together they are more frames than an int counts. */
static void test_sum_of_delays_is_bounded(void **state)
{
    (void)state;
    char text[120000];
    size_t length = (size_t)snprintf(text, sizeof text, "cell C[n = 4](x[n]) -> y[n] {\n  a0 = x\n");
    for (int i = 1; i <= 2200; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "  a%d = a%d[t-1000000]\n", i, i - 1);
    length += (size_t)snprintf(text + length, sizeof text - length, "  y = tanh(a2200)\n}\n");
    assert_true(length < sizeof text);
    struct lowered lowered = lower_program(text);
    simplify(lowered.graph, lowered.arena);
    expect_verified(&lowered);
    assert_int_equal(lowered.graph->node_count, 3); /* x, one copy and tanh */
    long delays = 0;
    for (int i = 0; i < lowered.graph->node_count; i++)
        for (int k = 0; k < lowered.graph->nodes[i]->count; k++)
            delays += lowered.graph->nodes[i]->edges[k].delay;
    assert_true(delays == 2200000000L);
    lowered_free(&lowered);
}

/* ---- constants ---- */

static void test_constants_are_folded(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * (2 * 3 - 10 / 4 + -(1 + 1))\n}",
                      LINES("y = (x * 1.5)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = 2 * 3\n  b = a / 4\n  y = x * b\n}",
                      LINES("y = (x * 1.5)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * sqrt(tanh(0) + 4)\n}", LINES("y = (x * 2)"));
}

/* Operations without a finite result are left to the machine, and so are functions of more than one number. */
static void test_what_is_not_folded(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * (1 / 0)\n}", LINES("y = (x * (1 / 0))"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * log(0)\n}", LINES("y = (x * log(0))"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * exp(1000)\n}", LINES("y = (x * exp(1000))"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * pow(2, 3)\n}", LINES("y = (x * pow(2, 3))"));
}

/* ---- sharing ---- */

static void test_equal_nodes_are_shared(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = tanh(x) * exp(tanh(x))\n}",
                      LINES("y = (u1 * exp(u1))", "u1 = tanh(x)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(x * x)\n  b = tanh(x * x)\n  y = a * b[t-1]\n}",
                      LINES("y = (a * a[t-1])", "a = tanh((x * x))"));
    /* The name of a shared value is kept, whichever of the two has one. */
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = tanh(x) * exp(a)\n  a = tanh(x)\n}",
                      LINES("y = (a * exp(a))", "a = tanh(x)"));
}

static void test_what_differs_is_not_shared(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = tanh(x) * tanh(x[t-1]) * tanh(x[t-2])\n}",
                      LINES("y = ((tanh(x) * tanh(x[t-1])) * tanh(x[t-2]))"));
    expect_simplified("cell C[n = 4](x[n]) -> y[2] {\n  y = tanh(x[0:2]) * tanh(x[1:3])\n}",
                      LINES("y = (tanh(x[0:2]) * tanh(x[1:3]))"));
    expect_simplified(
        "cell C[n = 4](x[n]) -> y[n] {\n  param k[n]\n  a = exp(x)\n  b = exp(x)\n  y = tanh(a[t-1]) * tanh(b[t-1])\n"
        "  init b = k\n}",
        LINES("y = (tanh(a[t-1]) * tanh(a[t-1 or k]))", "a = exp(x)"));
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  y = x * 0 + x * (-1 * 0)\n}",
                      LINES("y = ((x * 0) + (x * -0))"));
}

/* Equal cells with states of their own are not one state: nothing says so before their past is known to be equal. */
static void test_states_are_not_shared(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(a[t-1] + x)\n  b = tanh(b[t-1] + x)\n  y = a * b\n}",
                      LINES("y = (a * b)", "a = tanh((a[t-1] + x))", "b = tanh((b[t-1] + x))"));
}

/* ---- views ---- */

static void test_views_are_composed(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[3]) -> y[2] {\n  param W[8, 9]\n  V = W[2:6, 3:9]\n  y = V[1:3, 2:5] @ x\n}",
                      LINES("y = (W{2x3 from 32 by 9 1} @ x)"));
    expect_simplified("cell C[n = 4](x[8]) -> y[2] {\n  param W[8, 9]\n  y = transpose(W)[4:6, :] @ x\n}",
                      LINES("y = (W{2x8 from 4 by 1 9} @ x)"));
    expect_simplified("cell C[n = 4](x[3]) -> y[3] {\n  param W[8, 9]\n  y = W[2:6, 3:9][1, 2:5] * x\n}",
                      LINES("y = (W{3 from 32 by 1} * x)"));
    expect_simplified("cell C[n = 4](x[5]) -> y[3] {\n  param Z[2, 3, 5]\n  y = Z[1][0:3, :] @ x\n}",
                      LINES("y = (Z{3x5 from 15 by 5 1} @ x)"));
}

static void test_views_of_everything_vanish(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[9]) -> y[8] {\n  param W[8, 9]\n  y = transpose(transpose(W)) @ x\n}",
                      LINES("y = (W @ x)"));
    expect_simplified("cell C[n = 4](x[9]) -> y[8] {\n  param W[8, 9]\n  y = W[0:8, :] @ x + W @ x\n}",
                      LINES("y = (u1 + u1)", "u1 = (W @ x)"));
}

/* The rows of all Z[i][:, 0:3] one after the other are no strides of Z. */
static void test_views_that_are_no_single_view(void **state)
{
    (void)state;
    expect_simplified("cell C[n = 4](x[3]) -> y[8] {\n  param Z[2, 4, 5]\n  y = Z[:, :, 0:3] @ x\n}",
                      LINES("y = (Z{2x4x3 from 0 by 20 5 1}{8x3 from 0 by 3 1} @ x)"));
}

/* ---- dead nodes ---- */

static void test_dead_nodes_go(void **state)
{
    (void)state;
    struct lowered lowered = lower_program(
        "cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n]\n  dead = tanh(W @ x + dead[t-1])\n  y = exp(x)\n}");
    assert_int_equal(lowered.graph->node_count, 3); /* x, exp, y */
    assert_int_equal(lowered.graph->parameter_count, 1);
    simplify(lowered.graph, lowered.arena);
    assert_int_equal(lowered.graph->node_count, 2);
    expect_equations(&lowered, LINES("y = exp(x)"));
    lowered_free(&lowered);
}

/* An output of sequences is a copy, not the parameter itself. */
static void test_static_outputs_stay_copies(void **state)
{
    (void)state;
    expect_simplified("model M {\n  param k[4]\n  input x[4]\n  output y = k\n  output z = k * x\n}",
                      LINES("output y = copy(k)", "z = (k * x)"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_not_copied),
        cmocka_unit_test(test_delays_add_up),
        cmocka_unit_test(test_delays_of_both_directions_stay),
        cmocka_unit_test(test_initial_values_move_along),
        cmocka_unit_test(test_two_delays_with_an_initial_value_stay),
        cmocka_unit_test(test_ranges_add_up),
        cmocka_unit_test(test_initial_values_of_parts_stay),
        cmocka_unit_test(test_spreading_is_no_copy),
        cmocka_unit_test(test_circular_copies),
        cmocka_unit_test(test_sum_of_delays_is_bounded),
        cmocka_unit_test(test_constants_are_folded),
        cmocka_unit_test(test_what_is_not_folded),
        cmocka_unit_test(test_equal_nodes_are_shared),
        cmocka_unit_test(test_what_differs_is_not_shared),
        cmocka_unit_test(test_states_are_not_shared),
        cmocka_unit_test(test_views_are_composed),
        cmocka_unit_test(test_views_of_everything_vanish),
        cmocka_unit_test(test_views_that_are_no_single_view),
        cmocka_unit_test(test_dead_nodes_go),
        cmocka_unit_test(test_static_outputs_stay_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
