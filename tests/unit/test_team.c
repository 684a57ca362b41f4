/* Threads of a call: how work is shared out, barriers, and the return to one thread. Compiled with OpenMP, and without
 * it, where there is one thread only. */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rnn/flush.h"
#include "rnn/team.h"

enum { THREADS_MOST = 8 };

static rnn_share share_of_panels(int thread, int threads)
{
    return (rnn_share){thread, threads, 1, {0, 1}, {0, 1}, NULL};
}

/* Each thing belongs to one thread, and the parts follow each other. */
static void test_parts(void **unused)
{
    (void)unused;
    for (int threads = 1; threads <= THREADS_MOST; threads++)
        for (int count = 0; count < 40; count++) {
            int end = 0;
            for (int thread = 0; thread < threads; thread++) {
                const rnn_range part = rnn_part_of(count, thread, threads);
                const rnn_share share = share_of_panels(thread, threads);
                assert_int_equal(part.first, end);
                assert_in_range(part.end - part.first, count / threads, (count + threads - 1) / threads);
                assert_int_equal(rnn_panel_first(&share, count), part.first);
                assert_int_equal(rnn_panel_end(&share, count), part.end);
                end = part.end;
            }
            assert_int_equal(end, count);
        }
}

/* No two threads write to one cache line. */
static void test_units(void **unused)
{
    (void)unused;
    const int line = 64 / (int)sizeof(rnn_real);
    for (int threads = 1; threads <= THREADS_MOST; threads++)
        for (int units = 1; units < 200; units++) {
            int end = 0;
            for (int thread = 0; thread < threads; thread++) {
                const rnn_share share = share_of_panels(thread, threads);
                const rnn_range range = rnn_units_of(&share, units);
                if (range.first >= range.end)
                    continue;
                assert_int_equal(range.first, end);
                assert_int_equal(range.first % line, 0);
                end = range.end;
            }
            assert_int_equal(end, units);
        }
}

/* A panel counted from the other end is one of the thread's own. */
static void test_back(void **unused)
{
    (void)unused;
    for (int thread = 0; thread < 3; thread++) {
        const rnn_share share = share_of_panels(thread, 3);
        const int first = rnn_panel_first(&share, 10), end = rnn_panel_end(&share, 10);
        for (int i = first; i < end; i++)
            assert_int_equal(rnn_panel_back(&share, 10, i), end - 1 - (i - first));
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(rnn_panel_back(&rnn_alone, 10, i), 9 - i);
}

#ifdef _OPENMP

static rnn_team team_of(int threads)
{
    rnn_team team;
    memset(&team, 0, sizeof team);
    team.threads = threads;
    return team;
}

/* Too little work forks nothing; few columns are shared out by panels. */
static void test_split_frames(void **unused)
{
    (void)unused;
    rnn_team two = team_of(2), one = team_of(1);
    assert_int_equal(rnn_split_frames(&two, 99, 100).threads, 1);
    assert_int_equal(rnn_split_frames(&one, 100, 100).threads, 1);
    rnn_split split = rnn_split_frames(&two, 100, 100);
    assert_true(split.threads == 2 && !split.panels && split.columns == 100);
    split = rnn_split_frames(&two, 2 * RNN_COLUMNS_EACH - 1, 1);
    assert_true(split.threads == 2 && split.panels);
    two = team_of(2);
    split = rnn_split_units(&two, 10, 9, 100);
    assert_int_equal(split.threads, 1);
    split = rnn_split_units(&two, 10, 10, 100);
    assert_true(split.threads == 2 && split.panels);
}

static rnn_split scan_of(rnn_team *team, int streams) { return rnn_split_scan(team, 10, streams, 20, 4, 2, 3); }

/* Streams where there are enough for each thread, else panels, if not too few, and not where threads were late. */
static void test_split_scan(void **unused)
{
    (void)unused;
    rnn_team team = team_of(4);
    rnn_split split = scan_of(&team, 1);
    assert_int_equal(split.threads, 1); /* 10 columns */
    split = scan_of(&team, 2);
    assert_true(split.threads == 3 && split.panels);
    split = scan_of(&team, 16);
    assert_true(split.threads == 4 && !split.panels);
    split = rnn_split_scan(&team, 10, 64, 20, 0, 0, 0); /* neither */
    assert_int_equal(split.threads, 1);
    split = rnn_split_scan(&team, 100, 9, 20, 4, 0, 0); /* fewer threads than there are */
    assert_true(split.threads == 2 && !split.panels);
    team.alone = 1;
    split = scan_of(&team, 2);
    assert_int_equal(split.threads, 1);
    split = scan_of(&team, 9); /* not by streams: the same call would round in another order */
    assert_int_equal(split.threads, 1);
    split = scan_of(&team, 16);
    assert_true(split.threads == 4 && !split.panels);
    team = team_of(1);
    assert_int_equal(scan_of(&team, 16).threads, 1);
}

/* OpenMP is asked by the first region that is worth it; within a parallel region of the caller's there is one. */
static void test_begin(void **unused)
{
    (void)unused;
    omp_set_num_threads(3);
    rnn_team team = rnn_begin_team();
    assert_int_equal(team.threads, 0);
    assert_int_equal(rnn_split_frames(&team, 99, 100).threads, 1);
    assert_int_equal(team.threads, 0); /* not asked: no work is worth it */
    assert_int_equal(rnn_threads(&team), RNN_MIN(3, omp_get_num_procs()));
    int inside = 0;
#pragma omp parallel num_threads(2) reduction(+ : inside)
    {
        rnn_team own = rnn_begin_team();
        inside += rnn_threads(&own);
    }
    assert_int_equal(inside, 2);
}

/* Numbers that threads write before a barrier are seen behind it, whoever comes last. */
static void check_barriers(int threads, int rounds)
{
    int written[THREADS_MOST] = {0}, wrong = 0;
    rnn_team team = team_of(threads);
    const rnn_split split = {threads, 1, 1, &team};
#pragma omp parallel num_threads(threads) reduction(+ : wrong)
    {
        const rnn_share share = rnn_share_of(&split);
        for (int round = 1; round <= rounds; round++) {
            written[share.thread] = round;
            rnn_barrier(&share);
            for (int i = 0; i < share.threads; i++)
                wrong += written[i] != round;
            rnn_barrier(&share);
        }
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(team.turn, 2 * rounds);
    assert_int_equal(team.arrived, 0);
}

static void test_barriers(void **unused)
{
    (void)unused;
    check_barriers(1, 0);
    for (int threads = 2; threads <= THREADS_MOST; threads += 3)
        check_barriers(threads, 50);
}

enum { PANELS = 7, FRAMES = 300 };

/* Runs a scan of panels that count frames; each reads all of the frame before. Returns the panels computed by others
 * than the first thread in the last frame. */
static int scan(rnn_team *team, int threads, int counts[PANELS])
{
    int elsewhere = 0, wrong = 0;
    const rnn_split split = {threads, 1, 1, team};
#pragma omp parallel num_threads(threads) reduction(+ : wrong, elsewhere)
    {
        rnn_share share = rnn_share_of(&split);
        for (int t = 0; t < FRAMES; t++) {
            for (int panel = 0; panel < PANELS; panel++)
                wrong += __atomic_load_n(&counts[panel], __ATOMIC_RELAXED) != t;
            rnn_meet(&share);
            for (int panel = rnn_panel_first(&share, PANELS); panel < rnn_panel_end(&share, PANELS); panel++)
                __atomic_store_n(&counts[panel], t + 1, __ATOMIC_RELAXED);
            if (t == FRAMES - 1 && share.thread)
                elsewhere = rnn_panel_end(&share, PANELS) - rnn_panel_first(&share, PANELS);
            if (!rnn_end_frame(&share))
                break;
        }
    }
    assert_int_equal(wrong, 0);
    return elsewhere;
}

/* A long wait is too long only beside the time since the one before. */
static void test_waits(void **unused)
{
    (void)unused;
    rnn_team team = team_of(2);
    rnn_note_wait(&team, omp_get_wtime() - 5); /* the first */
    assert_int_equal(team.late, 0);
    assert_true(team.resumed > 0);
    team.resumed = omp_get_wtime() - 10;
    rnn_note_wait(&team, omp_get_wtime() - 1);
    assert_int_equal(team.late, 0);
    team.resumed = omp_get_wtime() - 10;
    rnn_note_wait(&team, omp_get_wtime() - 5);
    assert_int_equal(team.late, 1);
}

/* Threads that share one processor are late; the first one goes on with all panels. */
static void test_late(void **unused)
{
    (void)unused;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    for (int threads = 2; threads <= 3; threads++) {
        int counts[PANELS] = {0};
        rnn_team team = team_of(threads);
#pragma omp parallel num_threads(threads)
        sched_setaffinity(0, sizeof one, &one);
        const int elsewhere = scan(&team, threads, counts);
#pragma omp parallel num_threads(threads)
        sched_setaffinity(0, sizeof all, &all);
        assert_true(team.alone);
        assert_int_equal(elsewhere, 0);
        for (int panel = 0; panel < PANELS; panel++)
            assert_int_equal(counts[panel], FRAMES);
        assert_int_equal(rnn_split_scan(&team, FRAMES, 1, 1, 0, 1, threads).threads, 1);
    }
}

#else

static void test_serial(void **unused)
{
    (void)unused;
    rnn_team team = rnn_begin_team();
    assert_int_equal(rnn_threads(&team), 1);
    const rnn_split split = {4, 1, 5, &team}; /* nobody makes it, but it would be one thread's */
    rnn_share share = rnn_share_of(&split);
    assert_true(share.thread == 0 && share.threads == 1 && share.columns.end == 5 && share.batches.end == 5);
    rnn_barrier(&share);
    rnn_meet(&share);
    assert_true(rnn_end_frame(&share));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_units),      cmocka_unit_test(test_back),
#ifdef _OPENMP
        cmocka_unit_test(test_split_frames), cmocka_unit_test(test_split_scan), cmocka_unit_test(test_begin),
        cmocka_unit_test(test_barriers),     cmocka_unit_test(test_waits),      cmocka_unit_test(test_late),
#else
        cmocka_unit_test(test_serial),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
