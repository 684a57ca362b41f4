/* Ranks by MPI. All waiting is by tests in turn with sleep, so that more ranks than processors get done, and so that a
 * rank which waits in vain ends the run. */
#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/commands.h"
#include "command/stop.h"
#include "ranks/launcher.h"
#include "ranks/pusher.h"
#include "ranks/ranks.h"

enum { MOST_SUMS = 256 };

struct ranks_mpi {
    MPI_Comm work, faults; /* of errors there are no other calls in the way */
    MPI_Request sums[MOST_SUMS];
    int sum_count;
    struct pusher pusher; /* of the sums */
    double patience;      /* seconds */
};

/* ---- waiting ---- */

/* Waits between two tests: at first not at all, then longer and longer. */
static void rest(int tests)
{
    enum { SPINS = 200, SHORT = 2000, SHORT_NANOSECONDS = 20000, LONG_NANOSECONDS = 200000 };
    if (tests >= SPINS)
        nanosleep(&(struct timespec){0, tests < SHORT ? SHORT_NANOSECONDS : LONG_NANOSECONDS}, NULL);
}

/* Waits for all requests, at most so many seconds; true if they are done. */
static bool wait_for(MPI_Request *requests, int count, double seconds)
{
    int done = 0;
    double begin = 0;
    for (int tests = 0; !done; tests++) {
        MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE);
        if (done)
            break;
        rest(tests);
        if (tests == 0)
            begin = ranks_clock();
        if (ranks_clock() - begin > seconds)
            return false;
    }
    return true;
}

/* Ends all ranks, with a message that names this one. */
static _Noreturn void end_all(const struct ranks *ranks, const char *sentence)
{
    char words[2000];
    snprintf(words, sizeof words, "rank %d of %d: %s", ranks->rank, ranks->count, sentence);
    print_error(words);
    fflush(NULL);
    MPI_Abort(MPI_COMM_WORLD, 1);
    _exit(1);
}

/* The thread that pushes sums stays away from MPI between these calls, and every other call of MPI stands there. */
static void hold(struct ranks *ranks) { pusher_hold(&ranks->mpi->pusher); }
static void release(struct ranks *ranks) { pusher_release(&ranks->mpi->pusher, ranks->mpi->sum_count); }

static void wait_or_end(const struct ranks *ranks, MPI_Request *requests, int count)
{
    if (wait_for(requests, count, ranks->mpi->patience))
        return;
    char words[200];
    snprintf(words, sizeof words, "another rank hangs: this one has waited %g seconds for it (RNN_RANKS_SECONDS)",
             ranks->mpi->patience);
    end_all(ranks, words);
}

/* ---- open and close ---- */

/* Becomes mpirun, which starts this program so many times. Returns only if it cannot. */
static const char *launch(struct arena *arena, int count, char **argv)
{
    enum { MOST_WORDS = 16 };
    static const char program[] = "/proc/self/exe";
    char path[PATH_MAX], *words[MOST_WORDS];
    int used = 0, given = 0;
    ssize_t length = readlink(program, path, sizeof path - 1);
    if (length < 0)
        return "--ranks: /proc is needed to start this program again";
    path[length] = '\0';
    words[used++] = "mpirun";
    words[used++] = "-n";
    words[used++] = arena_printf(arena, "%d", count);
#ifdef OPEN_MPI
    words[used++] = "--oversubscribe";
    words[used++] = "--mca"; /* a rank that is stopped gets done with its step and writes a checkpoint */
    words[used++] = "odls_base_sigkill_timeout";
    words[used++] = "5"; /* seconds; a dead rank ends the run after twice as many */
    if (geteuid() == 0)
        words[used++] = "--allow-run-as-root";
#endif
    words[used++] = path;
    while (argv[given])
        given++;
    char **all = ARENA_ARRAY(arena, char *, used + given + 2);
    memcpy(all, words, (size_t)used * sizeof *all);
    all[used] = "train";
    memcpy(all + used + 1, argv + 1, (size_t)given * sizeof *all); /* with the NULL behind them */
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    setenv("OMP_NUM_THREADS", arena_printf(arena, "%ld", processors > count ? processors / count : 1), 0);
    execvp(all[0], all);
    return arena_printf(arena, "--ranks %d: mpirun cannot be started: %s; openmpi-bin (or mpich) has it", count,
                        strerror(errno));
}

static double find_patience(void)
{
    enum { USUAL_SECONDS = 600 };
    const char *text = getenv("RNN_RANKS_SECONDS");
    double seconds = text ? strtod(text, NULL) : 0;
    return seconds > 0 ? seconds : USUAL_SECONDS;
}

/* Returns what is wrong if a launcher has started several processes, of which MPI finds one; NULL if it has not. To be
 * asked before MPI begins, which changes the environment. */
static const char *explain_strangers(struct arena *arena)
{
    const char *variable;
    const int count = launcher_count(&variable);
    return count == 1 ? NULL
                      : arena_printf(arena,
                                     "%d processes have been started together (%s), but MPI knows of one: start them "
                                     "by the mpirun of the MPI that rnn was built with, or by srun --mpi=pmix; each "
                                     "for itself would write the same files",
                                     count, variable);
}

/* Has Open MPI sum by halving and doubling (Rabenseifner), so that each rank sends all it has twice at most and both
 * ways of a link are used, unless the environment says otherwise: sums in place would go through one rank as a whole
 * (ompi/mca/coll/libnbc/nbc_iallreduce.c, nbc_allreduce_init). */
static void choose_algorithm(void)
{
#ifdef OPEN_MPI
    setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "rabenseifner", 0);
#endif
}

bool ranks_open(struct ranks *ranks, struct arena *arena, int wanted, char **argv, const char **error)
{
    *ranks = (struct ranks){.count = 1};
    const char *strangers = explain_strangers(arena);
    if (!launcher_has_mpi()) {
        *error = strangers ? strangers : wanted > 1 ? launch(arena, wanted, argv) : NULL;
        return !*error;
    }
    int threads;
    choose_algorithm();
    const sigset_t before = stop_hold_signals(); /* threads that start now are not to take signals */
    const int status = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &threads);
    struct ranks_mpi *mpi = ARENA_NEW(arena, struct ranks_mpi);
    if (status == MPI_SUCCESS) {
        MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
        MPI_Comm_size(MPI_COMM_WORLD, &ranks->count);
        if (ranks->count > 1 && threads >= MPI_THREAD_SERIALIZED)
            pusher_start(&mpi->pusher, mpi->sums);
    }
    stop_restore_signals(&before);
    if (status != MPI_SUCCESS) {
        *error = "MPI cannot be started";
        return false;
    }
    if (ranks->count == 1 && strangers) {
        MPI_Finalize();
        *error = strangers;
        return false;
    }
    ranks->mpi = mpi;
    mpi->patience = find_patience();
    MPI_Comm_dup(MPI_COMM_WORLD, &mpi->work);
    MPI_Comm_dup(MPI_COMM_WORLD, &mpi->faults);
    if (wanted && wanted != ranks->count)
        *error = arena_printf(arena, "--ranks %d: %d rank%s been started", wanted, ranks->count,
                              ranks->count == 1 ? " has" : "s have");
    return !wanted || wanted == ranks->count;
}

void ranks_close(struct ranks *ranks)
{
    if (!ranks->mpi)
        return;
    pusher_stop(&ranks->mpi->pusher);
    MPI_Comm_free(&ranks->mpi->work);
    MPI_Comm_free(&ranks->mpi->faults);
    MPI_Finalize();
    *ranks = (struct ranks){.count = 1};
}

/* ---- sums ---- */

void ranks_sum(struct ranks *ranks, double *numbers, int count)
{
    if (ranks->count == 1)
        return;
    MPI_Request request;
    hold(ranks);
    ranks->bytes += (double)count * sizeof *numbers;
    if (count >= ranks->count) {
        MPI_Iallreduce(MPI_IN_PLACE, numbers, count, MPI_DOUBLE, MPI_SUM, ranks->mpi->work, &request);
    } else { /* by two trees: numbers that are too few for each rank to sum one would go around in a ring */
        MPI_Ireduce(ranks->rank ? numbers : MPI_IN_PLACE, ranks->rank ? NULL : numbers, count, MPI_DOUBLE, MPI_SUM, 0,
                    ranks->mpi->work, &request);
        wait_or_end(ranks, &request, 1);
        MPI_Ibcast(numbers, count, MPI_DOUBLE, 0, ranks->mpi->work, &request);
    }
    wait_or_end(ranks, &request, 1);
    release(ranks);
}

void ranks_begin_sum(struct ranks *ranks, void *numbers, size_t count, int size)
{
    enum { MOST_AT_ONCE = 1 << 28 };
    struct ranks_mpi *mpi = ranks->mpi;
    for (size_t done = 0; done < count && ranks->count > 1;) {
        const size_t some = count - done < MOST_AT_ONCE ? count - done : MOST_AT_ONCE;
        if (mpi->sum_count == MOST_SUMS)
            ranks_end_sums(ranks);
        ranks->bytes += (double)some * size;
        hold(ranks);
        MPI_Iallreduce(MPI_IN_PLACE, (char *)numbers + done * (size_t)size, (int)some,
                       size == (int)sizeof(double) ? MPI_DOUBLE : MPI_FLOAT, MPI_SUM, mpi->work,
                       &mpi->sums[mpi->sum_count++]);
        release(ranks);
        done += some;
    }
}

void ranks_push_sums(struct ranks *ranks)
{
    struct ranks_mpi *mpi = ranks->mpi;
    int done;
    if (!mpi || !mpi->sum_count || mpi->pusher.runs)
        return;
    MPI_Testall(mpi->sum_count, mpi->sums, &done, MPI_STATUSES_IGNORE);
}

void ranks_end_sums(struct ranks *ranks)
{
    if (!ranks->mpi || !ranks->mpi->sum_count)
        return;
    pusher_hold(&ranks->mpi->pusher);
    pusher_release(&ranks->mpi->pusher, 0);
    wait_or_end(ranks, ranks->mpi->sums, ranks->mpi->sum_count);
    ranks->mpi->sum_count = 0;
}

static void add_halves(void *from, void *to, int *count, MPI_Datatype *type)
{
    (void)type;
    ranks_add_halves(from, to, *count);
}

void ranks_sum_halves(struct ranks *ranks, uint16_t *halves, size_t count)
{
    enum { MOST_AT_ONCE = 1 << 28 };
    MPI_Op add;
    if (ranks->count == 1)
        return;
    hold(ranks);
    MPI_Op_create(add_halves, 1, &add);
    for (size_t done = 0; done < count; done += MOST_AT_ONCE) {
        const size_t some = count - done < MOST_AT_ONCE ? count - done : MOST_AT_ONCE;
        MPI_Request request;
        ranks->bytes += (double)(some * sizeof *halves);
        MPI_Iallreduce(MPI_IN_PLACE, halves + done, (int)some, MPI_UINT16_T, add, ranks->mpi->work, &request);
        wait_or_end(ranks, &request, 1);
    }
    MPI_Op_free(&add);
    release(ranks);
}

/* ---- other calls ---- */

void ranks_largest(struct ranks *ranks, int *numbers, int count)
{
    if (ranks->count == 1)
        return;
    MPI_Request request;
    hold(ranks);
    ranks->bytes += (double)count * sizeof *numbers;
    MPI_Iallreduce(MPI_IN_PLACE, numbers, count, MPI_INT, MPI_MAX, ranks->mpi->work, &request);
    wait_or_end(ranks, &request, 1);
    release(ranks);
}

void ranks_meet(struct ranks *ranks)
{
    if (ranks->count == 1)
        return;
    MPI_Request request;
    hold(ranks);
    MPI_Ibarrier(ranks->mpi->work, &request);
    wait_or_end(ranks, &request, 1);
    release(ranks);
}

const char *ranks_text(struct ranks *ranks, struct arena *arena, int from, const char *text)
{
    if (ranks->count == 1)
        return text;
    MPI_Request request;
    int length = ranks->rank == from ? (int)strlen(text) : 0;
    hold(ranks);
    MPI_Ibcast(&length, 1, MPI_INT, from, ranks->mpi->work, &request);
    wait_or_end(ranks, &request, 1);
    char *copy = arena_alloc(arena, (size_t)length + 1, 1);
    if (ranks->rank == from)
        memcpy(copy, text, (size_t)length);
    copy[length] = '\0';
    MPI_Ibcast(copy, length, MPI_CHAR, from, ranks->mpi->work, &request);
    wait_or_end(ranks, &request, 1);
    release(ranks);
    return copy;
}

void ranks_give(struct ranks *ranks, void *data, size_t size)
{
    enum { MOST_AT_ONCE = 1 << 30 };
    for (size_t done = 0; done < size && ranks->count > 1; done += MOST_AT_ONCE) {
        MPI_Request request;
        hold(ranks);
        MPI_Ibcast((char *)data + done, (int)(size - done < MOST_AT_ONCE ? size - done : MOST_AT_ONCE), MPI_BYTE, 0,
                   ranks->mpi->work, &request);
        wait_or_end(ranks, &request, 1);
        release(ranks);
    }
}

void ranks_gather(struct ranks *ranks, const void *own, size_t size, void *all, const size_t *sizes)
{
    enum { TAG = 1, MOST_AT_ONCE = 1 << 30 };
    char *to = all;
    for (int rank = 0; rank < ranks->count && ranks->count > 1; rank++) {
        const size_t bytes = ranks->rank ? size : sizes[rank];
        MPI_Request request;
        if (ranks->rank == 0 && rank == 0)
            memcpy(to, own, bytes);
        for (size_t done = 0; done < bytes && rank && (ranks->rank == 0 || ranks->rank == rank); done += MOST_AT_ONCE) {
            const int some = (int)(bytes - done < MOST_AT_ONCE ? bytes - done : MOST_AT_ONCE);
            hold(ranks);
            if (ranks->rank)
                MPI_Isend((const char *)own + done, some, MPI_BYTE, 0, TAG, ranks->mpi->work, &request);
            else
                MPI_Irecv(to + done, some, MPI_BYTE, rank, TAG, ranks->mpi->work, &request);
            wait_or_end(ranks, &request, 1);
            release(ranks);
        }
        if (ranks->rank == 0)
            to += bytes;
    }
}

int ranks_fail(struct ranks *ranks, const char *sentence)
{
    enum { SECONDS = 5 };
    if (ranks->count == 1)
        return print_error(sentence);
    int first = ranks->rank;
    MPI_Request request;
    hold(ranks);
    MPI_Iallreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, ranks->mpi->faults, &request);
    if (!wait_for(&request, 1, SECONDS))
        end_all(ranks, sentence ? sentence : "its network cannot be used");
    release(ranks);
    if (ranks->rank == first)
        print_error(sentence);
    return 1;
}
