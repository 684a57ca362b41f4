/* Declarations shared by the files of the schedule's verifier. Each checks what one stage promises to later ones, from
 * the definitions in schedule.h and not with the stage's own functions, and returns NULL or what is wrong. */
#ifndef RNNC_SCHEDULE_VERIFY_H
#define RNNC_SCHEDULE_VERIFY_H

#include "schedule/schedule.h"

enum {
    NOT_PLACED = -1,
    PLACED_IN_SUM = -2 /* a product, or a sum other than the last, that an accumulator stands for */
};

struct verifying {
    const struct schedule *schedule;
    const struct graph *graph;
    struct arena *scratch;
    int *in_region; /* by node: place in the list of its region */
    int *in_kernel; /* by node: place among what its kernel computes: accumulators at 0, nodes behind them */
};

/* split-regions: every node but leaves is in one region; regions are in the order in which they run; operands are
 * computed before they are read, at the frames that are read. */
const char *verify_regions(struct verifying *verifying);

/* choose-kernels: every node is computed once; kernels of a phase need nothing from each other; within a kernel
 * operands are computed before they are read, unit by unit; accumulators add up to the sums that they stand for. */
const char *verify_kernels(struct verifying *verifying);

/* form-sections: the regions of a pass are all in sections, each in one of its pass; a section waits, for earlier
 * ones, wherever it reads what they make or adds to what they add to. */
const char *verify_sections(struct verifying *verifying);

/* assign-buffers: values read from memory are kept there as long, as far back and ahead, and as aligned as their
 * readers need; nothing is overwritten before its last read. */
const char *verify_buffers(struct verifying *verifying);

/* ---- verify_reads.c ---- */

/* True if a value is complete only when its pass is over. */
bool node_waits_for_pass(const struct graph *graph, const struct node *node);

bool region_has_frames(const struct region *region);

/* True for a read from a register: in the same kernel, unit by unit, at the same frame. */
bool use_stays_in_kernel(const struct verifying *verifying, int source, int reader, const struct edge *edge);

#endif
