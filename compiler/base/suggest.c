#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

/* Longer names are not taken for each other's misspellings; the bound keeps the rows on the stack. */
enum { LONGEST_NAME = 64 };

static int least(int a, int b) { return a < b ? a : b; }

/* The restricted distance (a swapped pair is not edited again), with three rows of the usual table: row i holds the
 * distances from the first i letters of `a` to each beginning of `b`. */
static int edit_distance(const char *a, int a_length, const char *b, int b_length)
{
    int rows[3][LONGEST_NAME + 1];
    int *before = rows[0], *previous = rows[1], *current = rows[2];
    for (int j = 0; j <= b_length; j++)
        previous[j] = j;
    for (int i = 1; i <= a_length; i++) {
        current[0] = i;
        for (int j = 1; j <= b_length; j++) {
            current[j] = least(least(previous[j], current[j - 1]) + 1, previous[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                current[j] = least(current[j], before[j - 2] + 1);
        }
        int *free_row = before;
        before = previous;
        previous = current;
        current = free_row;
    }
    return previous[b_length];
}

void suggest_init(struct suggestion *suggestion, const char *name) { *suggestion = (struct suggestion){.name = name}; }

void suggest_consider(struct suggestion *suggestion, const char *candidate)
{
    size_t name_length = strlen(suggestion->name), length = strlen(candidate);
    if (name_length > LONGEST_NAME || length > LONGEST_NAME)
        return;
    int limit = ((int)(length > name_length ? length : name_length) + 1) / 3;
    if (abs((int)length - (int)name_length) > limit)
        return;
    int distance = edit_distance(suggestion->name, (int)name_length, candidate, (int)length);
    if (distance == 0 || distance > limit || (suggestion->best && distance >= suggestion->distance))
        return;
    suggestion->best = candidate;
    suggestion->distance = distance;
}
