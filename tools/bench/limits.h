/* The most that this machine can do, measured by short loops that are compiled as the network is, for the same
 * instruction set. Each is the best of several attempts. */
#ifndef RNN_TOOLS_LIMITS_H
#define RNN_TOOLS_LIMITS_H

#include <stdbool.h>

#include "network/network.h"

struct limits {
    void *library;
    int real_size;
    double flops; /* of multiply-adds, a second */
};

bool limits_open(struct limits *limits, const struct network_options *options, const char **error);

/* Bytes a second at which so many are read again and again, forwards and backwards in turn. */
bool limits_measure_reads(const struct limits *limits, double bytes, double *rate, const char **error);

#endif
