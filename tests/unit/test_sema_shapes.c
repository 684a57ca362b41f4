/* Shapes, times and cycles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "sema_check.h"

#define LINES(...)                                                                                                     \
    (const char *const[]) { __VA_ARGS__, NULL }

static void test_products(void **state)
{
    (void)state;
    const char *text =
        "model m {\n  input x[4]\n  param A[3, 5], B[5, 4], Z[2, 3, 4], v[4]\n  output a = A @ B @ x\n"
        "  M = A @ B\n  output b = M @ x\n  output c = v @ x\n  output d = Z @ x\n  output e = Z[1] @ x\n"
        "  output f = diag(v) @ x\n  output g = Z[1, :, 1:3] @ x[1:3]\n  output h = transpose(B) @ (B @ x)\n"
        "  output i = B[2] @ x + x[3]\n}\n";
    expect_lines(text, LINES("a [3] frame = A @ B @ x", "M [3, 4] static = A @ B", "c frame = v @ x",
                             "d [6] frame = Z @ x", "e [3] frame = Z[1, 0:3, 0:4] @ x", "f [4] frame = v * x",
                             "g [3] frame = Z[1, 0:3, 1:3] @ x[1:3]", "i frame = B[2, 0:4] @ x + x[3]"));
    struct checked checked = check_program(text, NULL);
    assert_int_equal(checked_value(&checked, "M")->term->op, OP_matmul);
    assert_int_equal(checked_value(&checked, "a")->term->op, OP_product);
    assert_int_equal(checked_value(&checked, "c")->term->op, OP_dot);
    checked_free(&checked);
}

static int greatest_depth(const struct program *program)
{
    int depth = 0;
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->term && program->values[i]->term->depth > depth)
            depth = program->values[i]->term->depth;
    return depth;
}

/* Terms stay shallow however long a row of operators is, and in rows within rows. */
static void test_rows_of_operators(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static const char *const operators[] = {" + ", " * ", " @ "}, *const operands[] = {"(x - x)", "(x / 2)", "W"};
    for (int k = 0; k < 3; k++) {
        struct arena *arena = arena_new();
        struct text text;
        text_init(&text, arena);
        text_puts(&text, "model m {\n  input x[4]\n  param W[4, 4]\n  output y = ");
        for (int i = 1; i < COUNT; i++)
            text_printf(&text, "%s%s", operands[k], operators[k]);
        text_puts(&text, "x\n}\n");
        struct checked checked = check_program(text.data, NULL);
        int depth = greatest_depth(checked.program);
        assert_true(depth >= 100 && depth < 210);
        assert_true(checked.program->value_count < COUNT / 100);
        checked_free(&checked);
        arena_free(arena);
    }
}

static void test_least_shapes(void **state)
{
    (void)state;
    /* An open operand takes the size that fits, over cycles too; a scalar in a cycle stays one. */
    expect_lines("model m {\n  input x[4], g\n  param U[3, 3], W[3, 4], b[5]\n  a = tanh(U @ a[t-1])\n"
                 "  output h = 0.5 * h[t-1] + 1 + W @ x\n  output k = k[t-1] + g\n  output d = concat(k, x, 1, e)\n"
                 "  e = 0.5 * e[t-1] + b\n  output f = a + 0\n  output s[2] = 1\n}\n",
                 LINES("a [3] frame = tanh(U @ a[t-1])", "h [3] frame = 0.5 * h[t-1] + 1 + W @ x",
                       "k frame = k[t-1] + g", "d [11] frame = concat(k, x, 1, e)", "s [2] static = copy(1)"));
    /* Scalars known over several steps only: until then `0.5 * concat(...)` is no scalar either. */
    expect_lines("model m {\n  input g\n  param b[4]\n  e = c\n  c = 0.5 * (b @ b * g[t-3])\n  v = 0.5 * concat(b, e)\n"
                 "  output s = softmax(v)\n}\n",
                 LINES("e frame = c", "v [5] frame = 0.5 * concat(b, e)", "s [5] frame = softmax(v)"));
    expect_error("model m {\n  input x\n  output p = p[t-1]\n}\n", LINES("the shape of 'p' is open", "'p[n] = ...'"));
}

static void test_split_and_parts(void **state)
{
    (void)state;
    expect_lines(
        "model m {\n  input x[6]\n  a, b, c = split(x, 3)\n  d, e = split(2 * x, 2)\n  output p = a + b + c + d[1:]\n"
        "  output q = e[0] + x[:2][1]\n}\n",
        LINES("b [2] frame = x[2:4]", "e [3] frame = d.split[3:6]", "p [2] frame = a + b + c + d[1:3]",
              "q frame = e[0] + x[0:2][1]"));
    expect_error("model m {\n  input x[5]\n  a, b = split(x, 2)\n  output p = a + b\n}\n",
                 LINES("x is [5], which cannot be split into 2 equal parts", "'x' is declared as [5] here"));
    expect_error("model m {\n  input x[5]\n  output p = x[2:6]\n}\n",
                 LINES("positions 2:6 are no part of x, which is [5]"));
}

static void test_clashes(void **state)
{
    (void)state;
    expect_error("model m {\n  const n = 512\n  input x[96]\n  param W[n, 64]\n  output p = W @ x\n}\n",
                 LINES("test.rnn:5:14: error: 'W @ x': W is [512, 64] but x is [96]",
                       "test.rnn:4:9: note: 'W' is declared", "test.rnn:3:9: note: 'x' is declared"));
    expect_error("model m {\n  input x[4], v[1]\n  output p = x * v\n}\n", LINES("'x * v': x is [4] but v is [1]"));
    expect_error("model m {\n  input x[4]\n  a[3] = x\n  output p = a\n}\n",
                 LINES("'a' is declared as [3], but 'x' is [4]"));
    expect_error("model m {\n  input s\n  output p = softmax(s)\n}\n",
                 LINES("'softmax(s)' takes a vector, but s is a scalar"));
    expect_error("model m {\n  input s\n  param W[2, 2]\n  output p = sum(W * s)\n}\n",
                 LINES("a matrix has to be static, but 'W * s' is of frame time"));
    expect_error("cell C[n](x[m]) -> y[n] {\n  param W[n, n]\n  y = W @ x\n}\n"
                 "model m {\n  input x[4]\n  a = C[3](x)\n  output p = a + 0\n}\n",
                 LINES("'W @ x': W is [3, 3] but x is [4]", "in 'a', an instance of 'C'"));
}

static void test_times(void **state)
{
    (void)state;
    expect_lines("model m {\n  input x[4], s[4] once\n  param W[4, 4], b[4]\n  c = W @ b\n  d = W @ s + c\n"
                 "  output e = x + d\n  output f = mean_over_time(x) + s\n  k = k[t-1] + 1\n  output g = k * x\n}\n",
                 LINES("model m", "c [4] static = W @ b", "d [4] sequence = W @ s + c", "e [4] frame = x + d",
                       "f [4] sequence = mean_over_time(x) + s", "k frame = k[t-1] + 1"));
    expect_lines("model m {\n  input x[4]\n  s = sum_over_time(x)\n  output p = x - 2 * s\n}\n",
                 LINES("model m (needs the future)"));
    expect_error("model m {\n  input s[4] once\n  output p = s[t-1]\n}\n",
                 LINES("'s' is of sequence time: it has no frames"));
    expect_error(
        "cell D[n](x[n]) -> y[n] {\n  y = x - x[t-1]\n}\nmodel m {\n  input x[4]\n  output p = D[4](last(x))\n}\n",
        LINES("is of sequence time: it has no frames", "an instance of 'D'"));
    expect_error("model m {\n  input s[4] once\n  output p = last(s)\n}\n",
                 LINES("'last' needs the frames of a sequence"));
}

static void test_targets(void **state)
{
    (void)state;
    expect_lines("model m {\n  input x[4]\n  target y: index[4], z[4], l: labels[4], w\n  output p = last(x)\n"
                 "  loss cross_entropy(p, y)\n  loss 0.3 * mse(x, z) + ctc(x, l)\n  e = sum(p) - w\n  loss e * e\n}\n",
                 LINES("target y: index[4] sequence", "target z [4] frame", "target l: labels[4] sequence",
                       "target w sequence", "loss sequence cross_entropy(p, y)",
                       "loss frame 0.3 * mse(x, z) + ctc(x, l)"));
    /* Ids handed on to a cell are read from the input itself. */
    struct checked checked =
        check_program("cell L(p[n], y) -> e {\n  e = cross_entropy(p, y)\n}\n"
                      "model m {\n  input x[4]\n  target y: index[4]\n  a = L(x, y)\n  loss a\n}\n",
                      NULL);
    assert_int_equal(checked.errors, 0);
    assert_ptr_equal(checked_value(&checked, "a.e")->term->args[1]->value, checked_value(&checked, "y"));
    checked_free(&checked);
    expect_error("model m {\n  input x[4]\n  target y: index[5]\n  output p = x\n  loss cross_entropy(x, y)\n}\n",
                 LINES("x is [4] but y is index[5]"));
    expect_error("model m {\n  input x[4]\n  target y[4]\n  output p = x\n  loss mse(x, y) + mse(last(x), y)\n}\n",
                 LINES("the target 'y' is compared with a sequence value here", "but with a frame value here"));
    expect_error("model m {\n  input x[4]\n  target y[4]\n  output p = x + y\n  loss mse(x, y)\n}\n",
                 LINES("the output 'p' depends on a target"));
    expect_error("model m {\n  input x[4]\n  output p = x\n  loss x\n}\n", LINES("a loss is a scalar, but 'x' is [4]"));
}

static void test_ids(void **state)
{
    (void)state;
    expect_lines("model m {\n  input x: index[9]\n  param E[9, 3]\n  output p = embed(E, x) + embed(E, x[t-1])\n}\n",
                 LINES("p [3] frame = embed(E, x) + embed(E, x[t-1])"));
    expect_error("model m {\n  input x: index[9]\n  output p = x + 1\n}\n",
                 LINES("'x' holds ids, which only 'embed' and 'cross_entropy' can use"));
    expect_error("model m {\n  input x: index[9]\n  output p = x\n}\n", LINES("holds ids"));
    expect_error("model m {\n  input x: index[9]\n  param E[8, 3]\n  output p = embed(E, x)\n}\n",
                 LINES("E is [8, 3] but x is index[9]"));
}

static void test_cycles(void **state)
{
    (void)state;
    expect_error(
        "model m {\n  input x[4]\n  a = tanh(b)\n  b = c + x\n  c = a * d\n  d = a + (b * x)[t-1]\n  output p = c\n}\n",
        LINES("error: 'a' depends on itself without a delay: a -> b -> c -> a", "test.rnn:3:3: note: 'a' needs 'b'",
              "test.rnn:4:3: note: 'b' needs 'c'", "test.rnn:5:3: note: 'c' needs 'a'"));
    expect_error("model m {\n  input x[4]\n  a = x + a\n  b = x * b\n  output p = a + b\n}\n",
                 LINES("without a delay: a -> a", "without a delay: b -> b"));
    expect_error("fn f(v) = v + 1\nmodel m {\n  input x[4]\n  a = x + f(b)\n  b = f(a)\n  output p = b\n}\n",
                 LINES("without a delay: a -> b -> a"));
    expect_error("model m {\n  input x[4]\n  a = x + b[t-1]\n  b = a[t+1]\n  output p = a\n}\n",
                 LINES("reads both back and ahead", "1 frame back", "1 frame ahead"));
    expect_error("model m {\n  input x[4]\n  h = tanh(x + h[t-1] * s)\n  s = mean_over_time(h)\n  output p = h\n}\n",
                 LINES("depends, through the end of the sequence, on itself", "h -> s -> h"));
    expect_error("model m {\n  input x[4]\n  h = tanh(x + h[t-1])\n  init h = last(h)\n  output p = h\n}\n",
                 LINES("depends, through the end of the sequence, on itself"));
    /* Two directions in two components are allowed, and so is a cycle through a reversed instance that looks ahead. */
    expect_clean("cell R[n](x[n]) -> h[n] {\n  h = x + h[t-1]\n}\nmodel m {\n  input x[4]\n  f = R[4](x)\n  b = "
                 "reverse R[4](f)\n"
                 "  output p = b\n}\n");
    expect_clean(
        "cell R[n](x[n]) -> h[n] {\n  h = x + h[t-1]\n}\nmodel m {\n  input x[4]\n  b = reverse R[4](x + b[t+1])\n"
        "  output p = b\n}\n");
}

/* A chain of 10,000 equations in either order, and a ring of them, in well under a second. */
static void test_many_equations(void **state)
{
    (void)state;
    enum { COUNT = 10000, LINE = 64 };
    for (int ring = 0; ring <= 1; ring++) {
        char *text = malloc((size_t)(COUNT + 10) * LINE), *at = text;
        at += sprintf(at, "model m {\n  input x[8]\n  output p = h0\n");
        for (int i = 0; i < COUNT; i++)
            at += sprintf(at, "  h%d = tanh(h%d%s)\n", i, (i + 1) % COUNT,
                          i < COUNT - 1 ? ""
                          : ring        ? " + x"
                                        : "[t-1] + x");
        sprintf(at, "}\n");
        clock_t begun = clock();
        struct checked checked = check_program(text, NULL);
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        assert_int_equal(checked.errors, ring);
        assert_true(seconds < 5); /* a quadratic algorithm takes minutes, a sanitizer a few times longer than usual */
        checked_free(&checked);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),     cmocka_unit_test(test_rows_of_operators),
        cmocka_unit_test(test_least_shapes), cmocka_unit_test(test_split_and_parts),
        cmocka_unit_test(test_clashes),      cmocka_unit_test(test_times),
        cmocka_unit_test(test_targets),      cmocka_unit_test(test_ids),
        cmocka_unit_test(test_cycles),       cmocka_unit_test(test_many_equations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
