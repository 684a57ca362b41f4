/* A training of many ranks, simulated: the program that MPI's ranks run, on hosts and links of SimGrid.
 *
 *   A. Degomme, A. Legrand, G. Markomanolis, M. Quinson, M. Stillwell, F. Suter, "Simulating MPI applications: the SMPI
 *   approach", IEEE Transactions on Parallel and Distributed Systems 28, 2017
 *
 * Ranks are actors of one process. They run one after the other, call what `rnn train` calls, and share all that is
 * global; messages take simulated time, and what is computed takes none but what costs.h says. */
#ifndef RNN_SCALE_H
#define RNN_SCALE_H

#include <stdbool.h>
#include <time.h>

struct costs;
struct sums;

/* The things that a rank has to itself: the user data of its process. */
struct scale_rank {
    struct sums *sums;
    struct costs *costs; /* where arithmetic is not done but takes time, or is done and measured; NULL: it is done */
    bool records;        /* it is done and measured */
    void *scratch;       /* what is sent in place of numbers that are not computed; NULL: these are sent */
};

/* Returns the calling rank's. */
struct scale_rank *scale_rank(void);

/* ---- commands: functions of a rank, which give an exit status ---- */

int scale_costs(int argc, char **argv);
int scale_steps(int argc, char **argv);

/* ---- for ranks_mpi.c, which sleeps between two looks at its sums ---- */

/* Sleeps so long, or as many times as long as it takes until one of the rank's messages has come: what a rank does that
 * looks again and again, at the cost of one event. */
int scale_nanosleep(const struct timespec *time, struct timespec *rest);

#endif
