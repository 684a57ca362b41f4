/* Text as symbols, vocabularies, and tables from text. */
#include "tools_fixture.h"

#include <zlib.h>

#include "data/text.h"
#include "table/table.h"
#include "table/vocabulary.h"
#include "tiny_model.h"

static void expect_codes(struct fixture *fixture, const char *text, size_t length, bool bytes, const uint32_t *codes,
                         size_t count)
{
    struct symbols symbols = {.arena = fixture->arena};
    const char *error;
    if (!symbols_append(&symbols, text, length, bytes, "x", &error))
        fail_msg("%s", error);
    assert_int_equal(symbols.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(symbols.codes[i], codes[i]);
    struct text back;
    text_init(&back, fixture->arena);
    for (size_t i = 0; i < count; i++)
        symbol_write(&back, codes[i], bytes);
    assert_int_equal(back.length, length);
    assert_memory_equal(back.data, text, length);
}

static void test_symbols(void **state)
{
    struct fixture *fixture = *state;
    expect_codes(fixture, "a\0\nz", 4, false, (uint32_t[]){'a', 0, '\n', 'z'}, 4);
    expect_codes(fixture, "\xc2\x80\xdf\xbf", 4, false, (uint32_t[]){0x80, 0x7ff}, 2);
    expect_codes(fixture, "\xe0\xa0\x80\xef\xbf\xbf\xed\x9f\xbf", 9, false, (uint32_t[]){0x800, 0xffff, 0xd7ff}, 3);
    expect_codes(fixture, "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, false, (uint32_t[]){0x10000, 0x10ffff}, 2);
    expect_codes(fixture, "\xff\x80 ", 3, true, (uint32_t[]){255, 128, 32}, 3);
}

static void test_broken_utf8(void **state)
{
    struct fixture *fixture = *state;
    const char *const broken[] = {"\n\x80",
                                  "\n\xc1\xbf",
                                  "\n\xc3",
                                  "\n\xe0\x9f\xbf",
                                  "\n\xed\xa0\x80",
                                  "\n\xe2\x82",
                                  "\n\xe2\x28\xa1",
                                  "\n\xf0\x8f\xbf\xbf",
                                  "\n\xf4\x90\x80\x80",
                                  "\n\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct symbols symbols = {.arena = fixture->arena};
        const char *error;
        assert_false(symbols_append(&symbols, broken[i], strlen(broken[i]), false, "'x'", &error));
        assert_non_null(strstr(error, "'x', line 2"));
        assert_non_null(strstr(error, "--bytes"));
    }
}

static void test_compressed(void **state)
{
    struct fixture *fixture = *state;
    const char *path = in_folder(fixture, "x.txt.gz"), *error;
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzputs(file, "hello hello hello"), 17);
    assert_int_equal(gzclose(file), Z_OK);
    struct symbols symbols = {.arena = fixture->arena};
    assert_true(symbols_read(&symbols, path, false, &error));
    assert_int_equal(symbols.count, 17);
    assert_int_equal(symbols.codes[16], 'o');
    assert_int_equal(truncate(path, 20), 0);
    assert_false(symbols_read(&symbols, path, false, &error));
    assert_non_null(strstr(error, path));
    unlink(path);
    assert_false(symbols_read(&symbols, path, false, &error));
    assert_non_null(strstr(error, "No such file"));
}

static void test_vocabulary(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t codes[] = {'b', 0x1f600, 'a', 'b', '\n'};
    struct vocabulary vocabulary = vocabulary_build(fixture->arena, codes, 5, false), back;
    assert_int_equal(vocabulary.count, 4);
    assert_int_equal(vocabulary_find(&vocabulary, '\n'), 0);
    assert_int_equal(vocabulary_find(&vocabulary, 'b'), 2);
    assert_int_equal(vocabulary_find(&vocabulary, 0x1f600), 3);
    assert_int_equal(vocabulary_find(&vocabulary, 'c'), -1);
    assert_int_equal(vocabulary_find(&vocabulary, 0x1f601), -1);
    const char *text = vocabulary_print(fixture->arena, &vocabulary);
    assert_string_equal(text, "characters 0a 61 62 1f600");
    assert_true(vocabulary_parse(fixture->arena, text, &back));
    assert_int_equal(back.count, 4);
    assert_memory_equal(back.codes, vocabulary.codes, sizeof(uint32_t[4]));
    assert_true(vocabulary_parse(fixture->arena, "bytes 00 ff", &back));
    assert_true(back.bytes);
    const char *const broken[] = {"",
                                  "bytes",
                                  "characters",
                                  "bytes 100",
                                  "words 61",
                                  "bytes 62 61",
                                  "bytes 61 61",
                                  "bytes 61,62",
                                  "characters 110000",
                                  "bytes 61 x"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(vocabulary_parse(fixture->arena, broken[i], &back));
}

static bool read_text(struct fixture *fixture, const char *text, struct table_options *options, struct table *table,
                      const char **error)
{
    const char *path = put_text(fixture, "x.txt", text);
    options->option = "--data";
    options->files = &path;
    options->count = 1;
    bool read = table_read(fixture->arena, options, &tiny_model, table, error);
    unlink(path);
    return read;
}

/* The target of each character is the next. */
static void test_table(void **state)
{
    struct fixture *fixture = *state;
    struct table_options options = {.option = NULL};
    struct table table;
    const char *error;
    if (!read_text(fixture,
                   "\xef\xbb\xbf"
                   "abcab",
                   &options, &table, &error)) /* a byte order mark is no character */
        fail_msg("%s", error);
    assert_true(table.is_series);
    assert_int_equal(table.rows, 4);
    assert_memory_equal(table.inputs[0].ids, ((int32_t[]){0, 1, 2, 0}), sizeof(int32_t[4]));
    assert_memory_equal(table.targets[0].ids, ((int32_t[]){1, 2, 0, 1}), sizeof(int32_t[4]));
    assert_int_equal(table.unknown, 0);
}

/* Held-out text adds nothing to the vocabulary, and a given vocabulary is not changed. */
static void test_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct table_options options = {.held_out = 0.5};
    struct table table;
    const char *error;
    assert_true(read_text(fixture, "ababxyab", &options, &table, &error));
    assert_int_equal(table.vocabulary->count, 3);
    assert_int_equal(table.unknown, 1);
    assert_int_equal(table.targets[0].ids[4], -1);
    const struct vocabulary given = *table.vocabulary;
    options.vocabulary = &given;
    assert_true(read_text(fixture, "zzb", &options, &table, &error));
    assert_memory_equal(table.inputs[0].ids, ((int32_t[]){-1, -1, 1}), sizeof(int32_t[3]));
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct table_options options = {.option = NULL};
    struct table table;
    const char *error;
    assert_false(read_text(fixture, "abcdef", &options, &table, &error));
    assert_non_null(strstr(error, "6 different characters"));
    assert_non_null(strstr(error, "-D V=6"));
    assert_false(read_text(fixture, "a", &options, &table, &error));
    assert_non_null(strstr(error, "1 symbol;"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_symbols), TEST(test_broken_utf8), TEST(test_compressed), TEST(test_vocabulary),
        TEST(test_table),   TEST(test_unknown),     TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
