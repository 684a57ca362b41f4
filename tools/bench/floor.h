/* The least time that a call can take: its arithmetic at the peak rate, its weights read from where they lie. */
#ifndef RNN_TOOLS_FLOOR_H
#define RNN_TOOLS_FLOOR_H

#include "rnn/model.h"

struct floor {
    rnn_cost beside, within; /* as in rnn_model */
    int streams;
    int frames; /* for which the weights beside cycles are read once */
    int real_size;
    double flops;        /* a second */
    double beside_reads; /* bytes a second, for weights beside cycles */
    double within_reads; /* bytes a second, for weights within them */
};

/* Seconds for a frame of all streams: what is beside the cycles and what is within run one after the other, and of each
 * counts the longer of computing and reading. */
double floor_seconds(const struct floor *floor);

#endif
