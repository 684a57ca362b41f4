/* What ranks have in common with MPI and without. */
#include "ranks/ranks.h"

#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/arena.h"
#include "rnn/stored_round.h"

double ranks_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Returns the first of these that differs between ranks, or `count`; *rank: the first rank that has another than rank
 * 0. */
static int find_different(struct ranks *ranks, struct arena *arena, const struct ranks_item *items, int count,
                          int *rank)
{
    double *sums = ARENA_ARRAY(arena, double, (long)ranks->count *count + 1);
    for (int i = 0; i < count; i++)
        sums[ranks->rank * count + i] =
            (double)crc32_z(0, (const unsigned char *)items[i].value, strlen(items[i].value));
    ranks_sum(ranks, sums, ranks->count * count);
    for (int i = 0; i < count; i++)
        for (int r = 1; r < ranks->count; r++)
            if (sums[r * count + i] != sums[i]) {
                *rank = r;
                return i;
            }
    return count;
}

bool ranks_agree(struct ranks *ranks, struct arena *arena, const struct ranks_item *items, int count,
                 const char **error)
{
    int rank = 0, place = ranks->count == 1 ? count : find_different(ranks, arena, items, count, &rank);
    if (place == count)
        return true;
    const char *name = ranks_text(ranks, arena, 0, items[place].name);
    const char *first = ranks_text(ranks, arena, 0, items[place].value);
    const char *other = ranks_text(ranks, arena, rank, items[place].value);
    *error = items[place].sum
                 ? arena_printf(arena, "the %s of rank %d of %d is not that of rank 0", name, rank, ranks->count)
                 : arena_printf(arena, "rank %d of %d has '%s' for %s, rank 0 has '%s'", rank, ranks->count, other,
                                name, first);
    return false;
}

void ranks_add_halves(const uint16_t *added, uint16_t *sums, int count)
{
    for (int k = 0; k < count; k++)
        sums[k] = rnn_f16_of_float(rnn_float_of_f16(sums[k]) + rnn_float_of_f16(added[k]));
}
