/* safetensors files in memory: accepted ones, every kind of damage, and element types. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnn/weights.h"

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

/* Weights files of other programs are called by their names. */
static void test_other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *text;
    } kinds[] = {
        {"PK\3\4\0\0\10\10model.pt", "zip archive, as PyTorch"},
        {"\x80\2\x8a\nl\xfc\x9c\x46\xf9 j", "pickle"},
        {"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5"},
        {"\x93NUMPY\1\0v\0{'descr'", "NumPy"},
        {"GGUF\3\0\0\0\0\0\0\0", "GGUF"},
        {"\10\7\22\7pytorch", "ONNX"},
        {"\20\0\0\0\0\0\0\0words", "would begin with the length"},
        {"\20\0\0\0\0\0\0\0{\"a\"", "cut off"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        rnn_error error;
        assert_null(rnn_file_open_memory(kinds[i].begin, 12, &error));
        assert_int_equal(error.status, RNN_ERROR_FORMAT);
        if (!strstr(error.text, kinds[i].text))
            fail_msg("\"%s\" does not say \"%s\"", error.text, kinds[i].text);
    }
    /* A header that is as long as an ONNX model begins. */
    size_t length = 0x120708;
    char *header = malloc(length + 1);
    assert_non_null(header);
    memset(header, ' ', length);
    header[length] = '\0';
    header[0] = '{', header[1] = '}';
    rnn_error error;
    rnn_file *file = open_header(header, "", 0, &error);
    assert_non_null(file);
    rnn_file_close(file);
    free(header);
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
        assert_non_null(strstr(error.text, size < 8 ? "bytes long" : "cut off"));
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),       cmocka_unit_test(test_broken_headers),
        cmocka_unit_test(test_broken_entries), cmocka_unit_test(test_broken_cover),
        cmocka_unit_test(test_broken_lengths), cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_truncations),    cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_half_types),     cmocka_unit_test(test_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
