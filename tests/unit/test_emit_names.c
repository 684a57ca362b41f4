/* emit: names in C, numbers, prefixes. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "emit/emitter.h"

static void test_names_that_c_takes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    static const char *const kept[] = {"h", "W", "h_1", "weight_ih", "WX", "hidden", "If", "interrupt"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_string_equal(c_name(arena, kept[i]), kept[i]);
    /* Keywords, macros, words of the emitted code, names that the language reserves. */
    static const char *const changed[] = {"int",    "while",   "EOF",     "NULL",    "stdin", "assert",
                                          "packed", "streams", "rnn_vec", "RNN_PAD", "_x",    "__a",
                                          "class",  "i386",    "0",       "1",       "M_PI",  "unit"};
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        const char *name = c_name(arena, changed[i]);
        assert_string_not_equal(name, changed[i]);
        assert_true(name[strlen(name) - 1] == '_' && name[0] != '_' && (name[0] < '0' || name[0] > '9'));
    }
    arena_free(arena);
}

/* Two names never become one. */
static void test_names_stay_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    static const char *const names[] = {"int", "int_", "int__", "x",  "x_",  "x__",  "1",
                                        "v1",  "v1_",  "_x",    "vx", "v_x", "unit", "unit_"};
    enum { COUNT = sizeof names / sizeof *names };
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(c_name(arena, names[i]), c_name(arena, names[k]));
    arena_free(arena);
}

/* Of a path, what its dots become counts: there is a macro M_PI. */
static void test_paths(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_string_equal(c_name(arena, "M.PI"), "M_PI_");
    assert_string_equal(c_name(arena, "rnn.vec"), "rnn_vec_");
    assert_string_equal(c_name(arena, "encoder.0.W"), "encoder_0_W");
    assert_string_equal(c_name(arena, "W.A"), "W_A");
    arena_free(arena);
}

static void test_last_names(void **state)
{
    (void)state;
    assert_string_equal(last_name("h"), "h");
    assert_string_equal(last_name("enc.0.h"), "h");
    assert_string_equal(last_name("enc.0"), "0");
}

static void test_prefixes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_string_equal(emit_default_prefix(arena, "PeepholeLSTM"), "peephole_lstm");
    assert_string_equal(emit_default_prefix(arena, "char_lm"), "char_lm");
    assert_string_equal(emit_default_prefix(arena, "LSTM"), "lstm");
    assert_string_equal(emit_default_prefix(arena, "My_Net2X"), "my_net2x");
    static const char *const right[] = {"a", "net", "Net_1", "rnnoise", "x_"};
    static const char *const wrong[] = {"", "1a", "_a", "a-b", "a b", "rnn", "rnn_a", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_true(emit_prefix_is_valid(right[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(emit_prefix_is_valid(wrong[i]));
    arena_free(arena);
}

/* As C reads it, a number is the double that it was. */
static void test_numbers(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_string_equal(emit_number(arena, 0), "0");
    assert_string_equal(emit_number(arena, -3), "-3");
    assert_string_equal(emit_number(arena, 0.5), "(rnn_real)0.5");
    assert_string_equal(emit_number(arena, 1e30), "(rnn_real)1e+30");
    assert_string_equal(emit_number(arena, 12345678), "(rnn_real)12345678.0");
    assert_string_equal(emit_number(arena, NAN), "NAN");
    assert_string_equal(emit_number(arena, INFINITY), "INFINITY");
    assert_string_equal(emit_number(arena, -INFINITY), "-INFINITY");
    static const double numbers[] = {
        0.1,    1.0 / 3, -2.0 / 3,     1e-5,  DBL_MAX,          DBL_MIN, 5e-324, 123456789012345680.0,
        999999, 1000000, 1e15 + 0.125, -0.25, 3.141592653589793};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = emit_number(arena, numbers[i]), *bracket = strchr(text, ')');
        assert_true(strtod(bracket ? bracket + 1 : text, NULL) == numbers[i]);
        assert_true(!bracket || strpbrk(text, ".e")); /* no integer: it may be too large for an int */
    }
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_c_takes),
        cmocka_unit_test(test_names_stay_apart),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_last_names),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
