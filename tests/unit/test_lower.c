/* build-graph: the nodes of each kind of term, before anything is simplified. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_check.h"

static void expect_lowered(const char *text, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

static void test_equations_are_copies(void **state)
{
    (void)state;
    expect_lowered("cell C[n = 4](x[n]) -> h[n] {\n  param U[n, n], b[n]\n  s = U @ h[t-1] + b\n  h = tanh(s) * x\n}",
                   LINES("h = copy((tanh(s) * x))", "s = copy(((U @ h[t-1]) + b))"));
    expect_lowered("fn double(v) = v + v\ncell C[n = 4](x[n]) -> h[n] {\n  h = double(x * 3)\n}",
                   LINES("h = copy(copy((u1 + u1)))", "u1 = copy((x * 3))"));
}

static void test_delays_and_initial_values(void **state)
{
    (void)state;
    expect_lowered(
        "cell C[n = 4](x[n]) -> h[n] {\n  param k[n]\n  h = h[t-1] + x[t-2] + (exp(x))[t+1]\n  init h = 2 * k\n}",
        LINES("h = copy(((h[t-1 or (2 * k)] + x[t-2]) + copy(exp(x))[t+1]))"));
    /* An initial value that is a part of something becomes a node. */
    expect_lowered("model M {\n  input x[4], g[8] once\n  h = h[t-1] * x\n  init h = g[2:6]\n  output h\n}",
                   LINES("h = copy((h[t-1 or copy(g[2:6])] * x))"));
}

static void test_reversed_instances_read_ahead(void **state)
{
    (void)state;
    expect_lowered("cell R[n](x[n]) -> h[n] {\n  h = tanh(h[t-1] + x[t-2])\n}\nmodel M {\n  input x[4]\n  b = reverse "
                   "R[4](x)\n  output y = b\n}",
                   LINES("y = copy(b)", "b = copy(b.h)", "b.h = copy(tanh((b.h[t+1] + b.x[t+2])))", "b.x = copy(x)"));
}

static void test_parts(void **state)
{
    (void)state;
    expect_lowered("cell C(x[8]) -> y[3] {\n  param W[6, 5], v[9], Z[2, 6, 5]\n  a = x[2:5]\n  b = v[4:7]\n  c = W[1, "
                   "2:5]\n  d = W[3:6, 4]\n"
                   "  e = Z[1, 0:3, 2]\n  f = x[7]\n  y = a * b * c * d * e * f\n}",
                   LINES("y = copy((((((a * b) * c) * d) * e) * f))", "a = copy(x[2:5])", "b = copy(v{3 from 4 by 1})",
                         "c = copy(W{3 from 7 by 1})", "d = copy(W{3 from 19 by 5})", "e = copy(Z{3 from 32 by 5})",
                         "f = copy(x[7:8])"));
    expect_lowered("cell C(x[5]) -> y[6] {\n  param W[5, 6]\n  y = transpose(W) @ x\n}",
                   LINES("y = copy((W{6x5 from 0 by 1 6} @ x))"));
    expect_lowered("cell C(x[5]) -> y[6] {\n  param Z[2, 3, 5]\n  y = Z @ x\n}",
                   LINES("y = copy((Z{6x5 from 0 by 5 1} @ x))"));
}

static void test_operands_with_defaults(void **state)
{
    (void)state;
    expect_lowered("cell C(x[4]) -> y[4] {\n  y = leaky_relu(x) + hard_sigmoid(x, 0.25)\n}",
                   LINES("y = copy((leaky_relu(x, 0.01) + hard_sigmoid(x, 0.25, 0.5)))"));
}

/* Nothing is left out at random when a network is used. */
static void test_dropout_passes_on(void **state)
{
    (void)state;
    expect_lowered("cell C(x[4]) -> y[4] {\n  y = dropout(x * 2, 0.5)\n}", LINES("y = copy((x * 2))"));
}

static void test_inputs_and_outputs(void **state)
{
    (void)state;
    struct lowered lowered = lower_program(
        "model M {\n  param k[3]\n  input x[4], id: index[7], g once\n  output y = x * g\n  output s = k\n"
        "  output l = last(x)\n  target z[4]\n  loss mse(y, z)\n}");
    const struct graph *graph = lowered.graph;
    assert_int_equal(graph->input_count, 3); /* no target */
    assert_int_equal(graph->inputs[0].time, TIME_FRAME);
    assert_int_equal(graph->inputs[1].vocabulary, 7);
    assert_int_equal(graph->inputs[2].time, TIME_SEQUENCE);
    static const enum value_time times[] = {TIME_FRAME, TIME_SEQUENCE, TIME_SEQUENCE};
    static const char *const names[] = {"y", "s", "l"};
    assert_int_equal(graph->output_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(graph->outputs[i].name, names[i]);
        assert_int_equal(graph->outputs[i].time, times[i]);
    }
    lowered_free(&lowered);
}

static void test_start_values(void **state)
{
    (void)state;
    struct lowered lowered = lower_program(
        "cell C(x[4]) -> y[8] {\n  param A[8, 4], B[8] = 3, C[8, 4] ~ normal(0.1), D[8, 4] ~ uniform(0.2)\n"
        "  param E[8, 4] ~ glorot, F[8, 4] ~ orthogonal, G[8], H, E[1:3, 2:] ~ glorot, E[7, :] = 4\n"
        "  y = (A + C + D + E + F) @ x + B + G + H\n}");
    static const struct {
        enum start_kind start;
        double number;
    } wanted[] = {{START_KIND_UNIFORM, 0.5},
                  {START_KIND_CONSTANT, 3},
                  {START_KIND_NORMAL, 0.1},
                  {START_KIND_UNIFORM, 0.2},
                  {START_KIND_UNIFORM, 0.70710678118654757},
                  {START_KIND_ORTHOGONAL, 1},
                  {START_KIND_CONSTANT, 0},
                  {START_KIND_CONSTANT, 0}};
    assert_int_equal(lowered.graph->parameter_count, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(lowered.graph->parameters[i].start, wanted[i].start);
        assert_true(fabs(lowered.graph->parameters[i].start_number - wanted[i].number) < 1e-15);
    }
    const struct graph_parameter *parts = &lowered.graph->parameters[4]; /* of E */
    assert_int_equal(parts->part_count, 2);
    assert_int_equal(parts->parts[0].begin[1], 2);
    assert_int_equal(parts->parts[1].length[1], 4);
    assert_true(fabs(parts->parts[0].number - sqrt(6.0 / (2 + 2))) < 1e-15 && parts->parts[1].number == 4);
    lowered_free(&lowered);
}

/* The variance of a start value. */
static double variance_of(const struct graph_parameter *parameter)
{
    double number = parameter->start_number;
    return parameter->start == START_KIND_UNIFORM ? number * number / 3 : number * number;
}

/* Each element of A @ B is a sum of r products of two independent numbers, of a cp form of three. */
static void test_start_values_of_factors(void **state)
{
    (void)state;
    static const struct {
        const char *parameter;
        int factors, rank;
        double variance;
    } cases[] = {
        {"W[30, 40] : svd(5)", 2, 5, 1.0 / (3 * 40)},       {"W[30, 40] : svd(5) ~ normal(0.1)", 2, 5, 0.01},
        {"W[30, 40] : svd(5) ~ uniform(0.3)", 2, 5, 0.03},  {"W[30, 40] : svd(5) ~ glorot", 2, 5, 2.0 / 70},
        {"W[2, 15, 40] : cp(4) ~ normal(0.1)", 3, 4, 0.01}, {"W[2, 15, 40] : cp(4)", 3, 4, 1.0 / (3 * 40)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "cell C(x[40]) -> y[30] {\n  param %s\n  y = W @ x\n}", cases[i].parameter);
        struct lowered lowered = lower_program(text);
        assert_int_equal(lowered.graph->parameter_count, cases[i].factors);
        double variance = cases[i].rank;
        for (int k = 0; k < cases[i].factors; k++)
            variance *= variance_of(&lowered.graph->parameters[k]);
        assert_true(fabs(variance / cases[i].variance - 1) < 1e-12);
        lowered_free(&lowered);
    }
}

/* Every node knows the equation that it came from, and hidden values have no name. */
static void test_origins(void **state)
{
    (void)state;
    static const char text[] = "cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(x) * 2\n  y, b = split(concat(a, a), 2)\n}";
    struct lowered lowered = lower_program(text);
    const struct graph *graph = lowered.graph;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        if (node->op == OP_number)
            continue;
        assert_non_null(node->origin);
        assert_string_equal(node->origin->instance, ""); /* that of a hidden value too */
        const char *equation = text + node->equation.begin;
        if (node->op == OP_tanh || node->op == OP_mul)
            assert_memory_equal(equation, "a = tanh(x) * 2\n", 16);
        if (node->op == OP_concat)
            assert_memory_equal(equation, "y, b = split", 12);
        assert_true(!node->name || !strchr(node->name, '.'));
    }
    lowered_free(&lowered);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equations_are_copies),
        cmocka_unit_test(test_delays_and_initial_values),
        cmocka_unit_test(test_reversed_instances_read_ahead),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_operands_with_defaults),
        cmocka_unit_test(test_dropout_passes_on),
        cmocka_unit_test(test_inputs_and_outputs),
        cmocka_unit_test(test_start_values),
        cmocka_unit_test(test_start_values_of_factors),
        cmocka_unit_test(test_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
