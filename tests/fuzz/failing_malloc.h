/* The C library's allocator, with a failure on request. It takes the place of malloc, calloc, realloc and free in the
 * whole program, also where the C library and jansson call them; so it cannot be linked together with a sanitizer. */
#ifndef RNNC_TESTS_FAILING_MALLOC_H
#define RNNC_TESTS_FAILING_MALLOC_H

#include <stdbool.h>

struct failing {
    long next;      /* number of the next allocation, from 1 */
    long fail_at;   /* this one fails; 0: none */
    bool and_after; /* and so do all that follow */
    bool failed;    /* one was refused */
    long alive;     /* allocations that were not given back */
};

extern struct failing failing;

#endif
