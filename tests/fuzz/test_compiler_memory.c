/* Every allocation of the compiler, refused: one after the other, alone and with all that follow. rnnc then says that
 * it is out of memory, with status 3, and leaves no half of a file behind; where the C library can do without, as for
 * the buffer of a stream, it compiles as ever. */
#define _GNU_SOURCE /* program_invocation_short_name */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_malloc.h"

int rnnc_main(int argc, char **argv);

enum { ENOUGH = 1 << 20, MESSAGE_ROOM = 20000 };

struct example {
    const char *program; /* from the root of the project */
    const char *option;
    int status; /* with enough memory */
};

struct run {
    int status;  /* as the shell sees it */
    bool failed; /* an allocation was refused */
    char message[MESSAGE_ROOM];
};

static char folder[] = "/tmp/rnnc_memory_XXXXXX", source_path[100], header_path[100];

/* The allocator's record of a child, left for the test however the child ends. */
static struct failing *shared;

static void share(void) { *shared = failing; }

static void run_child(const struct example *example, long fail_at, bool and_after, int message)
{
    char name[] = "rnnc", header[] = "--header", output[] = "-o", input[200], option[60];
    char *arguments[] = {name, option, header, header_path, output, source_path, input, NULL};
    snprintf(input, sizeof input, "%s/%s", RNNC_SOURCE_DIR, example->program);
    snprintf(option, sizeof option, "%s", example->option);
    dup2(message, STDERR_FILENO);
    atexit(share);
    failing = (struct failing){.next = 1, .fail_at = fail_at, .and_after = and_after};
    exit(rnnc_main(7, arguments));
}

static struct run run(const struct example *example, long fail_at, bool and_after)
{
    struct run run = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        run_child(example, fail_at, and_after, ends[1]);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], run.message + length, sizeof run.message - 1 - length)) > 0;)
        length += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run.failed = shared->failed;
    return run;
}

/* Returns the text of a file, to be freed, or NULL if there is none; removes the file. */
static char *take_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return NULL;
    char *text = calloc(ENOUGH, 1);
    assert_non_null(text);
    assert_in_range(fread(text, 1, ENOUGH - 1, stream), 1, ENOUGH - 2);
    fclose(stream);
    unlink(path);
    return text;
}

/* Checks that a file, if it exists, is complete. */
static void check_file(const char *path, const char *whole, bool must_be_there)
{
    char *text = take_file(path);
    assert_true(text || !must_be_there);
    assert_true(!text || whole);
    if (text)
        assert_string_equal(text, whole);
    free(text);
}

static void check_folder_is_empty(void)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fail_msg("'%s' was left behind", entry->d_name);
    closedir(directory);
}

static bool says_so(const struct run *run)
{
    char message[100];
    size_t length = strlen(run->message);
    size_t end = (size_t)snprintf(message, sizeof message, "%s: error: out of memory\n", program_invocation_short_name);
    return run->status == 3 && length >= end && strcmp(run->message + length - end, message) == 0;
}

/* Returns how often rnnc ran out of memory. */
static long refuse_each(const struct example *example, bool and_after)
{
    struct run whole = run(example, 0, false);
    assert_int_equal(whole.status, example->status);
    char *source = take_file(source_path), *header = take_file(header_path);
    assert_int_equal(source && header, whole.status == 0);
    long refused = 0;
    for (long at = 1;; at++) {
        struct run result = run(example, at, and_after);
        bool as_ever = result.status == whole.status && strcmp(result.message, whole.message) == 0;
        if (!as_ever && !(result.failed && says_so(&result)))
            fail_msg("allocation %ld: status %d: %s", at, result.status, result.message);
        check_file(source_path, source, result.status == 0);
        check_file(header_path, header, result.status == 0);
        check_folder_is_empty();
        if (!result.failed)
            break;
        refused += !as_ever;
    }
    free(source);
    free(header);
    return refused;
}

static void every_refusal_ends_in_a_message(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"examples/elman/elman.rnn", "-ffactor", 0},
        {"tests/golden/errors/misspelt_names.rnn", "-fdiagnostics-color=never", 1},
        {"tests/golden/errors/misspelt_names.rnn", "-fdiagnostics-format=json", 1},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (int and_after = 0; and_after < 2; and_after++)
            assert_in_range(refuse_each(&examples[i], and_after), 20, ENOUGH);
}

static int make_folder(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !mkdtemp(folder))
        return -1;
    snprintf(source_path, sizeof source_path, "%s/network.c", folder);
    snprintf(header_path, sizeof header_path, "%s/network.h", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_refusal_ends_in_a_message)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
