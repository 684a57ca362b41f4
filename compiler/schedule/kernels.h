/* What the files of choose-kernels share. */
#ifndef RNNC_SCHEDULE_KERNELS_H
#define RNNC_SCHEDULE_KERNELS_H

#include "analysis/uses.h"
#include "schedule/schedule.h"

struct choosing {
    struct arena *arena, *scratch;
    const struct graph *graph;
    struct schedule *schedule;
    const struct uses *uses;
    struct region *region; /* the one in hand */
    int index;             /* its number */
    int *phase;            /* by node */
    int *sunk;             /* by node: a later phase that it would rather be in, or -1 */
    int *group;            /* by node: union-find parent; the root is a group's first node */
    int *first, *next;     /* members of a group: first[root], then next[...], -1 ends */
};

/* Accumulators and operands of a kernel with products; takes products and absorbed sums out of its nodes. */
void fill_panel_kernel(struct choosing *choosing, struct kernel *kernel);

#endif
