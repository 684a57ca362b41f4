/* What ranks send of a gradient: for each parameter all of it, all of it in half precision, or a product of two
 * factors.
 *
 *   none         a sum of the numbers as they are
 *   f16          the same, rounded to half precision at a common power of two
 *   powersgd:R   T. Vogels, S. P. Karimireddy, M. Jaggi, "PowerSGD: practical low-rank gradient compression for
 *                distributed optimization", NeurIPS 2019: one step of a power iteration finds, for the sum M over the
 *                ranks, of n x m, factors P [n, R] and Q [m, R], which are all that is sent; each rank keeps what its
 *                part of M lost, and adds it to the next one (error feedback); Q goes on from step to step (warm
 *                start). What is no matrix, or would not become half as small, is summed as it is.
 *   auto[:R]     for each parameter the one of these that costs least (cost.h), with R, or 1, 2 or 4
 *
 * The result is the same on all ranks to the bit. */
#ifndef RNN_TOOLS_COMPRESS_H
#define RNN_TOOLS_COMPRESS_H

#include <stdint.h>

#include "ranks/cost.h"
#include "ranks/ranks.h"
#include "rnn/model.h"

struct compress_options {
    bool chooses;            /* auto: way.rank is that of powersgd, or 0 */
    struct compress_way way; /* of all parameters */
    int after;               /* steps in which all is sent, before powersgd or auto begin; 0: not given */
    struct cost_link link;   /* of auto; bytes_per_second 0: to be measured */
};

/* Reads "none", "f16", "powersgd:4", "auto" or "auto:4". */
bool compress_parse(const char *text, struct compress_options *options);
/* True for what sends all of a gradient in the first steps, so many as `after` says. */
bool compress_begins_later(const struct compress_options *options);
const char *compress_print(struct arena *arena, const struct compress_options *options);
const char *compress_print_way(struct arena *arena, struct compress_way way);

/* One or more parameters that are sent in the same way; of factors and halves one. */
struct compress_piece {
    struct compress_way way;
    size_t offset, units; /* of its first number, within the parameters; how many there are */
    int rows, columns;    /* of a matrix that is sent as factors */
    size_t p, q;          /* of its factors, within those of all */
};

struct compress {
    struct compress_options options;
    struct ranks *ranks;
    const rnn_model *model;
    struct compress_way *ways; /* of the parameters; NULL: auto has not chosen yet, and all is sent */
    struct compress_piece *pieces;
    int piece_count;
    bool sends_all; /* no way but none */
    size_t p_count, q_count, half_count;
    double *p, *q;    /* factors of all matrices; q goes on from step to step; NULL: there are none */
    double *scratch;  /* two rows of the widest */
    void *error;      /* like the parameters: what this rank has not got through yet; NULL: there are no factors */
    void *wire;       /* factors that are sent */
    uint16_t *halves; /* that are sent */
    int *exponents;   /* [piece_count] */
    size_t elements;  /* of the parameters */
};

/* Leaves the ways open if they are to be chosen. */
void compress_open(struct compress *compress, struct arena *arena, const struct compress_options *options,
                   struct ranks *ranks, const rnn_model *model, uint64_t seed);
/* Sends the parameters in these ways, [parameter_count]; where they may not be sent so, as they are. */
void compress_use(struct compress *compress, struct arena *arena, const struct compress_way *ways, uint64_t seed);

/* The parameters as cost_choose takes them. */
struct cost_matrix *compress_list_matrices(struct arena *arena, const rnn_model *model);
/* Measures what sums over the ranks and the arithmetic of compression cost, in a tenth of a second or less unless the
 * link is slow; the same on all ranks. To be called by all of them. */
struct cost_rates compress_measure(struct ranks *ranks, int real_size);
enum { COMPRESS_TRIAL_ROWS = 256, COMPRESS_TRIAL_COLUMNS = 512 }; /* of the matrix on which it tries arithmetic */

/* True if all of a gradient is sent as it is, behind so many steps: then its sum is the caller's business. */
bool compress_sends_all(const struct compress *compress, uint64_t step);
/* The gradient becomes what is sent of the sum over all ranks. */
void compress_sum(struct compress *compress, void *gradient);

/* Shares out alike what ranks have not got through, so that it goes on with any number of them: `error` becomes their
 * sum for as long as it takes to write it (compress_settle), and then a part of it (compress_go_on). */
void compress_settle(struct compress *compress);
void compress_go_on(struct compress *compress);

#endif
