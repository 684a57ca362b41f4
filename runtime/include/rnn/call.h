/* A call of a network: its checks, its memory, its streams, and the blocks of frames that it runs through. The parts
 * that the entry points of all emitted networks share.
 *
 *   stream   a sequence; its age is how many frames it has had since it began, and a stream of age 0 begins with the
 *            next call
 *   block    frames that are computed at once: columns [count][streams] of each value, where all frames of a call are
 *            columns [frames][streams]
 *   pass     once through all frames of a call, forward or backward
 *
 * A call of many frames:
 *
 *     rnn_call call = rnn_begin_call(work, state, frames, lengths, block_frames, 0);
 *     rnn_begin_pass(&call, RNN_FORWARD);
 *     while (rnn_next_block(&call))
 *         ... call.count frames from frame call.begin on ... */
#ifndef RNN_CALL_H
#define RNN_CALL_H

#include "rnn/library.h"
#ifndef RNN_FREESTANDING
#include "rnn/model.h"
#endif
#include "rnn/panel.h"
#include "rnn/past.h"

/* ---- memory ---- */

/* The alignment of states and work, in bytes: of lanes, and of the ages of streams. */
#define RNN_ALIGNMENT RNN_MAX(RNN_VECTOR_BYTES, 8)
/* Rounds bytes up to the alignment. */
#define RNN_ROUND(bytes) (((size_t)(bytes) + RNN_ALIGNMENT - 1) / RNN_ALIGNMENT * RNN_ALIGNMENT)

RNN_HELPER int rnn_is_aligned(const void *memory) { return (uintptr_t)memory % RNN_VECTOR_BYTES == 0; }
RNN_HELPER int rnn_holds_ages(const void *memory) { return (uintptr_t)memory % RNN_ALIGNMENT == 0; }

/* Numbers between one value and the next: a line of a cache. Values whose columns take a multiple of 4 KiB would
 * otherwise have the same unit in one set of a first-level cache, which has room for eight lines, while a scan reads
 * and writes a dozen values unit by unit: a Zen 3 takes up to 4 % less time for 16 streams of 256 units so. Lanes of
 * one number, for small memories, go without. */
#define RNN_APART (RNN_LANES > 1 ? RNN_MAX(RNN_VECTOR_BYTES, 64) / sizeof(rnn_real) : 0)

/* Returns an address within memory, or NULL if memory is NULL. */
RNN_HELPER rnn_real *rnn_place(rnn_real *memory, size_t offset) { return memory ? memory + offset : NULL; }

/* Returns the aligned address behind so many numbers. */
RNN_HELPER rnn_real *rnn_behind(rnn_real *memory, size_t numbers)
{
    return memory + RNN_ROUND(numbers * sizeof(rnn_real)) / sizeof(rnn_real);
}

/* Returns the columns of so many frames and streams: 0 if a number is below 0, SIZE_MAX if they are too many. */
RNN_HELPER size_t rnn_columns(int frames, int streams)
{
    const size_t rows = (size_t)(frames > 0 ? frames : 0), each = (size_t)(streams > 0 ? streams : 0);
    return each && rows > SIZE_MAX / each ? SIZE_MAX : rows * each;
}

/* True if so many columns of so many numbers take less than half of all addresses. */
RNN_HELPER int rnn_columns_fit(size_t numbers, size_t columns)
{
    return columns == 0 || numbers * sizeof(rnn_real) < SIZE_MAX / 4 / columns;
}

/* Returns the bytes of so many numbers of each stream: SIZE_MAX if they are too many. */
RNN_HELPER size_t rnn_columns_size(size_t numbers, int streams)
{
    const size_t columns = rnn_columns(1, streams);
    return rnn_columns_fit(numbers, columns) ? numbers * columns * sizeof(rnn_real) : SIZE_MAX;
}

/* ---- streams ---- */

/* The head of every state. Behind it, aligned, are the values that hold the past of its streams. */
typedef struct {
    int streams;
    int64_t ages[]; /* of each stream */
} rnn_state;

/* Returns the bytes of a state in front of its values. */
RNN_HELPER size_t rnn_state_head(int streams)
{
    return RNN_ROUND(sizeof(rnn_state) + (size_t)(streams > 0 ? streams : 0) * sizeof(int64_t));
}

/* Returns the streams of a state; 0 if it is NULL, not aligned, or was not begun with one stream or more. */
RNN_HELPER int rnn_streams(const void *state)
{
    const rnn_state *begun = (const rnn_state *)state;
    return state && rnn_holds_ages(state) && begun->streams >= 1 ? begun->streams : 0;
}

RNN_HELPER int64_t *rnn_ages(void *state) { return ((rnn_state *)state)->ages; }

RNN_HELPER rnn_real *rnn_state_values(void *state, int streams)
{
    return (rnn_real *)(void *)((char *)state + rnn_state_head(streams));
}

/* Makes a state of `size` bytes whose streams all begin. */
RNN_HELPER rnn_status rnn_begin_state(void *state, size_t size, int streams)
{
    if (!state || !rnn_holds_ages(state))
        return RNN_ERROR_ARGUMENT;
    memset(state, 0, size);
    ((rnn_state *)state)->streams = streams > 0 ? streams : 0;
    return streams >= 1 ? RNN_OK : RNN_ERROR_ARGUMENT;
}

/* Makes streams begin again: those with a nonzero entry in which_streams, [streams], or all if it is NULL. */
RNN_HELPER rnn_status rnn_reset_streams(void *state, const unsigned char *which_streams)
{
    const int streams = rnn_streams(state);
    for (int stream = 0; stream < streams; stream++)
        if (!which_streams || which_streams[stream])
            rnn_ages(state)[stream] = 0;
    return streams ? RNN_OK : RNN_ERROR_ARGUMENT;
}

/* Copies the ages of some streams from one state to another, or within one. */
RNN_HELPER rnn_status rnn_copy_ages(void *to, int to_first, const void *from, int from_first, int count)
{
    const int to_streams = rnn_streams(to), from_streams = rnn_streams(from);
    if (!to_streams || !from_streams || count < 0 || to_first < 0 || from_first < 0 || count > to_streams - to_first ||
        count > from_streams - from_first)
        return RNN_ERROR_ARGUMENT;
    memmove(rnn_ages(to) + to_first, ((const rnn_state *)from)->ages + from_first, (size_t)count * sizeof(int64_t));
    return RNN_OK;
}

/* Adds the frames of a call to ages; lengths: frames of each stream, or NULL. */
RNN_HELPER void rnn_grow_older(int64_t *ages, int streams, const int *lengths, int frames)
{
    for (int stream = 0; stream < streams; stream++)
        ages[stream] += lengths && lengths[stream] < frames ? lengths[stream] : frames;
}

/* ---- blocks ---- */

/* Returns the frames of a block. most: of one stream. Many streams fill the columns of kernels as well as many frames
 * do; blocks are of nearly equal length. */
RNN_HELPER int rnn_block_frames(int frames, int streams, int most)
{
    const int longest = RNN_MAX(1, most / streams);
    const int blocks = frames / longest + (frames % longest != 0);
    return blocks > 1 ? frames / blocks + (frames % blocks != 0) : frames;
}

/* Returns the columns of the longest block in any call of so many frames and streams, or fewer of either. */
RNN_HELPER size_t rnn_block_columns(int frames, int streams, int most)
{
    return RNN_MIN(rnn_columns(frames, streams), RNN_MAX(rnn_columns(1, streams), (size_t)most));
}

enum { RNN_FORWARD, RNN_BACKWARD };

typedef struct {
    int frames, streams;
    const int *lengths;          /* [streams]: frames of each stream; NULL: all of them */
    const int64_t *began;        /* [streams]: ages before the call */
    void *memory;                /* of the work, aligned, behind the part used here */
    int most;                    /* frames of the longest block */
    size_t block_columns, whole; /* columns of the longest block, and of all frames */

    int direction;
    int begin, count;          /* the block at hand: its first frame, and how many it has */
    ptrdiff_t column, columns; /* the same in columns of the whole */
    int64_t *ages;             /* [streams]: before the block; outside passes, after the call */
    int *ends;                 /* [streams]: frames within the block; NULL: all */
    int *left;                 /* in training, [streams]: frames from the first of the block on; else NULL */
} rnn_call;

/* Returns the bytes of the work that a call uses for its streams. */
RNN_HELPER size_t rnn_call_size(int streams, int trains)
{
    return RNN_ROUND((size_t)(streams > 0 ? streams : 0) * (sizeof(int64_t) + (trains ? 2u : 1u) * sizeof(int)));
}

RNN_HELPER int rnn_length(const rnn_call *call, int stream)
{
    return call->lengths ? call->lengths[stream] : call->frames;
}

/* Begins a call, before its first pass. block_frames: of a block of one stream, at most. The state is not changed. */
RNN_HELPER rnn_call rnn_begin_call(void *work, void *state, int frames, const int *lengths, int block_frames,
                                   int trains)
{
    rnn_call call;
    memset(&call, 0, sizeof call);
    call.frames = frames;
    call.streams = rnn_streams(state);
    call.lengths = lengths;
    call.began = rnn_ages(state);
    call.memory = (char *)work + rnn_call_size(call.streams, trains);
    call.most = rnn_block_frames(frames, call.streams, block_frames);
    call.block_columns = rnn_columns(call.most, call.streams);
    call.whole = rnn_columns(frames, call.streams);
    call.ages = (int64_t *)work;
    int *const numbers = (int *)(void *)(call.ages + call.streams);
    call.ends = lengths ? numbers : NULL;
    call.left = trains ? numbers + call.streams : NULL;
    for (int stream = 0; stream < call.streams; stream++) {
        call.ages[stream] = call.began[stream] + rnn_length(&call, stream); /* blocks have their own */
        if (trains)
            call.left[stream] = rnn_length(&call, stream);
    }
    return call;
}

/* Begins a pass: the next block is its first. */
RNN_HELPER void rnn_begin_pass(rnn_call *call, int direction)
{
    call->direction = direction;
    call->begin = direction == RNN_FORWARD ? 0 : call->frames;
    call->count = 0;
}

/* Moves on to the next block; 0 when there is none: then ages are those after the call, and `left` counts all frames
 * again. */
RNN_HELPER int rnn_next_block(rnn_call *call)
{
    const int forward = call->direction == RNN_FORWARD;
    if (forward)
        call->begin += call->count;
    call->count = RNN_MIN(call->most, forward ? call->frames - call->begin : call->begin);
    if (!forward)
        call->begin -= call->count;
    call->column = (ptrdiff_t)call->begin * call->streams;
    call->columns = (ptrdiff_t)call->count * call->streams;
    const int over = call->count == 0;
    for (int stream = 0; stream < call->streams; stream++) {
        const int length = rnn_length(call, stream), left = over ? length : length - call->begin;
        call->ages[stream] = call->began[stream] + (over ? length : RNN_MIN(call->begin, length));
        if (call->ends)
            call->ends[stream] = RNN_MAX(0, RNN_MIN(call->count, left));
        if (call->left)
            call->left[stream] = left;
    }
    return !over;
}

/* True in the last block of a pass. */
RNN_HELPER int rnn_is_last_block(const rnn_call *call)
{
    return call->direction == RNN_FORWARD ? call->begin + call->count == call->frames : call->begin == 0;
}

/* Returns the frames of the block up to the last one of a stream; 0 if its last frame is in no block or in another. */
RNN_HELPER int rnn_end_in_block(const rnn_call *call, int stream)
{
    const int end = rnn_length(call, stream) - call->begin;
    return end > 0 && end <= call->count ? end : 0;
}

/* ---- checks ---- */

RNN_HELPER rnn_status rnn_check_lengths(const int *lengths, int frames, int streams)
{
    for (int stream = 0; lengths && stream < streams; stream++)
        if (lengths[stream] < 0 || lengths[stream] > frames)
            return RNN_ERROR_LENGTH;
    return RNN_OK;
}

/* Checks the arguments of _step. streams: rnn_streams(state). */
RNN_HELPER rnn_status rnn_check_step(const void *packed, int streams)
{
    return packed && rnn_is_aligned(packed) && streams ? RNN_OK : RNN_ERROR_ARGUMENT;
}

/* Checks the arguments of _step_some: `count` streams of the state, none twice. Ages serve as marks, and are in the end
 * as they were. */
RNN_HELPER rnn_status rnn_check_some(const void *packed, void *state, const void *batch, const int *streams, int count)
{
    const int most = rnn_streams(state);
    if (rnn_check_step(packed, most) != RNN_OK || !batch || batch == state || !streams || count < 0)
        return RNN_ERROR_ARGUMENT;
    int64_t *const ages = rnn_ages(state);
    int marked = 0;
    while (marked < count && streams[marked] >= 0 && streams[marked] < most && ages[streams[marked]] >= 0) {
        ages[streams[marked]] = ~ages[streams[marked]];
        marked++;
    }
    for (int i = 0; i < marked; i++)
        ages[streams[i]] = ~ages[streams[i]];
    return marked == count ? RNN_OK : RNN_ERROR_ARGUMENT;
}

/* Checks the arguments of _run. */
RNN_HELPER rnn_status rnn_check_run(const void *packed, int streams, const void *work, int frames, const int *lengths)
{
    if (rnn_check_step(packed, streams) != RNN_OK || !work || !rnn_holds_ages(work) || frames < 0)
        return RNN_ERROR_ARGUMENT;
    return rnn_check_lengths(lengths, frames, streams);
}

#ifndef RNN_FREESTANDING
/* Checks the arguments of _grad and _vjp. result: where they give what they always give, a loss or a gradient. carries:
 * windows of longer sequences are allowed, not only whole sequences. */
RNN_HELPER rnn_status rnn_check_grad(const void *params, int streams, const void *work, const rnn_window *window,
                                     const void *result, int carries)
{
    if (!params || !streams || !work || !rnn_holds_ages(work) || !window || !result || window->frames < 1)
        return RNN_ERROR_ARGUMENT;
    const int frames = window->frames, advance = window->advance ? window->advance : frames;
    if (advance < 1 || advance > frames || window->loss_from < 0 || window->loss_from > frames)
        return RNN_ERROR_ARGUMENT;
    if ((!carries && (advance != frames || window->loss_from)) || window->first_stream < 0 ||
        window->first_stream > INT32_MAX - streams)
        return RNN_ERROR_ARGUMENT;
    return rnn_check_lengths(window->lengths, frames, streams);
}
#endif

RNN_HELPER rnn_status rnn_check_input(const void *input) { return input ? RNN_OK : RNN_ERROR_ARGUMENT; }

/* Checks ids of an input, [frames][streams]: -1 .. vocabulary - 1 within each stream's length. */
RNN_HELPER rnn_status rnn_check_ids(const int32_t *ids, int vocabulary, const int *lengths, int frames, int streams)
{
    if (!ids)
        return RNN_ERROR_ARGUMENT;
    for (int t = 0; t < frames; t++)
        for (int stream = 0; stream < streams; stream++) {
            const int32_t id = ids[(ptrdiff_t)t * streams + stream];
            if ((!lengths || t < lengths[stream]) && (id < -1 || id >= vocabulary))
                return RNN_ERROR_ID;
        }
    return RNN_OK;
}

#endif
