/* Diagnostics in the order in which they are printed. */
#include "base/diag_print.h"

#include <stdlib.h>

#include "base/arena.h"

/* An error or warning with the notes behind it, and where it stands in the order in which they were found. */
struct group {
    uint32_t begin;
    int first, end;
};

static int compare_groups(const void *a, const void *b)
{
    const struct group *one = a, *other = b;
    if (one->begin != other->begin)
        return one->begin < other->begin ? -1 : 1;
    return one->first - other->first;
}

/* Sorts the groups in the order of the text, whichever stage found them. */
static struct diagnostics sort_groups(const struct diagnostics *diag)
{
    struct diagnostics sorted = *diag;
    struct group *groups = ARENA_ARRAY(diag->arena, struct group, diag->count + 1);
    int count = 0;
    for (int i = 0; i < diag->count; i++) {
        if (i == 0 || diag->items[i].kind != DIAGNOSTIC_NOTE)
            groups[count++] = (struct group){diag->items[i].span.begin, i, i};
        groups[count - 1].end = i + 1;
    }
    qsort(groups, (size_t)count, sizeof *groups, compare_groups);
    sorted.items = ARENA_ARRAY(diag->arena, struct diagnostic, diag->count + 1);
    sorted.count = 0;
    for (int i = 0; i < count; i++)
        for (int k = groups[i].first; k < groups[i].end; k++)
            sorted.items[sorted.count++] = diag->items[k];
    return sorted;
}

void diag_print(const struct diagnostics *diag, const struct diag_options *options, FILE *out)
{
    const struct diagnostics sorted = sort_groups(diag);
    if (options->json)
        diag_print_json(&sorted, out);
    else
        diag_print_text(&sorted, options, out);
}
