/* Instances: paths, binding of dimensions, stacks, shared weights, reversal, functions, parameters kept as factors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sema_check.h"

#define LINES(...)                                                                                                     \
    (const char *const[]) { __VA_ARGS__, NULL }

#define CELL                                                                                                           \
    "cell RNN[n](x[m]) -> h[n], c[n] {\n"                                                                              \
    "  param W[n, m], U[n, n]\n"                                                                                       \
    "  c = W @ x + U @ h[t-1]\n"                                                                                       \
    "  h = tanh(c)\n"                                                                                                  \
    "}\n"

static void test_instance_paths(void **state)
{
    (void)state;
    expect_lines(
        CELL
        "model m {\n  input x[4]\n  a, s = RNN[3](x)\n  b = RNN[5](a)\n  output p = b + 0\n  output q = a.c + s\n}\n",
        LINES("a.x [4] frame = x", "param a.W [3, 4]", "param a.U [3, 3]", "a.c [3] frame = a.W @ a.x + a.U @ a.h[t-1]",
              "a.h [3] frame = tanh(a.c)", "a [3] frame = a.h", "s [3] frame = a.c", "param b.W [5, 3]",
              "q [3] frame = a.c + s"));
}

static void test_instances_nest(void **state)
{
    (void)state;
    expect_lines(
        CELL "cell Two[n](x[m]) -> y[n] {\n  a = RNN[n](x)\n  b = RNN[n](a)\n  y = b + a.c\n}\n"
             "model m {\n  input x[4]\n  t = Two[3](x)\n  output p = t.a.c + t\n}\n",
        LINES("param t.a.W [3, 4]", "param t.b.W [3, 3]", "t.y [3] frame = t.b + t.a.c", "p [3] frame = t.a.c + t"));
}

static void test_parameters_stand_in_order_of_text(void **state)
{
    (void)state;
    struct checked checked =
        check_program(CELL "model m {\n  input x[4]\n  a = stack 2 RNN[3](x)\n  param V[2, 3]\n  b = RNN[2](a)\n"
                           "  output p = V @ a + b\n}\n",
                      NULL);
    const char *const names[] = {"a.0.W", "a.0.U", "a.1.W", "a.1.U", "V", "b.W", "b.U"};
    assert_int_equal(checked.errors, 0);
    assert_int_equal(checked.program->parameter_count, 7);
    for (int i = 0; i < 7; i++)
        assert_string_equal(checked.program->parameters[i]->name, names[i]);
    for (int i = 0; i < checked.program->value_count; i++)
        assert_int_equal(checked.program->values[i]->id, i);
    checked_free(&checked);
}

static void test_dimensions_follow_from_arguments(void **state)
{
    (void)state;
    /* In whatever order they stand, through delays between instances, and without brackets where all of them follow. */
    expect_lines(CELL "cell Same[n](x[n]) -> y[n] {\n  param W[n, n]\n  y = W @ x\n}\n"
                      "model m {\n  input x[4]\n  output p = c + 0\n  c = Same(b)\n  b = RNN[5](a)\n"
                      "  a = RNN[3](concat(x, b[t-1]))\n}\n",
                 LINES("param a.W [3, 9]", "param b.W [5, 3]", "param c.W [5, 5]"));
}

/* Ids of any vocabulary, delayed ones and handed on; the number of ids follows as a dimension does. */
static void test_inputs_of_ids(void **state)
{
    (void)state;
    expect_lines("cell Emb[n](x: index[v]) -> h[n] {\n  param E[v, n]\n  h = embed(E, x) - embed(E, x[t-1])\n}\n"
                 "cell Two[n](x: index[v]) -> h[n] {\n  e = Emb[n](x)\n  h = e + e\n}\n"
                 "model m {\n  input x: index[20], s: index[7] once\n  a = Two[3](x[t-2])\n  b = Emb2(s, a)\n"
                 "  c = a.e(x)\n  output p = concat(a, b, c)\n}\n"
                 "cell Emb2(x: index[7], a[n]) -> h[n] {\n  param E[7, n]\n  h = embed(E, x) * a\n}\n",
                 LINES("a.x: index[20] frame = x[t-2]", "a.e.x: index[20] frame = a.x", "param a.e.E [20, 3]",
                       "b.x: index[7] sequence = s", "param b.E [7, 3]", "c.x: index[20] frame = x",
                       "c.h [3] frame = embed(a.e.E, x) - embed(a.e.E, x[t-1])"));
}

/* A function follows the instance: into stacks, cells within, and to where weights are shared. */
static void test_functions_for_cells(void **state)
{
    (void)state;
    const char *text =
        "fn twice(v) = v + v\n"
        "cell R[n, f = tanh](x[m]) -> h[n] {\n  param W[n, m]\n  h = f(W @ x)\n}\n"
        "cell Two[n, g, f](x[m]) -> h[n] {\n  r = R[n, g](x)\n  h = f(r)\n}\n"
        "model m {\n  input x[3]\n  a = R[3](x)\n  b = stack 2 R[3, relu](x)\n"
        "  c = Two[3, twice, abs](x)\n  d = b(x)\n  e = reverse c(x)\n  output p = a + b + c + d + e\n}\n";
    expect_lines(text, LINES("a.h [3] frame = tanh(a.W @ a.x)", "b.1.h [3] frame = relu(b.1.W @ b.1.x)",
                             "c.h [3] frame = abs(c.r)", "c.r.h.twice.result [3] frame = c.r.h.twice.v + c.r.h.twice.v",
                             "d.0.h [3] frame = relu(b.0.W @ d.0.x)", "e.h [3] frame = abs(e.r)",
                             "e.r.h [3] frame = e.r.h.twice.result"));
    /* A called name is a function, even if a dimension has the same name. */
    expect_clean(
        "cell A[abs](x[abs]) -> h[abs] {\n  h = abs(x)\n}\nmodel m {\n  input x[3]\n  output p = A[3](x)\n}\n");
}

static void test_functions_of_the_top(void **state)
{
    (void)state;
    const char *cell = "cell R[n = 2, f = tanh](x[m = n]) -> h[n] {\n  h = f(x)\n}\n";
    struct definition definitions[] = {{"f", 0, "relu"}};
    struct sema_options options = {.definitions = definitions, .definition_count = 1};
    struct checked checked = check_program(cell, &options);
    assert_int_equal(checked.errors, 0);
    assert_int_equal(checked_value(&checked, "h")->term->op, OP_relu);
    checked_free(&checked);
    expect_lines(cell, LINES("h [2] frame = tanh(x)"));
}

/* The dots are part of the name, in a cell and where its instance is looked into. */
static void test_names_with_dots(void **state)
{
    (void)state;
    expect_lines("cell R[n](x[m]) -> h[n] {\n  param w.i[n, m], w.h[n, n]\n  h = w.i @ x + w.h @ h[t-1]\n}\n"
                 "model m {\n  input x[3]\n  param e.b[3] = 2, e.0.b[3], low.W[3, 3] : svd(1)\n"
                 "  e.rnn = R[3](x)\n  e.layers = stack 2 R[3](e.rnn)\n  init e.layers.1.h = 1\n"
                 "  again = e.layers.0(x)\n  f.1 = e.rnn[t-1] + e.layers.0.h + low.W @ e.rnn.w.h @ e.b\n"
                 "  output p = f.1 * e.0.b + again\n}\n",
                 LINES("param e.b [3] = 2", "param e.0.b [3]", "param low.W.A [3, 1] : svd(1)",
                       "param e.rnn.w.i [3, 3]", "e.rnn.h [3] frame = e.rnn.w.i @ e.rnn.x + e.rnn.w.h @ e.rnn.h[t-1]",
                       "param e.layers.1.w.h [3, 3]", "init e.layers.1.h = 1",
                       "again.h [3] frame = e.layers.0.w.i @ again.x + e.layers.0.w.h @ again.h[t-1]",
                       "p [3] frame = f.1 * e.0.b + again"));
}

/* Shapes of arguments are checked against their final shapes: with `o` a scalar, `concat(...) * g` is [3]. */
static void test_arguments_of_declared_shape(void **state)
{
    (void)state;
    const char *format =
        "cell P(x[%d]) -> y[%d] {\n  y = x\n}\n"
        "model m {\n  input a[1], g\n  o = 0.5 * o[t-1] + g\n  output y = P(concat(a, a, o[t-1]) * g)\n}\n";
    char text[300];
    snprintf(text, sizeof text, format, 3, 3);
    expect_lines(text, LINES("y.x [3] frame = concat(a, a, o[t-1]) * g"));
    snprintf(text, sizeof text, format, 4, 4);
    expect_error(text, LINES("'x' of 'P' is [4], but 'concat(a, a, o[t-1]) * g' is [3]"));
}

static void test_dimension_conflict(void **state)
{
    (void)state;
    expect_error("cell Two[n](x[m], y[m]) -> h[n] {\n  param W[n, m]\n  h = W @ x + W @ y\n}\n"
                 "model m {\n  input x[4], y[5]\n  h = Two[3](x, y)\n  output p = h + 0\n}\n",
                 LINES("'y' of 'Two' is [4], but 'y' is [5]", "'m' is 4 because of 'x'"));
    expect_error(CELL "model m {\n  input s\n  h = RNN[3](s)\n  output p = h + 0\n}\n",
                 LINES("'x' of 'RNN' is a vector, but 's' is a scalar"));
    expect_error(CELL "model m {\n  a = RNN[3](b)\n  b = tanh(b[t-1])\n  output p = a + 0\n}\n",
                 LINES("the shape of 'b' is open", "as in 'b[n] = ...'"));
}

static void test_stack(void **state)
{
    (void)state;
    expect_lines("cell G[n](x[n], g[q]) -> h[n], s[n] {\n  param U[n, n], V[n, q]\n  s = U @ x + V @ g\n"
                 "  h = tanh(s + h[t-1])\n}\n"
                 "model m {\n  const k = 3\n  input x[4], y[2] once\n  h, s = stack k G[4](x, y)\n"
                 "  output p = h.0.s + h.s + s\n}\n",
                 LINES("h.0.x [4] frame = x", "h.0.g [2] sequence = y", "h.1.x [4] frame = h.0.h",
                       "h.1.g [2] sequence = h.0.g", "h.2.x [4] frame = h.1.h", "param h.2.V [4, 2]",
                       "h [4] frame = h.2.h", "s [4] frame = h.2.s", "p [4] frame = h.0.s + h.2.s + s"));
}

static void test_reverse(void **state)
{
    (void)state;
    const char *text = CELL "cell Back[n](x[m]) -> h[n] {\n  a = reverse RNN[n](x)\n  h = a + a[t-2]\n}\n"
                            "model m {\n  input x[4]\n  a = reverse RNN[3](x)\n  b = reverse Back[3](x)\n"
                            "  output p = a + b\n}\n";
    expect_lines(text, LINES("model m (needs the future)", "a.c [3] frame = a.W @ a.x + a.U @ a.h[t+1]",
                             "b.a.c [3] frame = b.a.W @ b.a.x + b.a.U @ b.a.h[t-1]", "b.h [3] frame = b.a + b.a[t+2]"));
    struct checked checked = check_program(text, NULL);
    struct term *delayed = checked_value(&checked, "a.c")->term->args[1]->args[1];
    assert_int_equal(delayed->kind, TERM_DELAY);
    assert_int_equal(delayed->delay, -1);
    assert_true(delayed->reads_init);
    checked_free(&checked);
}

static void test_lookahead_reads_no_init(void **state)
{
    (void)state;
    struct checked checked = check_program("model m {\n  input x[4]\n  output p = x[t+1]\n}\n", NULL);
    struct term *ahead = checked_value(&checked, "p")->term;
    assert_int_equal(ahead->delay, -1);
    assert_false(ahead->reads_init);
    assert_true(checked.program->needs_future);
    checked_free(&checked);
}

static void test_shared_weights(void **state)
{
    (void)state;
    const char *text = CELL "cell Two[n](x[m]) -> y[n] {\n  a = stack 2 RNN[n](x)\n  y = a + 0\n}\n"
                            "model m {\n  input x[4], z[4]\n  c = b(z)\n  b = a(z)\n  a = RNN[3](x)\n  t = Two[3](x)\n"
                            "  u = reverse t(z)\n  v = t.a(z)\n  output p = a + b + c + t + u + v\n}\n";
    expect_lines(text, LINES("b.c [3] frame = a.W @ b.x + a.U @ b.h[t-1]", "c.c [3] frame = a.W @ c.x + a.U @ c.h[t-1]",
                             "u.a.1.c [3] frame = t.a.1.W @ u.a.1.x + t.a.1.U @ u.a.1.h[t+1]",
                             "v.0.c [3] frame = t.a.0.W @ v.0.x + t.a.0.U @ v.0.h[t-1]"));
    expect_no_line(text, "param u.");
    expect_error(CELL "model m {\n  input x[4], z[5]\n  a = RNN[3](x)\n  b = a(z)\n  output p = a + b\n}\n",
                 LINES("'x' of 'RNN' is [4], but 'z' is [5]"));
    expect_error(CELL "model m {\n  input x[4]\n  a = b(x)\n  b = a(x)\n  output p = a + b\n}\n",
                 LINES("'b' is no cell or function and cannot be called"));
}

static void test_functions_and_anonymous_cells(void **state)
{
    (void)state;
    const char *text =
        "fn swish(v) = v * sigmoid(v)\nfn step(v) = v - v[t-1]\n"
        "cell Mean(x) -> y {\n  y = 0.9 * y[t-1] + 0.1 * x\n}\n"
        "model m {\n  input x[4], g\n  output p = swish(x) + swish(2 * x)\n  output q = step(Mean(g))\n}\n";
    expect_lines(text, LINES("p [4] frame = p.swish.result + p.swish_2.result", "p.swish.v [4] frame = x",
                             "p.swish_2.v [4] frame = 2 * x", "q.step.v frame = q.Mean.y",
                             "q.Mean.y frame = 0.9 * q.Mean.y[t-1] + 0.1 * q.Mean.x"));
    struct checked checked = check_program(text, NULL);
    assert_true(checked_value(&checked, "p.swish.v")->hidden);
    assert_false(checked_value(&checked, "p")->hidden);
    checked_free(&checked);
}

static void test_init_inside_instances(void **state)
{
    (void)state;
    expect_lines(CELL "model m {\n  input x[4], s[3] once\n  param c0[3]\n  a = stack 2 RNN[3](x)\n  b = RNN[3](x)\n"
                      "  init a.1.h = c0 * 2\n  init b.h = s\n  output p = a + b\n}\n",
                 LINES("init a.1.h = c0 * 2", "init b.h = s"));
    expect_warning(CELL "model m {\n  input x[4]\n  b = RNN[3](x)\n  init b = 1\n  output p = b + 0\n}\n",
                   "did you mean 'init b.h'?");
}

static void test_svd(void **state)
{
    (void)state;
    const char *text =
        "model m {\n  input x[6], z[4], id: index[4]\n  param W[4, 6] : svd(2) ~ normal(0.1)\n"
        "  output a = W @ x\n  output b = transpose(W) @ z\n  output c = W[1:3, :] @ x\n  output d = W[2]\n"
        "  output e = W[:, 5]\n  output f = embed(W, id)\n  V = W\n  output g = V @ x\n}\n";
    expect_lines(text, LINES("param W.A [4, 2] : svd(2) ~ normal(0.1)", "param W.B [2, 6] : svd(2) ~ normal(0.1)",
                             "W [4, 6] static = svd(W.A, W.B)", "a [4] frame = W @ x", "b [6] frame = transpose(W) @ z",
                             "c [2] frame = W[1:3, 0:6] @ x", "d [6] static = W[2, 0:6]", "e [4] static = W[0:4, 5]",
                             "f [6] frame = embed(W, id)", "V [4, 6] static = W"));
    expect_error("model m {\n  input x[6]\n  param W[4, 6] : svd(5)\n  output p = W @ x\n}\n",
                 LINES("the rank of 'W' has to be a whole number from 1 to 4, but is 5"));
    expect_warning("model m {\n  input x[6]\n  param W[4, 6] : svd(4)\n  output p = W @ x\n}\n",
                   "does not make 'W' smaller");
    expect_error("model m {\n  input x[5]\n  param W[4, 6] : svd(2)\n  output p = W @ x\n}\n",
                 LINES("'W @ x': W is [4, 6] but x is [5]"));
}

static void test_cp(void **state)
{
    (void)state;
    expect_lines("model m {\n  input x[5]\n  param Z[2, 4, 5] : cp(3)\n  output a = Z[1] @ x\n  output b = Z @ x\n}\n",
                 LINES("param Z.A [2, 3] : cp(3)", "param Z.B [4, 3] : cp(3)", "param Z.C [5, 3] : cp(3)",
                       "Z [2, 4, 5] static = cp(Z.A, Z.B, Z.C)", "a [4] frame = Z[1, 0:4, 0:5] @ x",
                       "b [8] frame = Z @ x"));
    expect_error("model m {\n  input x[5]\n  param Z[2, 4, 5] : cp(3)\n  V = Z[2] @ x\n  output p = x\n}\n",
                 LINES("position 2 is outside Z, which is [2, 4, 5]"));
}

static void test_recursion(void **state)
{
    (void)state;
    expect_error("cell A[n](x[n]) -> h[n] {\n  h = B[n](x)\n}\ncell B[n](x[n]) -> h[n] {\n  h = A[n](x)\n}\n"
                 "model m {\n  input x[4]\n  a = A[4](x)\n  output p = a + 0\n}\n",
                 LINES("the cell 'A' contains itself: A -> B -> A"));
    expect_error("fn f(v) = g(v) + 1\nfn g(v) = 2 * f(v)\nmodel m {\n  input x\n  output p = f(x)\n}\n",
                 LINES("the function 'f' contains itself: f -> g -> f"));
}

/* 2 to the 40th values are an error, not memory. */
static void test_exponential_calls(void **state)
{
    (void)state;
    char text[4000] = "fn f0(v) = v + 1\n";
    for (int i = 1; i <= 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "fn f%d(v) = f%d(v) * f%d(v)\n", i, i - 1, i - 1);
    strcat(text, "model m {\n  input x\n  output p = f40(x)\n}\n");
    expect_error(text, LINES("'m' has more than", "values when its instances are written out"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instance_paths),
        cmocka_unit_test(test_instances_nest),
        cmocka_unit_test(test_parameters_stand_in_order_of_text),
        cmocka_unit_test(test_dimensions_follow_from_arguments),
        cmocka_unit_test(test_inputs_of_ids),
        cmocka_unit_test(test_names_with_dots),
        cmocka_unit_test(test_functions_for_cells),
        cmocka_unit_test(test_functions_of_the_top),
        cmocka_unit_test(test_arguments_of_declared_shape),
        cmocka_unit_test(test_dimension_conflict),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_reverse),
        cmocka_unit_test(test_lookahead_reads_no_init),
        cmocka_unit_test(test_shared_weights),
        cmocka_unit_test(test_functions_and_anonymous_cells),
        cmocka_unit_test(test_init_inside_instances),
        cmocka_unit_test(test_svd),
        cmocka_unit_test(test_cp),
        cmocka_unit_test(test_recursion),
        cmocka_unit_test(test_exponential_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
