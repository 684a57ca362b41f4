#include "ranks/cost.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "command/argument.h"

/* ---- the link ---- */

struct unit {
    const char *name;
    double factor;
};

/* Reads a number above 0 (or 0 where that is allowed) and its unit, up to `end`. */
static bool parse_quantity(const char *text, const char *end, const struct unit *units, int count, bool zero,
                           double *result)
{
    char *rest;
    double number;
    if (!argument_number(text, &rest, &number) || rest > end || number < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (strlen(units[i].name) == (size_t)(end - rest) && strncmp(rest, units[i].name, (size_t)(end - rest)) == 0) {
            *result = number * units[i].factor;
            return isfinite(*result) && (*result > 0 || (zero && number == 0));
        }
    return false;
}

bool cost_parse_link(const char *text, struct cost_link *link)
{
    static const struct unit speeds[] = {{"B/s", 1},        {"kB/s", 1e3},     {"MB/s", 1e6},     {"GB/s", 1e9},
                                         {"TB/s", 1e12},    {"b/s", 1.0 / 8},  {"kb/s", 1e3 / 8}, {"Mb/s", 1e6 / 8},
                                         {"Gb/s", 1e9 / 8}, {"Tb/s", 1e12 / 8}};
    static const struct unit times[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
    const char *comma = strchr(text, ',');
    return comma &&
           parse_quantity(text, comma, speeds, (int)(sizeof speeds / sizeof *speeds), false, &link->bytes_per_second) &&
           parse_quantity(comma + 1, comma + strlen(comma), times, (int)(sizeof times / sizeof *times), true,
                          &link->seconds);
}

struct cost_rates cost_rates_of_link(const struct cost_link *link, int ranks)
{
    /* Of one core at 3 GHz without wider vectors than SSE2. */
    static const double halve = 5e-9, add_half = 4e-9, pass = 3e-9, multiply = 1e-9;
    int rounds = 0;
    for (int reached = 1; reached < ranks && rounds < 30; reached *= 2)
        rounds++;
    const double parts = ranks > 1 ? (ranks - 1.0) / ranks : 0, byte = 2 * parts / link->bytes_per_second;
    return (struct cost_rates){.start = 2 * rounds * link->seconds,
                               .byte = byte,
                               .half_byte = byte + parts * add_half / sizeof(uint16_t),
                               .halve = halve,
                               .pass = pass,
                               .multiply = multiply};
}

/* ---- costs ---- */

bool cost_allows(struct cost_matrix matrix, struct compress_way way)
{
    return way.kind != COMPRESS_POWERSGD ||
           (matrix.columns > 1 && 2 * (matrix.rows + matrix.columns) * (size_t)way.rank < matrix.rows * matrix.columns);
}

double cost_of(const struct cost_rates *rates, struct cost_matrix matrix, struct compress_way way, int real_size)
{
    const double rows = (double)matrix.rows, columns = (double)matrix.columns, rank = way.rank;
    /* Gram and Schmidt: of each pair of columns a product and a difference, of each column its length. A third of
     * `multiply` is one multiplication and addition. */
    const double orthogonalise = rows * rank * (rank + 1.5) / 3;
    switch (way.kind) {
    case COMPRESS_NONE:
        break;
    case COMPRESS_F16:
        return rows * columns * (rates->halve + rates->half_byte * sizeof(uint16_t));
    case COMPRESS_POWERSGD:
        return rows * columns * (rates->pass + rank * rates->multiply) + orthogonalise * rates->multiply +
               (rows + columns) * rank * real_size * rates->byte;
    }
    return rows * columns * real_size * rates->byte;
}

double cost_of_all(const struct cost_rates *rates, const struct cost_matrix *matrices, const struct compress_way *ways,
                   int count, int real_size)
{
    bool halves = false, factors = false;
    double seconds = 0;
    for (int i = 0; i < count; i++) {
        halves |= ways[i].kind == COMPRESS_F16;
        factors |= ways[i].kind == COMPRESS_POWERSGD;
        seconds += cost_of(rates, matrices[i], ways[i], real_size);
    }
    return seconds + (halves || factors ? 2 * halves + 2 * factors : 1) * rates->start;
}

/* ---- the choice ---- */

int cost_list_ways(int rank, struct compress_way ways[COST_MOST_WAYS])
{
    int count = 0;
    ways[count++] = (struct compress_way){.kind = COMPRESS_NONE};
    ways[count++] = (struct compress_way){.kind = COMPRESS_F16};
    for (int tried = rank ? rank : 4; tried > 0; tried = rank ? 0 : tried / 2)
        ways[count++] = (struct compress_way){COMPRESS_POWERSGD, tried};
    return count;
}

/* What is kept may cost so much more, in the choice of each parameter and in that of the ways as a whole: a tenth of
 * the least in all. */
static const double allowance = 1.048;

/* Returns the first way that costs little more than the cheapest, of those that are allowed. */
static struct compress_way choose_way(const struct cost_rates *rates, struct cost_matrix matrix, int real_size,
                                      int rank, bool halves, bool factors)
{
    struct compress_way ways[COST_MOST_WAYS];
    double costs[COST_MOST_WAYS], least = INFINITY;
    const int count = cost_list_ways(rank, ways);
    for (int i = 0; i < count; i++) {
        const bool allowed = (ways[i].kind != COMPRESS_F16 || halves) &&
                             (ways[i].kind != COMPRESS_POWERSGD || factors) && cost_allows(matrix, ways[i]);
        costs[i] = allowed ? cost_of(rates, matrix, ways[i], real_size) : INFINITY;
        least = fmin(least, costs[i]);
    }
    int chosen = 0;
    while (costs[chosen] > allowance * least)
        chosen++;
    return ways[chosen];
}

static void choose_all(const struct cost_rates *rates, const struct cost_matrix *matrices, int count, int real_size,
                       int rank, int allowed, struct compress_way *ways)
{
    for (int i = 0; i < count; i++)
        ways[i] = choose_way(rates, matrices[i], real_size, rank, allowed & 1, allowed & 2);
}

/* Sums begin once for all that is sent in the same way: so each set of ways is tried, with all parameters, from none
 * but plain sums (0) over halves (1) and factors (2) to both (3). */
void cost_choose(const struct cost_rates *rates, const struct cost_matrix *matrices, int count, int real_size, int rank,
                 struct compress_way *ways)
{
    enum { SETS = 4 };
    double costs[SETS], least = INFINITY;
    for (int set = 0; set < SETS; set++) {
        choose_all(rates, matrices, count, real_size, rank, set, ways);
        costs[set] = cost_of_all(rates, matrices, ways, count, real_size);
        least = fmin(least, costs[set]);
    }
    int chosen = 0;
    while (costs[chosen] > allowance * least)
        chosen++;
    choose_all(rates, matrices, count, real_size, rank, chosen, ways);
}
