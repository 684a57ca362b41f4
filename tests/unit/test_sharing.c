/* The compiler predicts a call by the same rule of sharing that its threads follow: choose_load and rnn/team.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "rnn/team.h"
#include "schedule/predict.h"

static int below(struct random *random, int count) { return (int)((random_bits(random) >> 33) % (uint64_t)count); }

static enum way way_of(const struct region *region, const rnn_split *split)
{
    if (split->threads == 1)
        return WAY_SERIAL;
    return region->kind == REGION_FRAMES             ? WAY_COLUMNS
           : region->kind == REGION_ELEMENTWISE_SCAN ? WAY_UNITS
           : split->panels                           ? WAY_ROWS
                                                     : WAY_STREAMS;
}

static rnn_split split_of(const struct region *region, rnn_team *team, int frames, int streams)
{
    const struct sharing *sharing = &region->sharing;
    if (region->kind == REGION_FRAMES)
        return rnn_split_frames(team, (ptrdiff_t)frames * streams, sharing->fork_columns);
    if (region->kind == REGION_ELEMENTWISE_SCAN)
        return rnn_split_units(team, frames, streams, sharing->fork_columns);
    return rnn_split_scan(team, frames, streams, sharing->fork_columns, sharing->streams_each, sharing->row_streams,
                          sharing->row_threads);
}

static void test_one_rule(void **unused)
{
    (void)unused;
    static const enum region_kind kinds[] = {REGION_FRAMES, REGION_SCAN, REGION_ELEMENTWISE_SCAN};
    struct random random = random_start(7);
    int ways[WAY_COLUMNS + 1] = {0};
    for (int i = 0; i < 20000; i++) {
        struct region region = {.kind = kinds[below(&random, 3)]};
        const int rows = below(&random, 2), threads = 1 + below(&random, 8);
        region.sharing = (struct sharing){.fork_columns = 1 + below(&random, 40),
                                          .streams_each = below(&random, 6),
                                          .row_streams = rows ? 1 + below(&random, 8) : 0,
                                          .row_threads = rows ? 2 + below(&random, 7) : 0};
        const int frames = 1 + below(&random, 16), streams = 1 + below(&random, 32);
        rnn_team team = rnn_begin_team();
        team.threads = threads;
        const rnn_split split = split_of(&region, &team, frames, streams);
        const struct load load = choose_load(&region, streams, frames, threads);
        assert_int_equal(load.way, way_of(&region, &split));
        assert_int_equal(load.threads, split.threads);
        ways[load.way]++;
    }
    for (int way = 0; way <= WAY_COLUMNS; way++)
        assert_true(ways[way] > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
