/* What ranks send of a gradient: all of it, all of it in half precision, or of each matrix a product of two factors.
 *
 *   none         a sum of the numbers as they are
 *   f16          the same, rounded to half precision at a common power of two
 *   powersgd:R   T. Vogels, S. P. Karimireddy, M. Jaggi, "PowerSGD: practical low-rank gradient compression for
 *                distributed optimization", NeurIPS 2019: one step of a power iteration finds, for the sum M over the
 *                ranks, of n x m, factors P [n, R] and Q [m, R], which are all that is sent; each rank keeps what its
 *                part of M lost, and adds it to the next one (error feedback); Q goes on from step to step (warm
 *                start). What is no matrix, or would not become half as small, is summed as it is.
 *
 * The result is the same on all ranks to the bit. */
#ifndef RNN_TOOLS_COMPRESS_H
#define RNN_TOOLS_COMPRESS_H

#include "ranks/ranks.h"
#include "rnn/model.h"

struct compress_options {
    enum { COMPRESS_NONE, COMPRESS_F16, COMPRESS_POWERSGD } kind;
    int rank;  /* of powersgd */
    int after; /* steps in which all is sent, before powersgd begins */
};

/* Reads "none", "f16" or "powersgd:4". */
bool compress_parse(const char *text, struct compress_options *options);
const char *compress_print(struct arena *arena, const struct compress_options *options);

struct compress_matrix {
    size_t offset; /* of its first number, within the parameters */
    int rows, columns;
    size_t p, q; /* of its factors, within those of all */
};

struct compress {
    struct compress_options options;
    struct ranks *ranks;
    const rnn_model *model;
    struct compress_matrix *matrices; /* in the order of the parameters */
    int matrix_count;
    size_t p_count, q_count;
    double *p, *q;   /* factors of all matrices; q goes on from step to step */
    void *error;     /* like the parameters: what this rank has not got through yet */
    void *wire;      /* what is sent */
    size_t elements; /* of the parameters */
};

void compress_open(struct compress *compress, struct arena *arena, const struct compress_options *options,
                   struct ranks *ranks, const rnn_model *model, uint64_t seed);

/* True if all of a gradient is sent as it is, behind so many steps: then its sum is the caller's business. */
bool compress_sends_all(const struct compress *compress, uint64_t step);
/* The gradient becomes what is sent of the sum over all ranks. */
void compress_sum(struct compress *compress, void *gradient);

/* Shares out alike what ranks have not got through, so that it goes on with any number of them: `error` becomes their
 * sum for as long as it takes to write it (compress_settle), and then a part of it (compress_go_on). */
void compress_settle(struct compress *compress);
void compress_go_on(struct compress *compress);

#endif
