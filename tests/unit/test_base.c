#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/op.h"
#include "base/shape.h"
#include "base/source.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/unique.h"

static int start(void **state)
{
    *state = arena_new();
    return 0;
}

static int stop(void **state)
{
    arena_free(*state);
    return 0;
}

static void arena_gives_zeroed_aligned_separate_memory(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 16, 100, 5000, 20000, 70000, 3, 200000, 1};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    unsigned char *items[COUNT];
    for (int i = 0; i < COUNT; i++) {
        items[i] = arena_alloc(*state, sizes[i], 1);
        assert_int_equal((uintptr_t)items[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(items[i][j], 0);
        memset(items[i], i + 1, sizes[i]);
    }
    for (int i = 0; i < COUNT; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(items[i][j], i + 1);
}

static void arena_arrays_grow(void **state)
{
    int *items = NULL, count = 0, capacity = 0;
    for (int i = 0; i < 10000; i++)
        ARENA_PUSH(*state, items, count, capacity, i * 3);
    assert_int_equal(count, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(items[i], i * 3);
}

static void arena_formats_strings(void **state)
{
    assert_string_equal(arena_printf(*state, "%s is [%d, %d]", "W", 512, 64), "W is [512, 64]");
    assert_string_equal(arena_copy_string(*state, "weights", 6), "weight");
}

static void text_grows(void **state)
{
    struct text text;
    text_init(&text, *state);
    for (int i = 0; i < 1000; i++) {
        text_printf(&text, "%d", i % 10);
        text_puts(&text, "ab");
        text_append(&text, "cde", 1);
    }
    assert_int_equal(text.length, 4000);
    assert_int_equal(strlen(text.data), 4000);
    assert_memory_equal(text.data + 3996, "9abc", 5);
}

static void check_place(const struct source *source, uint32_t offset, int line, int column)
{
    int found_line, found_column;
    source_locate(source, offset, &found_line, &found_column);
    assert_int_equal(found_line, line);
    assert_int_equal(found_column, column);
}

static void source_finds_lines_and_columns(void **state)
{
    struct source *source = source_from_memory(*state, "a.rnn", "ab\n\nc\n", 6);
    assert_int_equal(source->line_count, 4);
    check_place(source, 0, 1, 1);
    check_place(source, 2, 1, 3);
    check_place(source, 3, 2, 1);
    check_place(source, 4, 3, 1);
    check_place(source, 6, 4, 1);
    check_place(source_from_memory(*state, "empty", "", 0), 0, 1, 1);
}

static void source_leaves_out_byte_order_mark(void **state)
{
    struct source *source = source_from_memory(*state, "a.rnn",
                                               "\xEF\xBB\xBF"
                                               "fn",
                                               5);
    assert_int_equal(source->length, 2);
    assert_string_equal(source->data, "fn");
}

static void source_reads_files(void **state)
{
    char path[] = "/tmp/rnnc-test-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    for (int i = 0; i < 10000; i++)
        fprintf(file, "# %05d\n", i);
    fclose(file);
    const char *error = NULL;
    struct source *source = source_from_file(*state, path, &error);
    remove(path);
    assert_non_null(source);
    assert_int_equal(source->length, 80000);
    assert_int_equal(source->line_count, 10001);
    assert_string_equal(source->data + 80000 - 8, "# 09999\n");
}

static void source_says_why_it_cannot_read(void **state)
{
    const char *error = NULL;
    assert_null(source_from_file(*state, "no/such.rnn", &error));
    assert_string_equal(error, "cannot read 'no/such.rnn': No such file or directory");
    assert_null(source_from_file(*state, "/", &error));
    assert_string_equal(error, "cannot read '/': Is a directory");
}

/* Returns what diag_print writes; the caller frees it. */
/* Not inlined: gcc 12 would take the stream's buffer for a dangling pointer to `text`. */
static __attribute__((noinline)) char *printed(const struct diagnostics *diag, struct diag_options options)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    diag_print(diag, &options, out);
    fclose(out);
    return text;
}

static struct diagnostics *new_diagnostics(struct arena *arena, const char *text)
{
    return diag_new(arena, source_from_memory(arena, "a.rnn", text, strlen(text)));
}

static void check_printed(const struct diagnostics *diag, struct diag_options options, const char *expected)
{
    char *text = printed(diag, options);
    assert_string_equal(text, expected);
    free(text);
}

static void diag_prints_line_caret_and_note(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "cell A\n  h = W @ x\n");
    diag_error(diag, (struct span){13, 18}, "'%s': W is [512, 64] but x is [96]", "W @ x");
    diag_note(diag, (struct span){0, 4}, "in this cell");
    diag_warning(diag, (struct span){19, 19}, "the end");
    assert_int_equal(diag_error_count(diag), 1);
    assert_int_equal(diag_warning_count(diag), 1);
    check_printed(diag, (struct diag_options){0},
                  "a.rnn:2:7: error: 'W @ x': W is [512, 64] but x is [96]\n"
                  "    2 |   h = W @ x\n"
                  "      |       ^~~~~\n"
                  "a.rnn:1:1: note: in this cell\n"
                  "    1 | cell A\n"
                  "      | ^~~~\n"
                  "a.rnn:3:1: warning: the end\n"
                  "    3 | \n"
                  "      | ^\n");
}

static void diag_marks_only_the_first_line(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "a = f(\r\n  b)\r\n");
    diag_error(diag, (struct span){4, 12}, "wrong");
    check_printed(diag, (struct diag_options){0},
                  "a.rnn:1:5: error: wrong\n"
                  "    1 | a = f(\n"
                  "      |     ^~\n");
}

static void diag_keeps_tabs_and_characters_aligned(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "\t\xC3\xA9\x01\xFFxy");
    diag_error(diag, (struct span){5, 7}, "bad \xFF");
    check_printed(diag, (struct diag_options){0},
                  "a.rnn:1:6: error: bad ?\n"
                  "    1 | \t\xC3\xA9??xy\n"
                  "      | \t   ^~\n");
}

static void diag_cuts_long_lines_around_the_caret(void **state)
{
    char line[1001];
    for (int i = 0; i < 1000; i++)
        line[i] = (char)('a' + i % 26);
    line[1000] = '\0';
    struct diagnostics *diag = new_diagnostics(*state, line);
    diag_error(diag, (struct span){500, 900}, "here");
    char *text = printed(diag, (struct diag_options){0});
    char *shown = strstr(text, " | ") + 3, *mark = strstr(shown, " | ") + 3;
    assert_int_equal(strcspn(shown, "\n"), 126);
    assert_memory_equal(shown, "...", 3);
    assert_int_equal(shown[strcspn(mark, "^")], line[500]);
    assert_int_equal(strcspn(mark, "\n"), 123);
    free(text);
}

static void diag_prints_in_the_order_of_the_text(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "xyz");
    diag_error(diag, (struct span){1, 1}, "late");
    diag_note(diag, (struct span){0, 0}, "of the late one");
    diag_warning(diag, (struct span){0, 0}, "early");
    diag_error(diag, (struct span){1, 1}, "later");
    char *text = printed(diag, (struct diag_options){0});
    const char *early = strstr(text, "early"), *late = strstr(text, "late\n"), *note = strstr(text, "of the late one");
    assert_true(early && late && note && early < late && late < note && note < strstr(text, "later"));
    free(text);
}

static void diag_stops_at_the_limit(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "x\n");
    for (int i = 0; i < 5; i++) {
        diag_error(diag, (struct span){0, 1}, "number %d", i);
        diag_note(diag, (struct span){0, 1}, "of %d", i);
    }
    char *text = printed(diag, (struct diag_options){.error_limit = 2});
    assert_non_null(strstr(text, "note: of 1"));
    assert_null(strstr(text, "number 2"));
    assert_non_null(strstr(text, "a.rnn: 3 more errors not shown; --error-limit=0 shows all\n"));
    free(text);
}

static void diag_prints_colours(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "x");
    diag_warning(diag, (struct span){0, 1}, "w");
    check_printed(diag, (struct diag_options){.colour = true},
                  "\033[1ma.rnn:1:1: \033[1;35mwarning:\033[0m \033[1mw\033[0m\n"
                  "    1 | x\n"
                  "      | \033[1;35m^\033[0m\n");
}

static void diag_prints_json(void **state)
{
    struct diagnostics *diag = new_diagnostics(*state, "cell A\n  h = W @ x\n");
    diag_error(diag, (struct span){13, 18}, "bad \xFF \"quoted\"");
    diag_note(diag, (struct span){0, 4}, "in this cell");
    diag_warning(diag, (struct span){18, 18}, "w");
    char *text = printed(diag, (struct diag_options){.json = true, .error_limit = 1});
    json_t *all = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_array_size(all), 2);
    const char *kind, *message, *file, *child;
    int line, column, last;
    assert_int_equal(json_unpack(json_array_get(all, 0), "{s:s, s:s, s:[{s:{s:s, s:i, s:i}, s:{s:i}}], s:[{s:s}]}",
                                 "kind", &kind, "message", &message, "locations", "caret", "file", &file, "line", &line,
                                 "column", &column, "finish", "column", &last, "children", "message", &child),
                     0);
    assert_string_equal(kind, "error");
    assert_string_equal(message, "bad ? \"quoted\"");
    assert_string_equal(file, "a.rnn");
    assert_string_equal(child, "in this cell");
    assert_int_equal(line, 2);
    assert_int_equal(column, 7);
    assert_int_equal(last, 11);
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "kind")), "warning");
    json_decref(all);
}

static const char *suggested(const char *name, const char *const *candidates)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, name);
    for (; *candidates; candidates++)
        suggest_consider(&suggestion, *candidates);
    return suggestion.best;
}

static void suggest_finds_the_nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"softsign", "sigmoid", "sqrt", "tanh", "h", "weight_hh", "weight_ih", NULL};
    assert_string_equal(suggested("sigmiod", names), "sigmoid");
    assert_string_equal(suggested("sigmod", names), "sigmoid");
    assert_string_equal(suggested("tahn", names), "tanh");
    assert_string_equal(suggested("weight_ii", names), "weight_ih");
    assert_null(suggested("relu", names));
    assert_null(suggested("x", names));
    assert_null(suggested("h", names));
}

static void shapes_and_operations(void **state)
{
    struct shape matrix = {2, {512, 64}}, scalar = {0}, vector = {1, {512}};
    assert_string_equal(shape_text(*state, &matrix), "[512, 64]");
    assert_string_equal(shape_text(*state, &scalar), "[]");
    assert_int_equal(shape_size(&matrix), 512 * 64);
    assert_int_equal(shape_size(&scalar), 1);
    assert_false(shape_equal(&matrix, &vector));
    assert_true(shape_equal(&vector, &(struct shape){1, {512}}));
    assert_int_equal(op_find("tanh(x)", 4), OP_tanh);
    assert_int_equal(op_find("tan", 3), OP_COUNT);
    assert_int_equal(op_find("add", 3), OP_COUNT);
    for (int i = 0; i < OP_COUNT; i++)
        if (op_info(i)->name)
            assert_int_equal(op_find(op_info(i)->name, (int)strlen(op_info(i)->name)), i);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

static void unique_numbers_names_that_are_taken(void **state)
{
    struct unique unique;
    unique_init(&unique, *state);
    assert_string_equal(unique_name(&unique, "a"), "a");
    assert_string_equal(unique_name(&unique, "a_3"), "a_3");
    assert_string_equal(unique_name(&unique, "a"), "a_2");
    assert_string_equal(unique_name(&unique, "a"), "a_4");
    assert_string_equal(unique_name(&unique, "a_2"), "a_2_2");
    assert_string_equal(unique_name(&unique, "h1.a"), "h1_a");
    assert_string_equal(unique_name(&unique, "h1_a"), "h1_a_2");
}

/* So many that a search from 2 each time would not end. */
static void unique_gives_many_names_to_one_stem(void **state)
{
    enum { COUNT = 500000 };
    struct unique unique;
    const char *name = NULL;
    unique_init(&unique, *state);
    for (int i = 0; i < COUNT; i++)
        name = unique_name(&unique, "a");
    assert_string_equal(name, "a_500000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arena_gives_zeroed_aligned_separate_memory),
        TEST(arena_arrays_grow),
        TEST(arena_formats_strings),
        TEST(text_grows),
        TEST(source_finds_lines_and_columns),
        TEST(source_leaves_out_byte_order_mark),
        TEST(source_reads_files),
        TEST(source_says_why_it_cannot_read),
        TEST(diag_prints_line_caret_and_note),
        TEST(diag_marks_only_the_first_line),
        TEST(diag_keeps_tabs_and_characters_aligned),
        TEST(diag_cuts_long_lines_around_the_caret),
        TEST(diag_prints_in_the_order_of_the_text),
        TEST(diag_stops_at_the_limit),
        TEST(diag_prints_colours),
        TEST(diag_prints_json),
        TEST(suggest_finds_the_nearest_name),
        TEST(shapes_and_operations),
        TEST(unique_numbers_names_that_are_taken),
        TEST(unique_gives_many_names_to_one_stem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
