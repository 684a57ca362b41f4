/* .npz files, as numpy writes them and as it does not. */
#include "tools_fixture.h"

#include "data/array.h"
#include "zip_archive.h"

/* A .npy file in memory. */
static size_t make_npy(unsigned char *out, const char *header, const void *elements, size_t size)
{
    size_t length = strlen(header);
    memcpy(out, "\x93NUMPY\1\0", 8);
    out[8] = (unsigned char)length;
    out[9] = 0;
    memcpy(out + 10, header, length);
    memcpy(out + 10 + length, elements, size);
    return 10 + length + size;
}

static struct archive make_archive(void)
{
    struct archive archive = {.length = 0};
    unsigned char npy[512];
    float x[64] = {1, 2, -3};
    const unsigned char labels[] = {3, 0, 255};
    size_t size = make_npy(npy, "{'descr': '<f4', 'fortran_order': False, 'shape': (32, 2), }\n", x, sizeof x);
    add_member(&archive, "x.npy", 8, npy, size);
    size = make_npy(npy, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", labels, sizeof labels);
    add_member(&archive, "y.lengths.npy", 0, npy, size);
    finish(&archive);
    return archive;
}

static void test_members(void **state)
{
    struct fixture *fixture = *state;
    struct archive archive = make_archive();
    const char *path = put(fixture, "x.npz", archive.bytes, archive.length), *error;
    struct array *arrays;
    int count;
    if (!arrays_read(fixture->arena, path, &arrays, &count, &error))
        fail_msg("%s", error);
    unlink(path);
    assert_int_equal(count, 2);
    assert_string_equal(arrays[0].name, "x");
    assert_string_equal(array_shape_text(fixture->arena, &arrays[0]), "[32, 2]");
    assert_true(arrays[0].data[1] == 2 && arrays[0].data[2] == -3 && arrays[0].data[63] == 0);
    assert_string_equal(arrays[1].name, "y.lengths");
    assert_true(arrays[1].data[0] == 3 && arrays[1].data[2] == 255);
    assert_true(file_holds_names("x.npz"));
}

/* No byte can be missing, and none that is changed leads out of bounds; what is read despite it is what was written. */
static void test_damage(void **state)
{
    struct fixture *fixture = *state;
    struct archive archive = make_archive();
    struct array *arrays;
    int count;
    const char *error;
    for (size_t length = 0; length < archive.length; length += 7) {
        const char *path = put(fixture, "x.npz", archive.bytes, length);
        assert_false(arrays_read(fixture->arena, path, &arrays, &count, &error));
        assert_non_null(strstr(error, "x.npz"));
        unlink(path);
    }
    int refused = 0;
    for (size_t at = 0; at < archive.length; at += 3) {
        archive.bytes[at] ^= 0x41;
        const char *path = put(fixture, "x.npz", archive.bytes, archive.length);
        bool read = arrays_read(fixture->arena, path, &arrays, &count, &error);
        refused += !read;
        if (read && count == 2 && array_size(&arrays[0]) == 64)
            assert_true(arrays[0].data[2] == -3);
        archive.bytes[at] ^= 0x41;
        unlink(path);
    }
    assert_true(refused > 50);
}

/* Arrays that cannot be read, such as strings, are no error of the file, but have a name and a problem. */
static void test_unread(void **state)
{
    struct fixture *fixture = *state;
    struct archive archive = {.length = 0};
    unsigned char npy[512];
    const char words[16] = {'h', 0, 0, 0, 'i'};
    const float x[2] = {1, 2};
    size_t size = make_npy(npy, "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }\n", words, sizeof words);
    add_member(&archive, "words.npy", 8, npy, size);
    add_member(&archive, "notes.txt", 0, words, sizeof words);
    size = make_npy(npy, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", x, sizeof x);
    add_member(&archive, "x.npy", 8, npy, size);
    finish(&archive);
    struct array *arrays;
    int count;
    const char *error;
    const char *path = put(fixture, "x.npz", archive.bytes, archive.length);
    assert_true(arrays_read(fixture->arena, path, &arrays, &count, &error));
    unlink(path);
    assert_int_equal(count, 3);
    assert_string_equal(arrays[0].name, "words");
    assert_non_null(strstr(arrays[0].problem, "has elements of type '<U4'"));
    assert_string_equal(arrays[1].name, "notes.txt");
    assert_non_null(arrays[1].problem);
    assert_null(arrays[2].problem);
    assert_true(arrays[2].data[1] == 2);
}

static void test_unknown_members(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        int place, size;
        uint64_t number;
        const char *word;
    } wrong[] = {{10, 2, 9, "is compressed in an unknown way"}, {24, 4, UINT32_MAX, "members of 4 GiB and more"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct archive archive = make_archive();
        size_t entry = archive.length - 22 - archive.directory_length + (size_t)wrong[i].place;
        put_number(archive.bytes, &entry, wrong[i].number, wrong[i].size);
        struct array *arrays;
        int count;
        const char *error, *path = put(fixture, "x.npz", archive.bytes, archive.length);
        assert_false(arrays_read(fixture->arena, path, &arrays, &count, &error));
        if (!strstr(error, wrong[i].word))
            fail_msg("'%s' is not in: %s", wrong[i].word, error);
        unlink(path);
    }
}

static void test_not_written(void **state)
{
    struct fixture *fixture = *state;
    struct array array = {.name = "x", .data = (double[]){1}};
    const char *error;
    assert_false(arrays_write(fixture->arena, in_folder(fixture, "x.npz"), &array, 1, &error));
    assert_non_null(strstr(error, ".safetensors"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_members), TEST(test_damage), TEST(test_unread),
                                       TEST(test_unknown_members), TEST(test_not_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
