/* The cost model, on a machine with plain numbers, and the thresholds that follow from it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/machine.h"
#include "schedule/predict.h"
#include "schedule_check.h"

enum { KIB = 1024 };

/* Two cores; elementwise work and latency cost nothing until a test says otherwise. */
static const struct machine plain = {
    .name = "plain",
    .real_bytes = 4,
    .lanes = 8,
    .lanes_most = 8,
    .registers = 16,
    .cores = 2,
    .clock = 1,
    .flops = 1000,
    .rates = {{1, 1, 0}, {1, 1, 7}, {1, 1, 7}, {1, 1, 12}},
    .operations = 1e9,
    .functions = 1e9,
    .levels = {{32 * KIB, 1, 200, 400}, {512 * KIB, 1, 100, 200}, {8192 * KIB, 2, 50, 60}, {1e15, 2, 10, 10}},
};

/* An Elman cell whose matrices have a form, such as ": int8". */
static struct scheduled schedule_form(const struct machine *machine, int n, const char *form)
{
    char text[256];
    snprintf(text, sizeof text,
             "cell Elman[n = %d](x[n]) -> h[n] {\n  param W[n, n]%s, U[n, n]%s\n  h = tanh(W @ x + U @ h[t-1])\n}", n,
             form, form);
    struct schedule_options options = default_schedule_options;
    options.machine = machine;
    options.turn_panels = false;
    struct scheduled scheduled = schedule_program(text, &options);
    return scheduled;
}

static struct scheduled schedule_elman(const struct machine *machine, int n) { return schedule_form(machine, n, ""); }

static const struct region *region_of(const struct scheduled *scheduled, enum region_kind kind)
{
    const struct schedule *schedule = scheduled->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->regions[r].kind == kind)
            return &schedule->regions[r];
    fail_msg("no region of this kind");
    return NULL;
}

static struct prediction predict(const struct scheduled *scheduled, enum region_kind kind, struct load load)
{
    return predict_region(scheduled->schedule, region_of(scheduled, kind), &load);
}

static struct prediction predict_scan(const struct machine *machine, int n, struct load load)
{
    struct scheduled scheduled = schedule_elman(machine, n);
    const struct prediction prediction = predict(&scheduled, REGION_SCAN, load);
    scheduled_free(&scheduled);
    return prediction;
}

static const struct load one_stream = {1, 100, 1, WAY_SERIAL};

/* 4 n n bytes of weights are read for each frame, from the first level that holds them beside other things. */
static void test_one_stream_reads(void **state)
{
    (void)state;
    static const struct {
        int n;
        enum bound bound;
        double speed;
    } sizes[] = {{64, BOUND_FIRST, 200}, {256, BOUND_SECOND, 100}, {1024, BOUND_THIRD, 50}, {2048, BOUND_MEMORY, 10}};
    for (int i = 0; i < 4; i++) {
        const int n = sizes[i].n;
        const struct prediction prediction = predict_scan(&plain, n, one_stream);
        assert_int_equal(prediction.bound, sizes[i].bound);
        const double reading = 4.0 * n * n / sizes[i].speed, values = 3 * 4.0 * n / 50;
        assert_true(prediction.time >= reading && prediction.time <= reading + values + 1);
    }
}

/* A sweep that turns round finds in each cache what fits there. */
static void test_turning_reads_from_nearer(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_elman(&plain, 512);
    struct region turning = *region_of(&scheduled, REGION_SCAN);
    const double straight = predict_region(scheduled.schedule, &turning, &one_stream).time;
    turning.turns = true;
    const double to_and_fro = predict_region(scheduled.schedule, &turning, &one_stream).time;
    const double first = 0.75 * 32 * KIB, second = 0.75 * 512 * KIB;
    const double less = first * (1 / 50. - 1 / 200.) + second * (1 / 50. - 1 / 100.);
    assert_true(fabs(straight - to_and_fro - less) < 1);
    scheduled_free(&scheduled);
}

/* With many streams products bound, and one stream more costs as much as the one before. */
static void test_many_streams_compute(void **state)
{
    (void)state;
    const struct prediction few = predict_scan(&plain, 256, (struct load){32, 10, 1, WAY_SERIAL});
    const struct prediction many = predict_scan(&plain, 256, (struct load){64, 10, 1, WAY_SERIAL});
    assert_int_equal(few.bound, BOUND_FLOPS);
    assert_true(fabs(many.time / few.time - 2) < 0.01);
    assert_true(few.time > 32 * 2 * 256 * 256 / plain.flops);
}

/* A frames region reads its weights once for a block. */
static void test_frames_share_reads(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_elman(&plain, 1024);
    const struct prediction one = predict(&scheduled, REGION_FRAMES, (struct load){1, 1, 1, WAY_SERIAL});
    const struct prediction block = predict(&scheduled, REGION_FRAMES, (struct load){1, 1000, 1, WAY_SERIAL});
    assert_int_equal(one.bound, BOUND_MEMORY); /* 8 MiB with those of the scan are too much for the third level */
    assert_int_equal(block.bound, BOUND_FLOPS);
    assert_true(one.time > 4.0 * 1024 * 1024 / 10 && block.time < one.time / 50);
    scheduled_free(&scheduled);
}

/* Latency, elementwise work, barriers and forks add up. */
static void test_what_is_beside(void **state)
{
    (void)state;
    const double least = predict_scan(&plain, 64, one_stream).time;
    struct machine machine = plain;
    machine.frame = 1000;
    const struct prediction waiting = predict_scan(&machine, 64, one_stream);
    assert_int_equal(waiting.bound, BOUND_FRAME);
    assert_true(fabs(waiting.time - least - 1000) < 1e-6);
    machine = plain;
    machine.functions = 1;
    const struct prediction functions = predict_scan(&machine, 64, one_stream);
    assert_int_equal(functions.bound, BOUND_OPERATIONS);
    assert_true(fabs(functions.time - least - 64 * 20) < 1e-3); /* tanh: 20 operations */

    const struct load rows = {1, 100, 2, WAY_ROWS};
    const double shared = predict_scan(&plain, 64, rows).time;
    machine = plain;
    machine.barrier = 5000;
    const struct prediction barriers = predict_scan(&machine, 64, rows);
    assert_int_equal(barriers.bound, BOUND_BARRIER);
    assert_true(fabs(barriers.time - shared - 5000) < 1e-6);
    machine.fork = 1e6; /* once for 100 frames */
    const struct prediction forks = predict_scan(&machine, 64, rows);
    assert_int_equal(forks.bound, BOUND_FORK);
    assert_true(fabs(forks.time - barriers.time - 1e4) < 1e-6);
}

/* Half of the rows fit a nearer cache, half of the streams read all weights. */
static void test_threads_share(void **state)
{
    (void)state;
    const double serial = predict_scan(&plain, 384, one_stream).time;
    const struct prediction rows = predict_scan(&plain, 384, (struct load){1, 100, 2, WAY_ROWS});
    assert_int_equal(rows.bound, BOUND_SECOND); /* 288 KiB; 576 KiB do not fit there */
    assert_true(rows.time < serial / 3);
    const struct prediction two = predict_scan(&plain, 384, (struct load){2, 100, 2, WAY_STREAMS});
    assert_int_equal(two.bound, BOUND_THIRD);
    assert_true(two.time > serial); /* two cores read no faster than 60 bytes a nanosecond from there */
    const double eight = predict_scan(&plain, 384, (struct load){8, 100, 1, WAY_SERIAL}).time;
    const double shared = predict_scan(&plain, 384, (struct load){8, 100, 2, WAY_STREAMS}).time;
    assert_true(shared > 0.5 * eight);
    const double odd = predict_scan(&plain, 24, (struct load){64, 1, 2, WAY_ROWS}).time;
    const double all = predict_scan(&plain, 24, (struct load){64, 1, 1, WAY_SERIAL}).time;
    assert_true(odd > 0.6 * all); /* three panels: one thread has two */
}

static double predict_form(const struct machine *machine, const char *form, int streams)
{
    struct scheduled scheduled = schedule_form(machine, 256, form);
    const double time = predict(&scheduled, REGION_SCAN, (struct load){streams, 100, 1, WAY_SERIAL}).time;
    scheduled_free(&scheduled);
    return time;
}

/* The operations beside a frame's products. */
static double operations_of(const char *form, int streams)
{
    struct machine machine = plain;
    machine.operations = 1;
    return predict_form(&machine, form, streams) - predict_form(&plain, form, streams);
}

/* Stored weights are fewer bytes, and cost what the machine's rates say: of one column and of many. */
static void test_stored_weights(void **state)
{
    (void)state;
    const double flops = 2. * 256 * 256 / (0.95 * plain.flops);
    assert_true(predict_form(&plain, " : f16", 1) < 0.6 * predict_form(&plain, "", 1)); /* both only read */
    struct machine machine = plain;
    machine.rates[PRECISION_F16] = (struct machine_rate){0.01, 0.5, 7};
    const double slow = predict_form(&machine, " : f16", 1);
    assert_true(fabs(slow - predict_form(&plain, " : f16", 1) - 100 * flops) < 0.1 * slow);
    const double many = predict_form(&machine, " : f16", 64);
    assert_true(fabs(many - predict_form(&plain, "", 64) - 64 * flops) < 0.1 * 64 * flops);

    const double sums = operations_of(" : f16", 1) - operations_of("", 1);
    assert_true(fabs(sums - 7 * 256) < 1e-3);
}

/* A factor of cp is read once for the vectors of all slices, so that each of its weights is converted once for them. */
static void test_stored_weights_of_slices(void **state)
{
    (void)state;
    struct schedule_options options = default_schedule_options;
    struct machine machine = plain;
    options.machine = &machine;
    struct scheduled scheduled =
        schedule_program("cell Gated[n = 256](x[n]) -> h[n] {\n  param Z[2, n, n] : cp(n) f16\n"
                         "  h = sigmoid(Z[0] @ h[t-1] + x) * tanh(Z[1] @ h[t-1])\n}",
                         &options);
    const double fast = predict(&scheduled, REGION_SCAN, one_stream).time;
    machine.rates[PRECISION_F16].one = 0.001;
    const double slow = predict(&scheduled, REGION_SCAN, one_stream).time;
    const double product = 2. * 256 * 256 / (0.95 * plain.flops); /* with the other factor, of one column */
    assert_true(fabs(slow - fast - 1000 * product) < 20 * product);
    machine.rates[PRECISION_F16].many = 0.001; /* what bounds those with the vectors of all slices are multiply-adds */
    machine.rates[PRECISION_F32].one = 0.001;  /* those of many columns */
    assert_true(predict(&scheduled, REGION_SCAN, one_stream).time == slow);
    scheduled_free(&scheduled);
}

/* Returns how often the scan of a cell with int8 waits in a frame. */
static double waits_of(const char *equations)
{
    char text[256];
    snprintf(text, sizeof text, "cell C[n = 256, m = 128](x[n]) -> h[n] {\n  param U[n, m] : int8, V[m, n] : int8\n%s}",
             equations);
    struct schedule_options options = default_schedule_options;
    struct machine machine = plain;
    options.machine = &machine;
    struct scheduled scheduled = schedule_program(text, &options);
    const double before = predict(&scheduled, REGION_SCAN, one_stream).time;
    machine.frame = 1000;
    const double waits = (predict(&scheduled, REGION_SCAN, one_stream).time - before) / 1000;
    scheduled_free(&scheduled);
    return waits;
}

/* A column is rounded in front of each phase that multiplies it with int8, and the first product waits for that. */
static void test_int8_rounds_columns(void **state)
{
    (void)state;
    assert_true(fabs(waits_of("  h = tanh(x + U @ g)\n  g = tanh(V @ h[t-1])\n") - 4) < 1e-6);      /* two phases */
    assert_true(fabs(waits_of("  h = tanh(x + U @ g[t-1])\n  g = tanh(V @ h[t-1])\n") - 2) < 1e-6); /* one of two */
    const double column = operations_of(" : int8", 1) - operations_of("", 1);
    assert_true(fabs(column - 500 - 10 * 256 - 12 * 256) < 1e-3);
    const double many = operations_of(" : int8", 64) - operations_of("", 64);
    assert_true(fabs(many - 64 * (500 + 10 * 256 + 4 * 256)) < 1e-3); /* sums become numbers of the kernel */
}

static struct sharing sharing_of(const struct machine *machine, int n, enum region_kind kind)
{
    struct scheduled scheduled = schedule_elman(machine, n);
    const struct sharing sharing = region_of(&scheduled, kind)->sharing;
    scheduled_free(&scheduled);
    return sharing;
}

static void test_thresholds(void **state)
{
    (void)state;
    struct sharing sharing = sharing_of(&plain, 384, REGION_SCAN);
    assert_int_equal(sharing.row_streams, 1);
    assert_int_equal(sharing.row_threads, 2);
    assert_int_equal(sharing.fork_columns, 1);
    assert_int_equal(sharing.streams_each, 0); /* each thread would read all weights, from far */

    struct machine machine = plain;
    machine.barrier = 8000; /* two thirds of a frame of one stream */
    sharing = sharing_of(&machine, 384, REGION_SCAN);
    assert_true(sharing.row_streams > 1 && sharing.row_streams < 64);
    machine.barrier = 1e6;
    sharing = sharing_of(&machine, 384, REGION_SCAN);
    assert_int_equal(sharing.row_streams, 0);
    assert_true(sharing.streams_each > 0);

    int before = 0;
    for (machine.fork = 3000; machine.fork < 20000; machine.fork *= 3) {
        sharing = sharing_of(&machine, 384, REGION_FRAMES);
        assert_true(sharing.fork_columns > before);
        before = sharing.fork_columns;
    }
    machine.fork = 1e9;
    assert_int_equal(sharing_of(&machine, 384, REGION_FRAMES).fork_columns, 0);
    machine.fork = 0; /* a layer of 16 units is not worth a fork, however little it costs */
    assert_int_equal(sharing_of(&machine, 16, REGION_FRAMES).fork_columns, 0);
    machine.barrier = 0;
    assert_int_equal(sharing_of(&machine, 16, REGION_SCAN).fork_columns, 0);
    assert_int_equal(sharing_of(&machine, 64, REGION_SCAN).row_streams, 0); /* nor is a frame of 64 a barrier */
}

/* A layer that fits a near cache gains from streams of its own only where each thread has several. */
static void test_small_layer_is_shared_by_streams(void **state)
{
    (void)state;
    struct machine machine = plain;
    machine.flops /= 100; /* a slow one, on which small layers are worth threads at all */
    for (int level = 0; level < LEVEL_COUNT; level++) {
        machine.levels[level].one /= 100;
        machine.levels[level].all /= 100;
    }
    machine.barrier = 100000;
    machine.fork = 5000;
    const struct sharing sharing = sharing_of(&machine, 64, REGION_SCAN);
    assert_true(sharing.streams_each > 1 && sharing.fork_columns >= 2 * sharing.streams_each);
    assert_int_equal(sharing.row_streams, 0);
}

/* A barrier of many cores takes longer than of few, so that not all of them share the panels of a small layer. */
static void test_not_all_cores_share_panels(void **state)
{
    (void)state;
    struct machine machine = plain;
    machine.cores = 64;
    machine.barrier = 1500;
    for (int level = 0; level < LEVEL_COUNT; level++)
        machine.levels[level].all *= 32;
    const struct sharing small = sharing_of(&machine, 384, REGION_SCAN),
                         large = sharing_of(&machine, 2048, REGION_SCAN);
    assert_true(small.row_threads > 1 && small.row_threads < 64);
    assert_int_equal(large.row_threads, 64);
}

static void test_choice(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_elman(&plain, 384);
    struct region scan = *region_of(&scheduled, REGION_SCAN);
    scan.sharing = (struct sharing){.fork_columns = 8, .streams_each = 4, .row_streams = 2, .row_threads = 2};
    static const struct {
        int streams, threads;
        enum way way;
        int chosen;
    } cases[] = {{1, 2, WAY_SERIAL, 1},  {2, 1, WAY_SERIAL, 1},  {2, 2, WAY_ROWS, 2},    {7, 2, WAY_ROWS, 2},
                 {8, 2, WAY_STREAMS, 2}, {8, 4, WAY_STREAMS, 2}, {64, 4, WAY_STREAMS, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct load load =
            choose_load(&scan, cases[i].streams, 16 > cases[i].streams ? 16 / cases[i].streams : 1, cases[i].threads);
        assert_int_equal(load.way, cases[i].way);
        assert_int_equal(load.threads, cases[i].chosen);
    }
    scan.sharing.row_streams = scan.sharing.row_threads = 0;
    assert_int_equal(choose_load(&scan, 8, 2, 4).threads, 2); /* four streams each */
    assert_int_equal(choose_load(&scan, 7, 2, 4).way, WAY_SERIAL);
    scan.sharing.fork_columns = 17;
    assert_int_equal(choose_load(&scan, 8, 2, 4).way, WAY_SERIAL); /* blocks of 2 frames */
    assert_int_equal(choose_load(region_of(&scheduled, REGION_FRAMES), 64, 1, 2).way, WAY_COLUMNS);
    scheduled_free(&scheduled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stream_reads),
        cmocka_unit_test(test_turning_reads_from_nearer),
        cmocka_unit_test(test_many_streams_compute),
        cmocka_unit_test(test_frames_share_reads),
        cmocka_unit_test(test_what_is_beside),
        cmocka_unit_test(test_threads_share),
        cmocka_unit_test(test_stored_weights),
        cmocka_unit_test(test_stored_weights_of_slices),
        cmocka_unit_test(test_int8_rounds_columns),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_small_layer_is_shared_by_streams),
        cmocka_unit_test(test_not_all_cores_share_panels),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
