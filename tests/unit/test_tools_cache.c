/* The cache of compiled networks: what is the same is built once, and nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "cache.h"
#include "data/file.h"
#include "process.h"

struct fixture {
    struct arena *arena;
    char *home;
    const char *cache;
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
    fixture->cache = cache_folder(fixture->arena, &error);
    assert_non_null(fixture->cache);
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

/* How many entries the cache has. */
static long count_entries(struct fixture *fixture)
{
    struct text output;
    int status;
    const char *error;
    text_init(&output, fixture->arena);
    assert_true(
        process_run(fixture->arena, (const char *const[]){"ls", fixture->cache, NULL}, &output, &status, &error));
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
    const char *folder = cache_begin(arena, fixture->cache, error);
    assert_non_null(folder);
    const char *path = arena_printf(arena, "%s/net.c", folder);
    assert_true(file_write(arena, path, source, strlen(source), error));
    const char *const words[] = {"cc", "-w", "-fPIC", option, path};
    struct compiler compiler = {.name = words, .name_count = 1, .words = words, .count = 5};
    const char *library = cache_build(arena, fixture->cache, folder, &compiler, error);
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
    assert_string_equal(fixture->cache, arena_printf(fixture->arena, "%s/some/where/rnnc", fixture->home));
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", fixture->home, 1);
    assert_string_equal(cache_folder(fixture->arena, &error),
                        arena_printf(fixture->arena, "%s/.cache/rnnc", fixture->home));
    unsetenv("HOME");
    assert_null(cache_folder(fixture->arena, &error));
    assert_non_null(strstr(error, "XDG_CACHE_HOME"));
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
    assert_false(process_run(fixture->arena, (const char *const[]){"./no such program", NULL}, NULL, &status, &error));
    assert_string_equal(error, "cannot run './no such program': No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_built_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
