/* The tolerance that a network's arithmetic deserves: from how far the oracle that rounds to float is from the oracle.
 *
 * One evaluation that rounds is one sample of what rounding may do. An output of many units and frames is many samples;
 * but where all of it hangs on a single number, as after a dot product whose terms cancel or ten steps of
 * h = 2 * h[t-1] - x, the errors of one evaluation may by chance nearly cancel too. So, as long as the network is
 * further away, up to ROUNDING_NEIGHBOURS more samples are taken, each with parameters and inputs moved by up to 2^-16
 * of themselves, and with every rounding drawn, up or down, and the order in which each sum is added: the problem is
 * the same, the rounding another (the discrete stochastic arithmetic of Vignes, "Discrete Stochastic Arithmetic for
 * Validating Results of Numerical Software", Numerical Algorithms 37, 2004). Both evaluations have the moved data, so
 * that moving it is not itself tolerated. The largest error of so many is no chance any more, and 2.5 times that is
 * enough, since a rounding that is drawn errs twice as much as one to the nearest, and an operation of the runtime up
 * to 5 times as much as that (rnn/vec_math.h). Where the first sample was no chance either, this tolerates nothing
 * more. */
#ifndef RNN_TOOLS_ROUNDING_H
#define RNN_TOOLS_ROUNDING_H

#include <stdbool.h>

#include "base/random.h"

enum { ROUNDING_NEIGHBOURS = 15 };

struct rounding {
    double scale;  /* the largest magnitude that the oracle gave */
    double here;   /* the largest distance between the oracle and the oracle that rounds to float */
    double nearby; /* the same over all neighbours of the data */
};

/* 8 times `here`, or 2.5 times `nearby`, and at least 1e-6 of the scale; in double 1e-12, and 2^29 times less. */
double rounding_tolerance(const struct rounding *rounding, bool in_double);

/* A number of a neighbour. */
double rounding_move(struct random *random, double number);

#endif
