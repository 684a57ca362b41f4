/* What the files of the schedule's verifier share. Each checks what one stage promises to those behind it, from the
 * definitions in schedule.h and not with the stage's own functions, and returns NULL or what is wrong. */
#ifndef RNNC_SCHEDULE_VERIFY_H
#define RNNC_SCHEDULE_VERIFY_H

#include "schedule/schedule.h"

enum {
    NOT_PLACED = -1,
    PLACED_IN_SUM = -2 /* a product or a sum that an accumulator stands for, but for the last sum */
};

struct verifying {
    const struct schedule *schedule;
    const struct graph *graph;
    struct arena *scratch;
    int *in_region; /* by node: place in the list of its region */
    int *in_kernel; /* by node: place among what its kernel computes: accumulators at 0, nodes behind them */
};

/* split-regions: every node but leaves is in one region; regions are in the order in which they run; what a node reads
 * is there by then, at the frames that it reads. */
const char *verify_regions(struct verifying *verifying);

/* choose-kernels: every node is computed once; kernels of a phase need nothing from each other, and a kernel computes
 * what it reads before it reads it, unit by unit; accumulators add up to the sums that they stand for. */
const char *verify_kernels(struct verifying *verifying);

/* assign-buffers: what is read from memory is kept there for as long, as far back and ahead, and as aligned as it is
 * read; nothing is overwritten that is yet to be read. */
const char *verify_buffers(struct verifying *verifying);

/* ---- verify_reads.c ---- */

/* Whether a value is complete only when its pass is over. */
bool node_waits_for_pass(const struct graph *graph, const struct node *node);

bool region_has_frames(const struct region *region);

/* A read from a register: in the same kernel, unit by unit, at the same frame. */
bool use_stays_in_kernel(const struct verifying *verifying, int source, int reader, const struct edge *edge);

#endif
