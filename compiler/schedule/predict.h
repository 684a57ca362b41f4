/* The cost model: how long regions take on a machine, by its description alone.
 *
 * A frame of a region costs
 *   the longer of computing its products at the peak rate and reading their weights from the caches that hold them,
 *   and what is beside them: elementwise operations, vectors loaded and stored, the wait from frame to frame,
 *   and with threads barriers, or a share of the fork that a block needs.
 * Weights of a scan are read again for each frame, and lie as near to the core as they fit; those of a frames region
 * are read once for a block, and come from where all weights of their pass are. docs/performance.md works through a
 * region by hand. */
#ifndef RNNC_SCHEDULE_PREDICT_H
#define RNNC_SCHEDULE_PREDICT_H

#include "schedule/schedule.h"

/* Ways to share the work of a region among threads. */
#define WAYS(X)                                                                                                        \
    X(SERIAL, "serial")   /* one thread does all */                                                                    \
    X(STREAMS, "streams") /* each has streams of its own: all weights, no wait within a block */                       \
    X(UNITS, "units")     /* an elementwise scan: each has units of its own, and does not wait either */               \
    X(ROWS, "rows")       /* a scan: each has panels of its own, and waits for the others after each phase */          \
    X(COLUMNS, "columns") /* a frames region: each has frames or panels of its own */

enum way {
#define X(id, name) WAY_##id,
    WAYS(X)
#undef X
};

#define BOUNDS(X)                                                                                                      \
    X(FLOPS, "flops")                                                                                                  \
    X(FIRST, "L1")                                                                                                     \
    X(SECOND, "L2")                                                                                                    \
    X(THIRD, "L3")                                                                                                     \
    X(MEMORY, "memory")                                                                                                \
    X(OPERATIONS, "operations")                                                                                        \
    X(VALUES, "values")                                                                                                \
    X(FRAME, "latency")                                                                                                \
    X(BARRIER, "barriers")                                                                                             \
    X(FORK, "forks")

enum bound {
#define X(id, name) BOUND_##id,
    BOUNDS(X)
#undef X
};

/* A call, or a block of it. */
struct load {
    int streams, frames, threads;
    enum way way;
};

/* Weights that a thread reads. */
struct weights_read {
    double bytes; /* that are read again and again */
    double part;  /* of them in a frame */
    bool turns;   /* to and fro, not always from the first to the last */
    bool own;     /* each thread has others */
};

struct prediction {
    double time;  /* nanoseconds for a frame of all streams */
    double bytes; /* of weights and values that one thread reads and writes in it, doing all */
    enum bound bound;

    /* Of what the time is made: products, if no weights had to be waited for, everything else but weights, and what
     * is read of these. rnn/variant.h puts them together on the machine at hand. */
    double products, beside;
    struct weights_read read;
};

/* The part of a cache that stays for weights beside the values that pass through it. */
extern const double predict_usable;
/* The part of reads from far caches that a core does not hide behind computing. */
extern const double predict_seen;

/* Returns the schedule as C in double runs it: the same regions, blocks and thresholds, on a machine of which vectors
 * and times hold half as many numbers, with plain weights of twice the size. */
const struct schedule *schedule_in_double(const struct schedule *schedule, struct arena *arena);

struct prediction predict_region(const struct schedule *schedule, const struct region *region, const struct load *load);

/* Nanoseconds in which long pasts of all streams are moved, beside what regions take. */
struct past_prediction {
    double step;
    double call;  /* of many frames, once */
    double block; /* of such a call, each */
};

/* predict_past.c: the first is for all ways to call, the second, for a frame of a call; one frame is a step. Both are 0
 * for networks without long pasts, or that have no step. */
struct past_prediction predict_past(const struct schedule *schedule, int streams);
double predict_past_of_call(const struct schedule *schedule, const struct load *call);

/* Returns how a block of so many streams and frames is shared out over up to so many threads: as rnn/team.h does it,
 * from what place_threads has found. */
struct load choose_load(const struct region *region, int streams, int frames, int threads);

/* True for regions that run with each block of frames: they have predictions. */
bool region_is_predicted(const struct region *region);

/* True if threads can share a region. Kernels over time and groups of frames in a scan are for one, and so are frames
 * whose columns have to be computed in their order. */
bool region_can_be_shared(const struct schedule *schedule, const struct region *region);

/* Returns the frames of a block with so many streams. */
int frames_of_block(const struct schedule *schedule, int streams);

/* Returns how the first block of a call is shared out. */
struct load first_block_load(const struct schedule *schedule, const struct region *region, const struct load *call);

/* Returns how a way shares out such a block over the cores of the machine: as it is chosen, or with all the threads
 * that there is work for. False if the way is none for the region. */
bool candidate_load(const struct schedule *schedule, const struct region *region, enum way way, int streams,
                    struct load *load);

const char *way_name(enum way way);
const char *bound_name(enum bound bound);

#endif
