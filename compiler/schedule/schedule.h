/* The schedule: components become regions, regions become kernels, values become buffers. The last form before C.
 *
 *   region    what runs as one loop over frames; its kind says how
 *   kernel    one loop over units and columns (a column is one frame of one stream): a panel product with the
 *             elementwise rest of its phase fused behind it, an elementwise loop, or an operation on whole columns
 *   phase     kernels of a region that need nothing from each other; a new phase begins where all units of a value are
 *             needed
 *   section   regions of a pass that go through its blocks in a loop of their own, on a thread of their own if there is
 *             one: a stage of a wavefront
 *   buffer    the memory of a value that outlives its kernel
 *
 * Frames are laid out as column t * streams + stream, so more frames and more streams are the same thing to a
 * product. */
#ifndef RNNC_SCHEDULE_SCHEDULE_H
#define RNNC_SCHEDULE_SCHEDULE_H

#include "analysis/components.h"
#include "analysis/passes.h"
#include "analysis/uses.h"
#include "graph/graph.h"

struct plan;
struct machine;
struct text;

#define REGION_KINDS(X)                                                                                                \
    X(STATIC, "static")                     /* once per load */                                                        \
    X(SEQUENCE, "sequence")                 /* once per sequence: all streams at once */                               \
    X(FRAMES, "frames")                     /* no cycle: all frames and streams of a block at once */                  \
    X(SCAN, "scan")                         /* a cycle: frame after frame */                                           \
    X(ELEMENTWISE_SCAN, "elementwise scan") /* a cycle without mixing of units: each unit by itself through time */    \
    X(LATE, "late")                         /* once per training call, after all passes: values of call time */

enum region_kind {
#define X(id, name) REGION_##id,
    REGION_KINDS(X)
#undef X
};

/* Products of a kernel that have the same right-hand side, weights of one storage, and accumulators that lie side by
 * side: one packed matrix. */
struct operand {
    struct edge x; /* the right-hand side: a vector */
    enum precision storage;
    int first_row; /* of the kernel's accumulators */
    int row_count;
    int *products; /* node ids, row_count of them */
    int panels;    /* the number of its packed matrix, which others may read too */
    int rounded;   /* int8: the number of the memory for columns of x as whole numbers */
};

/* An accumulator: starts from a value or 0, receives one product from each operand that covers it, and ends as a node.
 */
struct accumulator {
    struct edge start; /* node NO_NODE: 0 */
    int result;        /* node id: the product itself, or the sum that it completes */
};

struct kernel {
    enum kernel_kind kind;
    const char *name; /* an identifier, unique in its region: that of the last value that it computes */
    int phase;
    int units;
    int *nodes; /* in the order of computation, without products and sums that accumulators stand for */
    int node_count;
    struct accumulator *accumulators; /* KERNEL_PANEL */
    int accumulator_count;
    struct operand *operands; /* those that read one packed matrix follow each other */
    int operand_count;
    int panel_rows; /* by which its panels are laid out: RNN_SIDE(panel_rows, units) blocks each */
};

/* A packed matrix, as the first operand that reads it has it. */
struct packed_matrix {
    const struct kernel *kernel;
    struct operand operand;
};

/* When threads share the work of a region, see rnn/team.h. 0: never. */
struct sharing {
    int fork_columns; /* columns of a block that are worth a fork */
    int streams_each; /* a scan: streams for each thread from which on they are shared out */
    int row_streams;  /* a scan: streams from which on panels are worth a barrier, where there are fewer */
    int row_threads;  /* threads that share panels at most */
};

struct region {
    enum region_kind kind;
    const char *name;     /* an identifier, unique: "h1_scan", "logits_frames" */
    const char *instance; /* most of its work belongs to it; "": to the program itself */
    int pass;             /* REGION_SEQUENCE: it comes before that pass */
    int stage;
    bool reversed; /* a scan that runs from the last frame to the first */
    bool turns;    /* a scan whose weights do not fit the first-level cache: it reads them to and fro, so that each
                      frame finds there what the one before read last */
    int group;     /* a scan: frames at a time, because every delay in the cycle is as long or longer; else 1 */
    int *nodes;    /* in topological order */
    int node_count;
    struct kernel *kernels; /* by phase */
    int kernel_count;
    double flops, weights, bytes; /* for one frame of one stream; weights that are read, and their bytes */
    double flops_once; /* work not done for each frame: per load, per sequence, or per call of a late region */
    struct sharing sharing;
};

static inline bool region_is_shared(const struct region *region) { return region->sharing.fork_columns > 0; }

/* True for a value that is the same for all frames and streams, and that no pass makes: one of the static or the late
 * region. */
static inline bool node_is_once(const struct node *node)
{
    return !time_has_streams(node->time) && !op_is_over_time(node->op);
}

/* True for regions of one column: each value, a matrix too, is a column of all its units. */
static inline bool region_is_once(const struct region *region)
{
    return region->kind == REGION_STATIC || region->kind == REGION_LATE;
}

/* A section waits, before each block, until another has made the values that it reads there. */
struct section_wait {
    int section; /* an earlier one */
    bool whole;  /* until the other is through all of its blocks: it is of another pass, or both add to one sum */
};

/* Sections whose numbers follow each other and that have one number of a wavefront run side by side. */
struct section {
    int wavefront;
    int pass;
    int *regions; /* in their order */
    int region_count;
    bool sums; /* nothing but sums over frames: blocks are as long as may be, since each reads and writes all sums */
    struct section_wait *waits;
    int wait_count;
};

#define STORAGES(X)                                                                                                    \
    X(NONE, "none")         /* lives in registers within its kernel (or is a number) */                                \
    X(STATIC, "static")     /* in the packed weights */                                                                \
    X(INPUT, "input")       /* in the caller's memory */                                                               \
    X(FRAME, "frame")       /* one column for each stream, overwritten at every frame, or once per sequence */         \
    X(BLOCK, "block")       /* a column for each frame and stream of a block, behind `past` frames of the last one */  \
    X(SEQUENCE, "sequence") /* likewise of the whole sequence, between `past` and `future` frames */                   \
    X(LATE, "late")         /* a value of call time, contiguous, in the work of a training call */                     \
    X(GRADIENT, "gradient") /* a sum over all frames, made in the gradient of a parameter; see `target` */

enum storage {
#define X(id, name) STORE_##id,
    STORAGES(X)
#undef X
};

struct buffer {
    enum storage storage;
    int past;      /* the largest delay with which it is read: frames kept from call to call */
    int future;    /* the same ahead */
    int init;      /* static or sequence node that frames out of range read, or NO_NODE: 0 */
    int group;     /* STORE_FRAME: frames that there is room for at once */
    bool in_place; /* STORE_FRAME with past or future 1: read, then overwritten */
    bool crosses;  /* STORE_SEQUENCE only because a section reads it that may be some blocks behind */
    int target;    /* STORE_GRADIENT: the OP_gradient node that it is added by */
};

/* Ways to share the work of a call among threads. */
#define THREAD_WAYS(X)                                                                                                 \
    X(AUTO, "auto")           /* where it pays, by the cost of each region */                                          \
    X(SERIAL, "serial")       /* never */                                                                              \
    X(STREAMS, "streams")     /* in scans each thread has its streams */                                               \
    X(UNITS, "units")         /* in elementwise scans each thread has its units */                                     \
    X(ROWS, "rows")           /* in scans each thread has its rows of the weights */                                   \
    X(WAVEFRONT, "wavefront") /* sections of a pass run side by side, one some blocks behind the other */

enum thread_way {
#define X(id, name) THREADS_##id,
    THREAD_WAYS(X)
#undef X
        THREADS_COUNT
};

const char *thread_way_name(enum thread_way way);
/* Returns the way of that name; NULL if there is none. */
const enum thread_way *thread_way_find(const char *name);

/* Optimisations that can be switched off or set by hand, to measure their worth and to test each way. */
struct schedule_options {
    const struct machine *machine;
    enum thread_way threads;
    bool elementwise_scan; /* cycles without products are one kernel through all frames, not one for each frame */
    bool group_frames;     /* cycles with delays of d or more run d frames at a time */
    bool turn_panels;      /* scans read their weights to and fro */
    int block_frames;      /* frames of a block with one stream; 0: chosen by size */
};

enum { NO_SECTION = -1 };

struct schedule {
    const struct graph *graph;
    struct schedule_options options;
    struct components components; /* these three are of the graph as it is now */
    struct passes passes;
    struct uses uses;
    bool whole_sequence;    /* one call is one whole sequence: something needs frames that are yet to come */
    struct region *regions; /* the static region first; then pass by pass: the region that runs once before it, then
                               those of a block in their order; last the region that runs once at the end */
    int region_count;
    double *pass_bytes;        /* by pass: bytes of weights that its regions read for a frame */
    int *region_of;            /* by node */
    struct kernel **kernel_of; /* by node; NULL: leaves, and values read in place */
    struct buffer *buffers;    /* by node */
    const char **names;        /* by node: a path that no other has, "h1.one_minus_z"; NULL for numbers */
    struct section *sections;  /* those of a wavefront follow each other; none: all regions of a pass are one loop */
    int section_count;
    int *section_of;              /* by region: NO_SECTION where its pass is one loop, or it runs once */
    struct packed_matrix *panels; /* packed matrices */
    int panel_count, panel_capacity;
    int rounded_count;  /* right-hand sides of int8 */
    int block_frames;   /* frames of a block with one stream */
    struct plan *plans; /* one for each entry point, see plan.h */
    int plan_count;
};

/* The stages. Results are in `arena`; `scratch` may be freed after each. The graph has been legalised. */
struct schedule *split_regions(const struct graph *graph, const struct components *components,
                               const struct schedule_options *options, struct arena *arena, struct arena *scratch);
void choose_kernels(struct schedule *schedule, struct arena *arena, struct arena *scratch);
void place_threads(struct schedule *schedule);
void form_sections(struct schedule *schedule, struct arena *arena, struct arena *scratch);
void assign_buffers(struct schedule *schedule, struct arena *arena, struct arena *scratch);

/* A part of assign_buffers. */
void name_regions(struct schedule *schedule, struct arena *arena, struct arena *scratch);
void name_values(struct schedule *schedule, struct arena *arena, struct arena *scratch);

/* share_panels.c: true if the products of two operands have the same rows of matrices, one by one. */
bool operands_have_rows(const struct graph *graph, const struct operand *a, const struct operand *b);

/* Returns the number of operands, from number `first` on, that multiply one packed matrix of plain numbers by a
 * right-hand side each, for accumulators side by side: they read it together. */
int operands_together(const struct kernel *kernel, int first);

/* Returns NULL, or what is wrong with as much of the schedule as exists yet; verify.h says what is checked. */
const char *schedule_verify(const struct schedule *schedule, struct arena *scratch);

/* --emit=schedule. */
void schedule_print(const struct schedule *schedule, struct text *out);

const char *region_kind_name(enum region_kind kind);
const char *storage_name(enum storage storage);

/* True for a region that runs with each block of its pass. */
bool region_is_of_blocks(const struct region *region);
/* True if a value is read in another section than the one that makes it, or, given, in several. */
bool value_crosses_sections(const struct schedule *schedule, int id);
/* Returns the section in which a reader reads; outputs (a reader below 0) are given in the first of the first pass. */
int section_of_reader(const struct schedule *schedule, int reader);
/* Returns the section that a value belongs to: that which makes it, or, given, which alone reads it, or else the
 * first. */
int section_of_value(const struct schedule *schedule, int id);

#endif
