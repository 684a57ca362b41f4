/* plan: the steps of each call of a network, as data. The last stage of the schedule; emitters write plans out, and
 * decide no order themselves.
 *
 *   call    an entry point: one frame of every stream (step), many frames (run), the loss of a window and its gradients
 *           (grad)
 *   pass    once through all frames of a call, forward or backward, block by block
 *   block   frames that are computed at once; a call of one frame is one block
 *   step    an action, done once for a call, once for a pass (before its blocks or after them), or once for each
 *           block
 *
 * Steps are listed in the order of execution. Consecutive steps of a block are one loop over the blocks of their pass,
 * or of their section; the loops of one wavefront follow each other, and run side by side where there are threads.
 * The past of a value is taken, carried on and kept in steps of the region that makes the value, so that a region has
 * all its steps together. */
#ifndef RNNC_SCHEDULE_PLAN_H
#define RNNC_SCHEDULE_PLAN_H

#include "schedule/schedule.h"

/* The name in a dump; the comment says what is done with `values`. */
#define STEP_KINDS(X)                                                                                                  \
    X(PACK, "pack")       /* parameters are packed for kernels; static values are computed */                          \
    X(INPUTS, "inputs")   /* inputs, and lengths and ends of sequences, are put where kernels read them */             \
    X(START, "start")     /* streams that begin: values read out of range are set, gathered ones cleared */            \
    X(TAKE, "take")       /* streams that go on: their past comes from the state */                                    \
    X(REGION, "region")   /* the region's kernels */                                                                   \
    X(OUTPUTS, "outputs") /* the caller gets them; values are numbers of outputs */                                    \
    X(KEEP, "keep")       /* streams whose last frame this is: their past goes into the state */                       \
    X(CARRY, "carry")     /* the last frames of the block become the past of the next */                               \
    X(AGE, "age")         /* streams grow older by the frames of the call */                                           \
    X(FINISH, "finish")   /* values gathered from all frames are completed */                                          \
    X(LOSS, "loss")   /* all losses are complete: without a gradient, the steps that make it are skipped; of a     \
                             graph `of_outputs` they are a call of their own */   \
    X(CLEAR, "clear") /* gradients are set to 0, but for those that begin with products */                             \
    X(TELL, "tell")   /* the caller hears that gradients are complete; values are numbers of parameters */

enum step_kind {
#define X(id, name) STEP_##id,
    STEP_KINDS(X)
#undef X
};

enum step_scope { SCOPE_CALL, SCOPE_PASS, SCOPE_BLOCK };

struct step {
    enum step_kind kind;
    enum step_scope scope;
    int pass;      /* of scopes pass and block */
    int section;   /* of scope block, or NO_SECTION: the pass is one loop */
    bool backward; /* the pass runs from the last frame to the first */
    bool gradient; /* only if gradients are wanted */
    int region;    /* the region that makes the values, or NO_REGION: they are given, or of several regions */
    int *values;   /* node ids; STEP_OUTPUTS: numbers of outputs; STEP_TELL: of parameters */
    int value_count;
};

enum { NO_REGION = -1 };

#define CALL_KINDS(X)                                                                                                  \
    X(STEP, "step")                                                                                                    \
    X(RUN, "run")                                                                                                      \
    X(GRAD, "grad")

enum call_kind {
#define X(id, name) CALL_##id,
    CALL_KINDS(X)
#undef X
};

struct plan {
    enum call_kind call;
    /* A call is a whole sequence, or a window that is begun anew: STEP_START is for all streams, not only for those
     * whose age is 0. */
    bool whole;
    bool carries; /* the past of streams goes from call to call, in the state */
    struct step *steps;
    int step_count;
};

/* Makes schedule->plans, one for each entry point. */
void plan(struct schedule *schedule, struct arena *arena);
/* Returns the plan of a call; NULL if the network has no such call. */
const struct plan *plan_of_call(const struct schedule *schedule, enum call_kind call);
/* True for a value with a past of many frames in a network that is stepped: in its state the past is a ring (see
 * rnn/past.h). */
bool past_is_ring(const struct schedule *schedule, int id);
/* The same of any value. */
bool has_rings(const struct schedule *schedule);
/* Returns the number of the step with which gradients begin; all steps before make no gradient. */
int plan_first_gradient(const struct plan *plan);
/* Returns NULL, or what is wrong with the plans. */
const char *plan_verify(const struct schedule *schedule, struct arena *scratch);
/* A part of it, on the loops over blocks. */
const char *plan_verify_loops(const struct schedule *schedule, const struct plan *plan);
/* --dump-after=plan. */
void plan_print(const struct schedule *schedule, struct text *out);

const char *step_kind_name(enum step_kind kind);

/* True if a value is gathered frame by frame into columns of its own: `last(v)`, sums, ... */
bool node_gathers(const struct node *node);
/* True if a value has columns in the memory of a call. */
bool buffer_is_value(const struct buffer *buffer);
/* True if the initial value read behind the end of a shorter stream is written with each block of the value. Otherwise,
 * if it is read at all, it is written before a pass, once the initial value is known. */
bool ends_with_block(const struct schedule *schedule, int id);

/* True if a scan overwrites the value in place, so that the scan itself must keep it for streams that end within a
 * block. */
bool value_is_kept_by_scan(const struct schedule *schedule, int id);
bool scans_keep(const struct schedule *schedule); /* True if value_is_kept_by_scan for any value. */

/* Numbers first .. first + count - 1 of a parameter, by its number. */
struct gradient_part {
    int parameter;
    long first, count;
};
/* gradient_parts.c: true if a region of sums tells of a gradient, and no step behind it: in parts, or as a whole. */
bool gradient_is_told_by_region(const struct schedule *schedule, int parameter);
/* True if the region has something to tell behind this sum over frames: that a part of such a gradient, or all of it,
 * is complete. */
bool sum_completes_part(const struct schedule *schedule, int id, struct gradient_part *part);

/* True if products over frames, each of which makes a part of it alone, make all of a gradient: in the first block of
 * their pass they overwrite what is there. Other gradients are cleared before. */
bool gradient_begins_with_products(const struct schedule *schedule, int parameter);
/* The same for the gradient that a sum over frames is a part of. */
bool product_begins_gradient(const struct schedule *schedule, int id);

/* joined_frames.c: returns the frames region whose panels a call of one frame may compute one by one with those of a
 * scan, which comes right behind it in the plan: the scan reads its values only at the units at hand. Else
 * NO_REGION. */
int frames_joined(const struct schedule *schedule, int scan);
/* True if a call of one frame has weights that are best read one matrix after the other (see machine_reads_forward). */
bool frame_reads_forward(const struct schedule *schedule);

#endif
