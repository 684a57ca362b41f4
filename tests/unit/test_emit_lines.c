/* Lines of emitted C that are too long: the places of breaks, and that nothing else is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emit/emitter.h"

/* 39 columns. */
#define A39 "an_argument_that_takes_thirty_six_colum"

static void expect_lines(const char *given, const char *expected)
{
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    put_lines(&text, given);
    assert_string_equal(text.data, expected);
    arena_free(arena);
}

static void test_short_lines_stay(void **state)
{
    (void)state;
    expect_lines("int a; /* a comment */\n\n#define B 1\n", "int a; /* a comment */\n\n#define B 1\n");
    expect_lines("#define " A39 A39 A39 A39 " 1\n", "#define " A39 A39 A39 A39 " 1\n");
}

/* Behind the outermost comma that fits; the rest stands further in. */
static void test_calls_break_at_commas(void **state)
{
    (void)state;
    expect_lines("    call(" A39 ", a + " A39 ", f(b, " A39 "));\n",
                 "    call(" A39 ", a + " A39 ",\n        f(b, " A39 "));\n");
    expect_lines("    x = " A39 " * " A39 " + b * " A39 ";\n", "    x = " A39 " * " A39 "\n        + b * " A39 ";\n");
}

/* A quoted string is one word, and so is a name. */
static void test_some_lines_cannot_be_broken(void **state)
{
    (void)state;
    expect_lines("    \"" A39 ", " A39 ", " A39 ", " A39 "\"\n", "    \"" A39 ", " A39 ", " A39 ", " A39 "\"\n");
    expect_lines("    f(" A39 ", \"" A39 ", " A39 " + " A39 "\", a);\n",
                 "    f(" A39 ",\n        \"" A39 ", " A39 " + " A39 "\", a);\n");
    expect_lines(A39 A39 A39 A39 ";\n", A39 A39 A39 A39 ";\n");
}

/* A comment behind code moves in front of it; one that is long by itself goes on below its text. */
static void test_comments(void **state)
{
    (void)state;
    expect_lines("    f(" A39 ", " A39 "); /* " A39 " */\n", "    /* " A39 " */\n    f(" A39 ", " A39 ");\n");
    expect_lines("/* " A39 " " A39 " " A39 " */\n", "/* " A39 " " A39 "\n * " A39 " */\n");
    expect_lines("/* x\n *   10  " A39 " " A39 " " A39 "\n */\n",
                 "/* x\n *   10  " A39 " " A39 "\n *       " A39 "\n */\n");
}

/* Parts of a line of a macro end in backslashes, as it does. */
static void test_macros(void **state)
{
    (void)state;
    expect_lines("#define B(a) \\\n    f(" A39 ", " A39 ", a, " A39 ")\n    f(a);\n",
                 "#define B(a) \\\n    f(" A39 ", " A39 ", a, \\\n        " A39 ")\n    f(a);\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_lines_stay),
        cmocka_unit_test(test_calls_break_at_commas),
        cmocka_unit_test(test_some_lines_cannot_be_broken),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_macros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
