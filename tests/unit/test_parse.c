#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/text.h"
#include "syntax/tree.h"
#include "tree_text.h"

/* The tree of `text`, as text, and then the diagnostics without their source lines: "line:column: error: ...\n". */
static char *parsed(const char *text, size_t length)
{
    struct arena *arena = arena_new();
    struct source *source = source_from_memory(arena, "", text, length);
    struct diagnostics *diag = diag_new(arena, source);
    const char *tree = tree_text(arena, parse(arena, source, diag));
    char *result = NULL, *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    diag_print(diag, &(struct diag_options){0}, out);
    fclose(out);
    out = open_memstream(&result, &size);
    fputs(tree, out);
    for (char *line = printed, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        if (*line == ':')
            fprintf(out, "\n%.*s", (int)(end - line - 1), line + 1);
    }
    fclose(out);
    free(printed);
    arena_free(arena);
    return result;
}

static void check(const char *text, const char *expected)
{
    char *found = parsed(text, strlen(text));
    assert_string_equal(found, expected);
    free(found);
}

/* Checks one statement in the body of a model against its tree. */
static void check_statement(const char *statement, const char *expected)
{
    char text[1000], tree[1000];
    snprintf(text, sizeof text, "model m {\n%s\n}\n", statement);
    snprintf(tree, sizeof tree, "model m%s%s", *expected ? " " : "", expected);
    check(text, tree);
}

/* A statement with mistakes in a model, and their messages; line 2 is the statement's. */
static void check_errors(const char *statement, const char *expected)
{
    char text[1000];
    snprintf(text, sizeof text, "model m {\n%s\n}\n", statement);
    char *found = parsed(text, strlen(text));
    assert_non_null(strchr(found, '\n'));
    assert_string_equal(strchr(found, '\n') + 1, expected);
    free(found);
}

static void definitions(void **state)
{
    (void)state;
    check("", "");
    check("\n\n# nothing\n;;\n", "");
    check("cell A(x) -> h { h = x }", "cell A x -> h (equation h x)");
    check("cell A[n = 2*4, m](x[m = n], y) -> h[n], c {\n}", "cell A[n=(* 2 4) m] x[m=n] y -> h[n] c");
    check("cell A() -> h\n\n{\n\n}\nmodel m{}", "cell A -> h\nmodel m");
    check("fn swish(v) = v * sigmoid(v); fn f(a, b) = a", "fn swish v (* v (call sigmoid v))\nfn f a b a");
    check("const V = 96, n = 2*V", "const V (const V n 96 (* 2 V))");
    check("const a = (1 +\r\n\t2)\r\nconst b = 3", "const a (const a (bracket (+ 1 2)))\nconst b (const b 3)");
}

static void statements(void **state)
{
    (void)state;
    check_statement("param W[4*n, m], b = 1", "(param W[(* 4 n) m] b start 1)");
    check_statement("param W[n, m] : svd(r) ~ normal(0.5), Z[k, n, m] : cp(2) = 0, E ~ glorot",
                    "(param W[n m] :svd rank r ~normal with 0.5f Z[k n m] :cp rank 2 start 0 E ~glorot)");
    check_statement("input x[28], g, id: index[V], c0[n] once", "(input x[28] g id :index of V c0[n] once)");
    check_statement("target y: labels[V], z: index[10] once", "(target y :labels of V z :index of 10 once)");
    check_statement("output p = softmax(l); output p", "(output p (call softmax l)) (output p)");
    check_statement("i, f[n] = split(e, 2)", "(equation i f[n] (call split e 2))");
    check_statement("init h1.0.c = c0", "(init (member (member h1 0) c) c0)");
    check_statement("loss 0.5 * mse(p, y)", "(loss (* 0.5f (call mse p y)))");
    check_statement("const a = 1", "(const a 1)");
}

static void operators_bind_as_documented(void **state)
{
    (void)state;
    check_statement("h = r * U @ h", "(equation h (* r (@ U h)))");
    check_statement("h = A @ B @ x", "(equation h (@ A (@ B x)))");
    check_statement("h = -W @ x", "(equation h (neg (@ W x)))");
    check_statement("h = W @ -x * y", "(equation h (* (@ W (neg x)) y))");
    check_statement("h = a - b - c + d", "(equation h (+ (- (- a b) c) d))");
    check_statement("h = a / b * c", "(equation h (* (/ a b) c))");
    check_statement("h = a + b <= c * -d", "(equation h (<= (+ a b) (* c (neg d))))");
    check_statement("h = (a < b) == (c != d)", "(equation h (== (bracket (< a b)) (bracket (!= c d))))");
    check_statement("h = f(x)[t-1].c", "(equation h (member (index (call f x) (- t 1)) c))");
    check_statement("h = (f(x) + y)[t-1][0:n]", "(equation h (index (index (bracket (+ (call f x) y)) (- t 1)) 0:n))");
    check_statement("h = W[:, c:d] @ v[a:] + v[:b] + Z[i]",
                    "(equation h (+ (+ (@ (index W : c:d) (index v a:)) (index v :b)) (index Z i)))");
    check_statement("h = LSTM[512](x)", "(equation h (call (index LSTM 512) x))");
}

static void runs_of_cells(void **state)
{
    (void)state;
    check_statement("h = stack 3 C[n](x, y)", "(equation h (stack 3 (call (index C n) x y)))");
    check_statement("h = stack k - 1 reverse C(x)", "(equation h (stack (- k 1) (reverse (call C x))))");
    check_statement("h = stack (k) C(x)", "(equation h (stack (bracket k) (call C x)))");
    check_statement("h3 = reverse h1(x2)", "(equation h3 (reverse (call h1 x2)))");
    check_errors("h = W @ reverse C(x)", "2:9: error: 'reverse' may only stand right behind the '=' of an equation");
    check_errors("h = reverse x", "2:13: error: 'reverse' needs a call of a cell, with its inputs in '(' and ')'");
    check_errors("h = stack 2 x[3]", "2:13: error: 'stack' needs a call of a cell, with its inputs in '(' and ')'");
}

static void keywords_are_names_elsewhere(void **state)
{
    (void)state;
    check_statement("loss = input + output", "(equation loss (+ input output))");
    check_statement("input[3], cell = param(model)", "(equation input[3] cell (call param model))");
    check_statement("init = 3; const, fn = a", "(equation init 3) (equation const fn a)");
    check_statement("input input, once, once once", "(input input once once once)");
    check_statement("stack = stack(reverse) + reverse.stack",
                    "(equation stack (+ (call stack reverse) (member reverse stack)))");
    check_statement("h = f(\ninput,\nloss)", "(equation h (call f input loss))");
    check_statement("index = labels[once] + t", "(equation index (+ (index labels once) t))");
}

static void numbers(void **state)
{
    (void)state;
    check_statement("h = 1.5 + 5e-1 + 1.0e+3 + 007", "(equation h (+ (+ (+ 1.5f 0.5f) 1000f) 7))");
    check_statement("h = 9007199254740992", "(equation h 9007199254740992)");
    check_errors("h = 9007199254740993", "2:5: error: '9007199254740993' is too large: integers go up to 2^53");
    check_errors("h = 99999999999999999999999",
                 "2:5: error: '99999999999999999999999' is too large: integers go up to 2^53");
    check_errors("h = 1e999", "2:5: error: '1e999' is too large for double precision");
    check_errors("h = 4n", "2:5: error: '4n' is no number: an operator is missing before 'n'");
    check_errors("h = .5", "2:5: error: a number has digits on both sides of its dot");
    check_errors("h = 1. + 2",
                 "2:5: error: '1.' is no number: numbers are written as 2, 0.5, 1e-3 or 1.5e3, with digits "
                 "on both sides of the dot");
}

static void messages(void **state)
{
    (void)state;
    check_errors("h = a +", "2:8: error: expected an expression after '+'");
    check_errors("h = a + * b", "2:9: error: expected an expression after '+', found '*'");
    check_errors("h =", "2:4: error: expected an expression after '='");
    check_errors("h = a b", "2:7: error: expected an operator after 'a', found 'b'\n"
                            "2:7: note: a product is written 'W @ x' or 'a * b', a call 'f(x)'");
    check_errors("h = (a + b))", "2:12: error: ')' closes nothing");
    check_errors("h = f(a]", "2:8: error: expected ')' to close '(', found ']'\n2:6: note: '(' is here");
    check_errors(
        "h = a < b < c < d",
        "2:11: error: comparisons cannot be chained: put one of them in brackets\n2:7: note: the first one is here");
    check_errors("param", "2:6: error: expected a name after 'param'");
    check_errors("param W[n] b[n]", "2:12: error: expected ',' before 'b'");
    check_errors("parm W[n]", "2:6: error: expected '=' after 'parm', found 'W'\n2:1: note: did you mean 'param'?");
    check_errors("+ 3", "2:1: error: expected a statement, found '+'");
    check_errors("param W[n] : sdv(r)", "2:14: error: unknown form 'sdv': expected 'svd' or 'cp'\n"
                                        "2:14: note: did you mean 'svd'?");
    check_errors("param W[n] ~ normal", "2:14: error: 'normal' needs its width: 'normal(0.1)'");
    check_errors("param W[n] ~ glorot(2)", "2:21: error: 'glorot' takes no argument");
    check_errors("input x: index(3)", "2:15: error: expected '[' after 'index', found '('");
    check_errors("input x: word[3]", "2:10: error: unknown type 'word': expected 'index' or 'labels'");
    check_errors("input x[n] b[n]", "2:12: error: expected ',' before 'b'");
    check_errors("input x twice", "2:9: error: unknown word 'twice': expected 'once'");
    check("cel A(x) -> h {\n  h = x\n}",
          "\n1:1: error: expected 'cell', 'model', 'fn', 'const' or 'import', found 'cel'\n"
          "1:1: note: did you mean 'cell'?");
    check("cell A(x) -> h\n", "\n1:15: error: expected '{' after 'h'");
    check("cell A(x) {\n}\n", "\n1:11: error: expected '->' after ')', found '{'");
    check("}\n}\nh = 3\n", "\n1:1: error: '}' closes nothing");
}

static void bad_bytes(void **state)
{
    (void)state;
    check_errors("h = a $ b", "2:7: error: unexpected character '$'");
    check_errors("h = \xC3\xA9", "2:5: error: unexpected '\xC3\xA9': outside comments a program is plain ASCII");
    check_errors("h = \x01", "2:5: error: unexpected byte 0x01");
    check("# \xC3\xA9 \xFF\nconst a = 1 # \x01", "const a (const a 1)");
    char *found = parsed("const a = \0\nconst b = 2", 23);
    assert_string_equal(found, "const b (const b 2)\n1:11: error: unexpected byte 0x00");
    free(found);
}

/* A forgotten bracket is one error, and the rest of the text is still parsed. */
static void forgotten_brackets(void **state)
{
    (void)state;
    check_errors("h = f(a, (b\nparam W[n]\nx + 1", "2:12: error: expected ')' to close '('\n2:10: note: '(' is here\n"
                                                   "4:3: error: expected '=' after 'x', found '+'");
    check_errors("h = f(a +\ni, f[n] = g(x)\nx + 1", "2:10: error: expected ')' to close '('\n2:6: note: '(' is here\n"
                                                     "4:3: error: expected '=' after 'x', found '+'");
    check_errors("h = v[a", "2:8: error: expected ']' to close '['\n2:6: note: '[' is here");
    check_errors("h = v[a; x + 1", "2:8: error: expected ']' to close '['\n2:6: note: '[' is here\n"
                                   "2:12: error: expected '=' after 'x', found '+'");
    check("cell A[n(x) -> h {\n  h = a +\n}", "\n1:13: error: expected ']' to close '[', found '->'\n"
                                              "1:7: note: '[' is here\n2:10: error: expected an expression after '+'");
    check("cell A(x) -> h {\n  h = x\nmodel m {\n  loss x",
          "cell A x -> h (equation h x)\nmodel m (loss x)\n"
          "2:8: error: expected '}' to close '{'\n1:16: note: '{' is here\n"
          "4:9: error: expected '}' to close '{'\n3:9: note: '{' is here");
    check_errors("h = { a = 1; }\nx + 1", "2:5: error: expected an expression after '=', found '{'\n"
                                          "3:3: error: expected '=' after 'x', found '+'");
}

static void every_statement_reports_its_error(void **state)
{
    (void)state;
    check("cell A(x) -> h {\n  h = +\n  c = )\n}\nfn f(a) =\nmodel m {\n  output 3\n  y = x\n}\n",
          "cell A x -> h\nmodel m (equation y x)\n"
          "2:7: error: expected an expression after '=', found '+'\n"
          "3:7: error: expected an expression after '=', found ')'\n"
          "5:10: error: expected an expression after '='\n"
          "7:10: error: expected a name after 'output', found '3'");
}

/* `before` 200000 times, and behind it `after` as often, on the right of an equation: one message, and the next
 * statement's. */
static void check_deep(const char *before, const char *after, const char *message)
{
    enum { COUNT = 200000 };
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "model m {\nh = ");
    for (int i = 0; i < COUNT; i++)
        text_puts(&text, before);
    text_puts(&text, "x");
    for (int i = 0; i < COUNT; i++)
        text_puts(&text, after);
    text_puts(&text, "\ng = x +\n}\n");
    char *found = parsed(text.data, text.length);
    const char *error = strstr(found, "error: ");
    assert_non_null(error);
    assert_memory_equal(error + 7, message, strlen(message));
    error = strstr(error + 1, "error: ");
    assert_non_null(error);
    assert_string_equal(error + 7, "expected an expression after '+'");
    free(found);
    arena_free(arena);
}

static void depth_is_limited(void **state)
{
    (void)state;
    const char *brackets = "brackets are nested deeper than 1000",
               *levels = "expression is nested deeper than 1000 levels";
    check_deep("(", ")", brackets);
    check_deep("(", "", brackets);
    check_deep("f(", ")", brackets);
    check_deep("v[", "]", brackets);
    check_deep("-", "", levels);
    check_deep("", ".a", levels);
    check_deep("", "[1]", levels);
    check_deep("x < ", "", "comparisons cannot be chained");
    check_deep("{", "}", "expected an expression after '=', found '{'");
}

/* `piece` many times, then `x`: one expression with as many operands. */
static void check_row(const char *piece, int depth)
{
    enum { COUNT = 200000 };
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "fn f(x) = ");
    for (int i = 1; i < COUNT; i++)
        text_puts(&text, piece);
    text_puts(&text, "x");
    struct source *source = source_from_memory(arena, "", text.data, text.length);
    struct diagnostics *diag = diag_new(arena, source);
    struct tree *tree = parse(arena, source, diag);
    assert_int_equal(diag_error_count(diag), 0);
    const struct expr *row = tree->definitions[0]->value;
    assert_int_equal(row->depth, depth);
    assert_int_equal(row->count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(!i || row->args[i - 1]->span.begin < row->args[i]->span.begin);
    arena_free(arena);
}

/* Operators of one rank in a row are no nesting. */
static void rows_are_not_deep(void **state)
{
    (void)state;
    check_row("x + ", 2);
    check_row("x - ", 2);
    check_row("x * ", 2);
    check_row("x / ", 2);
    check_row("x @ ", 2);
    check_row("f(x) * x + ", 4);
}

static void depth_up_to_the_limit_is_allowed(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "const a = ");
    for (int i = 1; i < EXPR_MAX_DEPTH; i++)
        text_puts(&text, "-");
    text_puts(&text, "1");
    struct source *source = source_from_memory(arena, "", text.data, text.length);
    struct diagnostics *diag = diag_new(arena, source);
    struct tree *tree = parse(arena, source, diag);
    assert_int_equal(diag_error_count(diag), 0);
    assert_int_equal(tree->definitions[0]->constants->values[0]->depth, EXPR_MAX_DEPTH);
    arena_free(arena);
}

static void spans_and_comments(void **state)
{
    (void)state;
    const char *text = "cell A(x) -> h { # one\n  # two\n  h = W @ (x)  \n}";
    struct arena *arena = arena_new();
    struct source *source = source_from_memory(arena, "", text, strlen(text));
    struct tree *tree = parse(arena, source, diag_new(arena, source));
    const struct tree_definition *cell = tree->definitions[0];
    assert_int_equal(tree->comment_count, 2);
    assert_false(tree->comments[0].own_line);
    assert_true(tree->comments[1].own_line);
    assert_int_equal(cell->span.begin, 0);
    assert_int_equal(cell->span.end, source->length);
    assert_int_equal(cell->body.begin, 15);
    const struct statement *equation = cell->statements[0];
    assert_memory_equal(text + equation->span.begin, "h = W @ (x)", equation->span.end - equation->span.begin);
    assert_int_equal(equation->span.end - equation->span.begin, 11);
    assert_int_equal(text[equation->values[0]->operator_span.begin], '@');
    assert_int_equal(text[equation->values[0]->span.begin], 'W');
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions),
        cmocka_unit_test(statements),
        cmocka_unit_test(operators_bind_as_documented),
        cmocka_unit_test(runs_of_cells),
        cmocka_unit_test(keywords_are_names_elsewhere),
        cmocka_unit_test(numbers),
        cmocka_unit_test(messages),
        cmocka_unit_test(bad_bytes),
        cmocka_unit_test(forgotten_brackets),
        cmocka_unit_test(every_statement_reports_its_error),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(rows_are_not_deep),
        cmocka_unit_test(depth_up_to_the_limit_is_allowed),
        cmocka_unit_test(spans_and_comments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
