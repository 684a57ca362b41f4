/* Wavefronts: loops over the blocks of one call, called sections, that run side by side, each on a thread of its own if
 * there is one. A section follows those whose values it reads, block by block.
 *
 *     rnn_call call = rnn_begin_call(...);
 *     rnn_wave wave = rnn_begin_wave(&call, 2, 2);
 *     RNN_OMP(parallel sections num_threads(wave.threads) firstprivate(call, wave))
 *     {
 *     RNN_OMP(section)
 *         {
 *             rnn_begin_section(&wave, &call, 0, RNN_FORWARD, wave.block);
 *             while (rnn_next_block(&call)) {
 *                 ...
 *                 rnn_pass_on(&wave, &call);
 *             }
 *             rnn_end_section(&wave);
 *         }
 *     RNN_OMP(section)
 *         {
 *             rnn_begin_section(&wave, &call, 1, RNN_FORWARD, wave.block);
 *             while (rnn_next_block(&call)) {
 *                 rnn_wait_for(&wave, 0, &call);
 *                 ...
 *     }
 *     rnn_end_wave(&wave, &call);
 *
 * Each thread has copies of its own of the call and of the wave. Compiled without OpenMP, sections use those of the
 * caller one after the other, so that whatever they move is put back behind them.
 *
 * A section waits only for those in front of it, and each thread runs its sections in their order, so that fewer
 * threads than sections, or one, get done as well. */
#ifndef RNN_WAVE_H
#define RNN_WAVE_H

#include "rnn/call.h"
#include "rnn/flush.h"
#include "rnn/team.h"
#include <stddef.h>
#include <stdint.h>

/* Frames that a section is through, in the direction of its pass; on cache lines of its own. */
typedef struct {
    int frames;
    char rest[128 - sizeof(int)];
} rnn_progress;

typedef struct {
    int threads;            /* that are to run sections */
    int most, block;        /* frames of a block at most: as of a single loop, and of those that sections hand on */
    rnn_progress *progress; /* of each section */
    char *memory;           /* of the first section's streams: as of the call, those of the others behind it */
    int section;            /* at hand */
    rnn_call call;          /* as it is outside of sections */
    rnn_flush_state flush;  /* of its thread, before it */
} rnn_wave;

/* Returns the bytes of a section's streams, which share no cache line with those of another. */
RNN_HELPER size_t rnn_section_size(int streams, int trains)
{
    return rnn_call_size(streams, trains) + sizeof(rnn_progress);
}

/* Returns the bytes of the work that so many sections use beside the call. */
RNN_HELPER size_t rnn_wave_size(int sections, int streams, int trains)
{
    return (size_t)sections * (sizeof(rnn_progress) + rnn_section_size(streams, trains));
}

/* Columns of a block at least: with fewer, products spend much of their time reading weights. Blocks of a wavefront at
 * least, if it has so many columns: while the first and the last are computed, threads wait. */
enum { RNN_WAVE_COLUMNS = 16, RNN_WAVE_BLOCKS = 8 };

/* Returns the frames of a block that threads hand to each other: shorter than those of one thread, which reads weights
 * the more seldom the longer they are. */
RNN_HELPER int rnn_wave_block(const rnn_call *call, int threads)
{
    const size_t columns = RNN_MAX((size_t)RNN_WAVE_COLUMNS, call->whole / RNN_WAVE_BLOCKS);
    return threads == 1 ? call->most
                        : rnn_block_frames(call->frames, call->streams, (int)RNN_MIN(columns, call->block_columns));
}

/* Gives the sections of a call, `side_by_side` at once at most, their memory, which the call has no longer. */
RNN_HELPER rnn_wave rnn_begin_wave(rnn_call *call, int sections, int side_by_side)
{
    rnn_wave wave;
    memset(&wave, 0, sizeof wave);
    rnn_team team = rnn_begin_team();
    wave.threads = RNN_MIN(side_by_side, rnn_threads(&team));
    wave.most = call->most;
    wave.block = rnn_wave_block(call, wave.threads);
    wave.progress = (rnn_progress *)call->memory;
    wave.memory = (char *)call->memory + (size_t)sections * sizeof(rnn_progress);
    for (int section = 0; section < sections; section++)
        wave.progress[section].frames = 0;
    call->memory = (char *)call->memory + rnn_wave_size(sections, call->streams, call->left != NULL);
    wave.call = *call;
    return wave;
}

/* Begins a section, with blocks of `most` frames at most. */
RNN_HELPER void rnn_begin_section(rnn_wave *wave, rnn_call *call, int section, int direction, int most)
{
    wave->section = section;
    wave->flush = rnn_flush_begin();
    call->most = most;
    call->ages =
        (int64_t *)(void *)(wave->memory + (size_t)section * rnn_section_size(call->streams, call->left != NULL));
    int *const numbers = (int *)(void *)(call->ages + call->streams);
    call->ends = call->ends ? numbers : NULL;
    call->left = call->left ? numbers + call->streams : NULL;
    rnn_begin_pass(call, direction);
}

RNN_HELPER void rnn_end_section(const rnn_wave *wave) { rnn_flush_end(wave->flush); }

/* Returns the frames that a pass is through with the block at hand. */
RNN_HELPER int rnn_frames_through(const rnn_call *call)
{
    return call->direction == RNN_FORWARD ? call->begin + call->count : call->frames - call->begin;
}

/* Hands the block at hand to the sections that follow. */
RNN_HELPER void rnn_pass_on(const rnn_wave *wave, const rnn_call *call)
{
    __atomic_store_n(&wave->progress[wave->section].frames, rnn_frames_through(call), __ATOMIC_RELEASE);
}

/* Waits until another section is through so many frames. */
RNN_HELPER void rnn_wait_for_frames(const rnn_wave *wave, int other, int frames)
{
    int turn = 0;
    while (__atomic_load_n(&wave->progress[other].frames, __ATOMIC_ACQUIRE) < frames)
        turn = rnn_wait_a_turn(turn);
}

/* Waits until another section is through the block at hand. */
RNN_HELPER void rnn_wait_for(const rnn_wave *wave, int other, const rnn_call *call)
{
    rnn_wait_for_frames(wave, other, rnn_frames_through(call));
}

/* Waits until another section, of another pass, is through all frames. */
RNN_HELPER void rnn_wait_for_all(const rnn_wave *wave, int other, const rnn_call *call)
{
    rnn_wait_for_frames(wave, other, call->frames);
}

/* Ends the passes of a wavefront for the call itself: see rnn_next_block. */
RNN_HELPER void rnn_end_wave(const rnn_wave *wave, rnn_call *call)
{
    *call = wave->call;
    call->begin = call->frames;
    call->count = 0;
    call->direction = RNN_FORWARD;
    rnn_next_block(call);
}

/* ---- long calls ---- */

/* Returns the lengths of streams within `count` frames from frame `begin` on, in `rest`; NULL if lengths is. */
RNN_HELPER const int *rnn_lengths_from(int *rest, const int *lengths, int begin, int count, int streams)
{
    for (int stream = 0; lengths && stream < streams; stream++)
        rest[stream] = RNN_MAX(0, RNN_MIN(count, lengths[stream] - begin));
    return lengths ? rest : NULL;
}

#endif
