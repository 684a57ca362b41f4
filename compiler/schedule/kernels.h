/* Declarations shared by the files of choose-kernels. */
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
    int *sunk;             /* by node: the later phase that it sinks to, or -1 */
    int *group;            /* by node: union-find parent; the root is a group's first node */
    int *first, *next;     /* members of a group: first[root], then next[...], -1 ends */

    int draftings;     /* number of draftings so far */
    int *drafted_in;   /* by node: number of the last drafting that saw it */
    int *draft_of;     /* by node: the draft within that, or -1 */
    int *next_product; /* by product: the next one of its accumulator, or NO_NODE */

    int *last_panels;   /* by matrix: 1 + the last packed matrix that begins with it; 0: none */
    int *panels_before; /* by packed matrix: the one before it that begins with the same, likewise */
    int before_count, before_capacity;
};

/* An accumulator while the nodes of a kernel are drafted. Its products are a list, in the order of the sum. */
struct draft {
    int product_count; /* 0: it has joined another one */
    int first, last;
    struct edge start; /* node NO_NODE: 0 */
    int result;
};

struct drafting {
    struct choosing *choosing;
    int number;
    struct draft *drafts;
    int draft_count, draft_capacity;
    int accumulator_count; /* drafts that have products */
};

struct drafting drafting_new(struct choosing *choosing);

/* Drafts a node, after its operands within the kernel. True if an accumulator ends as this node. */
bool draft_node(struct drafting *drafting, int id);

/* Fills in accumulators and operands of a kernel with products; takes products and absorbed sums out of its nodes. */
void fill_panel_kernel(struct choosing *choosing, struct kernel *kernel);

/* ---- share_panels.c ---- */

/* Lays out the panels of a kernel, and numbers its packed matrices: what has been packed before is not again. */
void share_panels(struct choosing *choosing, struct kernel *kernel);

/* ---- groups.c ---- */

int find_group(int *parent, int node);
void unite_groups(int *parent, int a, int b);
/* Fills in the members of all groups of the region. */
void link_groups(struct choosing *choosing);

/* ---- split_groups.c ---- */

/* Splits groups that would have more accumulators than the machine wants in one kernel. */
void split_groups(struct choosing *choosing);

#endif
