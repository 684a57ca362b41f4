/* MPI_Iallreduce of simulated ranks, in place of SimGrid's, which sends all numbers from each rank to every other one.
 *
 * Sums are computed as MPICH does it: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective communication
 * operations in MPICH", International Journal of High Performance Computing Applications 19, 2005. Of P = 2^k ranks,
 * each has in round i a partner whose number differs in bit i:
 *
 *     short   k rounds: partners send each other all numbers, and add
 *     long    k rounds: each sends its partner one half of what it has, and adds up the other half; then k rounds in
 *             which they send each other back what has been summed
 *
 * Other numbers of ranks have SimGrid's. As in MPI without a thread of its own for it, a sum goes on only while its
 * rank is in a call of MPI. */
#include <math.h>
#include <mpi.h>
#include <simgrid/engine.h>
#include <smpi/smpi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"
#include "scale.h"

enum { MOST_SUMS = 512, MOST_ROUNDS = 16, SHORT_BYTES = 2048, FIRST_TAG = 1000, TAGS = 20000 };

struct part {
    int begin, end;
};

struct sum {
    char *numbers, *received;
    int count, size; /* of one, in bytes */
    MPI_Datatype type;
    MPI_Op op;
    MPI_Comm comm;
    int rank, tag;
    bool is_short;
    int rounds, round;                  /* k; of k or 2 k, the one at hand */
    struct part parts[MOST_ROUNDS + 1]; /* long: what is this rank's after so many rounds */
    MPI_Request requests[2];            /* of the round at hand */
};

struct sums {
    struct sum *open[MOST_SUMS];
    int count;
    int begun;     /* so far */
    double looked; /* when none of them could go on; -1: one has begun since */
};

/* ---- the calling rank ---- */

struct scale_rank *scale_rank(void) { return smpi_process_get_user_data(); }

static struct sums *own_sums(void)
{
    struct scale_rank *rank = scale_rank();
    if (!rank->sums)
        rank->sums = calloc(1, sizeof *rank->sums);
    if (!rank->sums)
        abort();
    return rank->sums;
}

/* ---- rounds ---- */

static int round_count(const struct sum *sum) { return sum->is_short ? sum->rounds : 2 * sum->rounds; }

/* True where the numbers are not there, and only the time is wanted that it takes to send them. */
static bool is_modelled(const struct sum *sum) { return !sum->is_short && scale_rank()->scratch; }

static char *at(const struct sum *sum, int place)
{
    return is_modelled(sum) ? scale_rank()->scratch : sum->numbers + (size_t)place * (size_t)sum->size;
}

static struct part half_of(struct part part, bool second)
{
    const int middle = part.begin + (part.end - part.begin) / 2;
    return second ? (struct part){middle, part.end} : (struct part){part.begin, middle};
}

/* Sends one part to the partner, and receives another. */
static void exchange(struct sum *sum, int bit, struct part sent, char *to, int count)
{
    const int partner = sum->rank ^ (1 << bit);
    PMPI_Irecv(to, count, sum->type, partner, sum->tag, sum->comm, &sum->requests[0]);
    PMPI_Isend(at(sum, sent.begin), sent.end - sent.begin, sum->type, partner, sum->tag, sum->comm, &sum->requests[1]);
}

static void begin_round(struct sum *sum)
{
    const bool adds = sum->round < sum->rounds;
    const int bit = adds ? sum->round : round_count(sum) - 1 - sum->round;
    const bool second = sum->rank >> bit & 1;
    if (sum->is_short) {
        exchange(sum, bit, (struct part){0, sum->count}, sum->received, sum->count);
        return;
    }
    const struct part whole = sum->parts[bit], own = half_of(whole, second), other = half_of(whole, !second);
    sum->parts[bit + 1] = own;
    if (adds)
        exchange(sum, bit, other, is_modelled(sum) ? scale_rank()->scratch : sum->received, own.end - own.begin);
    else
        exchange(sum, bit, own, at(sum, other.begin), other.end - other.begin);
}

/* Adds what has been received. */
static void end_round(struct sum *sum)
{
    const struct part part = sum->is_short ? (struct part){0, sum->count} : sum->parts[sum->round + 1];
    const int count = part.end - part.begin;
    if (!sum->is_short && sum->round >= sum->rounds)
        return;
    if (is_modelled(sum))
        costs_take_add(scale_rank()->costs, (double)count * sum->size, sum->op != MPI_SUM);
    else
        PMPI_Reduce_local(sum->received, at(sum, part.begin), count, sum->type, sum->op);
}

/* Ends the round of a sum whose messages have come, and begins the next one. */
static void next_round(struct sum *sum)
{
    end_round(sum);
    if (++sum->round < round_count(sum))
        begin_round(sum);
}

/* ---- all sums of a rank ---- */

/* The requests of open sums. */
struct waiting {
    MPI_Request requests[2 * MOST_SUMS];
    struct sum *sums[2 * MOST_SUMS]; /* whose they are */
    int places[2 * MOST_SUMS];       /* in whose `requests` */
    int count;
};

static void list_waiting(struct sums *sums, struct waiting *waiting)
{
    waiting->count = 0;
    for (int i = 0; i < sums->count; i++)
        for (int k = 0; k < 2; k++) {
            struct sum *sum = sums->open[i];
            if (sum->round == round_count(sum) || sum->requests[k] == MPI_REQUEST_NULL)
                continue;
            waiting->requests[waiting->count] = sum->requests[k];
            waiting->sums[waiting->count] = sum;
            waiting->places[waiting->count++] = k;
        }
}

/* Lets the sum go on if this request, whose message has come, was the last one of its round. */
static void take(const struct waiting *waiting, int which)
{
    struct sum *sum = waiting->sums[which];
    sum->requests[waiting->places[which]] = MPI_REQUEST_NULL;
    if (sum->requests[0] == MPI_REQUEST_NULL && sum->requests[1] == MPI_REQUEST_NULL)
        next_round(sum);
}

/* Lets all sums go on as far as messages have come. At one moment nothing comes that has not come before. */
static void go_on(struct sums *sums)
{
    struct waiting waiting;
    int come[2 * MOST_SUMS], count = sums->looked == simgrid_get_clock() ? 0 : 1;
    while (count > 0) {
        list_waiting(sums, &waiting);
        count = 0;
        if (waiting.count)
            PMPI_Testsome(waiting.count, waiting.requests, &count, come, MPI_STATUSES_IGNORE);
        for (int i = 0; i < count; i++)
            take(&waiting, come[i]);
    }
    sums->looked = simgrid_get_clock();
}

/* ---- calls of MPI ---- */

static int rounds_of(int ranks)
{
    int rounds = 0;
    while (1 << rounds < ranks)
        rounds++;
    return rounds;
}

int MPI_Iallreduce(const void *sent, void *numbers, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request *request)
{
    struct sums *sums = own_sums();
    int ranks, size;
    PMPI_Comm_size(comm, &ranks);
    PMPI_Type_size(type, &size);
    const int rounds = rounds_of(ranks);
    struct sum *sum = calloc(1, sizeof *sum);
    if (sent != MPI_IN_PLACE || 1 << rounds != ranks || rounds > MOST_ROUNDS || sums->count == MOST_SUMS || !sum) {
        free(sum);
        return PMPI_Iallreduce(sent, numbers, count, type, op, comm, request);
    }
    *sum = (struct sum){.numbers = numbers,
                        .count = count,
                        .size = size,
                        .type = type,
                        .op = op,
                        .comm = comm,
                        .tag = FIRST_TAG + sums->begun++ % TAGS,
                        .is_short = (double)count * size <= SHORT_BYTES || count < ranks,
                        .rounds = rounds,
                        .parts[0] = {0, count}};
    PMPI_Comm_rank(comm, &sum->rank);
    if (!is_modelled(sum))
        sum->received = malloc((size_t)count * (size_t)size + 1);
    begin_round(sum);
    sums->open[sums->count++] = sum;
    sums->looked = -1;
    *request = (MPI_Request)sum;
    return MPI_SUCCESS;
}

/* Returns the place of the sum that a request is, among the open ones; -1: it is none. */
static int find_sum(const struct sums *sums, MPI_Request request)
{
    for (int i = 0; i < sums->count; i++)
        if ((MPI_Request)sums->open[i] == request)
            return i;
    return -1;
}

static void close_sum(struct sums *sums, int place)
{
    free(sums->open[place]->received);
    free(sums->open[place]);
    memmove(sums->open + place, sums->open + place + 1, (size_t)(--sums->count - place) * sizeof *sums->open);
}

/* Ranks test either sums or something else. */
int MPI_Testall(int count, MPI_Request *requests, int *done, MPI_Status *statuses)
{
    struct sums *sums = own_sums();
    go_on(sums);
    if (!count || find_sum(sums, requests[0]) < 0)
        return PMPI_Testall(count, requests, done, statuses);
    *done = 1;
    for (int i = 0; i < count; i++) {
        const struct sum *sum = sums->open[find_sum(sums, requests[i])];
        *done &= sum->round == round_count(sum);
    }
    for (int i = 0; i < count && *done; i++) {
        close_sum(sums, find_sum(sums, requests[i]));
        requests[i] = MPI_REQUEST_NULL;
    }
    return MPI_SUCCESS;
}

/* ---- sleep ---- */

int scale_nanosleep(const struct timespec *time, struct timespec *rest)
{
    struct waiting waiting;
    const double length = (double)time->tv_sec + 1e-9 * (double)time->tv_nsec, begin = simgrid_get_clock();
    int first;
    list_waiting(own_sums(), &waiting);
    if (!waiting.count)
        return smpi_nanosleep(time, rest);
    PMPI_Waitany(waiting.count, waiting.requests, &first, MPI_STATUS_IGNORE);
    take(&waiting, first);
    const double slept = simgrid_get_clock() - begin, left = ceil(slept / length) * length - slept;
    return left > 0 ? smpi_nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * left)}, rest) : 0;
}
