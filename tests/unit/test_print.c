#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/text.h"
#include "syntax/tree.h"
#include "tree_text.h"

static struct tree *parse_text(struct arena *arena, const char *text)
{
    struct source *source = source_from_memory(arena, "", text, strlen(text));
    struct diagnostics *diag = diag_new(arena, source);
    struct tree *tree = parse(arena, source, diag);
    assert_int_equal(diag_error_count(diag), 0);
    return tree;
}

static const char *print_text(struct arena *arena, const struct tree *tree)
{
    struct text out;
    text_init(&out, arena);
    text_puts(&out, "");
    tree_print(tree, &out);
    return out.data;
}

/* The formatted text is as expected, a fixed point, the same tree, and has as many comments. */
static void check(const char *text, const char *expected)
{
    struct arena *arena = arena_new();
    struct tree *tree = parse_text(arena, text);
    const char *printed = print_text(arena, tree);
    assert_string_equal(printed, expected);
    struct tree *again = parse_text(arena, printed);
    assert_string_equal(tree_text(arena, again), tree_text(arena, tree));
    assert_int_equal(again->comment_count, tree->comment_count);
    assert_string_equal(print_text(arena, again), printed);
    arena_free(arena);
}

static void formatted_programs_stay(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "",
        "# Nothing but a comment.\n",
        "const V = 96, n = 2 * V  # sizes\n\nfn swish(v) = v * sigmoid(v)\n",
        "# Elman's network.\n"
        "cell Elman[n = 64](x[m = n]) -> h[n] {\n"
        "  param W[n, m], U[n, n], b[n]\n"
        "  h = tanh(W @ x + U @ h[t-1] + b)\n"
        "}\n",
        "cell SlimLSTM[n, r](x[m]) -> h[n], c {\n"
        "  param W[4*n, m], U[4*n, n] : svd(r) ~ normal(0.1), b[4*n] = 1, E[n] ~ glorot\n"
        "\n"
        "  i, f, g, o = split(W @ x + U @ h[t-1] + b, 4)\n"
        "  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)\n"
        "  h = sigmoid(o) * tanh(c)\n"
        "}\n"
        "model digits {\n"
        "  input x[28], y: index[10], z[3] once\n"
        "  fwd = stack 2 SlimLSTM[128, 16](x)\n"
        "  bwd = stack k - 1 reverse SlimLSTM[128, 16](x)\n"
        "  out = reverse bwd.0(x)\n"
        "  a[n] = -(x + y)[t-1][0:n] @ W[:, c:d]\n"
        "  init fwd.0.c = 1e-3\n"
        "  output p = softmax(logits)\n"
        "  output a\n"
        "  target l: labels[10]\n"
        "  loss 0.5 * mse(p, y) + (a < b)\n"
        "}\n",
    };
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        check(programs[i], programs[i]);
}

static void spaces_are_put_in_order(void **state)
{
    (void)state;
    check("cell   A [n=64]( x[ m=n ] )->h[n]\n\n\n{\n\n\n\tparam W[4 * n,m],b = 1 ;h=tanh  (W@x+b);\n\n\n\n"
          "\tg=-a*- b\n\n}",
          "cell A[n = 64](x[m = n]) -> h[n] {\n"
          "  param W[4*n, m], b = 1\n"
          "  h = tanh(W @ x + b)\n"
          "\n"
          "  g = -a * -b\n"
          "}\n");
    check("\n\nconst a=1\r\n\r\n\r\nconst b = (a\r\n +2)", "const a = 1\n\nconst b = (a + 2)\n");
}

static void comments_are_kept(void **state)
{
    (void)state;
    check("# head   \n\n\n# second\nmodel m # after the name\n{# after the brace\n\n  # own line\n  a = f(x, # inside\n"
          "        y)# behind\n\n # before b\n  b = 1; c = 2 # behind c\n\n  # last\n\n}# end\n#eof",
          "# head\n\n# second\n# after the name\nmodel m {  # after the brace\n  # own line\n  # inside\n  a = f(x, y) "
          " # behind\n"
          "\n  # before b\n  b = 1\n  c = 2  # behind c\n\n  # last\n}  # end\n#eof\n");
    check("model m { # only\n}", "model m {  # only\n}\n");
    check("model m {\n  # only\n}", "model m {\n  # only\n}\n");
    check("fn f(a) = (a # one\n # two\n + 1) # three\n", "# one\n# two\nfn f(a) = (a + 1)  # three\n");
    check("model m { a = 1 } # m\nmodel n {}", "model m {\n  a = 1\n}  # m\nmodel n {\n}\n");
}

static void long_lines_are_folded_in_brackets(void **state)
{
    (void)state;
    check("model m {\n"
          "  logits = concat(a_rather_long_name, another_rather_long_name, tanh(W @ a_rather_long_name + "
          "U @ another_rather_long_name + b), x)\n"
          "  h = tanh(W_something @ concat(h[t-1], x) + U_something @ concat(h[t-1], y) + V_something @ concat(z, u))\n"
          "}\n",
          "model m {\n"
          "  logits = concat(a_rather_long_name, another_rather_long_name,\n"
          "                  tanh(W @ a_rather_long_name + U @ another_rather_long_name + b), x)\n"
          "  h = tanh(W_something @ concat(h[t-1], x) + U_something @ concat(h[t-1], y)\n"
          "           + V_something @ concat(z, u))\n"
          "}\n");
}

/* More brackets than a line has room to indent for. */
static void deep_brackets_are_folded(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "const a = ");
    for (int i = 0; i < 400; i++)
        text_puts(&text, "f(some_value, ");
    text_puts(&text, "x");
    for (int i = 0; i < 400; i++)
        text_puts(&text, ")");
    struct tree *tree = parse_text(arena, text.data);
    const char *printed = print_text(arena, tree);
    struct tree *again = parse_text(arena, printed);
    assert_string_equal(tree_text(arena, again), tree_text(arena, tree));
    assert_string_equal(print_text(arena, again), printed);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formatted_programs_stay),  cmocka_unit_test(spaces_are_put_in_order),
        cmocka_unit_test(comments_are_kept),        cmocka_unit_test(long_lines_are_folded_in_brackets),
        cmocka_unit_test(deep_brackets_are_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
