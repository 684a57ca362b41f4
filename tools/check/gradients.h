/* Checks the loss and the gradients of a network compiled with --train; or those of the sum of outputs times adjoints,
 * drawn at random, of one compiled with --vjp alone, in double.
 *
 * The loss is compared with that of the oracle.
 *
 * Gradients are compared with differences of the oracle's loss along random directions: of all parameters and inputs
 * together, and of each by itself. In double they may be off by 1e-6 of their norm; in float, as the loss, by what the
 * oracle's own slope loses where it rounds to float (rounding.h). That slope, not rounded, is compared with the
 * differences too.
 *
 * The same result is asked for from a state that was reset, without gradients, and without those of inputs. Streams
 * together are the mean of each alone.
 *
 * Parameters that are fixed do not move, and their gradients are 0.
 *
 * Windows one after the other: each loss is that of the oracle over the frames that count in it. Beyond the first the
 * gradient is that of the window alone, its past being given: in double it is compared with differences of the
 * network's own loss, unless the program calls stop_gradient, which those do not know.
 *
 * Streams in two calls that an exchange joins give parts of the gradient that add up to that of one call, with dropout,
 * in double to 1e-11 of its norm, in float to 1e-5.
 *
 * Of a vjp, streams together are the sum of each alone. A call may leave the state in the middle of its frames; of a
 * second one from there the gradients of the inputs are those of a call with all frames. Its loss, and exchanges, are
 * not compared: there are none. Where gradients go through states, those of three windows, one of them of one frame,
 * add up to those of all frames at once, to 1e-11 of their norm.
 *
 * Elsewhere dropout is off: for the oracle it is the identity. */
#ifndef RNN_TOOLS_GRADIENTS_H
#define RNN_TOOLS_GRADIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "rnn/model.h"

struct arena;
struct program;

struct gradient_request {
    struct arena *arena;
    const rnn_model *model;
    const struct program *program;
    int frames, streams;
    const void *parameters;    /* as the model takes them */
    void *const *inputs;       /* likewise */
    uint64_t seed;             /* of targets and directions */
    struct progress *progress; /* NULL: nobody waits */
    bool each;                 /* also each parameter and input by itself, where all together agree */
};

/* One comparison. */
struct gradient_verdict {
    const char *what;
    double error, tolerance; /* of a gradient: relative to its norm */
    bool open;               /* differences of several steps do not agree, as at a kink: other data may do */
};

struct gradient_report {
    struct gradient_verdict *verdicts;
    int count, capacity;
};

/* Makes all comparisons. False, with a sentence, if a call fails. */
bool gradients_check(const struct gradient_request *request, struct gradient_report *report, const char **error);

bool gradient_verdict_agrees(const struct gradient_verdict *verdict);

#endif
