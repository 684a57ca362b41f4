/* Files that are written: all kinds of arrays can be read back, and a file is replaced as a whole or left as it was. */
#include "array_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "files/path.h"

/* ---- there and back ---- */

static void test_round_trip(void **state)
{
    struct fixture *fixture = *state;
    double data[] = {0.1, -1e300, 3, 1.0 / 3, 1e-310, 5};
    struct array array = {.name = "x", .type = ARRAY_F64, .rank = 2, .shape = {2, 3}, .data = data};
    const char *names[] = {"x.npy", "x.csv", "x.safetensors"};
    for (int i = 0; i < 3; i++) {
        const char *path = in_folder(fixture, names[i]), *error;
        struct array *back;
        int count;
        if (!arrays_write(fixture->arena, path, &array, 1, &error))
            fail_msg("%s", error);
        if (!arrays_read(fixture->arena, path, &back, &count, &error))
            fail_msg("%s", error);
        expect_array(back, 2, array.shape, data);
        unlink(path);
    }
}

/* Rows without elements. */
static void test_nothing_round_trip(void **state)
{
    struct fixture *fixture = *state;
    struct array array = {.name = "x", .type = ARRAY_I32, .rank = 2, .shape = {2, 0}, .data = (double[]){0}};
    const char *names[] = {"x.npy", "x.safetensors"}, *error;
    struct array *back;
    int count;
    for (int i = 0; i < 2; i++) {
        const char *path = in_folder(fixture, names[i]);
        assert_true(arrays_write(fixture->arena, path, &array, 1, &error));
        assert_true(arrays_read(fixture->arena, path, &back, &count, &error));
        expect_array(back, 2, array.shape, NULL);
        unlink(path);
    }
    const char *path = in_folder(fixture, "x.csv");
    struct text text;
    assert_true(arrays_write(fixture->arena, path, &array, 1, &error));
    assert_true(file_read(fixture->arena, path, &text, &error));
    assert_string_equal(text.data, "\n\n");
    unlink(path);
}

static void test_types_round_trip(void **state)
{
    struct fixture *fixture = *state;
    for (int type = ARRAY_F32; type <= ARRAY_I64; type++) {
        struct array array = {
            .name = "x", .type = (enum array_type)type, .rank = 1, .shape = {3}, .data = (double[]){1, -2, 3}};
        const char *names[] = {"x.npy", "x.safetensors"};
        for (int i = 0; i < 2; i++) {
            const char *path = in_folder(fixture, names[i]), *error;
            struct array *back;
            int count;
            assert_true(arrays_write(fixture->arena, path, &array, 1, &error));
            assert_true(arrays_read(fixture->arena, path, &back, &count, &error));
            assert_int_equal(back->type, type);
            expect_array(back, 1, array.shape, array.data);
            unlink(path);
        }
    }
}

static void test_several_arrays(void **state)
{
    struct fixture *fixture = *state;
    struct array arrays[] = {{.name = "a", .type = ARRAY_F32, .rank = 0, .data = (double[]){4}},
                             {.name = "b", .type = ARRAY_I32, .rank = 1, .shape = {2}, .data = (double[]){5, 6}}};
    const char *path = in_folder(fixture, "all.safetensors"), *error;
    struct array *back;
    int count;
    assert_true(arrays_write(fixture->arena, path, arrays, 2, &error));
    assert_true(arrays_read(fixture->arena, path, &back, &count, &error));
    assert_int_equal(count, 2);
    assert_string_equal(back[1].name, "b");
    expect_array(&back[0], 0, NULL, arrays[0].data);
    expect_array(&back[1], 1, arrays[1].shape, arrays[1].data);
    unlink(path);
    assert_false(arrays_write(fixture->arena, in_folder(fixture, "all.npy"), arrays, 2, &error));
    assert_non_null(strstr(error, ".safetensors"));
}

/* ---- files as such ---- */

static void test_safetensors_errors(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *header, *word;
    } wrong[] = {
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,0,4],\"data_offsets\":[0,0]}}", "'x' is too large"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "tensor 'x' has 4 bytes"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char file[256] = {(char)strlen(wrong[i].header)};
        memcpy(file + 8, wrong[i].header, strlen(wrong[i].header));
        refuse(fixture, "x.safetensors", file, 8 + strlen(wrong[i].header) + (i == 0 ? 0 : 4), wrong[i].word);
    }
    /* Not wrong where nobody asks for it. */
    static const char deep[] = "\x3e\0\0\0\0\0\0\0"
                               "{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}\0\0\0";
    struct array array = take(fixture, "x.safetensors", deep, sizeof deep);
    assert_non_null(strstr(array.problem, "'x' has rank 5; at most 4"));
}

static void test_unknown_kind(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "x.txt", "1", 1, ".csv");
    struct array array = {.type = ARRAY_F64};
    const char *error;
    assert_false(arrays_write(fixture->arena, in_folder(fixture, "x"), &array, 1, &error));
    assert_non_null(strstr(error, ".npy"));
}

static void test_missing_file(void **state)
{
    struct fixture *fixture = *state;
    struct array *arrays;
    int count;
    const char *error;
    assert_false(arrays_read(fixture->arena, in_folder(fixture, "none.npy"), &arrays, &count, &error));
    assert_non_null(strstr(error, "none.npy': No such file"));
}

/* A file that is there is replaced as a whole and keeps its permissions, or is left as it was. */
static void test_atomic_write(void **state)
{
    struct fixture *fixture = *state;
    const char *path = put(fixture, "x.csv", "old", 3), *error;
    struct text text;
    struct stat status;
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(file_write(fixture->arena, path, "new\n", 4, &error));
    assert_true(file_read(fixture->arena, path, &text, &error));
    assert_string_equal(text.data, "new\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    unlink(path);
    mode_t mask = umask(027);
    assert_true(file_write(fixture->arena, path, "new\n", 4, &error));
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    unlink(path);
    const char *nowhere = in_folder(fixture, "none/x.csv");
    assert_false(file_write(fixture->arena, nowhere, "new\n", 4, &error));
    assert_non_null(strstr(error, nowhere));
    assert_true(file_write(fixture->arena, "/dev/null", "new\n", 4, &error));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

/* The target of a link is replaced, and the link stays. */
static void test_write_through_link(void **state)
{
    struct fixture *fixture = *state;
    const char *path = put(fixture, "x.csv", "old", 3), *link = in_folder(fixture, "link.csv"), *error;
    struct text text;
    struct stat status;
    assert_int_equal(symlink("x.csv", link), 0);
    assert_true(file_write(fixture->arena, link, "new\n", 4, &error));
    assert_true(file_read(fixture->arena, path, &text, &error));
    assert_string_equal(text.data, "new\n");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    unlink(path);
    assert_false(path_can_be_written(link)); /* it leads nowhere now */
    assert_false(file_write(fixture->arena, link, "new\n", 4, &error));
    assert_non_null(strstr(error, "which is not there"));
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    unlink(link);
}

/* A pipe is written to and stays one; one without a reader is refused at once. */
static void test_write_to_pipe(void **state)
{
    struct fixture *fixture = *state;
    const char *path = in_folder(fixture, "pipe"), *error;
    char got[4];
    struct stat status;
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(60); /* rather than wait for a reader for ever */
    assert_false(file_write(fixture->arena, path, "new\n", 4, &error));
    assert_non_null(strstr(error, "nobody reads from"));
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_true(file_write(fixture->arena, path, "new\n", 4, &error));
    assert_int_equal(read(reader, got, sizeof got), 4);
    assert_memory_equal(got, "new\n", 4);
    close(reader);
    alarm(0);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),     TEST(test_nothing_round_trip), TEST(test_types_round_trip),
        TEST(test_several_arrays), TEST(test_safetensors_errors), TEST(test_unknown_kind),
        TEST(test_missing_file),   TEST(test_atomic_write),       TEST(test_write_through_link),
        TEST(test_write_to_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
