/* factor: each line of transform.h's picture, with delays and initial values, and where it must leave things as they
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/machine.h"
#include "graph_check.h"
#include "transform/transform.h"

static void expect_factored(const char *text, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    simplify(lowered.graph, lowered.arena);
    decompose(lowered.graph, lowered.arena);
    factor(lowered.graph, &machine_generic, lowered.arena);
    factor_sums(lowered.graph, lowered.arena);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

/* ---- W @ concat(a, b) ---- */

static void test_products_over_concat(void **state)
{
    (void)state;
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  y = W @ concat(a, b)\n}",
                    LINES("y = ((W{4x2 from 0 by 5 1} @ a) + (W{4x3 from 2 by 5 1} @ b))"));
    expect_factored(
        "cell C(a[2], b[3], s) -> y[4] {\n  param W[4, 6]\n  y = tanh(W @ concat(a, s, b))\n}",
        LINES("y = tanh((((W{4x2 from 0 by 6 1} @ a) + (W{4x1 from 2 by 6 1} @ s)) + (W{4x3 from 3 by 6 1} @ b)))"));
    expect_factored("cell C[n = 4](x[3]) -> h[n] {\n  param W[n, n+3]\n  h = tanh(W @ concat(h[t-1], x))\n}",
                    LINES("h = tanh(((W{4x3 from 4 by 7 1} @ x) + (W{4x4 from 0 by 7 1} @ h[t-1])))"));
}

static void test_products_over_nested_concats(void **state)
{
    (void)state;
    expect_factored(
        "cell C(a[1], b[1], c[1], d[1], e[1]) -> y[2] {\n  param W[2, 5]\n"
        "  y = W @ concat(concat(concat(concat(a, b), c), d), e)\n}",
        LINES("y = (((((W{2x1 from 0 by 5 1} @ a) + (W{2x1 from 1 by 5 1} @ b)) + (W{2x1 from 2 by 5 1} @ c)) + "
              "(W{2x1 from 3 by 5 1} @ d)) + (W{2x1 from 4 by 5 1} @ e))"));
}

static void test_products_over_delayed_concats(void **state)
{
    (void)state;
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  y = W @ (concat(a, b))[t-1]\n}",
                    LINES("y = ((W{4x2 from 0 by 5 1} @ a[t-1]) + (W{4x3 from 2 by 5 1} @ b[t-1]))"));
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  y = W @ (concat(a[t-2], b))[t-1]\n}",
                    LINES("y = ((W{4x2 from 0 by 5 1} @ a[t-3]) + (W{4x3 from 2 by 5 1} @ b[t-1]))"));
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  y = W @ (concat(a[t+2], b))[t+1]\n}",
                    LINES("y = ((W{4x2 from 0 by 5 1} @ a[t+3]) + (W{4x3 from 2 by 5 1} @ b[t+1]))"));
}

static void test_initial_values_of_concats(void **state)
{
    (void)state;
    expect_factored(
        "cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5], k[5]\n  v = concat(a, b)\n  y = W @ v[t-1]\n  init v = k\n}",
        LINES("y = ((W{4x2 from 0 by 5 1} @ a[t-1 or k{2 from 0 by 1}]) + "
              "(W{4x3 from 2 by 5 1} @ b[t-1 or k{3 from 2 by 1}]))"));
    expect_factored(
        "cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  v = concat(a, b)\n  y = W @ v[t-1]\n  init v = 0.5\n}",
        LINES("y = ((W{4x2 from 0 by 5 1} @ a[t-1 or 0.5]) + (W{4x3 from 2 by 5 1} @ b[t-1 or 0.5]))"));
}

/* A static operand reads 0, or the initial value, before the first frame; an operand with a past of its own reads first
 * the one and then the other initial value; a part has fewer units than an initial value of all of it; what lies ahead
 * is no past. */
static void test_delayed_concats_that_stay(void **state)
{
    (void)state;
    expect_factored("cell C(a[2]) -> y[4] {\n  param W[4, 5], k[3]\n  y = W @ (concat(a, k))[t-1]\n}",
                    LINES("y = (W @ concat(a, k)[t-1])"));
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5], k[5]\n  v = concat(a[t-1], b)\n  y = W @ v[t-1]\n  "
                    "init v = k\n}",
                    LINES("y = (W @ v[t-1 or k])", "v = concat(a[t-1], b)"));
    expect_factored("cell C(a[9], b[3]) -> y[4] {\n  param W[4, 5], k[5]\n  v = concat(a[2:4], b)\n  y = W @ v[t-1]\n  "
                    "init v = k\n}",
                    LINES("y = (W @ v[t-1 or k])", "v = concat(a[2:4], b)"));
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 5]\n  v = concat(a[t-1], b)\n  y = W @ v[t+1]\n}",
                    LINES("y = (W @ v[t+1])", "v = concat(a[t-1], b)"));
}

static void test_static_operands_of_concats(void **state)
{
    (void)state;
    struct lowered lowered = lower_program("cell C(a[2]) -> y[4] {\n  param W[4, 5], k[3]\n  y = W @ concat(a, k)\n}");
    factor(lowered.graph, &machine_generic, lowered.arena);
    factor_sums(lowered.graph, lowered.arena);
    expect_equations(&lowered, LINES("y = ((W{4x3 from 2 by 5 1} @ k) + (W{4x2 from 0 by 5 1} @ a))"));
    const struct node *y = lowered.graph->nodes[node_called(&lowered, "y")];
    assert_int_equal(lowered.graph->nodes[y->edges[0].node]->time, TIME_STATIC); /* computed once, at load */
    lowered_free(&lowered);
}

static void test_products_with_a_part_of_a_concat(void **state)
{
    (void)state;
    expect_factored("cell C(a[2], b[3]) -> y[4] {\n  param W[4, 3]\n  v = concat(a, b)\n  y = W @ v[1:4]\n}",
                    LINES("y = ((W{4x1 from 0 by 3 1} @ a[1:2]) + (W{4x2 from 1 by 3 1} @ b[0:2]))"));
    expect_factored(
        "cell C(a[2], b[3]) -> y[4] {\n  param W[4, 2], k[4]\n  v = concat(a, k)\n  y = W @ v[1:3] + W @ v[3:5]\n}",
        LINES("y = (((W{4x1 from 1 by 2 1} @ k{1 from 0 by 1}) + (W @ k{2 from 1 by 1})) + (W{4x1 from 0 by 2 1} @ "
              "a[1:2]))"));
}

/* ---- parts ---- */

static void test_parts_of_products(void **state)
{
    (void)state;
    expect_factored("cell C(x[3]) -> y[2] {\n  param W[4, 3]\n  a, b = split(W @ x, 2)\n  y = a * tanh(b)\n}",
                    LINES("y = (a * tanh(b))", "a = (W{2x3 from 0 by 3 1} @ x)", "b = (W{2x3 from 6 by 3 1} @ x)"));
    /* Units that nobody reads are not computed. */
    expect_factored("cell C(x[3]) -> y[2] {\n  param W[4, 3]\n  y = tanh((W @ x)[1:3])\n}",
                    LINES("y = tanh((W{2x3 from 3 by 3 1} @ x))"));
}

static void test_parts_of_elementwise_nodes(void **state)
{
    (void)state;
    expect_factored(
        "cell C(x[3]) -> y[2] {\n  param W[4, 3], b[4]\n  i, o = split(tanh(W @ x + b) * 2, 2)\n  y = i / o\n}",
        LINES("y = (i / o)", "i = (tanh((b{2 from 0 by 1} + (W{2x3 from 0 by 3 1} @ x))) * 2)",
              "o = (tanh((b{2 from 2 by 1} + (W{2x3 from 6 by 3 1} @ x))) * 2)"));
    expect_factored(
        "cell C(x[4], s) -> y[2] {\n  p, q = split(where(x > 0, x[t-2], s), 2)\n  y = p * q\n}",
        LINES("y = (p * q)", "p = where(gt(x[0:2], 0), x[0:2][t-2], s)", "q = where(gt(x[2:4], 0), x[2:4][t-2], s)"));
}

static void test_lstm_falls_into_gates(void **state)
{
    (void)state;
    expect_factored(
        "cell LSTM[n = 2](x[3]) -> h[n] {\n  param W[4*n, 3], U[4*n, n], b[4*n]\n"
        "  i, f, g, o = split(W @ x + U @ h[t-1] + b, 4)\n  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)\n"
        "  h = sigmoid(o) * tanh(c)\n}",
        LINES("h = (sigmoid(o) * tanh(c))",
              "o = ((b{2 from 6 by 1} + (W{2x3 from 18 by 3 1} @ x)) + (U{2x2 from 12 by 2 1} @ h[t-1]))",
              "c = ((sigmoid(f) * c[t-1]) + (sigmoid(i) * tanh(g)))",
              "f = ((b{2 from 2 by 1} + (W{2x3 from 6 by 3 1} @ x)) + (U{2x2 from 4 by 2 1} @ h[t-1]))",
              "i = ((b{2 from 0 by 1} + (W{2x3 from 0 by 3 1} @ x)) + (U{2x2 from 0 by 2 1} @ h[t-1]))",
              "g = ((b{2 from 4 by 1} + (W{2x3 from 12 by 3 1} @ x)) + (U{2x2 from 8 by 2 1} @ h[t-1]))"));
}

static void test_parts_with_delays(void **state)
{
    (void)state;
    expect_factored(
        "cell C(x[4]) -> y[2] {\n  param k[4]\n  a = tanh(x)\n  y = (a[t-1])[0:2] * a[2:4]\n  init a = k\n}",
        LINES("y = (tanh(x[0:2])[t-1 or k{2 from 0 by 1}] * tanh(x[2:4]))"));
    expect_factored("cell C(x[4]) -> y[2] {\n  a = tanh(x)\n  y = (a[t-1])[0:2] * a[2:4]\n  init a = 0.5\n}",
                    LINES("y = (tanh(x[0:2])[t-1 or 0.5] * tanh(x[2:4]))"));
}

/* A node that reads its own past in parts comes apart in one go: its parts read each other. */
static void test_parts_of_a_state(void **state)
{
    (void)state;
    expect_factored(
        "cell C(x[2]) -> y[2] {\n  param W[4, 2], k[4]\n  p[4] = W @ (p[t-1])[0:2]\n  y = p[2:4] * x\n  init p = k\n}",
        LINES("y = ((W{2x2 from 4 by 2 1} @ u1[t-1 or u2]) * x)", "u1 = (W{2x2 from 0 by 2 1} @ u1[t-1 or u2])",
              "u2 = k{2 from 0 by 1}"));
    /* Each half depends on the other: taking the one apart lets the other come apart. */
    expect_factored("cell C(x[4]) -> y[2] {\n  a[4] = tanh(b[t-1]) + x\n  b[4] = exp(a[t-1])\n  y = b[0:2] * b[2:4]\n}",
                    LINES("y = (b[0:2] * b[2:4])", "b = exp(a[t-1])", "a = (x + tanh(b[t-1]))"));
    expect_factored("cell C(x[4]) -> y[2] {\n  b[4] = exp(a[t-1])\n  a[4] = tanh(x)\n  y = b[0:2] * b[2:4]\n}",
                    LINES("y = (exp(tanh(x[0:2])[t-1]) * exp(tanh(x[2:4])[t-1]))"));
}

static void test_parts_that_stay(void **state)
{
    (void)state;
    /* Read whole elsewhere, by a node or an output. */
    expect_factored("cell C(x[4]) -> y {\n  a = tanh(x)\n  y = sum(a) * a[0]\n}",
                    LINES("y = (sum(a) * a[0:1])", "a = tanh(x)"));
    expect_factored("cell C(x[4]) -> a[4], y {\n  a = tanh(x)\n  y = exp(a[0])\n}",
                    LINES("a = tanh(x)", "y = exp(a[0:1])"));
    /* Parts that overlap would be computed twice. */
    expect_factored("cell C(x[4]) -> y[3] {\n  a = tanh(x)\n  y = a[0:3] * a[1:4]\n}",
                    LINES("y = (a[0:3] * a[1:4])", "a = tanh(x)"));
    expect_factored("cell C(x[3]) -> y[2] {\n  a = tanh(x)\n  y = a[0:2] * a[1:3]\n}",
                    LINES("y = (a[0:2] * a[1:3])", "a = tanh(x)"));
    /* Initial values of sequences cannot be read in parts. */
    expect_factored(
        "model M {\n  input x[4], k[4] once\n  a = tanh(x)\n  output y = exp((a[t-1])[0:2])\n  init a = k\n}",
        LINES("y = exp(a[0:2][t-1 or k])", "a = tanh(x)"));
    /* Units of a softmax need all of them. */
    expect_factored("cell C(x[4]) -> y[2] {\n  a, b = split(softmax(x), 2)\n  y = a * b\n}",
                    LINES("y = (u1[0:2] * u1[2:4])", "u1 = softmax(x)"));
}

static void test_one_part_for_all_its_readers(void **state)
{
    (void)state;
    expect_factored("cell C(x[4]) -> y[2] {\n  a = tanh(x)\n  y = a[0:2] * exp(a[0:2]) + (a[t-1])[0:2]\n}",
                    LINES("y = ((u1 * exp(u1)) + u1[t-1])", "u1 = tanh(x[0:2])"));
}

static void test_parts_of_concats(void **state)
{
    (void)state;
    expect_factored(
        "cell C(a[2], b[3]) -> y[2] {\n  v = concat(a, b)\n  y = tanh(v[0:2]) * exp(v[3:5]) + (v[t-1])[2:4]\n}",
        LINES("y = ((tanh(a) * exp(b[1:3])) + b[0:2][t-1])"));
    expect_factored("cell C(a[2], b[3]) -> y[2] {\n  v = concat(a, b)\n  y = tanh(v[1:3])\n}", /* in both operands */
                    LINES("y = tanh(v[1:3])", "v = concat(a, b)"));
    expect_factored(
        "cell C(a[2], b[3]) -> y[2] {\n  param k[5]\n  v = concat(a, b)\n  y = tanh((v[t-1])[3:5])\n  init v = k\n}",
        LINES("y = tanh(v[3:5][t-1 or k])", "v = concat(a, b)"));
}

/* Reading through a concat of its own past leads to the same concat, a frame earlier: it would not end, or only unit by
 * unit. */
static void test_concats_of_themselves(void **state)
{
    (void)state;
    expect_factored("cell C(x[4]) -> y[4] {\n  param W[4, 4]\n  u[4] = concat(u[t-1])\n  y = W @ u\n}",
                    LINES("y = (W @ u)", "u = concat(u[t-1])"));
    expect_factored("cell C(x[4]) -> y[2] {\n  u[4] = concat((u[0:2])[t-1], x[0:2])\n  y = exp(u[0:2])\n}",
                    LINES("y = exp(u[0:2])", "u = concat(u[0:2][t-1], x[0:2])"));
    expect_factored("cell C(x[4]) -> y[1] {\n  u[3] = concat((u[1:3])[t-1], (u[0:1])[t-1])\n  y = exp(u[0:1])\n}",
                    LINES("y = exp(u[0:1])", "u = concat(u[1:3][t-1], u[0:1][t-1])"));
    expect_factored(
        "cell C(x[2]) -> y[2] {\n  param W[2, 2]\n  u[2] = concat(v[t-1])\n  v[2] = concat(u)\n  y = W @ u + x\n}",
        LINES("y = ((W @ u) + x)", "u = concat(v[t-1])", "v = concat(u)"));
    expect_factored("cell C(x) -> y[2] {\n  param W[2, 9]\n  u[9] = concat(x, (u[0:8])[t-1])\n  y = W @ u\n}",
                    LINES("y = (W @ u)", "u = concat(x, u[0:8][t-1])"));
    /* One that only reads such a concat comes apart. */
    expect_factored("cell C(x[2]) -> y[2] {\n  param W[2, 4]\n  u[2] = concat(u[t-1])\n  y = W @ concat(x, u)\n}",
                    LINES("y = ((W{2x2 from 0 by 4 1} @ x) + (W{2x2 from 2 by 4 1} @ u))", "u = concat(u[t-1])"));
}

/* More than a few parts stay together unless each of them fills a vector. */
static void test_crumbs_stay_together(void **state)
{
    (void)state;
    static const struct {
        int parts, units;
        bool apart;
    } cases[] = {{8, 1, true}, {9, 1, false}, {9, 7, false}, {9, 8, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int parts = cases[i].parts, units = cases[i].units;
        char text[1000];
        int length = snprintf(text, sizeof text,
                              "cell C(x[%d]) -> y[%d] {\n  param W[%d, %d], V[2, %d]\n  v = tanh(W @ x)\n  y = ", units,
                              units, parts * units, units, parts * units);
        for (int p = 0; p < parts; p++)
            length += snprintf(text + length, sizeof text - (size_t)length, "%sv[%d:%d]", p ? " + " : "", p * units,
                               (p + 1) * units);
        snprintf(text + length, sizeof text - (size_t)length, "\n}\n");
        struct lowered lowered = lower_program(text);
        simplify(lowered.graph, lowered.arena);
        factor(lowered.graph, &machine_generic, lowered.arena);
        expect_verified(&lowered);
        int products = 0;
        for (int k = 0; k < lowered.graph->node_count; k++)
            products += lowered.graph->nodes[k]->op == OP_product;
        assert_int_equal(products, cases[i].apart ? parts : 1);
        lowered_free(&lowered);

        length = snprintf(text, sizeof text, "cell C(x[%d]) -> y[2] {\n  param V[2, %d]\n  y = V @ concat(", units,
                          parts * units);
        for (int p = 0; p < parts; p++)
            length += snprintf(text + length, sizeof text - (size_t)length, "%sx[t-%d]", p ? ", " : "", p + 1);
        snprintf(text + length, sizeof text - (size_t)length, ")\n}\n");
        lowered = lower_program(text);
        factor(lowered.graph, &machine_generic, lowered.arena);
        expect_verified(&lowered);
        products = 0;
        for (int k = 0; k < lowered.graph->node_count; k++)
            products += lowered.graph->nodes[k]->op == OP_product;
        assert_int_equal(products, cases[i].apart ? parts : 1);
        lowered_free(&lowered);
    }
}

/* A chain of ten thousand elementwise nodes comes apart in one pass. */
static void test_long_chain_of_parts(void **state)
{
    (void)state;
    enum { LENGTH = 10000 };
    struct arena *arena = arena_new();
    size_t size = 40 * LENGTH, length = 0;
    char *text = ARENA_ARRAY(arena, char, size);
    length += (size_t)snprintf(text, size, "cell C(x[4]) -> y[2] {\n  v0 = x\n");
    for (int i = 1; i <= LENGTH; i++)
        length += (size_t)snprintf(text + length, size - length, "  v%d = tanh(v%d)\n", i, i - 1);
    length += (size_t)snprintf(text + length, size - length, "  y = v%d[0:2] * v%d[2:4]\n}\n", LENGTH, LENGTH);
    assert_true(length < size);
    struct lowered lowered = lower_program(text);
    factor(lowered.graph, &machine_generic, lowered.arena);
    expect_verified(&lowered);
    assert_int_equal(lowered.graph->node_count, 2 * LENGTH + 2); /* two chains, x and y */
    lowered_free(&lowered);
    arena_free(arena);
}

/* And so does one in which every node comes before what it reads, which delays allow. */
static void test_long_chain_of_delayed_parts(void **state)
{
    (void)state;
    enum { LENGTH = 3000 };
    struct arena *arena = arena_new();
    size_t size = 40 * LENGTH, length = 0;
    char *text = ARENA_ARRAY(arena, char, size);
    length += (size_t)snprintf(text, size, "cell C(x[4]) -> y[2] {\n  y = v0[0:2] * v0[2:4]\n");
    for (int i = 0; i < LENGTH; i++)
        length += (size_t)snprintf(text + length, size - length, "  v%d[4] = tanh(v%d[t-1])\n", i, i + 1);
    length += (size_t)snprintf(text + length, size - length, "  v%d = x\n}\n", LENGTH);
    assert_true(length < size);
    struct lowered lowered = lower_program(text);
    factor(lowered.graph, &machine_generic, lowered.arena);
    expect_verified(&lowered);
    assert_int_equal(lowered.graph->node_count, 2 * LENGTH + 2);
    lowered_free(&lowered);
    arena_free(arena);
}

/* ---- W @ embed(E, id) ---- */

static void test_products_with_rows(void **state)
{
    (void)state;
    expect_factored("cell C(x: index[9]) -> y[4] {\n  param E[9, 40], W[4, 40]\n  y = W @ embed(E, x)\n}",
                    LINES("y = embed((E @ W{40x4 from 0 by 1 40}), x)"));
    expect_factored("cell C(x: index[9]) -> y[4] {\n  param E[9, 40], W[4, 44]\n"
                    "  y = W @ concat(embed(E, x[t-1]), y[t-1])\n}",
                    LINES("y = (embed((E @ W{40x4 from 0 by 1 44}), x[t-1]) + (W{4x4 from 40 by 44 1} @ y[t-1]))"));
    expect_factored("cell C(x: index[9]) -> y[4] {\n  param E[9, 40], W[8, 40]\n"
                    "  a, b = split(W @ embed(E, x), 2)\n  y = a * sigmoid(b)\n}",
                    LINES("y = (a * sigmoid(b))", "a = embed((E @ W{40x4 from 0 by 1 40}), x)",
                          "b = embed((E @ W{40x4 from 160 by 1 40}), x)"));
}

/* Short sums are computed sooner than a row is read; a table may be too large, alone or beside
 * another; the row may be another frame's; a form
 * says that memory is to be saved. */
static void test_products_with_rows_that_stay(void **state)
{
    (void)state;
    expect_factored("cell C(x: index[9]) -> y[4] {\n  param E[9, 16], W[4, 16]\n  y = W @ embed(E, x)\n}",
                    LINES("y = (W @ embed(E, x))"));
    expect_factored("cell C(x: index[70000]) -> y[300] {\n  param E[70000, 40], W[300, 40]\n  y = W @ embed(E, x)\n}",
                    LINES("y = (W @ embed(E, x))"));
    expect_factored("cell C(x: index[40000]) -> y[300] {\n  param E[40000, 40], W[300, 40], V[300, 40]\n"
                    "  y = tanh(W @ embed(E, x)) * (V @ embed(E, x))\n}",
                    LINES("y = (tanh(embed((E @ W{40x300 from 0 by 1 40}), x)) * (V @ embed(E, x)))"));
    expect_factored("cell C(x: index[9]) -> y[4] {\n  param E[9, 40], W[4, 40]\n  e = embed(E, x)\n  y = W @ e[t-1]\n}",
                    LINES("y = (W @ e[t-1])", "e = embed(E, x)"));
    expect_factored("cell C(x: index[99]) -> y[40] {\n  param E[99, 40] : svd(17)\n  y = embed(E, x)\n}",
                    LINES("y = (E.B{40x17 from 0 by 1 40} @ embed(E.A, x))"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_over_concat),
        cmocka_unit_test(test_products_over_nested_concats),
        cmocka_unit_test(test_products_over_delayed_concats),
        cmocka_unit_test(test_initial_values_of_concats),
        cmocka_unit_test(test_delayed_concats_that_stay),
        cmocka_unit_test(test_static_operands_of_concats),
        cmocka_unit_test(test_products_with_a_part_of_a_concat),
        cmocka_unit_test(test_parts_of_products),
        cmocka_unit_test(test_parts_of_elementwise_nodes),
        cmocka_unit_test(test_lstm_falls_into_gates),
        cmocka_unit_test(test_parts_with_delays),
        cmocka_unit_test(test_parts_of_a_state),
        cmocka_unit_test(test_parts_that_stay),
        cmocka_unit_test(test_one_part_for_all_its_readers),
        cmocka_unit_test(test_parts_of_concats),
        cmocka_unit_test(test_concats_of_themselves),
        cmocka_unit_test(test_crumbs_stay_together),
        cmocka_unit_test(test_long_chain_of_parts),
        cmocka_unit_test(test_long_chain_of_delayed_parts),
        cmocka_unit_test(test_products_with_rows),
        cmocka_unit_test(test_products_with_rows_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
