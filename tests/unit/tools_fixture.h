/* For tests of tools: an arena, a folder of one's own, and files in it. */
#ifndef RNNC_TESTS_TOOLS_FIXTURE_H
#define RNNC_TESTS_TOOLS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "data/file.h"

struct fixture {
    struct arena *arena;
    char *folder;
};

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->folder = arena_printf(fixture->arena, "/tmp/test_tools.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    *state = fixture;
    return 0;
}

/* Removes the folder: rmdir fails if a test, or the code under test, left something behind. */
static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    int status = rmdir(fixture->folder);
    arena_free(fixture->arena);
    free(fixture);
    return status;
}

static inline const char *in_folder(struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->folder, name);
}

static inline const char *put(struct fixture *fixture, const char *name, const void *data, size_t length)
{
    const char *path = in_folder(fixture, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, length, file) != length || fclose(file) != 0)
        fail_msg("cannot write '%s'", path);
    return path;
}

static inline const char *put_text(struct fixture *fixture, const char *name, const char *text)
{
    return put(fixture, name, text, strlen(text));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
