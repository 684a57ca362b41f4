/* Data files of text and of numpy: good ones are read, and broken ones are refused with a reason. */
#include "array_check.h"

#include <stdint.h>

#include "data/columns.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_csv), TEST(test_csv_other_columns), TEST(test_csv_byte_order_mark), TEST(test_csv_errors),
        TEST(test_npy), TEST(test_npy_fortran_order), TEST(test_npy_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
