/* safetensors files on the disk: reading back, and saving, which is complete or does not happen. */
#define _GNU_SOURCE /* O_TMPFILE */
#include <errno.h>
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

/* Files are created as on a file system that has no files without names, where that is asked for. */
static bool names_are_needed;
static int named_files, shared_files; /* created: alone, or perhaps opened as they were */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (names_are_needed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (flags & O_CREAT && flags & O_EXCL)
        named_files++;
    else if (flags & O_CREAT)
        shared_files++;
    return __real_open(path, flags, mode);
}

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
    assert_null(rnn_file_open("/nowhere", NULL));
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    alarm(60);
    assert_null(rnn_file_open(folder->file, &error)); /* and does not wait for a writer */
    alarm(0);
    assert_non_null(strstr(error.text, "not a regular file"));
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

    /* data that cannot be read: write fails half-way, after the header */
    rnn_file_tensor unreadable = some[2];
    unreadable.data = (const void *)(uintptr_t)16;
    assert_int_equal(rnn_file_save(folder->file, &unreadable, 1, NULL, 0, &error), RNN_ERROR_FILE);
    check_old_file(folder->file);
}

/* Devices and pipes are not replaced. */
static void test_special_files(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    struct stat status;
    assert_int_equal(rnn_file_save("/dev/null", some, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    assert_int_equal(rnn_file_save("/dev/full", some, 3, NULL, 0, &error), RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, "No space left"));
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    assert_int_equal(rnn_file_save(folder->file, some, 3, NULL, 0, &error), RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, "nobody reads from"));
    int reader = open(folder->file, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(rnn_file_save(folder->file, some, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    close(reader);
}

/* A link is followed; one that leads nowhere is named with its target. */
static void test_links(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    struct stat status;
    char link[100];
    snprintf(link, sizeof link, "%s.link", folder->file);
    assert_int_equal(symlink(folder->file, link), 0);
    assert_int_equal(rnn_file_save(link, &some[2], 1, NULL, 0, &error), RNN_ERROR_FILE);
    assert_non_null(strstr(error.text, "it is a link to '"));
    assert_non_null(strstr(error.text, "', which is not there"));
    assert_int_equal(rnn_file_save(folder->file, some, 3, NULL, 0, &error), RNN_OK);
    assert_int_equal(rnn_file_save(link, &some[2], 1, NULL, 0, &error), RNN_OK);
    check_old_file(folder->file);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(unlink(link), 0);
}

/* Nothing that others have put beside the file is in the way, or touched. */
static void test_neighbours(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    char other[100], victim[100];
    struct stat status;
    snprintf(other, sizeof other, "%s.partial", folder->file);
    snprintf(victim, sizeof victim, "%s.victim", folder->file);
    assert_int_equal(symlink(victim, other), 0);
    assert_int_equal(rnn_file_save(folder->file, &some[2], 1, NULL, 0, &error), RNN_OK);
    check_old_file(folder->file);
    assert_int_equal(access(victim, F_OK), -1);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(rnn_file_save(folder->file, &some[2], 1, NULL, 0, &error), RNN_OK);
    assert_int_equal(stat(other, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(unlink(other), 0);
}

/* All of it where a new file has to have a name from the beginning. */
static void test_named_files(void **state)
{
    const struct folder *folder = *state;
    rnn_error error;
    struct stat status;
    named_files = 0;
    names_are_needed = true;
    mode_t mask = umask(027);
    rnn_status saved = rnn_file_save(folder->file, &some[2], 1, NULL, 0, &error);
    umask(mask);
    assert_int_equal(saved, RNN_OK);
    check_old_file(folder->file);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    rnn_file_tensor unreadable = some[2];
    unreadable.data = (const void *)(uintptr_t)16;
    assert_int_equal(rnn_file_save(folder->file, &unreadable, 1, NULL, 0, &error), RNN_ERROR_FILE);
    check_old_file(folder->file);
    names_are_needed = false;
    assert_int_equal(named_files, 2);
}

/* Counted, not refused at once: a build that measures coverage opens files of its own once the tests are over. */
static int check_no_shared_files(void **state)
{
    (void)state;
    if (shared_files)
        print_error("%d files were opened with O_CREAT and without O_EXCL\n", shared_files);
    return shared_files;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_layout, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_refusals, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_open_failures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_atomic_save, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_special_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_named_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_neighbours, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_links, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, check_no_shared_files);
}
