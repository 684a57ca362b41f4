/* Names, constants, dimensions, what is compiled, and the mistakes one can make with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/map.h"
#include "sema_check.h"

#define LINES(...)                                                                                                     \
    (const char *const[]) { __VA_ARGS__, NULL }

static void expect_error_with(const char *text, const struct sema_options *options, const char *part)
{
    struct checked checked = check_program(text, options);
    if (!checked.errors || !strstr(checked.messages, part))
        fail_msg("expected '%s', but got\n%s", part, checked.messages);
    checked_free(&checked);
}

static void test_cell_alone(void **state)
{
    (void)state;
    expect_lines(
        "cell E[n = 6](x[m = n / 2]) -> h[n] {\n  param W[n, m], U[n, n]\n  h = tanh(W @ x + U @ h[t-1])\n}\n",
        LINES("cell E", "input x [3] frame", "param W [6, 3]", "h [6] frame = tanh(W @ x + U @ h[t-1])", "output h"));
    const char *bare = "cell E[n](x[m], g) -> h[n] {\n  param W[n, m]\n  h = W @ x * g\n}\n";
    expect_error_with(bare, NULL, "give its dimensions: -D n=VALUE -D m=VALUE");
    struct definition definitions[] = {{"n", 5, NULL}, {"m", 2, NULL}, {"q", 1, NULL}};
    struct sema_options options = {.definitions = definitions, .definition_count = 2};
    struct checked checked = check_program(bare, &options);
    assert_int_equal(checked.errors, 0);
    assert_int_equal(checked_value(&checked, "W")->shape.dim[0], 5);
    assert_int_equal(checked_value(&checked, "g")->shape.rank, 0);
    checked_free(&checked);
    options.definition_count = 3;
    expect_error_with(bare, &options, "-D q: there is no such constant or dimension in 'E'");
}

static void test_definitions_reach_constants(void **state)
{
    (void)state;
    struct definition definitions[] = {{"k", 7, NULL}, {"n", 3, NULL}};
    struct sema_options options = {.definitions = definitions, .definition_count = 2};
    struct checked checked = check_program(
        "const k = 2, j = 2 * k\nmodel m {\n  const n = 1\n  input x[j]\n  param W[n, j]\n  output p = W @ x\n}\n",
        &options);
    assert_int_equal(checked.errors, 0);
    assert_int_equal(checked_value(&checked, "W")->shape.dim[0], 3);
    assert_int_equal(checked_value(&checked, "W")->shape.dim[1], 14);
    checked_free(&checked);
    struct definition reals[] = {{"slope", -0.25, NULL}, {"k", 0.5, NULL}};
    const struct sema_options real_options = {.definitions = reals, .definition_count = 2};
    const char *program = "const slope = 1\ncell C[n = 4](x[n]) -> h[n] {\n  const k = 2\n  h = slope * x + k\n}\n";
    checked = check_program(program, &real_options);
    assert_int_equal(checked.errors, 0);
    const struct term *sum = checked_value(&checked, "h")->term;
    assert_true(sum->args[0]->args[0]->number == -0.25 && sum->args[1]->number == 0.5);
    checked_free(&checked);
    reals[1].name = "n";
    expect_error_with(program, &real_options, "-D n=0.5: a dimension is a whole number from 1 to 2000000000");
    expect_error_with("const k = 2\ncell C[n = 4](x[n]) -> h[n] {\n  h = x\n}\n", &real_options, "-D can set 'k', 'n'");
}

static void test_which_is_compiled(void **state)
{
    (void)state;
    const char *two = "model a {\n  input x\n  output p = x\n}\nmodel b {\n  input x\n  output p = x\n}\n";
    expect_error_with(two, NULL, "choose one with '--top a' or '--top b'");
    struct sema_options options = {.top = "b"};
    struct checked checked = check_program(two, &options);
    assert_string_equal(checked.program->name, "b");
    checked_free(&checked);
    options.top = "bb";
    expect_error_with(two, &options, "there is no cell or model 'bb'");
    checked = check_program("cell A(x) -> y {\n  y = x\n}\ncell B(x) -> y {\n  y = x\n}\n", NULL);
    assert_string_equal(checked.program->name, "B");
    checked_free(&checked);
    expect_error_with("const n = 3\n", NULL, "there is no cell or model in this file");
    expect_error_with("model m {\n  input x\n  y = x\n}\n", NULL, "the model 'm' has no output and no loss");
}

static void test_dimension_arithmetic(void **state)
{
    (void)state;
    expect_lines("const b = a * 2, a = (1 + 2) * 3 - 1\nmodel m {\n  const half = 0.5\n  input x[b / 4]\n  output p = "
                 "half * x + a\n}\n",
                 LINES("input x [4] frame", "p [4] frame = 0.5 * x + 8"));
    expect_error("const a = b, b = a\nmodel m {\n  input x[a]\n  output p = x\n}\n", LINES("depends on itself"));
    expect_error("const a = 9000000000000000 * 9000000000000000\nmodel m {\n  input x[a]\n  output p = x\n}\n",
                 LINES("is too large"));
    expect_error("const a = 1 / 0\nmodel m {\n  input x\n  output p = x * a\n}\n", LINES("divides by zero"));
    expect_error("model m {\n  input x[7 / 2]\n  output p = x\n}\n",
                 LINES("has to be a whole number of 1 or more, but is 3.5"));
    expect_error("model m {\n  input x[3 - 3]\n  output p = x\n}\n",
                 LINES("has to be a whole number of 1 or more, but is 0"));
    expect_error("model m {\n  input x[9]\n  param W[65536, 65536]\n  output p = x\n}\n",
                 LINES("more than 2000000000 elements"));
}

static void test_suggestions(void **state)
{
    (void)state;
    expect_error("model m {\n  input speed\n  output p = sped + tnah(speed)\n}\n",
                 LINES("unknown name 'sped'", "did you mean 'speed'?", "unknown cell or function 'tnah'",
                       "did you mean 'tanh'?"));
}

static void test_wrong_names(void **state)
{
    (void)state;
    expect_error("model m {\n  input x\n  a = x\n  a = x\n  x = 1\n  output p = a\n}\n",
                 LINES("'a' is defined twice", "first defined here", "'x' is an input and cannot be defined"));
    expect_error("model m {\n  input x\n  output p = x + t\n}\n", LINES("'t' stands only in"));
    expect_error("cell C(x) -> y, z {\n  y = x\n}\nmodel m {\n  input x\n  a = C(x)\n  output p = a + C\n}\n",
                 LINES("'z' is an output of 'C', but no equation defines it"));
    expect_error("fn tanh(v) = v\nmodel m {\n  input x\n  output p = x\n}\n", LINES("cannot be defined again"));
    expect_error("model m {\n  input x\n  output p = x.y\n}\n", LINES("'x' is not an instance of a cell"));
}

static void test_wrong_delays(void **state)
{
    (void)state;
    expect_error("model m {\n  input x\n  output p = x[t] + x[t-0] + x[t-x] + x[2*t] + tanh(x)[t-1]\n}\n",
                 LINES("'x[t]' is 'x' itself", "from 1 to 1000000, but is 0", "'x' is no constant",
                       "a delay is written [t-k] or [t+k]", "write '(tanh(x))[t-1]'"));
    expect_lines("model m {\n  const k = 2\n  input x\n  output p = x[t-k*2] + (x * x)[t-1]\n}\n",
                 LINES("p frame = x[t-4] + p.delayed[t-1]", "p.delayed frame = x * x"));
}

static void test_wrong_calls(void **state)
{
    (void)state;
    expect_error("cell C[n](x[m]) -> y[n] {\n  param W[n, m]\n  y = W @ x\n}\n"
                 "model m {\n  input x[4]\n  a = C(x)\n  b = C[1, 2](x)\n  c = C[2](x, x)\n  output p = tanh(C[3](x))\n"
                 "  d, e = C[2](x)\n  f = clip(x)\n  g = x(1)\n  h = split(x, 2)\n  i = stack 2 tanh(x)\n}\n",
                 LINES("the dimension 'n' of 'C' is not given", "'C' has 1 dimension, but 2 are given",
                       "'C' takes 1 input, but 2 are given",
                       "'C' has parameters: its call has to be the whole right side",
                       "'C' has 1 output, but there are 2 names", "'clip' takes 3 operands, but 1 is given",
                       "'x' is no cell or function", "'split' gives 2 parts", "'stack' takes a call of a cell"));
}

static void test_init_rules(void **state)
{
    (void)state;
    expect_error("model m {\n  input x[4]\n  param W[4, 4]\n  h = x + h[t-1]\n  init h = 1\n  init h = 2\n  init W = "
                 "0\n  output p = W @ h\n}\n",
                 LINES("init of 'h' is given twice", "first given here", "'W' does not change with time"));
    expect_error("model m {\n  input x[4]\n  h = x + h[t-1]\n  init h = x\n  output p = h\n}\n",
                 LINES("has to be of static or sequence time, but 'x' is of frame time"));
    expect_error("model m {\n  input x[4]\n  param b[3]\n  h = x + h[t-1]\n  init h = b\n  output p = h\n}\n",
                 LINES("'h' is [4], but its init 'b' is [3]"));
    expect_warning("model m {\n  input x\n  h = x\n  init h = 1\n  output p = h\n}\n", "the init of 'h' is never used");
}

static void test_unused_parameter(void **state)
{
    (void)state;
    expect_warning("model m {\n  input x[4]\n  param W[4, 4], b[4]\n  output p = W @ x\n}\n",
                   "the parameter 'b' is never used");
    expect_clean("model m {\n  input x[4]\n  param b[4]\n  h = x + h[t-1]\n  init h = b\n  output p = h\n}\n");
}

/* An error inside a cell is told once, however many instances there are. */
static void test_errors_are_told_once(void **state)
{
    (void)state;
    struct checked checked =
        check_program("cell C(x) -> y {\n  y = x + wrong\n}\n"
                      "model m {\n  input x\n  a = C(x)\n  b = C(a)\n  c = C(b)\n  output p = c\n}\n",
                      NULL);
    assert_int_equal(checked.errors, 1);
    assert_non_null(strstr(checked.messages, "in 'a', an instance of 'C'"));
    checked_free(&checked);
}

static void test_map(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct map map;
    char keys[1000][16];
    map_init(&map, arena);
    for (int i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        map_put(&map, keys[i], keys[i]);
        assert_ptr_equal(map_get(&map, keys[i / 2]), keys[i / 2]);
        assert_null(map_get(&map, "k1000"));
    }
    map_put(&map, "k3", keys[4]);
    assert_ptr_equal(map_get(&map, "k3"), keys[4]);
    assert_int_equal(map.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_string_equal(map.entries[i].key, keys[i]);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cell_alone),           cmocka_unit_test(test_definitions_reach_constants),
        cmocka_unit_test(test_which_is_compiled),    cmocka_unit_test(test_dimension_arithmetic),
        cmocka_unit_test(test_suggestions),          cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_wrong_delays),         cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_init_rules),           cmocka_unit_test(test_unused_parameter),
        cmocka_unit_test(test_errors_are_told_once), cmocka_unit_test(test_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
