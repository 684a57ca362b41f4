/* Signs that other programs take the processors from this one, which costs calls with several threads most: all of them
 * wait for the one that has to wait for a processor. */
#ifndef RNN_TOOLS_BUSY_H
#define RNN_TOOLS_BUSY_H

/* Processor time of this process so far. */
struct usage {
    double of_thread; /* seconds on a processor: of the thread that asks */
    double of_all;    /* and of all threads */
    long displaced;   /* how often one of them had to leave a processor to others */
};

struct usage usage_now(void);

struct busyness {
    double displaced; /* times a second of processor time, of all threads together; 0: seldom enough */
    int several;      /* true if several threads have computed */
};

/* Judges the time between two moments. */
struct busyness usage_judge(const struct usage *begin, const struct usage *end);

#endif
