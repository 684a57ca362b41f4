/* The display of long work, its contents and its times; and whether the processors are busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/busy.h"
#include "command/progress.h"

/* Expects `act` to write this to standard error. */
static void expect_written(struct progress *progress, void (*act)(struct progress *progress), const char *expected)
{
    char written[256];
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_true(file && kept >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    act(progress);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(written, expected);
}

static void step(struct progress *progress) { progress_step(progress); }

/* As if all that has been was so much longer ago. */
static void wait(struct progress *progress, double seconds)
{
    progress->begun -= seconds;
    progress->shown -= progress->shown > 0 ? seconds : 0;
}

static struct progress begin(bool terminal)
{
    struct progress progress = progress_begin();
    progress.terminal = terminal;
    progress_next(&progress, "all frames", 4);
    return progress;
}

/* Threads that are displaced often are those of a busy machine, over a time long enough to tell. */
static void test_busy(void **state)
{
    (void)state;
    const struct usage begin = {4, 7, 1000};
    const struct usage quiet = {6, 11, 1020}, busy = {5, 9, 1400}, alone = {5, 8, 1400}, soon = {4.1, 7.1, 1400};
    const struct usage many_quiet = {5, 7 + 32, 1000 + 32 * 2}, many_busy = {5, 7 + 32, 1000 + 32 * 100};
    assert_float_equal(usage_judge(&begin, &quiet).displaced, 0, 0);
    assert_true(usage_judge(&begin, &quiet).several);
    assert_float_equal(usage_judge(&begin, &busy).displaced, 200, 1e-9);
    assert_true(usage_judge(&begin, &busy).several);
    assert_false(usage_judge(&begin, &alone).several);
    assert_float_equal(usage_judge(&begin, &soon).displaced, 0, 0);
    assert_float_equal(usage_judge(&begin, &many_quiet).displaced, 0, 0); /* 32 threads, twice a second each */
    assert_float_equal(usage_judge(&begin, &many_busy).displaced, 100, 1e-9);
    const struct usage now = usage_now(), later = usage_now();
    assert_true(later.of_all >= now.of_all && later.displaced >= now.displaced);
    assert_true(now.of_thread > 0);
}

/* Nothing for ten seconds, then a line each half minute. */
static void test_file(void **state)
{
    (void)state;
    struct progress progress = begin(false);
    expect_written(&progress, step, "");
    wait(&progress, 9);
    expect_written(&progress, step, "");
    wait(&progress, 2);
    expect_written(&progress, step, "rnn: all frames, 75 %, 11 s\n");
    wait(&progress, 29);
    expect_written(&progress, step, "");
    progress_next(&progress, "one by one", 0);
    expect_written(&progress, step, "");
    wait(&progress, 2);
    expect_written(&progress, step, "rnn: one by one, 42 s\n");
    expect_written(&progress, progress_end, "");
    wait(&progress, 60);
    expect_written(&progress, step, "");
}

/* Nothing for two seconds, then a line that is written anew four times a second, and cleared. */
static void test_terminal(void **state)
{
    (void)state;
    struct progress progress = begin(true);
    wait(&progress, 1);
    expect_written(&progress, step, "");
    expect_written(&progress, progress_end, "");
    progress_next(&progress, "all frames", 3);
    wait(&progress, 2);
    expect_written(&progress, step, "\rall frames, 33 %, 3 s\033[K");
    expect_written(&progress, step, "");
    wait(&progress, 1);
    expect_written(&progress, step, "\rall frames, 100 %, 4 s\033[K");
    wait(&progress, 1);
    expect_written(&progress, step, "\rall frames, 100 %, 5 s\033[K"); /* more than was thought */
    expect_written(&progress, progress_end, "\r\033[K");
    expect_written(&progress, progress_end, "");
}

static void test_nobody_waits(void **state)
{
    (void)state;
    expect_written(NULL, step, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_busy), cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_terminal), cmocka_unit_test(test_nobody_waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
