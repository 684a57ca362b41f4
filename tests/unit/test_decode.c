/* Labels from the outputs of a network trained with CTC: against all paths of tiny sequences, and a beam that drops
 * prefixes against one that keeps them as plain strings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "table/decode.h"

enum { FRAMES = 5, SYMBOLS = 3, ALL = 64 /* labellings of up to FRAMES labels of two kinds are 63 */ };

static void near(double found, double wanted, double bound)
{
    if (!(fabs(found - wanted) <= bound))
        fail_msg("%.17g is not %.17g within %.3g", found, wanted, bound);
}

static void fill_probabilities(double *p, int frames, int n, double sharpness, uint64_t seed)
{
    struct random random = random_start(seed);
    for (int t = 0; t < frames; t++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += p[t * n + k] = exp(random_real(&random, sharpness));
        for (int k = 0; k < n; k++)
            p[t * n + k] /= sum;
    }
}

/* Gives the labels of a path: repeated symbols are merged, then blanks removed. */
static int spell(const int *path, int frames, int32_t *labels)
{
    int count = 0;
    for (int t = 0; t < frames; t++)
        if (path[t] && (t == 0 || path[t] != path[t - 1]))
            labels[count++] = path[t];
    return count;
}

/* ---- all paths ---- */

struct labelling {
    int32_t labels[FRAMES];
    int count;
    double probability;
};

static struct labelling *find_labelling(struct labelling *all, int *count, const int32_t *labels, int label_count)
{
    for (int i = 0; i < *count; i++)
        if (all[i].count == label_count && memcmp(all[i].labels, labels, sizeof *labels * (size_t)label_count) == 0)
            return &all[i];
    assert_true(*count < ALL);
    all[*count] = (struct labelling){.count = label_count};
    memcpy(all[*count].labels, labels, sizeof *labels * (size_t)label_count);
    return &all[(*count)++];
}

/* Sums the paths of each labelling, and returns the most probable path. */
static void sum_paths(const double *p, int frames, struct labelling *all, int *count, int *best_path)
{
    int paths = (int)(pow(SYMBOLS, frames) + 0.5);
    double best = -1;
    *count = 0;
    for (int number = 0; number < paths; number++) {
        int path[FRAMES] = {0};
        int32_t labels[FRAMES] = {0};
        double probability = 1;
        for (int t = 0, rest = number; t < frames; t++, rest /= SYMBOLS) {
            path[t] = rest % SYMBOLS;
            probability *= p[t * SYMBOLS + path[t]];
        }
        int label_count = spell(path, frames, labels);
        find_labelling(all, count, labels, label_count)->probability += probability;
        if (probability > best) {
            best = probability;
            memcpy(best_path, path, sizeof path);
        }
    }
}

static void check_labels(const int32_t *found, int found_count, const int32_t *wanted, int wanted_count)
{
    assert_int_equal(found_count, wanted_count);
    assert_memory_equal(found, wanted, sizeof *found * (size_t)wanted_count);
}

static void check_all_paths(struct arena *arena, int frames, uint64_t seed)
{
    double p[FRAMES * SYMBOLS], logits[FRAMES * SYMBOLS], log_probability;
    struct labelling all[ALL], *best = all;
    int count, path[FRAMES];
    int32_t labels[FRAMES], wanted[FRAMES];
    fill_probabilities(p, frames, SYMBOLS, seed % 3 + 0.5, seed);
    sum_paths(p, frames, all, &count, path);
    for (int i = 0; i < count; i++)
        best = all[i].probability > best->probability ? &all[i] : best;
    for (int i = 0; i < frames * SYMBOLS; i++)
        logits[i] = log(p[i]) + 3 * (i / SYMBOLS);

    int found = decode_beam(arena, p, DECODE_PROBABILITIES, frames, SYMBOLS, ALL, labels, &log_probability);
    check_labels(labels, found, best->labels, best->count);
    near(log_probability, log(best->probability), 1e-12);
    found = decode_beam(arena, logits, DECODE_LOGITS, frames, SYMBOLS, ALL, labels, &log_probability);
    check_labels(labels, found, best->labels, best->count);
    near(log_probability, log(best->probability), 1e-12);

    int wanted_count = spell(path, frames, wanted);
    check_labels(labels, decode_best_path(p, frames, SYMBOLS, labels), wanted, wanted_count);
    check_labels(labels, decode_best_path(logits, frames, SYMBOLS, labels), wanted, wanted_count);
}

static void test_all_paths(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (int frames = 0; frames <= FRAMES; frames++)
        for (uint64_t seed = 0; seed < 40; seed++)
            check_all_paths(arena, frames, seed);
    arena_free(arena);
}

/* ---- a narrow beam ---- */

enum { LONG = 40, MANY = 4, WIDEST = 9, CANDIDATES = WIDEST * MANY };

struct plain {
    char text[LONG + 1]; /* the labels as letters */
    double blank, label; /* probabilities */
};

static struct plain *find_plain(struct plain *list, int *count, const char *text)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(list[i].text, text) == 0)
            return &list[i];
    list[*count] = (struct plain){.blank = 0};
    strcpy(list[*count].text, text);
    return &list[(*count)++];
}

static int compare_plain(const void *left, const void *right)
{
    const struct plain *a = left, *b = right;
    double x = a->blank + a->label, y = b->blank + b->label;
    return (x < y) - (x > y);
}

static struct plain decode_plain(const double *p, int width)
{
    struct plain beam[CANDIDATES] = {{.blank = 1}}, next[CANDIDATES];
    int count = 1;
    for (int t = 0; t < LONG; t++) {
        const double *row = p + t * MANY;
        int next_count = 0;
        for (int i = 0; i < count; i++) {
            const struct plain *from = &beam[i];
            size_t length = strlen(from->text);
            int last = length ? from->text[length - 1] - 'a' : 0;
            find_plain(next, &next_count, from->text)->blank += row[0] * (from->blank + from->label);
            for (int k = 1; k < MANY; k++) {
                char text[LONG + 1] = "";
                memcpy(text, from->text, length);
                text[length] = (char)('a' + k);
                if (k == last) {
                    find_plain(next, &next_count, from->text)->label += row[k] * from->label;
                    find_plain(next, &next_count, text)->label += row[k] * from->blank;
                } else
                    find_plain(next, &next_count, text)->label += row[k] * (from->blank + from->label);
            }
        }
        qsort(next, (size_t)next_count, sizeof *next, compare_plain);
        count = next_count < width ? next_count : width;
        memcpy(beam, next, sizeof *next * (size_t)count);
    }
    return beam[0];
}

static void test_narrow_beam(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (uint64_t seed = 0; seed < 400; seed++) {
        double p[LONG * MANY], log_probability;
        int32_t labels[LONG];
        int width = 1 + (int)(seed % WIDEST);
        fill_probabilities(p, LONG, MANY, 0.5 + (double)(seed % 4), seed);
        struct plain wanted = decode_plain(p, width);
        int count = decode_beam(arena, p, DECODE_PROBABILITIES, LONG, MANY, width, labels, &log_probability);
        assert_int_equal(count, strlen(wanted.text));
        for (int i = 0; i < count; i++)
            assert_int_equal(labels[i], wanted.text[i] - 'a');
        near(log_probability, log(wanted.blank + wanted.label), 1e-10);
        assert_int_equal(decode_beam(arena, p, DECODE_PROBABILITIES, LONG, MANY, width, labels, NULL), count);
    }
    arena_free(arena);
}

/* ---- by hand ---- */

/* The best path says nothing with 0.36; three paths say 1 with 0.64 together. */
static void test_paths_add_up(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const double p[] = {0.6, 0.4, 0.6, 0.4};
    double log_probability;
    int32_t labels[2];
    assert_int_equal(decode_best_path(p, 2, 2, labels), 0);
    assert_int_equal(decode_beam(arena, p, DECODE_PROBABILITIES, 2, 2, 3, labels, &log_probability), 1);
    assert_int_equal(labels[0], 1);
    near(log_probability, log(0.64), 1e-15);
    arena_free(arena);
}

static void test_repeats(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    static const int symbols[] = {2, 2, 0, 2, 1, 1, 0, 0, 1, 2};
    const int32_t wanted[] = {2, 2, 1, 1, 2};
    double p[30] = {0};
    int32_t labels[10];
    for (int t = 0; t < 10; t++)
        p[3 * t + symbols[t]] = 1;
    check_labels(labels, decode_best_path(p, 10, 3, labels), wanted, 5);
    for (int width = 1; width < 5; width++)
        check_labels(labels, decode_beam(arena, p, DECODE_PROBABILITIES, 10, 3, width, labels, NULL), wanted, 5);
    arena_free(arena);
}

/* Sizes whose exponentials are infinite or 0, many frames, and frames that say nothing. */
static void test_extremes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    enum { COUNT = 3000 };
    double *logits = ARENA_ARRAY(arena, double, 2 * COUNT), log_probability;
    int32_t *labels = ARENA_ARRAY(arena, int32_t, COUNT);
    for (int t = 0; t < COUNT; t++)
        logits[2 * t] = (t % 2 ? 1 : -1) * 2000;
    assert_int_equal(decode_beam(arena, logits, DECODE_LOGITS, COUNT, 2, 4, labels, &log_probability), COUNT / 2);
    near(log_probability, 0, 1e-12);
    const double broken[] = {NAN, 0, INFINITY, 0, -INFINITY, -INFINITY};
    assert_int_equal(decode_beam(arena, broken, DECODE_LOGITS, 3, 2, 8, labels, &log_probability), 1);
    near(log_probability, log(6 / 8.0), 1e-15); /* of 8 paths one says nothing and one says 1 twice */
    const double holes[] = {NAN, -1, 0, NAN, NAN, NAN};
    assert_int_equal(decode_best_path(holes, 3, 2, labels), 1);
    assert_int_equal(decode_beam(arena, holes, DECODE_PROBABILITIES, 2, 1, 1, labels, NULL), 0); /* only the blank */
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_paths), cmocka_unit_test(test_narrow_beam), cmocka_unit_test(test_paths_add_up),
        cmocka_unit_test(test_repeats),   cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
