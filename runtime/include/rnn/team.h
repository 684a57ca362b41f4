/* Threads of a call, by OpenMP. Compiled without it, every call is serial.
 *
 *   team    what a call knows of its threads; on its stack
 *   split   how one region is shared out: decided before the threads begin, from the columns at hand
 *   share   what one thread of a region computes
 *
 * A call has as many threads as OpenMP gives, OMP_NUM_THREADS or omp_set_num_threads() of the calling thread, but no
 * more than the processors that the process may run on; and one within a parallel region of the caller's. A region that
 * has too little work forks none.
 *
 * In products a thread has its panels, for all columns, or its columns, for all panels; in kernels that go through
 * whole columns it has its columns. Where panels are shared out, threads wait for each other wherever one reads units
 * that others have made. What a number is computed from, and in which order, does not depend on who computes it; but a
 * single column adds up its products in another order than several do (rnn/panel.h), so that streams shared out one by
 * one may differ from the same streams together in the last place. */
#ifndef RNN_TEAM_H
#define RNN_TEAM_H

#ifdef _OPENMP
#include <omp.h>
#include <sched.h>

/* Processors that the process may run on: more threads than these would take turns, and wait for each other. */
#ifndef RNN_PROCESSORS
#define RNN_PROCESSORS omp_get_num_procs()
#endif
#endif

#include "rnn/library.h"
#include "rnn/tile.h"
#include "rnn/vec.h"

/* A directive of OpenMP; nothing where the compiler is not told to use it. */
#ifdef _OPENMP
#define RNN_OMP(...) RNN_PRAGMA(omp __VA_ARGS__)
#else
#define RNN_OMP(...)
#endif

typedef struct {
    int threads;    /* that the call may use; 0: OpenMP has not been asked yet, since no region was worth it */
    int arrived;    /* of those that a barrier waits for */
    int turn;       /* barriers passed */
    int late;       /* waits that were too long */
    int alone;      /* 1: threads were late, so that scans go on with one */
    double resumed; /* seconds: when the last long wait ended; 0: there was none */
} rnn_team;

/* A range of panels, columns or units. */
typedef struct {
    int first, end;
} rnn_range;

typedef struct {
    int threads;
    int panels; /* 1: panels (or units) are shared out, 0: columns */
    int columns;
    rnn_team *team;
} rnn_split;

typedef struct {
    int thread, threads;
    int panels;        /* as in its split */
    rnn_range columns; /* of kernels that go through whole columns */
    rnn_range batches; /* columns of products */
    rnn_team *team;
} rnn_share;

/* The only thread. */
static const rnn_share rnn_alone RNN_ATTRIBUTE(unused) = {0, 1, 0, {0, 0}, {0, 0}, NULL};

RNN_HELPER rnn_team rnn_begin_team(void)
{
    const rnn_team team = {0, 0, 0, 0, 0, 0};
    return team;
}

RNN_HELPER int rnn_threads(rnn_team *team)
{
#ifdef _OPENMP
    if (!team->threads) {
        const int most = omp_in_parallel() ? 1 : omp_get_max_threads(), processors = most > 1 ? RNN_PROCESSORS : 1;
        team->threads = RNN_MIN(most, processors);
    }
    return team->threads;
#else
    (void)team;
    return 1;
#endif
}

/* ---- splits ---- */

/* Products with fewer columns for each thread are shared out by panels: each thread then reads a part of the weights,
 * not all of them for few columns. */
enum { RNN_COLUMNS_EACH = 24 };

/* Splits a region whose frames need not wait for each other. fork_columns: those that are worth a fork. */
RNN_HELPER rnn_split rnn_split_frames(rnn_team *team, ptrdiff_t columns, int fork_columns)
{
    rnn_split split = {1, 0, (int)columns, team};
    if (columns >= fork_columns && rnn_threads(team) > 1) {
        split.threads = team->threads;
        split.panels = columns < (ptrdiff_t)RNN_COLUMNS_EACH * team->threads;
    }
    return split;
}

/* Splits a scan. streams_each: streams for each thread from which on they are shared out; row_streams: streams from
 * which on panels are worth a barrier a frame for up to row_threads, where streams are too few. 0: never. */
RNN_HELPER rnn_split rnn_split_scan(rnn_team *team, int frames, int streams, int fork_columns, int streams_each,
                                    int row_streams, int row_threads)
{
    rnn_split split = {1, 0, streams, team};
    if ((ptrdiff_t)frames * streams < fork_columns || rnn_threads(team) == 1)
        return split;
    const int by_streams = streams_each ? streams / streams_each : 0;
    const int by_rows = row_streams && streams >= row_streams ? RNN_MIN(team->threads, row_threads) : 0;
    if (by_streams < by_rows) {
        split.threads = team->alone ? 1 : by_rows; /* not by streams instead: sums would round in another order */
        split.panels = 1;
    } else if (by_streams > 1)
        split.threads = by_streams < team->threads ? by_streams : team->threads;
    return split;
}

/* Splits an elementwise scan, by units. */
RNN_HELPER rnn_split rnn_split_units(rnn_team *team, int frames, int streams, int fork_columns)
{
    rnn_split split = {1, 1, streams, team};
    if ((ptrdiff_t)frames * streams >= fork_columns)
        split.threads = rnn_threads(team);
    return split;
}

/* ---- shares ---- */

/* Returns part number `thread` of `threads` of so many things. */
RNN_INLINE rnn_range rnn_part_of(int count, int thread, int threads)
{
    rnn_range range = {0, count};
    if (threads > 1) {
        range.first = (int)((ptrdiff_t)count * thread / threads);
        range.end = (int)((ptrdiff_t)count * (thread + 1) / threads);
    }
    return range;
}

/* Returns the share of the thread that calls it, in a parallel region. */
RNN_HELPER rnn_share rnn_share_of(const rnn_split *split)
{
    rnn_share share = {0, 1, 0, {0, split->columns}, {0, split->columns}, split->team};
#ifdef _OPENMP
    if (split->threads > 1) {
        share.thread = omp_get_thread_num();
        share.threads = omp_get_num_threads(); /* fewer than were asked for if there are no more */
        share.panels = split->panels;
        share.columns = rnn_part_of(split->columns, share.thread, share.threads);
        if (!share.panels)
            share.batches = share.columns;
    }
#endif
    return share;
}

/* Return the first of a thread's panels, the one behind its last, and panel i counted from the other end. */
RNN_INLINE int rnn_panel_first(const rnn_share *share, int count)
{
    return share->panels ? rnn_part_of(count, share->thread, share->threads).first : 0;
}

RNN_INLINE int rnn_panel_end(const rnn_share *share, int count)
{
    return share->panels ? rnn_part_of(count, share->thread, share->threads).end : count;
}

RNN_INLINE int rnn_panel_back(const rnn_share *share, int count, int i)
{
    return rnn_panel_first(share, count) + rnn_panel_end(share, count) - 1 - i;
}

RNN_INLINE int rnn_share_columns(const rnn_share *share) { return share->columns.end - share->columns.first; }

/* Returns the units of a thread, in whole cache lines, where units are shared out. */
RNN_INLINE rnn_range rnn_units_of(const rnn_share *share, int units)
{
    enum { LINE = RNN_MAX(RNN_LANES, 64 / (int)sizeof(rnn_real)) };
    rnn_range range = rnn_part_of((units + LINE - 1) / LINE, share->thread, share->threads);
    range.first *= LINE;
    range.end = RNN_MIN(units, range.end * LINE);
    return range;
}

#ifndef RNN_FREESTANDING

/* ---- barriers ---- */

/* Turns of a waiting loop, some 20 us, after which a wait is long and the processor is offered to others; and waits
 * that are too long after which scans of a call go on with one thread: others seem to have no processor. */
enum { RNN_SPINS = 1000, RNN_LATE = 4 };

/* Waits for turn `turn` of a loop, and returns the next one: a moment at first, and from RNN_SPINS on for as long as
 * other threads have something to do. */
RNN_INLINE int rnn_wait_a_turn(int turn)
{
#ifdef _OPENMP
    if (turn >= RNN_SPINS)
        sched_yield();
#endif
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
    return RNN_MIN(turn, RNN_SPINS) + 1;
}

/* Notes a wait that was long. It was too long if it took more than a quarter of the time since the one before: threads
 * that have much to do between barriers may well be 20 us apart. */
RNN_HELPER void rnn_note_wait(rnn_team *team, double begun)
{
#ifdef _OPENMP
    double now = omp_get_wtime();
    double before;
    __atomic_load(&team->resumed, &before, __ATOMIC_RELAXED);
    if (4 * (now - begun) > begun - before)
        __atomic_add_fetch(&team->late, 1, __ATOMIC_RELAXED);
    __atomic_store(&team->resumed, &now, __ATOMIC_RELAXED);
#else
    (void)team, (void)begun;
#endif
}

/* Waits for all threads of a region. What they wrote before is seen by all behind it. */
RNN_HELPER void rnn_barrier(const rnn_share *share)
{
    rnn_team *const team = share->team;
    if (share->threads == 1)
        return;
    const int turn = __atomic_load_n(&team->turn, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL) == share->threads) {
        __atomic_store_n(&team->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&team->alone, __atomic_load_n(&team->late, __ATOMIC_RELAXED) >= RNN_LATE, __ATOMIC_RELAXED);
        __atomic_store_n(&team->turn, turn + 1, __ATOMIC_RELEASE);
        return;
    }
    int spin = 0;
    double begun = 0;
    while (__atomic_load_n(&team->turn, __ATOMIC_ACQUIRE) == turn) {
#ifdef _OPENMP
        if (spin == RNN_SPINS)
            begun = omp_get_wtime();
#endif
        spin = rnn_wait_a_turn(spin);
    }
    if (spin > RNN_SPINS)
        rnn_note_wait(team, begun);
}

/* Waits where a thread reads units that others have made. */
RNN_INLINE void rnn_meet(const rnn_share *share)
{
    if (share->panels)
        rnn_barrier(share);
}

/* Ends a frame of a scan. Where threads were late, the first one goes on with all panels and columns, and the others
 * get 0: they leave. */
RNN_INLINE int rnn_end_frame(rnn_share *share)
{
    if (!share->panels || share->threads == 1)
        return 1;
    rnn_barrier(share);
    if (!__atomic_load_n(&share->team->alone, __ATOMIC_RELAXED))
        return 1;
    if (share->thread)
        return 0;
    share->threads = 1;
    share->panels = 0;
    share->columns = share->batches;
    return 1;
}

#endif

#endif
