/* What is sent of gradients: the cost of each way, the choice among them, and factors that carry what they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "ranks/compress.h"
#include "ranks/factors.h"
#include "ranks/halves.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- words ---- */

static void test_links(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double bytes_per_second, seconds;
    } good[] = {{"10Gb/s,20us", 1.25e9, 20e-6}, {"1.5GB/s,0s", 1.5e9, 0},   {"8b/s,1s", 1, 1},
                {"100 Mb/s,3ms", -1, 0},        {"56kb/s,1e2ms", 7e3, 0.1}, {"1TB/s,500ns", 1e12, 5e-7}};
    for (int i = 0; i < LENGTH(good); i++) {
        struct cost_link link;
        const bool read = cost_parse_link(good[i].text, &link);
        assert_int_equal(read, good[i].bytes_per_second > 0);
        assert_true(!read || fabs(link.bytes_per_second / good[i].bytes_per_second - 1) < 1e-12);
        assert_true(!read || fabs(link.seconds - good[i].seconds) < 1e-15);
    }
    static const char *const bad[] = {"",
                                      "10Gb/s",
                                      "10Gb/s,",
                                      ",20us",
                                      "10G,20us",
                                      "0b/s,1s",
                                      "-1Gb/s,20us",
                                      "nanGb/s,20us",
                                      "infGb/s,20us",
                                      "10Gb/s,-1us",
                                      "10,20",
                                      "10Gb/s,20us ",
                                      "10Gb/s,20us,1",
                                      "10gb/s,20us",
                                      "10Gb/s,20",
                                      "0x10Gb/s,20us",
                                      "10Gb/s,0X1us",
                                      "1e308GB/s,20us",
                                      "1e-323b/s,1s",
                                      "1Gb/s,1e-323ns"};
    for (int i = 0; i < LENGTH(bad); i++)
        if (cost_parse_link(bad[i], &(struct cost_link){0}))
            fail_msg("'%s' is taken for a link", bad[i]);
}

static void test_ways_in_words(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct compress_options options = {.after = 7};
    static const char *const good[][2] = {{"none", "none"},
                                          {"f16", "f16"},
                                          {"powersgd:3", "powersgd:3 after 7 steps"},
                                          {"auto", "auto after 7 steps"},
                                          {"auto:12", "auto:12 after 7 steps"}};
    for (int i = 0; i < LENGTH(good); i++) {
        assert_true(compress_parse(good[i][0], &options));
        assert_string_equal(compress_print(arena, &options), good[i][1]);
    }
    static const char *const bad[] = {
        "",      "f32",     "powersgd", "powersgd:",     "powersgd:0", "powersgd:-1", "auto:",        "auto:0",
        "autos", "auto:4x", "auto: 4",  "powersgd:1025", "none:1",     "powersgd:+1", "powersgd:1e1", "f16 "};
    for (int i = 0; i < LENGTH(bad); i++)
        if (compress_parse(bad[i], &options))
            fail_msg("'%s' is taken for a way", bad[i]);
    arena_free(arena);
}

/* ---- costs ---- */

static void test_costs(void **state)
{
    (void)state;
    const struct cost_rates rates = cost_rates_of_link(&(struct cost_link){1e9, 1e-5}, 4);
    const struct cost_matrix matrix = {100, 200}, vector = {300, 1};
    assert_true(fabs(rates.start - 4e-5) < 1e-15);  /* 2 log2 4 messages */
    assert_true(fabs(rates.byte - 1.5e-9) < 1e-20); /* 2 (4 - 1) / 4 times each */
    const struct compress_way none = {COMPRESS_NONE, 0}, f16 = {COMPRESS_F16, 0}, two = {COMPRESS_POWERSGD, 2};
    assert_true(fabs(cost_of(&rates, matrix, none, 4) - 100 * 200 * 4 * 1.5e-9) < 1e-15);
    assert_true(fabs(cost_of(&rates, matrix, f16, 4) - 100 * 200 * (2 * rates.half_byte + rates.halve)) < 1e-15);
    const double arithmetic = 100 * 200 * (rates.pass + 2 * rates.multiply) + 100 * 2 * 3.5 / 3 * rates.multiply;
    assert_true(fabs(cost_of(&rates, matrix, two, 8) - (arithmetic + 300 * 2 * 8 * 1.5e-9)) < 1e-15);
    assert_true(cost_allows(matrix, two));
    assert_false(cost_allows(matrix, (struct compress_way){COMPRESS_POWERSGD, 34})); /* 2 * 300 * 34 > 100 * 200 */
    assert_false(cost_allows(vector, two));
    const struct cost_matrix both[] = {matrix, vector};
    const double together = cost_of(&rates, matrix, two, 4) + cost_of(&rates, vector, none, 4);
    assert_true(fabs(cost_of_all(&rates, both, (struct compress_way[]){two, none}, 2, 4) - together - 2 * rates.start) <
                1e-15);
    const double plain = cost_of_all(&rates, both, (struct compress_way[]){none, none}, 2, 4);
    assert_true(fabs(plain - (100 * 200 + 300) * 4 * 1.5e-9 - rates.start) < 1e-15);
    const struct cost_rates alone = cost_rates_of_link(&(struct cost_link){1e9, 1e-5}, 1);
    assert_true(alone.start == 0 && alone.byte == 0);
}

/* The least that the parameters cost in any combination of ways. */
static double find_least(const struct cost_rates *rates, const struct cost_matrix *matrices, int count, int rank)
{
    struct compress_way tried[COST_MOST_WAYS], ways[4];
    const int way_count = cost_list_ways(rank, tried);
    double least = INFINITY;
    int combinations = 1;
    for (int i = 0; i < count; i++)
        combinations *= way_count;
    for (int number = 0; number < combinations; number++) {
        bool allowed = true;
        for (int i = 0, rest = number; i < count; i++, rest /= way_count) {
            ways[i] = tried[rest % way_count];
            allowed &= cost_allows(matrices[i], ways[i]);
        }
        least = allowed ? fmin(least, cost_of_all(rates, matrices, ways, count, 4)) : least;
    }
    return least;
}

/* Never more than a tenth behind the best combination, over links from a modem to a memory. */
static void test_choices(void **state)
{
    (void)state;
    struct random random = random_start(3);
    int kinds[3] = {0};
    for (int round = 0; round < 500; round++) {
        const struct cost_link link = {pow(10, 3 + 4.5 * (1 + random_real(&random, 1))),
                                       pow(10, -5 + 3 * random_real(&random, 1))};
        const int rank = round % 3 == 0 ? 1 + round % 7 : 0;
        struct cost_rates rates = cost_rates_of_link(&link, 2 << round % 10);
        if (round % 5 == 0) /* a processor that is fast in halves */
            rates.half_byte = rates.byte, rates.halve = 1e-11;
        struct cost_matrix matrices[4];
        struct compress_way ways[4];
        for (int i = 0; i < 4; i++)
            matrices[i] = (struct cost_matrix){1 + random_bits(&random) % (i ? 2000 : 100),
                                               round % 2 && i == 3 ? 1 : 1 + random_bits(&random) % 1000};
        cost_choose(&rates, matrices, 4, 4, rank, ways);
        const double cost = cost_of_all(&rates, matrices, ways, 4, 4), least = find_least(&rates, matrices, 4, rank);
        if (!(cost <= 1.1 * least))
            fail_msg("round %d: %g, where %g is possible", round, cost, least);
        for (int i = 0; i < 4; i++) {
            kinds[ways[i].kind]++;
            assert_true(cost_allows(matrices[i], ways[i]));
            assert_true(!rank || !ways[i].rank || ways[i].rank == rank);
        }
    }
    for (int kind = 0; kind < 3; kind++)
        assert_in_range(kinds[kind], 50, 2000);
}

/* Of ways that cost about the same, the one that keeps most. */
static void test_faithful(void **state)
{
    (void)state;
    const struct cost_matrix matrix = {1000, 1000};
    struct compress_way way;
    struct cost_rates rates = {.byte = 1e-6, .half_byte = 1, .halve = 1, .pass = 1e-7};
    cost_choose(&rates, &matrix, 1, 4, 0, &way); /* 4 s; 0.1 s + R * 0.008 s */
    assert_true(way.kind == COMPRESS_POWERSGD && way.rank == 1);
    rates.byte = 1e-7; /* 0.4 s; 0.1 s + R * 0.0008 s */
    cost_choose(&rates, &matrix, 1, 4, 0, &way);
    assert_true(way.kind == COMPRESS_POWERSGD && way.rank == 4);
    rates.byte = 2.6e-8; /* 0.104 s */
    cost_choose(&rates, &matrix, 1, 4, 0, &way);
    assert_int_equal(way.kind, COMPRESS_NONE);
}

/* ---- factors ---- */

enum { ROWS = 19, COLUMNS = 13, RANK = 3 };

struct example {
    float gradient[ROWS * COLUMNS], error[ROWS * COLUMNS];
    double p[ROWS * RANK], q[COLUMNS * RANK], scratch[2 * COLUMNS];
};

static void run(struct example *example, int ranks)
{
    struct factors factors = {.rows = ROWS,
                              .columns = COLUMNS,
                              .rank = RANK,
                              .gradient = example->gradient,
                              .error = example->error,
                              .p = example->p,
                              .q = example->q,
                              .scratch = example->scratch};
    factors_renew_q(&factors, 5);
    factors_make_p(&factors);
    factors_orthonormalise(&factors);
    factors_make_q(&factors);
    factors_multiply(&factors, ranks);
}

static void draw(float *numbers, int count, uint64_t seed)
{
    struct random random = random_start(seed);
    for (int k = 0; k < count; k++)
        numbers[k] = (float)random_real(&random, 1);
}

/* What is not sent is kept, to rounding, each rank's share of it by the rank; columns of P are orthonormal. */
static void test_error_feedback(void **state)
{
    (void)state;
    for (int ranks = 1; ranks < 4; ranks++) {
        struct example example = {0};
        float whole[ROWS * COLUMNS];
        draw(whole, ROWS * COLUMNS, 1);
        memcpy(example.gradient, whole, sizeof whole);
        draw(example.error, ROWS * COLUMNS, 2);
        for (int k = 0; k < ROWS * COLUMNS; k++)
            whole[k] += example.error[k];
        run(&example, ranks);
        double sent = 0;
        for (int k = 0; k < ROWS * COLUMNS; k++) {
            assert_true(fabs((double)(example.gradient[k] / (float)ranks + example.error[k] - whole[k])) < 1e-5);
            sent += fabs((double)example.gradient[k]);
        }
        assert_true(sent > 1);
        for (int a = 0; a < RANK; a++)
            for (int b = 0; b < RANK; b++) {
                double product = 0;
                for (int i = 0; i < ROWS; i++)
                    product += example.p[a * ROWS + i] * example.p[b * ROWS + i];
                assert_true(fabs(product - (a == b)) < 1e-12);
            }
    }
}

/* A matrix of that rank, or less, is sent whole. */
static void test_low_rank(void **state)
{
    (void)state;
    for (int rank = 0; rank <= RANK; rank++) {
        struct example example = {0};
        float left[ROWS * RANK], right[COLUMNS * RANK], whole[ROWS * COLUMNS] = {0};
        draw(left, ROWS * RANK, 3);
        draw(right, COLUMNS * RANK, 4);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                for (int k = 0; k < rank; k++)
                    whole[i * COLUMNS + j] += left[i * RANK + k] * right[j * RANK + k];
        memcpy(example.gradient, whole, sizeof whole);
        run(&example, 1);
        for (int k = 0; k < ROWS * COLUMNS; k++)
            assert_true(fabs((double)(example.gradient[k] - whole[k])) < 1e-5 && fabs((double)example.error[k]) < 1e-5);
    }
}

/* ---- halves ---- */

/* The sum of the largest numbers of all ranks is in the range of half precision, of which it leaves little unused. */
static void test_range_of_halves(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= 1024; ranks++)
        for (int power = -60; power <= 60; power += 30) {
            const float number = ldexpf(0.999F, power);
            const int exponent = halves_find_exponent(&number, 1, 4);
            const double sum = ranks * (double)number * halves_find_scale(exponent, ranks);
            assert_int_equal(exponent, power);
            assert_true(sum <= 65504 && sum > 65504.0 / 16);
        }
}

/* ---- sums ---- */

/* Each parameter is sent in its way, whatever those beside it are; by one rank, so that what is left of it is known. */
static void test_ways_side_by_side(void **state)
{
    (void)state;
    enum { COUNT = 6, SIDE = 8, MOST = SIDE * SIDE };
    static const struct compress_way none = {COMPRESS_NONE, 0}, f16 = {COMPRESS_F16, 0}, one = {COMPRESS_POWERSGD, 1};
    const struct compress_way ways[COUNT] = {f16, none, f16, none, one, f16};
    rnn_tensor tensors[COUNT] = {{0}};
    float gradient[COUNT * MOST], whole[COUNT * MOST];
    for (int i = 0; i < COUNT; i++)
        tensors[i] = (rnn_tensor){.rank = 2, .shape = {SIDE, SIDE}, .offset = (size_t)(i * MOST)};
    const rnn_model model = {
        .real_size = 4, .parameters = tensors, .parameter_count = COUNT, .parameter_elements = COUNT * MOST};
    draw(whole, COUNT * MOST, 7);
    for (int k = 0; k < MOST; k++) /* of rank 1, so that factors are all of it */
        whole[4 * MOST + k] = whole[k / SIDE] * whole[k % SIDE];
    memcpy(gradient, whole, sizeof whole);

    struct arena *arena = arena_new();
    struct ranks ranks = {.count = 1};
    struct compress compress;
    compress_open(&compress, arena, &(struct compress_options){.way = none}, &ranks, &model, 1);
    compress_use(&compress, arena, ways, 1);
    compress_sum(&compress, gradient);
    for (int i = 0; i < COUNT; i++) {
        double most = 0;
        for (int k = i * MOST; k < (i + 1) * MOST; k++)
            most = fmax(most, fabs((double)(gradient[k] - whole[k])));
        if (ways[i].kind == COMPRESS_NONE)
            assert_true(most == 0);
        else if (ways[i].kind == COMPRESS_F16) /* numbers below 1 have 11 bits */
            assert_true(most > 0 && most <= ldexp(1, -12));
        else
            assert_true(most < 1e-6);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_ways_in_words),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_faithful),
        cmocka_unit_test(test_error_feedback),
        cmocka_unit_test(test_low_rank),
        cmocka_unit_test(test_range_of_halves),
        cmocka_unit_test(test_ways_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
