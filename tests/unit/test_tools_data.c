/* Data files: written ones can be read back, and broken ones are refused with a reason. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "data/array.h"
#include "data/columns.h"
#include "data/file.h"
#include "files/path.h"

/* Each test has an arena and a folder of its own. */
struct fixture {
    struct arena *arena;
    char *folder;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->folder = arena_printf(fixture->arena, "/tmp/test_tools_data.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    *state = fixture;
    return 0;
}

/* rmdir fails where a test, or an atomic write, left something behind. */
static int teardown(void **state)
{
    struct fixture *fixture = *state;
    int status = rmdir(fixture->folder);
    arena_free(fixture->arena);
    free(fixture);
    return status;
}

static const char *in_folder(struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->folder, name);
}

static const char *put(struct fixture *fixture, const char *name, const char *data, size_t length)
{
    const char *path = in_folder(fixture, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* The array of a file with this content; the file is removed. */
static struct array take(struct fixture *fixture, const char *name, const char *data, size_t length)
{
    struct array *arrays;
    int count;
    const char *error;
    const char *path = put(fixture, name, data, length);
    if (!arrays_read(fixture->arena, path, &arrays, &count, &error))
        fail_msg("%s", error);
    assert_int_equal(count, 1);
    unlink(path);
    return arrays[0];
}

/* The file is refused, and the message has both words. */
static void refuse(struct fixture *fixture, const char *name, const char *data, size_t length, const char *word)
{
    struct array *arrays;
    int count;
    const char *error;
    const char *path = put(fixture, name, data, length);
    assert_false(arrays_read(fixture->arena, path, &arrays, &count, &error));
    if (!strstr(error, word) || !strstr(error, path))
        fail_msg("the message has no '%s' or no '%s': %s", word, path, error);
    unlink(path);
}

static void expect_array(const struct array *array, int rank, const long *shape, const double *data)
{
    assert_int_equal(array->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(array->shape[i], shape[i]);
    for (long i = 0; i < array_size(array); i++)
        assert_true(array->data[i] == data[i]);
}

/* ---- .csv ---- */

static void test_csv(void **state)
{
    struct fixture *fixture = *state;
    const char text[] = "a, b,c\n# a comment\n1, 2.5,-3e2\r\n\n  4,5 , 6";
    struct array array = take(fixture, "x.csv", text, sizeof text - 1);
    expect_array(&array, 2, (long[]){2, 3}, (double[]){1, 2.5, -300, 4, 5, 6});
}

/* A column that is not of numbers, and one without a name, as pandas writes it, are in nobody's way. */
static void test_csv_other_columns(void **state)
{
    struct fixture *fixture = *state;
    const char text[] = ",when,\"x\",note\n0,\"Monday, 3 pm\",\"1.5\",\n1,2024-01-01,2,\"a \"\"b\"\", c\"\n";
    struct array array = take(fixture, "x.csv", text, sizeof text - 1), part;
    const char *error = NULL, **names;
    int count;
    assert_int_equal(array.shape[1], 4);
    columns_names(fixture->arena, &array, &names, &count);
    assert_int_equal(count, 3);
    assert_true(columns_take(fixture->arena, "x.csv", &array, "x", &part, &error));
    expect_array(&part, 2, (long[]){2, 1}, (double[]){1.5, 2});
    assert_false(columns_take(fixture->arena, "x.csv", &array, "when", &part, &error));
    assert_non_null(strstr(error, "line 2, field 2: 'Monday, 3 pm' is not a number"));
    assert_false(columns_take(fixture->arena, "x.csv", &array, "note", &part, &error));
    assert_non_null(strstr(error, "line 2, field 4: '' is not a number"));
    error = NULL;
    assert_false(columns_check(&array, &error));
    assert_non_null(strstr(error, "Monday"));
}

/* As spreadsheets save it. */
static void test_csv_byte_order_mark(void **state)
{
    struct fixture *fixture = *state;
    struct array array = take(fixture, "x.csv",
                              "\xef\xbb\xbf"
                              "1,2\n3,4\n",
                              11);
    expect_array(&array, 2, (long[]){2, 2}, (double[]){1, 2, 3, 4});
    array = take(fixture, "x.csv",
                 "\xef\xbb\xbf"
                 "a,b\n3,4\n",
                 11);
    expect_array(&array, 2, (long[]){1, 2}, (double[]){3, 4});
    refuse(fixture, "x.csv", "\xef\xbb\xbf", 3, "no numbers");
    refuse(fixture, "x.csv",
           "1,2\n\xef\xbb\xbf"
           "3,4\n",
           11, "line 2, field 1");
    refuse(fixture, "x.csv",
           "\xff\xfe"
           "1\0\n\0",
           6, "UTF-16");
    refuse(fixture, "x.csv",
           "\xfe\xff\0"
           "1\0\n",
           6, "UTF-16");
}

static void test_csv_errors(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "x.csv", "1,2\n3\n", 6, "line 2: 1 fields");
    refuse(fixture, "x.csv", "1,2\n3,x\n", 8, "line 2, field 2: 'x'");
    refuse(fixture, "x.csv", "a,b\nc,d\n", 8, "line 2, field 1: 'c'");
    refuse(fixture, "x.csv", "1,\n", 3, "line 1, field 2");
    refuse(fixture, "x.csv", "1,2\n3,-1e5000\n", 15, "line 2, field 2: '-1e5000' is more than a number can hold");
    refuse(fixture, "x.csv", "", 0, "no numbers");
    refuse(fixture, "x.csv", "a,b\n", 4, "no numbers");
    refuse(fixture, "x.csv", "1\t2\n", 4, "line 1, field 1: '1\t2' is not a number; fields are separated by commas");
    refuse(fixture, "x.csv", "1,2\n#DIV/0!,3\n", 14, "line 2, field 1: '#DIV/0!' is not a number");
    refuse(fixture, "x.csv", "x,y\n1,2\n#N/A,#REF!\n", 19, "line 3, field 1: '#N/A' is not a number");
    refuse(fixture, "x.csv", "1,\"2\n", 5, "line 1, field 2: '\"2' is not a number");
    refuse(fixture, "x.csv", ",\n1,2\n", 6, "line 1, field 1");
}

/* ---- .npy ---- */

/* A file of version 1 with this header and these elements. */
static size_t npy_file(char *out, char version, const char *header, const void *elements, size_t size)
{
    size_t length = strlen(header), begin = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = version;
    out[7] = 0;
    memset(out + 8, 0, 4);
    out[8] = (char)length;
    memcpy(out + begin, header, length);
    memcpy(out + begin + length, elements, size);
    return begin + length + size;
}

static void test_npy(void **state)
{
    struct fixture *fixture = *state;
    char file[512];
    float f4[] = {1, 2.5f, -3, 4};
    int64_t i8[] = {7, -1};
    size_t size =
        npy_file(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }     \n", f4, sizeof f4);
    struct array array = take(fixture, "x.npy", file, size);
    expect_array(&array, 2, (long[]){2, 2}, (double[]){1, 2.5, -3, 4});
    assert_int_equal(array.type, ARRAY_F32);

    size = npy_file(file, 2, "{\"shape\": (2,), \"fortran_order\":False, \"descr\":\"<i8\"}\n", i8, sizeof i8);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 1, (long[]){2}, (double[]){7, -1});

    size = npy_file(file, 3, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}\n", &(double){0.1}, 8);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 0, NULL, (double[]){0.1});
}

/* The first index moves fastest. */
static void test_npy_fortran_order(void **state)
{
    struct fixture *fixture = *state;
    char file[512];
    float f4[24], expected[24];
    double in_c_order[24];
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++) {
                f4[a + 2 * (b + 3 * c)] = (float)(100 * a + 10 * b + c);
                expected[(a * 3 + b) * 4 + c] = (float)(100 * a + 10 * b + c);
            }
    for (int i = 0; i < 24; i++)
        in_c_order[i] = expected[i];
    size_t size = npy_file(file, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4), }\n", f4, sizeof f4);
    struct array array = take(fixture, "x.npy", file, size);
    expect_array(&array, 3, (long[]){2, 3, 4}, in_c_order);
    double few[] = {1, 2, 3, 4, 5, 6};
    size = npy_file(file, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }\n", few, sizeof few);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 2, (long[]){3, 2}, (double[]){1, 4, 2, 5, 3, 6});
    size = npy_file(file, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (6,), }\n", few, sizeof few);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 1, (long[]){6}, few);
    size = npy_file(file, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 0), }\n", few, 0);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 2, (long[]){2, 0}, NULL);
    size = npy_file(file, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (), }\n", few, 8);
    array = take(fixture, "x.npy", file, size);
    expect_array(&array, 0, NULL, few);
}

static void refuse_npy(struct fixture *fixture, char version, const char *header, size_t size, const char *word)
{
    char file[512];
    char elements[64] = {0};
    size_t length = npy_file(file, version, header, elements, size);
    refuse(fixture, "x.npy", file, length, word);
}

static void test_npy_errors(void **state)
{
    struct fixture *fixture = *state;
    refuse_npy(fixture, 1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}\n", 8, "big-endian");
    refuse_npy(fixture, 1, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}\n", 8, "astype");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", 4, "4 bytes");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", 12, "12 bytes");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}\n", 8, "header");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1)}\n", 4, "header");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False}\n", 8, "header");
    refuse_npy(fixture, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3037000500, 3037000500)}\n", 8,
               "too large");
    refuse_npy(fixture, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 0)}\n", 0,
               "too large");
    refuse_npy(fixture, 1,
               "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9223372036854775807)}\n", 0,
               "too large");
    refuse_npy(fixture, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (9223372036854775807, 0, 2)}\n", 0,
               "too large");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}\n", 16,
               "'descr' twice");
    refuse_npy(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (1,)}\n", 8,
               "'shape' twice");
    refuse_npy(fixture, 1, "{'descr'", 0, "header");
    static const char *const broken[] = {"[]",
                                         "{descr: '<f4'}",
                                         "{'a name that is longer than any of a header': 1}",
                                         "{'order': False}",
                                         "{'descr': '<f4' 'shape': (2,)}",
                                         "{'descr' '<f4'}",
                                         "{'shape': 2}",
                                         "{'shape': (2 2)}",
                                         "{'fortran_order': Maybe}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        refuse_npy(fixture, 1, broken[i], 8, "the header is not understood");
    refuse_npy(fixture, 9, "{}", 0, "version 9");
    refuse(fixture, "x.npy", "PK\3\4 and so on", 14, "not a .npy file");
    refuse(fixture, "x.npy", "\x93NUMPY\1\0\xff\0{}", 12, "ends within its header");
    refuse(fixture, "x.npy", "\x93NUMPY\2\0\0\0", 10, "ends within its header");
}

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
        cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
        cmocka_unit_test_setup_teardown(test_csv_other_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_csv_byte_order_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(test_csv_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_npy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_npy_fortran_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_npy_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_safetensors_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_atomic_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_through_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_to_pipe, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
