/* safetensors files as such: what is read back, every kind of damage, element types, and that saving is whole or not at
 * all. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rnn/weights.h"
#include "temporary_folder.h"

/* ---- files in memory ---- */

struct bytes {
    unsigned char *data;
    size_t size;
};

static struct bytes make_bytes(uint64_t header_length, const char *header, const void *data, size_t data_size)
{
    struct bytes file = {malloc(8 + strlen(header) + data_size), 8 + strlen(header) + data_size};
    assert_non_null(file.data);
    memcpy(file.data, &header_length, 8);
    memcpy(file.data + 8, header, strlen(header));
    if (data_size)
        memcpy(file.data + 8 + strlen(header), data, data_size);
    return file;
}

static rnn_file *open_header(const char *header, const void *data, size_t data_size, rnn_error *error)
{
    struct bytes file = make_bytes(strlen(header), header, data, data_size);
    rnn_file *opened = rnn_file_open_memory(file.data, file.size, error);
    free(file.data); /* it has its own copy */
    return opened;
}

/* The header over 8 bytes of data is refused with a message that contains `text`. */
static void refuse(const char *header, const char *text)
{
    rnn_error error;
    rnn_file *file = open_header(header, "\1\2\3\4\5\6\7\10", 8, &error);
    if (file)
        fail_msg("accepted: %s", header);
    assert_int_equal(error.status, RNN_ERROR_FORMAT);
    if (!strstr(error.text, text))
        fail_msg("%s: \"%s\" does not say \"%s\"", header, error.text, text);
}

#define ENTRY(name, dtype, shape, offsets)                                                                             \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_accepted(void **state)
{
    (void)state;
    const float data[] = {1.5f, -2};
    rnn_error error;
    rnn_file *file = open_header("{\"__metadata__\":{\"k\":\"v\"}," ENTRY("b", "F32", "[1]", "[4,8]") "," ENTRY(
                                     "a", "F32", "[]", "[0,4]") "," ENTRY("none", "F32", "[0,3]", "[4,4]") "}   ",
                                 data, sizeof data, &error);
    assert_non_null(file);
    assert_int_equal(error.status, RNN_OK);
    assert_int_equal(rnn_file_count(file), 3);
    assert_string_equal(rnn_file_at(file, 0)->name, "a");
    assert_string_equal(rnn_file_at(file, 1)->name, "none");
    assert_string_equal(rnn_file_at(file, 2)->name, "b");
    assert_int_equal(rnn_file_find(file, "a")->rank, 0);
    assert_int_equal(rnn_file_find(file, "a")->elements, 1);
    assert_int_equal(rnn_file_find(file, "none")->elements, 0);
    assert_int_equal(rnn_file_find(file, "none")->shape[1], 3);
    double number;
    rnn_file_read_double(rnn_file_find(file, "b"), &number);
    assert_true(number == -2);
    assert_null(rnn_file_find(file, "c"));
    assert_null(rnn_file_find(file, "__metadata__"));
    assert_string_equal(rnn_file_metadata(file, "k"), "v");
    assert_null(rnn_file_metadata(file, "a"));
    rnn_file_close(file);

    file = open_header("{}", "", 0, &error); /* no tensors is a file too */
    assert_non_null(file);
    assert_int_equal(rnn_file_count(file), 0);
    assert_null(rnn_file_metadata(file, "k"));
    rnn_file_close(file);
    rnn_file_close(NULL);
}

static void test_broken_headers(void **state)
{
    (void)state;
    refuse(" {" ENTRY("a", "F32", "[2]", "[0,8]") "}", "begin with '{'");
    refuse("[]", "begin with '{'");
    refuse("", "begin with '{'");
    refuse("{", "broken");
    refuse("{" ENTRY("a", "F32", "[2]", "[0,8]") "}x", "broken");
    refuse("{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("a", "F32", "[1]", "[4,8]") "}", "duplicate");
    refuse("{" ENTRY("a", "F32", "[2]", "[0,8]") ",\"__metadata__\":{},\"__metadata__\":{}}", "duplicate");
    refuse("{\"__metadata__\":{\"k\":1}," ENTRY("a", "F32", "[2]", "[0,8]") "}", "'k'");
    refuse("{\"__metadata__\":[]," ENTRY("a", "F32", "[2]", "[0,8]") "}", "__metadata__");
    refuse("{\"a\xff\":{}}", "broken");
}

static void test_broken_entries(void **state)
{
    (void)state;
    refuse("{\"a\":[]}", "'a' has no \"dtype\"");
    refuse("{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", "no \"dtype\"");
    refuse("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "no \"shape\"");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "no \"data_offsets\"");
    refuse("{" ENTRY("a", "F8", "[2]", "[0,8]") "}", "'F8'");
    refuse("{" ENTRY("a", "f32", "[2]", "[0,8]") "}", "'f32'");
    refuse("{" ENTRY("a", "F32", "2", "[0,8]") "}", "no \"shape\"");
    refuse("{" ENTRY("a", "F32", "[2.0]", "[0,8]") "}", "dimension 0");
    refuse("{" ENTRY("a", "F32", "[1,-2]", "[0,8]") "}", "dimension 1");
    refuse("{" ENTRY("a", "F32", "[\"2\"]", "[0,8]") "}", "dimension 0");
    refuse("{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") "}", "9 dimensions");
    refuse("{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,8]") "}", "larger than memory");
    refuse("{" ENTRY("a", "F32", "[4294967296,4294967296,0]", "[0,0]") "}", "larger than memory");
    refuse("{" ENTRY("a", "F64", "[2305843009213693953]", "[0,8]") "}", "larger than memory"); /* * 8 wraps to 8 */
    refuse("{" ENTRY("a", "F32", "[18446744073709551618]", "[0,8]") "}", "broken");
    refuse("{" ENTRY("a", "F32", "[2]", "[0,8,8]") "}", "data_offsets");
    refuse("{" ENTRY("a", "F32", "[2]", "[0]") "}", "data_offsets");
    refuse("{" ENTRY("a", "F32", "[2]", "[0,8.0]") "}", "data_offsets");
    refuse("{" ENTRY("a", "F32", "[2]", "[-8,0]") "}", "data_offsets");
    refuse("{" ENTRY("a", "F32", "[2]", "[8,0]") "}", "at bytes 8 to 0");
    refuse("{" ENTRY("a", "F32", "[2]", "[8,16]") "}", "at bytes 8 to 16, but there are 8");
    refuse("{" ENTRY("a", "F32", "[3]", "[0,8]") "}", "8 bytes, but [3] of F32 needs 12");
    refuse("{" ENTRY("a", "F16", "[2]", "[0,8]") "}", "needs 4");
    refuse("{" ENTRY("a", "F32", "[]", "[0,8]") "}", "[] of F32 needs 4");
}

static void test_broken_cover(void **state)
{
    (void)state;
    refuse("{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[0,4]") "}", "overlap");
    refuse("{" ENTRY("a", "U8", "[5]", "[0,5]") "," ENTRY("b", "U8", "[4]", "[4,8]") "}", "'a' and 'b' overlap");
    refuse("{" ENTRY("a", "U8", "[8]", "[0,8]") "," ENTRY("b", "U8", "[2]", "[3,5]") "}", "overlap");
    refuse("{" ENTRY("a", "U8", "[8]", "[0,8]") "," ENTRY("e", "U8", "[0]", "[3,3]") "}", "overlap");
    refuse("{" ENTRY("b", "F32", "[1]", "[4,8]") "}", "hole of 4 bytes before tensor 'b'");
    refuse("{" ENTRY("a", "U8", "[3]", "[0,3]") "," ENTRY("b", "U8", "[4]", "[4,8]") "}", "hole of 1 bytes");
    refuse("{" ENTRY("a", "F32", "[1]", "[0,4]") "}", "4 bytes after the last tensor");
    refuse("{}", "8 bytes after the last tensor");
}

static void test_broken_lengths(void **state)
{
    (void)state;
    const struct {
        uint64_t length;
        const char *text;
    } wrong[] = {{100000001, "more than 100000000"},
                 {UINT64_MAX, "more than"},
                 {UINT64_MAX - 7, "more than"},
                 {(uint64_t)1 << 63, "more than"},
                 {99999999, "only 53 follow"},
                 {54, "only 53 follow"},
                 {52, "broken"},
                 {0, "does not begin"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bytes file = make_bytes(wrong[i].length, "{" ENTRY("a", "U8", "[0]", "[0,0]") "}", "", 0);
        rnn_error error;
        assert_null(rnn_file_open_memory(file.data, file.size, &error));
        assert_int_equal(error.status, RNN_ERROR_FORMAT);
        assert_non_null(strstr(error.text, wrong[i].text));
        free(file.data);
    }
}

/* A file cut off anywhere is refused, and nothing beyond its end is read (each cut is a block of its own, for the
 * sanitizer). */
static void test_truncations(void **state)
{
    (void)state;
    const char header[] = "{" ENTRY("a", "F32", "[3]", "[0,12]") "," ENTRY("b", "U8", "[1]", "[12,13]") "}";
    struct bytes file = make_bytes(strlen(header), header, "0123456789abc", 13);
    rnn_error error;
    for (size_t size = 0; size < file.size; size++) {
        unsigned char *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, file.data, size);
        assert_null(rnn_file_open_memory(cut, size, &error));
        assert_int_equal(error.status, RNN_ERROR_FORMAT);
        assert_true(error.text[0] != '\0');
        free(cut);
    }
    rnn_file *whole = rnn_file_open_memory(file.data, file.size, &error);
    assert_non_null(whole);
    rnn_file_close(whole);
    free(file.data);
}

/* Whatever one byte of the file becomes, it is either refused or a sound file. */
static void test_changed_bytes(void **state)
{
    (void)state;
    const char header[] = "{" ENTRY("a", "F32", "[3]", "[0,12]") "," ENTRY("b", "U8", "[1]", "[12,13]") "}";
    struct bytes file = make_bytes(strlen(header), header, "0123456789abc", 13);
    for (size_t at = 0; at < file.size; at++)
        for (int value = 0; value < 256; value++) {
            unsigned char before = file.data[at];
            file.data[at] = (unsigned char)value;
            rnn_error error;
            rnn_file *opened = rnn_file_open_memory(file.data, file.size, &error);
            size_t bytes = 0;
            for (int i = 0; opened && i < rnn_file_count(opened); i++) {
                double numbers[16];
                const rnn_file_tensor *tensor = rnn_file_at(opened, i);
                assert_true(tensor->elements <= 16);
                rnn_file_read_double(tensor, numbers);
                bytes += tensor->elements;
            }
            assert_true(opened ? error.status == RNN_OK && bytes > 0 : error.status == RNN_ERROR_FORMAT);
            rnn_file_close(opened);
            file.data[at] = before;
        }
    free(file.data);
}

/* ---- element types ---- */

static double read_one(rnn_dtype dtype, const void *data)
{
    unsigned char odd[9]; /* an address that is aligned to nothing */
    memcpy(odd + 1, data, 8);
    rnn_file_tensor tensor = {.name = "one", .dtype = dtype, .data = odd + 1, .elements = 1};
    double value;
    rnn_file_read_double(&tensor, &value);
    return value;
}

/* IEEE 754 binary16 by its definition. */
static double half(unsigned bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                                 : ldexp(exponent ? 1024 + fraction : fraction, (exponent ? exponent : 1) - 25);
    return bits >> 15 ? -size : size;
}

static void test_half_types(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        uint64_t data = bits;
        double wanted = half(bits), found = read_one(RNN_DTYPE_F16, &data);
        assert_true(isnan(wanted) ? isnan(found) : found == wanted && signbit(found) == signbit(wanted));

        uint32_t wide = bits << 16;
        float number;
        memcpy(&number, &wide, 4);
        found = read_one(RNN_DTYPE_BF16, &data);
        assert_true(isnan(number) ? isnan(found) : found == (double)number);
    }
}

static void test_other_types(void **state)
{
    (void)state;
    const double d = -1.0 / 3;
    assert_true(read_one(RNN_DTYPE_F64, &d) == d);
    const uint64_t ones = UINT64_MAX, low = 0x80, top = UINT64_C(1) << 63;
    assert_true(read_one(RNN_DTYPE_I64, &ones) == -1);
    assert_true(read_one(RNN_DTYPE_I64, &top) == -0x1p63);
    assert_true(read_one(RNN_DTYPE_I32, &ones) == -1);
    assert_true(read_one(RNN_DTYPE_I16, &ones) == -1);
    assert_true(read_one(RNN_DTYPE_I8, &ones) == -1);
    assert_true(read_one(RNN_DTYPE_I8, &low) == -128);
    assert_true(read_one(RNN_DTYPE_U8, &low) == 128);
    assert_true(read_one(RNN_DTYPE_U8, &ones) == 255);
    assert_true(read_one(RNN_DTYPE_BOOL, &low) == 1);
    assert_true(read_one(RNN_DTYPE_BOOL, &top) == 0);
}

/* ---- files on the disk ---- */

static const float three[] = {1, 2.5f, -3};
static const unsigned char byte[] = {7};
static const rnn_file_tensor some[] = {
    {.name = "h.\xc3\xa9\"\\", .dtype = RNN_DTYPE_U8, .rank = 0, .data = byte, .elements = 1},
    {.name = "none", .dtype = RNN_DTYPE_F64, .rank = 2, .shape = {0, 4}, .data = NULL, .elements = 0},
    {.name = "x", .dtype = RNN_DTYPE_F32, .rank = 2, .shape = {3, 1}, .data = three, .elements = 3},
};

static void test_round_trip(void **state)
{
    const struct folder *folder = *state;
    const rnn_metadata metadata[] = {{"k", "v"}, {"format", "\xce\xb1 \"quoted\""}};
    rnn_error error;
    assert_int_equal(rnn_file_save(folder->file, some, 3, metadata, 2, &error), RNN_OK);
    assert_int_equal(error.status, RNN_OK);
    rnn_file *file = rnn_file_open(folder->file, &error);
    assert_non_null(file);
    assert_int_equal(rnn_file_count(file), 3);
    for (int i = 0; i < 3; i++) {
        const rnn_file_tensor *found = rnn_file_find(file, some[i].name);
        assert_non_null(found);
        assert_int_equal(found->dtype, some[i].dtype);
        assert_int_equal(found->rank, some[i].rank);
        assert_memory_equal(found->shape, some[i].shape, sizeof some[i].shape);
        assert_int_equal(found->elements, some[i].elements);
        double found_numbers[3], saved_numbers[3];
        rnn_file_read_double(found, found_numbers);
        rnn_file_read_double(&some[i], saved_numbers);
        for (size_t k = 0; k < found->elements; k++)
            assert_true(found_numbers[k] == saved_numbers[k]);
    }
    assert_string_equal(rnn_file_metadata(file, "k"), "v");
    assert_string_equal(rnn_file_metadata(file, "format"), metadata[1].value);
    rnn_file_close(file);
}

/* The data begin at a multiple of 8 and the file is the same each time. */
static void test_layout(void **state)
{
    const struct folder *folder = *state;
    unsigned char first[500], second[500];
    rnn_error error;
    size_t size = 0;
    for (int time = 0; time < 2; time++) {
        assert_int_equal(rnn_file_save(folder->file, some, 3, NULL, 0, &error), RNN_OK);
        FILE *stream = fopen(folder->file, "rb");
        assert_non_null(stream);
        size = fread(time ? second : first, 1, sizeof first, stream);
        fclose(stream);
    }
    assert_memory_equal(first, second, size);
    uint64_t header;
    memcpy(&header, first, 8);
    assert_int_equal(header % 8, 0);
    assert_int_equal(size, 8 + header + 1 + 12);
    assert_true(first[8] == '{');
    struct stat status;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666 & ~mask);
}

static void test_save_refusals(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    const rnn_file_tensor twice[] = {some[2], some[2]};
    assert_int_equal(rnn_file_save(folder->file, twice, 2, NULL, 0, &error), RNN_ERROR_ARGUMENT);
    assert_non_null(strstr(error.text, "'x'"));
    const struct {
        const char *name;
        int64_t rows;
    } wrong[] = {{"__metadata__", 3},
                 {"bad \xff", 3},
                 {"x", 4},
                 {"x", -3},
                 {"x", INT64_MAX},
                 {"\xc3", 3},
                 {"\xc0\x80", 3},
                 {"\xe0\x9f\x80", 3},
                 {"\xed\xa0\x80", 3},
                 {"\xf0\x8f\x80\x80", 3},
                 {"\xf4\x90\x80\x80", 3}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rnn_file_tensor tensor = some[2];
        tensor.name = wrong[i].name;
        tensor.shape[0] = wrong[i].rows;
        assert_int_equal(rnn_file_save(folder->file, &tensor, 1, NULL, 0, &error), RNN_ERROR_ARGUMENT);
    }
    const rnn_metadata bad = {"k", "\xff"};
    assert_int_equal(rnn_file_save(folder->file, some, 3, &bad, 1, &error), RNN_ERROR_ARGUMENT);
    assert_int_equal(access(folder->file, F_OK), -1);
}

static void test_open_failures(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    assert_null(rnn_file_open(folder->file, &error));
    assert_int_equal(error.status, RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, folder->file));
    assert_null(rnn_file_open(folder->path, &error));
    assert_int_equal(error.status, RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, "not a regular file"));
    assert_null(rnn_file_open_memory(NULL, 0, &error));
    assert_int_equal(error.status, RNN_ERROR_ARGUMENT);
}

static void check_old_file(const char *path)
{
    rnn_error error;
    rnn_file *file = rnn_file_open(path, &error);
    assert_non_null(file);
    assert_int_equal(rnn_file_count(file), 1);
    assert_non_null(rnn_file_find(file, "x"));
    rnn_file_close(file);
}

/* Root may write everywhere, so it becomes nobody for a moment. */
static void test_atomic_save(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    assert_int_equal(rnn_file_save(folder->file, &some[2], 1, NULL, 0, &error), RNN_OK);
    bool root = geteuid() == 0;
    assert_int_equal(chmod(folder->path, 0555), 0);
    if (!root || seteuid(65534) == 0) {
        rnn_status status = rnn_file_save(folder->file, some, 3, NULL, 0, &error);
        assert_true(!root || seteuid(0) == 0);
        assert_int_equal(status, RNN_ERROR_FILE);
        assert_non_null(strstr(error.text, folder->file));
        check_old_file(folder->file);
    }
    assert_int_equal(chmod(folder->path, 0700), 0);

    char other[100];
    snprintf(other, sizeof other, "%s/folder", folder->path);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(rnn_file_save(other, some, 3, NULL, 0, &error), RNN_ERROR_FILE); /* the last step, rename, fails */
    assert_int_equal(rmdir(other), 0);
    snprintf(other, sizeof other, "%s/missing/w", folder->path);
    assert_int_equal(rnn_file_save(other, some, 3, NULL, 0, &error), RNN_ERROR_FILE);
    check_old_file(folder->file);

    /* what a killed process has left is used up */
    snprintf(other, sizeof other, "%s.partial", folder->file);
    FILE *left = fopen(other, "w");
    assert_non_null(left);
    for (int i = 0; i < 1000; i++)
        fputs("left behind ", left);
    assert_int_equal(fclose(left), 0);
    assert_int_equal(rnn_file_save(folder->file, &some[2], 1, NULL, 0, &error), RNN_OK);
    check_old_file(folder->file);
    assert_int_equal(access(other, F_OK), -1);

    /* data that cannot be read: write fails half-way, after the header */
    rnn_file_tensor unreadable = some[2];
    unreadable.data = (const void *)(uintptr_t)16;
    assert_int_equal(rnn_file_save(folder->file, &unreadable, 1, NULL, 0, &error), RNN_ERROR_FILE);
    check_old_file(folder->file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_broken_headers),
        cmocka_unit_test(test_broken_entries),
        cmocka_unit_test(test_broken_cover),
        cmocka_unit_test(test_broken_lengths),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_half_types),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test_setup_teardown(test_round_trip, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_layout, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_refusals, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_open_failures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_atomic_save, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
