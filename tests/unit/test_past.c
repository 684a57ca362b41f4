/* The past of values, and values gathered over time. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/gather.h"
#include "rnn/past.h"
#include "vec_test.h"

enum { PAST = 3, FRAMES = 5, FUTURE = 2, STREAMS = 3, N = RNN_LANES + 1, PAD = RNN_PAD(N) };
enum { COLUMNS = (PAST + FRAMES + FUTURE) * STREAMS };

/* A value with a past and a future; number (frame, stream, unit) tells where it is from. */
struct value {
    _Alignas(RNN_VECTOR_BYTES) rnn_real memory[COLUMNS * PAD];
};

static rnn_real mark(int frame, int stream, int i) { return (rnn_real)(1000 * (frame + PAST + 1) + 100 * stream + i); }

static rnn_real *frame_0(struct value *value) { return value->memory + PAST * STREAMS * PAD; }

static rnn_real *column(struct value *value, int frame, int stream)
{
    return value->memory + ((frame + PAST) * STREAMS + stream) * PAD;
}

static void fill(struct value *value)
{
    for (int t = -PAST; t < FRAMES + FUTURE; t++)
        for (int s = 0; s < STREAMS; s++)
            for (int i = 0; i < PAD; i++)
                column(value, t, s)[i] = mark(t, s, i);
}

static int column_is(struct value *value, int frame, int stream, int from_frame)
{
    for (int i = 0; i < PAD; i++)
        if (column(value, frame, stream)[i] != mark(from_frame, stream, i))
            return 0;
    return 1;
}

/* All but the columns of one stream in frames begin .. end - 1 are as `fill` left them. */
static void expect_untouched(struct value *value, int stream, int begin, int end)
{
    for (int t = -PAST; t < FRAMES + FUTURE; t++)
        for (int s = 0; s < STREAMS; s++)
            if (s != stream || t < begin || t >= end)
                assert_true(column_is(value, t, s, t));
}

static void expect_started(struct value *value, int stream, int begin, int end, const rnn_real *init, int one)
{
    for (int t = begin; t < end; t++)
        for (int i = 0; i < PAD; i++)
            assert_true(column(value, t, stream)[i] == (!init || i >= N ? 0 : init[one ? 0 : i]));
    expect_untouched(value, stream, begin, end);
}

static void test_start(void **state)
{
    (void)state;
    rnn_real *init = malloc(N * sizeof *init), one = 7; /* as many as there are, not padded */
    assert_non_null(init);
    for (int i = 0; i < N; i++)
        init[i] = (rnn_real)(i + 1);
    const rnn_real *const inits[] = {NULL, init, &one};
    for (int stream = 0; stream < STREAMS; stream++)
        for (int k = 0; k < 3; k++) {
            struct value value;
            fill(&value);
            rnn_start_past(frame_0(&value), PAST, PAD, N, inits[k], k == 2, STREAMS, stream);
            expect_started(&value, stream, -PAST, 0, inits[k], k == 2);
            fill(&value);
            rnn_start_future(frame_0(&value), FUTURE, PAD, N, inits[k], k == 2, FRAMES, STREAMS, stream);
            expect_started(&value, stream, FRAMES, FRAMES + FUTURE, inits[k], k == 2);
            fill(&value); /* a stream that ends earlier has more frames behind its end */
            rnn_start_future(frame_0(&value), FRAMES - 2, PAD, N, inits[k], k == 2, 2, STREAMS, stream);
            expect_started(&value, stream, 2, FRAMES, inits[k], k == 2);
            fill(&value); /* none at all */
            rnn_start_future(frame_0(&value), 0, PAD, N, inits[k], k == 2, FRAMES, STREAMS, stream);
            expect_untouched(&value, stream, 0, 0);
        }
    free(init);
}

/* The frames before the next are the last of these, or, of a shorter block, the last of the past before it. */
static void test_carry(void **state)
{
    (void)state;
    for (int frames = 0; frames <= FRAMES; frames++) {
        struct value value;
        fill(&value);
        rnn_carry_past(frame_0(&value), PAST, PAD, frames, STREAMS);
        for (int s = 0; s < STREAMS; s++)
            for (int d = 1; d <= PAST; d++)
                assert_true(column_is(&value, -d, s, frames - d));
    }
}

static void test_keep(void **state)
{
    (void)state;
    for (int end = 0; end <= FRAMES; end++)
        for (int stream = 0; stream < STREAMS; stream++) {
            struct value from, to;
            fill(&from);
            fill(&to);
            rnn_keep_past(frame_0(&to), frame_0(&from), PAST, PAD, end, STREAMS, stream);
            for (int d = 1; d <= PAST; d++)
                assert_true(column_is(&to, -d, stream, end - d));
            expect_untouched(&to, stream, -PAST, 0);
        }
}

static void test_keep_ended(void **state)
{
    (void)state;
    rnn_real value[STREAMS * PAD], kept[STREAMS * PAD];
    const int ends[STREAMS] = {2, 0, 2};
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < STREAMS * PAD; i++) {
            value[i] = (rnn_real)(i + 1);
            kept[i] = 0;
        }
        rnn_keep_ended(kept, value, PAD, ends, t, 0, STREAMS);
        for (int i = 0; i < STREAMS * PAD; i++)
            assert_true(kept[i] == (t == 1 && i / PAD != 1 ? value[i] : 0));
    }
}

static void test_clear_after_end(void **state)
{
    (void)state;
    const int ends[STREAMS] = {0, 3, FRAMES};
    rnn_real out[FRAMES * STREAMS * N];
    for (int i = 0; i < FRAMES * STREAMS * N; i++)
        out[i] = 1;
    rnn_clear_after_end(out, N, ends, FRAMES, STREAMS);
    for (int t = 0; t < FRAMES; t++)
        for (int s = 0; s < STREAMS; s++)
            for (int i = 0; i < N; i++)
                assert_true(out[(t * STREAMS + s) * N + i] == (t < ends[s] ? 1 : 0));
    out[0] = 2;
    rnn_clear_after_end(out, N, NULL, FRAMES, STREAMS);
    assert_true(out[0] == 2);
}

static void test_clear_empty(void **state)
{
    (void)state;
    const int64_t ages[STREAMS] = {0, 1, 0};
    rnn_real out[STREAMS * N];
    for (int i = 0; i < STREAMS * N; i++)
        out[i] = 1;
    rnn_clear_empty(out, N, ages, STREAMS);
    for (int s = 0; s < STREAMS; s++)
        for (int i = 0; i < N; i++)
            assert_true(out[s * N + i] == (rnn_real)(ages[s] > 0));
}

static void test_embed(void **state)
{
    (void)state;
    const rnn_real table[] = {1, 2, 3, 4, 5, 6};
    static const int32_t none[] = {-1, 3, -2, INT32_MAX, INT32_MIN};
    rnn_real to[3] = {9, 9, 9};
    rnn_embed(to, table, 2, 3, 2);
    assert_true(to[0] == 5 && to[1] == 6 && to[2] == 9);
    for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
        to[0] = to[1] = 9;
        rnn_embed(to, table, none[k], 3, 2);
        assert_true(to[0] == 0 && to[1] == 0 && to[2] == 9);
    }
}

/* The same row, some units of it at a time. */
static void test_embed_units(void **state)
{
    (void)state;
    enum { UNITS = 2 * RNN_LANES };
    static const int32_t ids[] = {-1, 0, 1, 2, 3, INT32_MAX, INT32_MIN};
    struct {
        _Alignas(RNN_VECTOR_BYTES) rnn_real table[3 * UNITS], row[UNITS], units[RNN_LANES];
    } of;
    for (int i = 0; i < 3 * UNITS; i++)
        of.table[i] = (rnn_real)(i + 1);
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
        rnn_embed(of.row, of.table, ids[k], 3, UNITS);
        for (int unit = 0; unit < UNITS; unit += RNN_LANES) {
            rnn_vec_store(of.units, rnn_embed_units(of.table, ids[k], 3, UNITS, unit));
            assert_memory_equal(of.units, of.row + unit, sizeof of.units);
        }
    }
}

/* ---- over time ---- */

enum gathering { LAST, FIRST, SUM, MEAN, MAXIMUM, GATHERINGS };

static double wanted_over_time(enum gathering what, const double *values, int count)
{
    double sum = 0, maximum = count ? values[0] : 0;
    for (int t = 0; t < count; t++) {
        sum += values[t];
        maximum = values[t] > maximum ? values[t] : maximum;
    }
    if (!count)
        return 0;
    return what == LAST    ? values[count - 1]
           : what == FIRST ? values[0]
           : what == SUM   ? sum
           : what == MEAN  ? sum / count
                           : maximum;
}

static double value_at(int t, int stream, int i) { return (double)((t * 37 + stream * 11 + i * 5) % 23 - 30); }

/* Sequences of different lengths, one of them empty, in blocks of every size, against what all frames together give. */
static void check_gathering(enum gathering what, const int *lengths, int frames, int block)
{
    _Alignas(RNN_VECTOR_BYTES) rnn_real so_far[STREAMS * 2 * PAD], value[STREAMS * PAD], frame[16 * STREAMS * PAD];
    int ends[STREAMS];
    int64_t ages[STREAMS];
    const bool adds = what == SUM || what == MEAN;
    for (int s = 0; s < STREAMS; s++)
        rnn_gather_start(so_far, adds ? 2 * PAD : PAD, what == MAXIMUM, s);
    for (int done = 0; done < frames; done += block) {
        int count = block < frames - done ? block : frames - done;
        for (int s = 0; s < STREAMS; s++) {
            ages[s] = done < lengths[s] ? done : lengths[s];
            ends[s] = lengths[s] - done < 0 ? 0 : lengths[s] - done < count ? lengths[s] - done : count;
        }
        for (int t = 0; t < count; t++)
            for (int s = 0; s < STREAMS; s++)
                for (int i = 0; i < PAD; i++)
                    frame[(t * STREAMS + s) * PAD + i] =
                        t < ends[s] ? (rnn_real)value_at(done + t, s, i) : (rnn_real)1e6; /* not its own */
        int whole = ends[0] == count && ends[1] == count && ends[2] == count;
        const int *given = whole ? NULL : ends;
        if (what == LAST)
            rnn_gather_last(so_far, frame, PAD, count, STREAMS, given);
        else if (what == FIRST)
            rnn_gather_first(so_far, frame, PAD, count, STREAMS, given, ages);
        else if (what == MAXIMUM)
            rnn_gather_max(so_far, frame, PAD, count, STREAMS, given);
        else
            rnn_gather_sum(so_far, frame, PAD, count, STREAMS, given);
    }
    for (int s = 0; s < STREAMS; s++)
        ages[s] = lengths[s];
    if (adds)
        rnn_gather_finish_sum(value, so_far, PAD, what == MEAN, STREAMS, ages);
    else
        rnn_gather_finish(value, so_far, PAD, STREAMS, ages);
    for (int s = 0; s < STREAMS; s++)
        for (int i = 0; i < PAD; i++) {
            double values[16] = {0};
            for (int t = 0; t < lengths[s]; t++)
                values[t] = value_at(t, s, i);
            assert_true(fabs((double)value[s * PAD + i] - wanted_over_time(what, values, lengths[s])) < 1e-4);
        }
}

static void test_gathering(void **state)
{
    (void)state;
    static const int lengths[][STREAMS] = {{7, 7, 7}, {0, 7, 3}, {1, 0, 6}, {0, 0, 0}};
    for (int what = 0; what < GATHERINGS; what++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
            for (int block = 1; block <= 8; block++)
                check_gathering((enum gathering)what, lengths[k], 7, block);
}

/* A mean or sum of `first` and then, block by block, of count - 1 frames of x. */
static double long_sum(bool mean, double first, double x, int count)
{
    enum { BLOCK = 256 };
    _Alignas(RNN_VECTOR_BYTES) static rnn_real so_far[2 * RNN_PAD(1)], value[RNN_PAD(1)], frame[BLOCK * RNN_PAD(1)];
    rnn_gather_start(so_far, 2 * RNN_PAD(1), 0, 0);
    for (int done = 0; done < count; done += BLOCK) {
        for (int i = 0; i < BLOCK * RNN_PAD(1); i++)
            frame[i] = (rnn_real)(done == 0 && i < RNN_PAD(1) ? first : x);
        rnn_gather_sum(so_far, frame, RNN_PAD(1), count - done < BLOCK ? count - done : BLOCK, 1, NULL);
    }
    const int64_t age = count;
    rnn_gather_finish_sum(value, so_far, RNN_PAD(1), mean, 1, &age);
    return (double)value[0];
}

/* Sums keep their digits, however long; behind 2^24 frames of 1 each further one counts. */
static void test_long_sums(void **state)
{
    (void)state;
    assert_true(fabs(long_sum(true, 0.1, 0.1, 1000000) - 0.1) < 1e-8);
    assert_true(long_sum(false, 0x1p24, 1, 65537) == 0x1p24 + 65536);
    assert_true(long_sum(false, 0x1p32, 1, 65537) == 0x1p32 + 65536);
    assert_true(long_sum(false, 0x1p24, -0x1p-6, 65537) == 0x1p24 - 1024);
    assert_true(isinf(long_sum(false, INFINITY, 1, 3)) && isinf(long_sum(true, -INFINITY, 1, 300)));
    assert_true(isnan(long_sum(false, NAN, 1, 3)) && isnan(long_sum(false, INFINITY, -INFINITY, 3)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),       cmocka_unit_test(test_carry),           cmocka_unit_test(test_keep),
        cmocka_unit_test(test_keep_ended),  cmocka_unit_test(test_clear_after_end), cmocka_unit_test(test_clear_empty),
        cmocka_unit_test(test_embed),       cmocka_unit_test(test_gathering),       cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_embed_units),
    };
    return cpu_can_run() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
