/* The most that this machine can do, measured by short loops that are compiled as networks are, for the same
 * instruction set. Speeds are for each nanosecond, times in nanoseconds. */
#ifndef RNN_TOOLS_LIMITS_H
#define RNN_TOOLS_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "network/network.h"

struct limits {
    void *library;
    int real_size;
};

bool limits_open(struct limits *limits, const struct network_options *options, const char **error);

enum limit {
    LIMIT_FLOPS,      /* of multiply-adds in registers */
    LIMIT_OPERATIONS, /* additions of single numbers in registers */
    LIMIT_FUNCTIONS,  /* operations of tanh and the sigmoid, as op.def counts them */
    LIMIT_CLOCK,      /* cycles */
    LIMIT_FRAME,      /* time: from a sum through an activation and memory to the first product of the next frame */
    LIMIT_FORK,       /* time: of an empty parallel region, with all threads of OpenMP */
    LIMIT_BARRIER,    /* time: all of them wait for each other, spinning */
    LIMIT_COUNT
};

/* True where small is good. */
static inline bool limit_is_time(enum limit limit) { return limit >= LIMIT_FRAME; }

/* Takes some milliseconds of one attempt. */
double limits_measure(const struct limits *limits, enum limit limit);

/* Bytes a nanosecond at which so many are read again and again; `turns`: forwards and backwards in turn. The data is of
 * whole blocks of LIMITS_READ_BYTES. */
enum { LIMITS_READ_BYTES = 4096 };
double limits_read(const struct limits *limits, const void *data, size_t bytes, bool turns);

/* The same of all threads together, each with as many bytes of its own, one after the other in `data`. */
double limits_read_all(const struct limits *limits, const void *data, size_t bytes);

int limits_threads(const struct limits *limits);              /* of OpenMP */
const char *limits_instructions(const struct limits *limits); /* as --machine of rnnc names them */

/* The best of several attempts. */
double limits_best(const struct limits *limits, enum limit limit);
bool limits_best_read(const struct limits *limits, double bytes, double *speed, const char **error);

#endif
