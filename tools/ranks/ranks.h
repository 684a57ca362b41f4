/* The ranks of a training: processes, on one machine or many, that hold the same parameters and share out the streams
 * of each batch.
 *
 * A process is one of several ranks if a launcher of MPI has started it (mpirun, srun); else there is one. In a build
 * without MPI there is always one. All calls but ranks_open and ranks_fail are made by all ranks in the same order, and
 * do nothing where there is one.
 *
 * A sum is the same on all ranks to the bit, and from run to run where their number is the same. A rank that waits
 * longer than RNN_RANKS_SECONDS (of the environment; 600) for the others ends the run. */
#ifndef RNN_TOOLS_RANKS_H
#define RNN_TOOLS_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct ranks {
    int rank, count;
    struct ranks_mpi *mpi; /* NULL where there is one rank */
    double bytes;          /* that this rank has given into sums so far */
};

/* Joins the ranks that have been launched with this one. wanted: --ranks, or 0. Where that is more than 1 and nothing
 * has been launched, starts so many by mpirun with the command line argv, in place of this process. False, with a
 * sentence, if that cannot be, or if others than `wanted` ranks have been launched. */
bool ranks_open(struct ranks *ranks, struct arena *arena, int wanted, char **argv, const char **error);
void ranks_close(struct ranks *ranks);

/* The part of `count` things that is a rank's: from ranks_first to that of the next. */
static inline int ranks_first(int rank, int ranks, int count) { return (int)((long)count * rank / ranks); }
/* The largest part. */
static inline int ranks_most(int ranks, int count) { return (int)(((long)count + ranks - 1) / ranks); }

/* Numbers become their sums over all ranks. */
void ranks_sum(struct ranks *ranks, double *numbers, int count);
/* The same for numbers of 4 or 8 bytes. Begins the sum: the numbers are not to be touched until ranks_end_sums has
 * ended all that have begun. ranks_push_sums lets them go on in between. All other calls may stand in between, too. */
void ranks_begin_sum(struct ranks *ranks, void *numbers, size_t count, int size);
void ranks_push_sums(struct ranks *ranks);
void ranks_end_sums(struct ranks *ranks);

/* The same for numbers in half precision (IEEE 754 binary16), at once. */
void ranks_sum_halves(struct ranks *ranks, uint16_t *halves, size_t count);
/* sums += added, each rounded */
void ranks_add_halves(const uint16_t *added, uint16_t *sums, int count);

/* Each number becomes the largest of all ranks. */
void ranks_largest(struct ranks *ranks, int *numbers, int count);
/* Seconds of a clock that only goes forward, for differences. */
double ranks_clock(void);
/* Waits for all ranks. */
void ranks_meet(struct ranks *ranks);
/* Returns a copy of the text of a rank, on all ranks; the text on others is not read. */
const char *ranks_text(struct ranks *ranks, struct arena *arena, int from, const char *text);
/* All ranks get the bytes of rank 0. */
void ranks_give(struct ranks *ranks, void *data, size_t size);
/* Rank 0 gets the bytes of all ranks behind each other, [sum of their sizes]; the others may give NULL for `all`. */
void ranks_gather(struct ranks *ranks, const void *own, size_t size, void *all, const size_t *sizes);

/* A thing that has to be the same on all ranks. */
struct ranks_item {
    const char *name, *value;
    bool sum; /* the value means nothing to people */
};
/* False, with a sentence on all ranks, if one of them differs. */
bool ranks_agree(struct ranks *ranks, struct arena *arena, const struct ranks_item *items, int count,
                 const char **error);

/* Tells of an error, as print_error does: of one that all ranks have, rank 0 tells; of others the rank that has it,
 * with its name, which then ends all ranks. Returns 1. */
int ranks_fail(struct ranks *ranks, const char *sentence);

#endif
