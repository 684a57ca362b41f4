/* A step of PowerSGD for one matrix (compress.h): M is what a rank has of the gradient, and what was left before.
 *
 *     renew Q     its columns get length 1
 *     make P      P = M Q               and is then summed over the ranks
 *     orthonormalise P
 *     make Q      Q = M' P              and is then summed
 *     multiply    the gradient is P Q'; what is left of M goes into the error
 *
 * Columns of factors lie behind each other, so that all loops run along them. */
#ifndef RNN_TOOLS_FACTORS_H
#define RNN_TOOLS_FACTORS_H

#include <stdbool.h>
#include <stdint.h>

struct factors {
    int rows, columns, rank;
    bool in_double;         /* gradient and error; else float */
    void *gradient, *error; /* [rows, columns] */
    double *p, *q;          /* [rank, rows], [rank, columns] */
    double *scratch;        /* [2, columns] */
};

/* A column that has become 0, as M had nothing left for it, begins anew, at random: it would stay 0. */
void factors_renew_q(struct factors *factors, uint64_t seed);
/* The gradient becomes M. */
void factors_make_p(struct factors *factors);
/* By Gram and Schmidt; what depends on the columns before becomes 0. */
void factors_orthonormalise(struct factors *factors);
void factors_make_q(struct factors *factors);
/* What is left is shared by so many ranks. */
void factors_multiply(struct factors *factors, int ranks);

#endif
