/* The cache of compiled networks: equal networks are built once, and nothing is left behind. */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "data/file.h"
#include "network/cache.h"
#include "network/process.h"

struct fixture {
    struct arena *arena;
    char *home;
    struct cache cache;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->home = arena_printf(fixture->arena, "/tmp/test_tools_cache.XXXXXX");
    assert_non_null(mkdtemp(fixture->home));
    const char *error;
    setenv("XDG_CACHE_HOME", arena_printf(fixture->arena, "%s/some/where", fixture->home), 1);
    assert_true(cache_open(fixture->arena, &fixture->cache, &error));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    int status;
    const char *error;
    bool ran =
        process_run(fixture->arena, (const char *const[]){"rm", "-r", fixture->home, NULL}, NULL, &status, &error);
    arena_free(fixture->arena);
    free(fixture);
    return ran && status == 0 ? 0 : -1;
}

/* Returns the number of entries of the cache. */
static long count_entries(struct fixture *fixture)
{
    struct text output;
    int status;
    const char *error;
    text_init(&output, fixture->arena);
    assert_true(process_run(fixture->arena, (const char *const[]){"ls", "-A", fixture->cache.folder, NULL}, &output,
                            &status, &error));
    long lines = 0;
    for (size_t i = 0; i < output.length; i++)
        lines += output.data[i] == '\n';
    return lines;
}

/* Builds this C with this option; *error as cache_build leaves it. */
static const char *build(struct fixture *fixture, const char *source, const char *option, const char **error)
{
    struct arena *arena = fixture->arena;
    *error = NULL;
    const char *folder = cache_begin(arena, &fixture->cache, error);
    assert_non_null(folder);
    const char *path = arena_printf(arena, "%s/net.c", folder);
    assert_true(file_write(arena, path, source, strlen(source), error));
    const char *const words[] = {"cc", "-w", "-fPIC", "-Wl,--build-id=none", option, path};
    struct compiler compiler = {.name = words, .name_count = 1, .words = words, .count = 6};
    const char *library = cache_build(arena, &fixture->cache, folder, &compiler, error);
    cache_end(arena, folder);
    return library;
}

static ino_t find_inode(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void test_built_once(void **state)
{
    struct fixture *fixture = *state;
    const char *error;
    const char *first = build(fixture, "int x = 1;", "-O1", &error);
    assert_non_null(first);
    ino_t inode = find_inode(first);
    const char *again = build(fixture, "int  x = 1; /* the same to the preprocessor */", "-O1", &error);
    assert_string_equal(first, again);
    assert_int_equal(find_inode(again), inode);
    const char *other_source = build(fixture, "int x = 2;", "-O1", &error);
    const char *other_option = build(fixture, "int x = 1;", "-O2", &error);
    assert_string_not_equal(first, other_source);
    assert_string_not_equal(first, other_option);
    assert_string_not_equal(other_source, other_option);
    assert_int_equal(count_entries(fixture), 3);
}

static void test_failure_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    const char *error;
    assert_null(build(fixture, "int x = 1;", "--no-such-option-of-a-compiler", &error));
    assert_non_null(strstr(error, "'cc' ended with exit status"));
    assert_int_equal(count_entries(fixture), 0);
}

/* A folder that a killed process has left is removed when it is a day old. */
static void test_left_folders(void **state)
{
    struct fixture *fixture = *state;
    const char *error;
    const char *old = cache_begin(fixture->arena, &fixture->cache, &error);
    const char *recent = cache_begin(fixture->arena, &fixture->cache, &error);
    const char *source = arena_printf(fixture->arena, "%s/net.c", old);
    assert_true(file_write(fixture->arena, source, "int x;", 6, &error));
    const struct timespec times[] = {{.tv_sec = time(NULL) - 25 * 3600}, {.tv_sec = time(NULL) - 25 * 3600}};
    assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
    assert_non_null(build(fixture, "int x = 6;", "-O1", &error));
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(recent, F_OK), 0);
    assert_int_equal(count_entries(fixture), 2);
}

/* Several processes that build the same at once all get it. */
static void test_at_once(void **state)
{
    struct fixture *fixture = *state;
    enum { PROCESSES = 4 };
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            const char *error;
            const char *library = build(fixture, "int x = 3;", "-O1", &error);
            _exit(library && access(library, R_OK) == 0 ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(count_entries(fixture), 1);
}

static void test_place(void **state)
{
    struct fixture *fixture = *state;
    const char *error = NULL;
    struct stat status;
    assert_string_equal(fixture->cache.folder, arena_printf(fixture->arena, "%s/some/where/rnnc", fixture->home));
    const char *made[] = {"some", "some/where", "some/where/rnnc"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stat(arena_printf(fixture->arena, "%s/%s", fixture->home, made[i]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0700);
    }
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", fixture->home, 1);
    struct cache cache;
    assert_true(cache_open(fixture->arena, &cache, &error));
    assert_string_equal(cache.folder, arena_printf(fixture->arena, "%s/.cache/rnnc", fixture->home));
    unsetenv("HOME");
    assert_false(cache_open(fixture->arena, &cache, &error));
    assert_non_null(strstr(error, "XDG_CACHE_HOME"));
}

/* A folder that others could have put things into is not used. */
static void test_foreign_folders(void **state)
{
    struct fixture *fixture = *state;
    const char *error = NULL, *folder = fixture->cache.folder;
    const char *above = arena_printf(fixture->arena, "%s/some/where", fixture->home);
    struct cache cache;
    const mode_t wrong[] = {0777, 0770, 0702, 01777};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(chmod(folder, wrong[i]), 0);
        assert_false(cache_open(fixture->arena, &cache, &error));
        assert_non_null(strstr(error, folder));
        assert_non_null(strstr(error, "others may write to it (chmod go-w)"));
        assert_non_null(strstr(error, "XDG_CACHE_HOME"));
    }
    assert_int_equal(chmod(folder, 0755), 0);
    assert_true(cache_open(fixture->arena, &cache, &error));
    assert_int_equal(chmod(above, 0777), 0);
    assert_false(cache_open(fixture->arena, &cache, &error));
    assert_int_equal(chmod(above, 01777), 0); /* as /tmp */
    assert_true(cache_open(fixture->arena, &cache, &error));
    assert_int_equal(chmod(above, 0775), 0);
    assert_true(cache_open(fixture->arena, &cache, &error));
    if (geteuid() == 0) { /* only root can give folders away */
        assert_int_equal(chown(folder, 65534, 65534), 0);
        assert_false(cache_open(fixture->arena, &cache, &error));
        assert_non_null(strstr(error, "belongs to another user"));
        assert_int_equal(chown(folder, 0, 0), 0);
        assert_int_equal(chown(above, 65534, 65534), 0);
        assert_false(cache_open(fixture->arena, &cache, &error));
    }
}

enum damage { CUT_OFF, EMPTIED, ONE_BIT, LONGER, OPEN_TO_ALL, OPEN_TO_GROUP, FOREIGN, LINK, GONE, DAMAGES };

static void write_file(const char *path, const char *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void damage_entry(const char *path, enum damage damage, const struct text *good)
{
    switch (damage) {
    case CUT_OFF:
        assert_int_equal(truncate(path, (off_t)good->length / 2), 0);
        break;
    case EMPTIED:
        assert_int_equal(truncate(path, 0), 0);
        break;
    case ONE_BIT:
        good->data[good->length / 2] ^= 4;
        write_file(path, good->data, good->length);
        good->data[good->length / 2] ^= 4;
        break;
    case LONGER:
        assert_int_equal(truncate(path, (off_t)good->length + 1), 0);
        break;
    case OPEN_TO_ALL:
        assert_int_equal(chmod(path, 0602), 0);
        break;
    case OPEN_TO_GROUP:
        assert_int_equal(chmod(path, 0620), 0);
        break;
    case FOREIGN:
        if (geteuid() == 0)
            assert_int_equal(chown(path, 65534, 65534), 0);
        break;
    case LINK:
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/dev/null", path), 0);
        break;
    case GONE:
        assert_int_equal(unlink(path), 0);
        break;
    case DAMAGES:
        break;
    }
}

/* Entries that are incomplete, or not ours alone, are built again, and no others. */
static void test_broken_entries(void **state)
{
    struct fixture *fixture = *state;
    const char *error, *path = build(fixture, "int x = 4;", "-O1", &error);
    struct text good, again;
    struct stat status;
    assert_non_null(path);
    assert_true(file_read(fixture->arena, path, &good, &error));
    for (int damage = 0; damage < DAMAGES; damage++) {
        damage_entry(path, (enum damage)damage, &good);
        const char *rebuilt = build(fixture, "int x = 4;", "-O1", &error);
        assert_non_null(rebuilt);
        assert_string_equal(rebuilt, path);
        assert_true(file_read(fixture->arena, path, &again, &error));
        assert_int_equal(again.length, good.length);
        assert_memory_equal(again.data, good.data, good.length);
        assert_int_equal(lstat(path, &status), 0);
        assert_true(S_ISREG(status.st_mode) && status.st_uid == geteuid());
        assert_int_equal(status.st_mode & 0777, 0600);
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(library);
        const int *x = dlsym(library, "x");
        assert_int_equal(*x, 4);
        dlclose(library);
    }
    /* A bit anywhere. */
    for (size_t at = 0; at < good.length; at += good.length / 20) {
        good.data[at] ^= 1;
        write_file(path, good.data, good.length);
        good.data[at] ^= 1;
        assert_non_null(build(fixture, "int x = 4;", "-O1", &error));
        assert_true(file_read(fixture->arena, path, &again, &error));
        assert_memory_equal(again.data, good.data, good.length);
    }
    assert_int_equal(count_entries(fixture), 1);
}

/* A network compiled for one processor is not for another. */
static void test_processor(void **state)
{
    struct fixture *fixture = *state;
    static const char cpuinfo[] = "processor\t: 0\nvendor_id\t: GenuineX\ncpu MHz\t: 3000.1\nflags\t: fpu sse2\n\n"
                                  "processor\t: 1\nvendor_id\t: GenuineY\nflags\t: none\n";
    const char *error;
    assert_string_equal(cache_describe_processor(fixture->arena, cpuinfo),
                        "vendor_id\t: GenuineX\nflags\t: fpu sse2\n");
    assert_string_equal(cache_describe_processor(fixture->arena, ""), "");
    if (access("/proc/cpuinfo", R_OK) == 0)
        assert_true(*fixture->cache.processor);
    const char *here = build(fixture, "int x = 5;", "-O1", &error);
    fixture->cache.processor = cache_describe_processor(fixture->arena, cpuinfo);
    const char *there = build(fixture, "int x = 5;", "-O1", &error);
    assert_string_not_equal(here, there);
    assert_int_equal(count_entries(fixture), 2);
}

struct watcher {
    const char *path;
    int calls;
};

/* Counts a call; the second makes the file that the program waits for. */
static void count_call(void *context)
{
    struct watcher *watcher = context;
    if (++watcher->calls == 2)
        close(open(watcher->path, O_CREAT | O_WRONLY, 0600));
}

static void test_processes(void **state)
{
    struct fixture *fixture = *state;
    struct text output;
    int status;
    const char *error;
    text_init(&output, fixture->arena);
    assert_true(process_run(fixture->arena, (const char *const[]){"sh", "-c", "echo out; exit 3", NULL}, &output,
                            &status, &error));
    assert_string_equal(output.data, "out\n");
    assert_int_equal(status, 3);
    assert_true(
        process_run(fixture->arena, (const char *const[]){"sh", "-c", "kill -9 $$", NULL}, NULL, &status, &error));
    assert_int_equal(status, 128 + 9);
    struct watcher watcher = {.path = arena_printf(fixture->arena, "%s/called_twice", fixture->home)};
    const char *const waits[] = {"sh", "-c", "until [ -e \"$0\" ]; do sleep 0.02; done", watcher.path, NULL};
    assert_true(process_run_watched(fixture->arena, waits, NULL, count_call, &watcher, &status, &error));
    assert_int_equal(status, 0);
    assert_true(watcher.calls >= 2);
    assert_false(process_run(fixture->arena, (const char *const[]){"./no such program", NULL}, NULL, &status, &error));
    assert_string_equal(error, "cannot run './no such program': No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_built_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_processor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
