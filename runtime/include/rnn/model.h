/* The interface of an emitted network: status and errors, memory, and the descriptor through which a generic tool can
 * use any network.
 *
 * Memory belongs to the caller. There are four kinds, each with a size and an alignment of its own:
 *   parameters  canonical weights, contiguous rnn_real in the order and shape of the weights file; also the form of
 *               gradients
 *   packed      what the kernels read: panels, padded and derived static values; made from parameters, read-only,
 *               shared by threads; stale after the parameters change until packed again
 *   state       the past of each stream (and room for one frame of work, for _step)
 *   work        scratch for _run; holds nothing between calls
 * Sizes never shrink with more frames or streams: memory for the longest call and the most streams serves every other,
 * and a state may begin again with fewer streams. A number below 0 counts as 0; a size too large for memory is
 * SIZE_MAX, which rnn_alloc has not.
 *
 * Layout of inputs and outputs of _run, row-major: a frame value of n units is [frames][streams][n], a sequence value
 * [streams][n]; ids are int32_t. _step is _run with one frame. */
#ifndef RNN_MODEL_H
#define RNN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "rnn/real.h"
#include "rnn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The message of a call that fails: one sentence. */
typedef struct {
    rnn_status status;
    char text[500];
} rnn_error;

const char *rnn_status_text(rnn_status status);

/* Returns aligned, zeroed memory; NULL if there is none. From 2 MiB on it is in huge pages where the system has them:
 * without, a frame that reads 16 MiB of weights takes half as long again or more. Memory that comes from elsewhere gets
 * them from madvise(..., MADV_HUGEPAGE), best before it is first written. */
void *rnn_alloc(size_t size, size_t alignment);
void rnn_free(void *memory);

typedef enum {
    RNN_TYPE_REAL,
    RNN_TYPE_ID,
    RNN_TYPE_LABELS /* targets only: several ids a sequence, see rnn_labels */
} rnn_type;
typedef enum { RNN_TIME_STATIC, RNN_TIME_SEQUENCE, RNN_TIME_FRAME } rnn_time;

/* The start values of a parameter that is not loaded (rnn_parameters_init). */
typedef enum {
    RNN_START_CONSTANT,   /* every element = number */
    RNN_START_NORMAL,     /* normal with standard deviation `number` */
    RNN_START_UNIFORM,    /* uniform in [-number, number] */
    RNN_START_ORTHOGONAL, /* rows or columns orthonormal (Saxe et al. 2014) */
    RNN_START_IDENTITY    /* `number` on the diagonal, else 0 (Le, Jaitly, Hinton 2015) */
} rnn_start;

/* A part of a parameter with other start values: length[i] from begin[i] in each dimension. */
typedef struct {
    int begin[3], length[3];
    rnn_start start;
    double number;
} rnn_start_part;

/* A parameter, an input or an output. */
typedef struct {
    const char *name; /* the program's: "h1.weight_ih" */
    rnn_type type;
    rnn_time time;
    int rank;
    int shape[3];
    int vocabulary; /* ids: V; else 0 */
    size_t offset;  /* parameters: of the first element, in rnn_real, within the parameters */
    rnn_start start;
    double start_number;
    const rnn_start_part *parts; /* in this order, after the whole; NULL: none */
    int part_count;
    int fixed; /* parameters: 1 where training leaves it as it is; its gradient is 0 */
} rnn_tensor;

/* A target of type RNN_TYPE_LABELS: `counts[b]` ids for the sequence of stream b, at ids + b * most. */
typedef struct {
    int most;
    const int *counts;  /* [streams] */
    const int32_t *ids; /* [streams][most], each 1 .. V-1: 0 is the blank */
} rnn_labels;

/* One `loss` statement in a training call: its sum over the frames (or sequences) that count, and how many do. */
typedef struct {
    double sum, count;
} rnn_loss;

/* The exchange between training calls that have some of the streams of a batch each: each call finds its part of the
 * gradient, and the parts add up to that of a call with all streams. A member that is NULL is not called. */
typedef struct {
    void *context;
    /* Called once in each call, between its forward and its backward passes: replaces the sums and counts of each loss,
     * [count], over the streams of the call by those over all streams of the batch. The loss that the call gives, its
     * gradients and `losses` are made from them. A call that has no RNN_OK from it ends with what it has, and leaves
     * the state as it was. */
    rnn_status (*sums)(void *context, rnn_loss *losses, int count);
    /* Called in a call that wants gradients, on the thread that made the call, as soon as a gradient is complete, or a
     * part of a large one, while others are still made: numbers first .. first + count - 1 of a parameter, by its
     * number. The parts of a parameter are all of it, each once; calls of one network tell of the same parts in the
     * same order. */
    void (*finished)(void *context, int parameter, size_t first, size_t count);
} rnn_exchange;

/* The frames of one training call: truncated backpropagation through time, BPTT(h; h') of Williams and Peng (1990),
 * with h = frames and h' = advance. */
typedef struct {
    int frames;
    /* 1 .. frames: the call leaves the state as it is after so many frames, where the next window begins. 0: all of
     * them */
    int advance;
    int loss_from;      /* 0 .. frames: losses of earlier frames do not count, since the window before has counted
                           them */
    const int *lengths; /* [streams]: frames of this window that each stream has; NULL: all of them */
    int drops;          /* 0: dropout is off */
    /* Of dropout: masks depend on it, the place in the program, the frame of the sequence, the stream and the unit.
     * Windows of one sequence need one seed if a mask is to last for the whole sequence. */
    uint64_t seed;
    uint64_t call; /* masks of static values depend on it and the seed: another number for each call */
    /* Of a call with some streams of a batch: the batch's number of its first stream, from which masks of dropout count
     * streams: 0 or more, and with the number of streams added still an int; and what joins it with the calls that have
     * the others. NULL: nothing. */
    int first_stream;
    const rnn_exchange *exchange;
} rnn_window;

/* Work of a call for one frame of one stream, by the count of the program. */
typedef struct {
    double flops;
    double weights; /* numbers (f16: half as many) of the packed weights (in training: of parameters) */
} rnn_cost;

/* A value of a training call that is not finite. */
typedef struct {
    const char *region;      /* of `rnnc --train --emit=explain` */
    const char *value;       /* its path, or that of the value that it is a part of, with its equation in the program */
    int frame, stream, unit; /* frame: of the window */
} rnn_fault;

/* Loss and gradients, in a network compiled with --train. A training state is the past of each stream, as `state` is,
 * but holds what the gradients need too; it has no packed weights, which every call makes from the parameters it is
 * given. */
typedef struct {
    const rnn_tensor *targets;
    /* [target_count]: for a target of ids or labels, the output whose largest unit is the prediction: the value that a
     * loss compares with it, at the same frame, or softmax of that. -1: there is none */
    const int *predictions;
    /* [target_count]: 1 for a target that a loss takes for probabilities, so that its numbers have to be 0 .. 1. NULL:
     * none is */
    const unsigned char *probabilities;
    int target_count;
    int loss_count; /* of `loss` statements */
    /* 1: each call is a whole sequence from its first frame: advance = frames or 0, loss_from = 0, no past */
    int whole_sequences;
    int input_gradients;     /* 1: compiled with --input-gradients */
    rnn_cost beside, within; /* as in rnn_model, there and back */
    size_t (*state_size)(int streams);
    size_t (*work_size)(int frames, int streams);
    rnn_status (*state_init)(void *state, int streams);
    rnn_status (*reset)(void *state, const unsigned char *which_streams); /* NULL: all */
    /* Copies the past of `count` streams from one state to another, which may have more streams or fewer. */
    rnn_status (*copy_streams)(void *to, int to_first, const void *from, int from_first, int count);
    /* Computes the loss: for each `loss` statement the mean over the frames (or sequences) of all streams that count,
     * added up; NaN or infinite if the network is. gradient: in the layout of the parameters, overwritten; NULL: only
     * the loss is wanted. input_gradients: NULL, or for each input NULL or an array like the input; ids have none.
     * Frames after the end of a stream get 0. */
    rnn_status (*grad)(const void *parameters, void *state, void *work, const rnn_window *window,
                       const void *const inputs[], const void *const targets[], double *loss, void *gradient,
                       void *const input_gradients[]);
    /* Gives, after such a call and with its work, each statement's loss, [loss_count]. */
    rnn_status (*losses)(const void *state, void *work, rnn_loss *losses);
    /* Returns, after such a call and with its work and window, 0, or 1 and the first frame at which a loss, or a value
     * that the call has kept, is not finite; of several at that frame, the one that is computed first. If all are
     * finite, the last frame at which a gradient is not. */
    int (*find_fault)(const void *state, void *work, const rnn_window *window, rnn_fault *fault);
} rnn_training;

/* Vector-Jacobian products, in a network compiled with --vjp: what a system that differentiates around the network
 * needs of it, with or without a loss. State and work are as those of rnn_training, and its own. */
typedef struct {
    /* 1: each call is a whole sequence from its first frame: advance = frames or 0, loss_from = 0, no past */
    int whole_sequences;
    rnn_cost beside, within; /* as in rnn_model, there and back */
    /* Bytes of the adjoint of a past, without --vjp-states NULL. */
    size_t (*past_size)(int streams);
    size_t (*state_size)(int streams);
    size_t (*work_size)(int frames, int streams);
    rnn_status (*state_init)(void *state, int streams);
    rnn_status (*reset)(void *state, const unsigned char *which_streams); /* NULL: all */
    /* As in rnn_training. */
    rnn_status (*copy_streams)(void *to, int to_first, const void *from, int from_first, int count);
    /* Computes the gradients of
     *
     *     L = sum over outputs y, frames, streams and units of y * d_y
     *
     * output_adjoints: for each output its adjoint d_y, an array like the output, or NULL: it is 0. What they hold
     * behind the end of a stream does not count, nor what they hold before window->loss_from.
     * gradient: of L by the parameters, in their layout, overwritten; of what is fixed it is 0. input_gradients: NULL,
     * or for each input NULL or an array like it, which gets the gradient by the input, 0 behind the end of a stream;
     * ids have none.
     *
     * The network is computed from the past in the state. The start values of streams that begin, where the program
     * computes them from parameters or from inputs marked `once`, have gradients as these have: an initial state that
     * is such an input has its gradient there, as a final state that is an output, last(h), has its adjoint.
     *
     * The past is a constant, and both adjoints of it have to be NULL, unless the network is compiled with
     * --vjp-states. Then end_adjoint, of past_size bytes, holds derivatives by the past that the call leaves, of what
     * is computed from it later, and begin_adjoint gets those by the past that it went on from, of that and L: what a
     * call gives there is what the call before it is given. Streams that begin have 0. NULL: they are 0, or not wanted.
     * The two do not overlap. RNN_ERROR_ARGUMENT: an end_adjoint, and window->advance fewer than all frames.
     *
     * window->exchange: only `finished` is called. */
    rnn_status (*vjp)(const void *parameters, void *state, void *work, const rnn_window *window,
                      const void *const inputs[], const void *const output_adjoints[], const void *end_adjoint,
                      void *gradient, void *const input_gradients[], void *begin_adjoint);
    /* The same in two calls. The first gives the outputs, as rnn_model.run does (a NULL output is not written), moves
     * the state on, and keeps in its work what the second needs: the window, packed weights, and the values of all
     * frames. The work may be moved, as it holds no addresses but that of window->exchange. */
    rnn_status (*forward)(const void *parameters, void *state, void *work, const rnn_window *window,
                          const void *const inputs[], void *const outputs[]);
    /* Computes the gradients as vjp does, with the work of a forward call, and the parameters and inputs that it was
     * given. It may be called again, with other adjoints, until the work is used for another call. RNN_ERROR_ARGUMENT:
     * the work holds no forward pass. */
    rnn_status (*backward)(const void *parameters, void *work, const void *const inputs[],
                           const void *const output_adjoints[], const void *end_adjoint, void *gradient,
                           void *const input_gradients[], void *begin_adjoint);
} rnn_vjp;

typedef struct rnn_variants rnn_variants; /* rnn/variant.h */

typedef struct {
    const char *name;
    const char *target;   /* of `rnnc --target`: "x86-64-v3"; "multi" where calls choose; NULL: any machine */
    int real_size;        /* sizeof(rnn_real) when it was compiled */
    uint64_t fingerprint; /* of the parameters' names and shapes; kept in weights files */
    const rnn_tensor *parameters, *inputs, *outputs;
    int parameter_count, input_count, output_count;
    size_t parameter_elements; /* of all parameters together, in rnn_real */
    double flops;              /* for one frame of one stream */
    rnn_cost beside;           /* beside cycles: _run reads these weights once for all frames of a block */
    rnn_cost within;           /* within cycles: read again for each frame; together with `beside` what _step costs */
    int block_frames;          /* frames that _run works on at once with one stream */

    size_t alignment; /* of packed, state and work, in bytes */
    size_t (*packed_size)(void);
    size_t (*state_size)(int streams);
    size_t (*work_size)(int frames, int streams); /* for _run calls of up to so many frames and streams */

    rnn_status (*pack)(const void *parameters, void *packed);
    rnn_status (*state_init)(void *state, int streams); /* 1 stream or more; a state of none is refused by every call */
    rnn_status (*reset)(void *state, const unsigned char *which_streams); /* NULL: all */
    /* Copies the past of `count` streams, from `from_first` on, to those from `to_first` on of another state, which may
     * have more streams or fewer, or of the same. A stream whose copy begins anew does so too. packed: with which both
     * states were used. A state holds no addresses: that of one stream, state_size(1) bytes, is a stream put away, for
     * as long as there are the same packed weights; its memory may be moved, and written to a file that comes back to
     * the same program on the same kind of machine. RNN_ERROR_ARGUMENT: there are no such streams. */
    rnn_status (*state_copy)(const void *packed, void *to, int to_first, const void *from, int from_first, int count);
    /* One frame of every stream. RNN_ERROR_ARGUMENT: an array is NULL. NULL in a network that needs the future. */
    rnn_status (*step)(const void *packed, void *state, const void *const inputs[], void *const outputs[]);
    /* A step of `count` streams, [count], each once and in any order, which inputs and outputs, [count][units], have
     * too; others stay as they are. batch: memory of state_size(count), which holds nothing between calls. NULL where
     * step is. */
    rnn_status (*step_some)(const void *packed, void *state, void *batch, const int *streams, int count,
                            const void *const inputs[], void *const outputs[]);
    /* lengths: [streams], or NULL where every stream has `frames`; a NULL output is not written. Where `step` is NULL
     * the streams begin with every call, and the state keeps no past. */
    rnn_status (*run)(const void *packed, void *state, void *work, int frames, const int *lengths,
                      const void *const inputs[], void *const outputs[]);
    const rnn_training *training; /* NULL without --train */
    const rnn_vjp *vjp;           /* NULL without --vjp */
    const rnn_variants *variants; /* NULL without --variants */

    /* The functions rnn_alloc, rnn_free and rnn_status_text, so that a shared library of the network has them too. */
    void *(*alloc)(size_t size, size_t alignment);
    void (*free)(void *memory);
    const char *(*status_text)(rnn_status status);
} rnn_model;

#ifdef __cplusplus
}
#endif

#endif
