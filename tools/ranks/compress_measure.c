/* The rates of cost.h, by trying: sums over the ranks that there are, and the arithmetic of compression on a matrix of
 * its own. */
#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "ranks/compress.h"

enum {
    TRIES = 5,
    SMALL_TRIES = 21,
    LEAST_FEW = 64, /* numbers of a sum of which only the start takes time */
    LEAST_BYTES = 1 << 16,
    MOST_BYTES = 1 << 22, /* of a sum, unless a smaller one takes long enough */
    LOW = 1,              /* two ranks of factors, which tell the passes from the multiplications */
    HIGH = 4
};

static const double long_enough = 0.01; /* seconds */

/* What is tried, on numbers of 4 or 8 bytes, or halves of 2. */
struct trial {
    struct ranks *ranks;
    void *numbers;
    size_t count;
    int size;
    struct compress *compress;
};

static void sum(const struct trial *trial)
{
    if (trial->size == (int)sizeof(uint16_t)) {
        ranks_sum_halves(trial->ranks, trial->numbers, trial->count);
        return;
    }
    ranks_begin_sum(trial->ranks, trial->numbers, trial->count, trial->size);
    ranks_end_sums(trial->ranks);
}

static void compress(const struct trial *trial) { compress_sum(trial->compress, trial->numbers); }

/* Returns the middle one of so many times, of an average rank: the same number on all. */
static double measure(const struct trial *trial, void (*run)(const struct trial *), struct ranks *ranks, int tries)
{
    double times[SMALL_TRIES];
    run(trial); /* pages and connections are there from now on */
    for (int i = 0; i < tries; i++) {
        ranks_meet(ranks);
        const double begin = ranks_clock();
        run(trial);
        double time = ranks_clock() - begin;
        int place = i;
        for (; place > 0 && times[place - 1] > time; place--)
            times[place] = times[place - 1];
        times[place] = time;
    }
    double middle = times[tries / 2];
    ranks_sum(ranks, &middle, 1);
    return middle / ranks->count;
}

/* Sums more and more until it takes long enough: then the seconds of a byte are told from those of the beginning. */
static void measure_sums(struct ranks *ranks, struct arena *arena, int real_size, struct cost_rates *rates)
{
    /* A sum of fewer numbers than ranks would go another way. */
    const size_t few = ranks->count < LEAST_FEW ? LEAST_FEW : (size_t)ranks->count * 2;
    struct trial trial = {ranks, arena_alloc(arena, MOST_BYTES, 1), few, real_size, NULL};
    rates->start = measure(&trial, sum, ranks, SMALL_TRIES);
    double time = 0;
    size_t bytes = LEAST_BYTES;
    for (;; bytes *= 4) {
        trial.count = bytes / (size_t)real_size;
        time = measure(&trial, sum, ranks, TRIES);
        if (bytes >= MOST_BYTES || time - rates->start >= long_enough)
            break;
    }
    rates->byte = fmax(time - rates->start, 0) / (double)bytes;
    trial.size = sizeof(uint16_t);
    trial.count = bytes / sizeof(uint16_t);
    rates->half_byte = fmax(measure(&trial, sum, ranks, TRIES) - rates->start, 0) / (double)bytes;
}

/* Returns the seconds that it takes to compress the matrix so, but for the sums. */
static double measure_way(struct ranks *ranks, struct arena *arena, const rnn_model *model, void *gradient,
                          struct compress_way way)
{
    struct ranks alone = {.count = 1};
    struct compress compress_alone;
    const struct compress_options options = {.way = way};
    compress_open(&compress_alone, arena, &options, &alone, model, 1);
    const struct trial trial = {.numbers = gradient, .compress = &compress_alone};
    return measure(&trial, compress, ranks, TRIES);
}

struct cost_rates compress_measure(struct ranks *ranks, int real_size)
{
    struct cost_rates rates = {0};
    if (ranks->count == 1)
        return rates;
    const double bytes = ranks->bytes; /* of the training, to which these sums do not belong */
    struct arena *arena = arena_new();
    const double elements = (double)COMPRESS_TRIAL_ROWS * COMPRESS_TRIAL_COLUMNS;
    const rnn_tensor tensor = {.rank = 2, .shape = {COMPRESS_TRIAL_ROWS, COMPRESS_TRIAL_COLUMNS}};
    const rnn_model model = {.real_size = real_size,
                             .parameters = &tensor,
                             .parameter_count = 1,
                             .parameter_elements = (size_t)COMPRESS_TRIAL_ROWS * COMPRESS_TRIAL_COLUMNS};
    struct random random = random_start(1);
    void *gradient = arena_alloc(arena, (size_t)COMPRESS_TRIAL_ROWS * COMPRESS_TRIAL_COLUMNS, (size_t)real_size);
    for (size_t k = 0; k < (size_t)COMPRESS_TRIAL_ROWS * COMPRESS_TRIAL_COLUMNS; k++) {
        const double number = random_real(&random, 1);
        if (real_size == (int)sizeof(double))
            ((double *)gradient)[k] = number;
        else
            ((float *)gradient)[k] = (float)number;
    }
    measure_sums(ranks, arena, real_size, &rates);
    rates.halve = measure_way(ranks, arena, &model, gradient, (struct compress_way){COMPRESS_F16, 0}) / elements;
    const double low = measure_way(ranks, arena, &model, gradient, (struct compress_way){COMPRESS_POWERSGD, LOW});
    const double high = measure_way(ranks, arena, &model, gradient, (struct compress_way){COMPRESS_POWERSGD, HIGH});
    rates.multiply = fmax(high - low, 0) / (HIGH - LOW) / elements;
    rates.pass = fmax(low / elements - LOW * rates.multiply, 0);
    arena_free(arena);
    ranks->bytes = bytes;
    return rates;
}
