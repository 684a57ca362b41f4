/* The oracle: what a program means, computed slowly and in plain sight, in double precision. Everything that rnnc emits
 * is judged by it, so it shares no code with lowering, scheduling or kernels: it reads the checked program and nothing
 * else, follows the language reference word for word, and is never made fast.
 *
 * It evaluates one whole sequence of one stream, from its reset to its last frame, and keeps nothing between calls. The
 * other ways to use a network follow from that:
 *   B streams                 B calls
 *   frames in several calls   one call with all frames since the reset; outputs of sequence time after n frames are
 * those of a call with length n, since a sequence ends with the last frame that was seen
 *
 * Parameters with a storage (f16, bf16, int8) are rounded to it, unless losses are wanted, or full numbers: training
 * computes with these.
 *
 * With round_to_float every operation's result (each partial sum of a product too) is rounded to float, subnormals to
 * 0; gelu and silu to the precision of their argument. The distance between a result with and without it is the
 * tolerance that a computation in float deserves, on ill-conditioned programs too. So with slopes, the derivatives of
 * losses along a direction, for gradients.
 */
#ifndef RNNC_ORACLE_ORACLE_H
#define RNNC_ORACLE_ORACLE_H

#include <stdbool.h>

#include "base/op.h"

struct arena;
struct program;
struct random;

/* One `loss` statement over one stream. The loss of several streams is, for each statement, the sum of their sums over
 * the sum of their counts; the loss of the program is the sum of its statements'. */
struct oracle_loss {
    double sum;
    double slope; /* of the sum, along the direction of the call */
    int count; /* frames (for a loss of sequence time: sequences) that count. Those where every id that it is computed
                * from at that frame, by cross_entropy, is -1 do not, nor does a sequence without frames */
};

/* A direction in which parameters and inputs move: arrays of the same form. */
struct oracle_direction {
    const double *const *parameters;
    const double *const *inputs;
};

/* The values of each stop_gradient(v), in the order of evaluation: recorded by the calls before `replays` is set, and
 * given instead of v by as many equal calls after. So differences of losses do not see how v moves. */
struct oracle_stops {
    bool replays;
    struct arena *arena;
    double *numbers;
    int count, capacity;
    int next; /* to be given */
};

struct oracle_call {
    int frames;        /* room in the frame inputs and outputs */
    int length;        /* 0 .. frames: how many of them this stream has */
    bool full_numbers; /* outputs are those of training */
    bool round_to_float;
    struct random *rounding; /* NULL: to the nearest float; else drawn, up or down, and so are orders of sums */

    /* One array for each entry of the program's list of the same name. Row-major: a value of frame time is
     * [frames][size], any other [size]. Ids are whole numbers, checked by the caller to be in -1 .. V-1. */
    const double *const *parameters;
    const double *const *inputs;
    double *const *outputs; /* written; 0 after the end of the stream; NULL for one that is not wanted */

    /* Only where losses are wanted, else NULL. */
    const double *const *targets;
    const int *label_counts; /* [targets] how many labels the array of a `labels[V]` target holds, else not looked at */
    struct oracle_loss *losses;               /* written: [program->loss_count] */
    struct oracle_stops *stops;               /* NULL, or for differences of losses, without a direction */
    const struct oracle_direction *direction; /* NULL, or where slopes are wanted too */

    void (*computed)(void *context); /* NULL, or called after each equation at each frame, to show progress */
    void *context;
};

void oracle_run(const struct program *program, const struct oracle_call *call);

/* One unit of an elementwise operation on one unit of each operand. */
double oracle_elementwise(enum op op, const double *operands);

#endif
