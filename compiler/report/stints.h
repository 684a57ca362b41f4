/* Who works on what, and when, while a call goes through its first blocks, as predicted. */
#ifndef RNNC_REPORT_STINTS_H
#define RNNC_REPORT_STINTS_H

#include "report/page.h"

/* A thread's, or several threads', work on a region, or on the regions of a section. */
struct stint {
    int region;  /* of a section the one that takes longest */
    int section; /* or NO_SECTION */
    int block;   /* of a section; from 0 */
    int thread, threads;
    enum way way;
    double begin, time; /* nanoseconds */
};

struct stints {
    struct stint *stints;
    int count, capacity;
    int streams, frames, blocks; /* frames of a block */
    double time, serial;         /* nanoseconds in all: with the cores of the machine, and with one thread */
};

/* One block, or, where sections run side by side as a wavefront, as many as show it. */
struct stints find_stints(const struct page *page, int streams);

#endif
