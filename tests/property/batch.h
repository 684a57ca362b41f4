/* From the text of programs to verdicts: rnnc in process, one C file and one library for many programs, and each
 * network exercised. Failures are noted in shared memory, so that a parent sees them even if the child ends at once. */
#ifndef PROPERTY_BATCH_H
#define PROPERTY_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "schedule/schedule.h"

struct arena;
struct machine;
struct target;
struct variant_option;

enum failure {
    FAILURE_NONE,
    FAILURE_REJECTED,       /* rnnc reports errors in a correct program */
    FAILURE_COMPILER_ENDED, /* rnnc crashed, or found an error of its own, or ran out of time */
    FAILURE_NOT_BUILT,      /* the C compiler has errors or warnings to report */
    FAILURE_NETWORK_ENDED,  /* the network crashed or ran out of time */
    FAILURE_DISAGREES,      /* the network and the oracle do not agree */
    FAILURE_COUNT
};

const char *failure_name(enum failure failure);

/* One program's fate, in shared memory. */
struct verdict_record {
    bool done;
    enum failure failure;
    char message[1500];
};

/* The progress of a batch, in shared memory. */
struct progress {
    enum { PHASE_COMPILE, PHASE_BUILD, PHASE_RUN, PHASE_DONE } phase;
    int current;
};

struct batch_options {
    bool in_double;
    bool train;                    /* losses and gradients instead of outputs */
    bool vjp;                      /* likewise gradients of the outputs times adjoints, instead of losses */
    bool future;                   /* programs may use all of the language, every third does */
    bool switches;                 /* rotate the switches of rnnc and the widths of lanes; else their defaults */
    const struct machine *machine; /* for all programs; NULL: it is one of the switches */
    const struct target *target;   /* of rnnc; NULL: any, and the switches choose the C compiler's */
    const struct variant_option *variants; /* of each network, of which its seed chooses one; or NULL */
    int variant_count;
    const enum thread_way *way; /* likewise; networks run with 1, 2, 3 or 7 threads, or OMP_NUM_THREADS */
    const char
        *run_with;      /* networks run in a process that this command starts, such as an emulator; NULL: in this one */
    const char *folder; /* for the C files and libraries */
    bool only_emit;     /* no more than C is made of programs */
};

/* Programs of consecutive seeds, which also decide about the switches and the data. */
struct batch {
    const struct batch_options *options;
    int number; /* for the names of its files */
    uint64_t first_seed;
    int count;
    const char *const *texts;
    struct verdict_record *records; /* [count], shared */
    struct progress *progress;      /* shared */
};

enum { BATCH_PROGRAMS = 25 };

/* True if the program of a seed may use all of the language, of which some needs whole sequences. */
bool batch_has_future(const struct batch_options *options, uint64_t seed);
/* Returns the options of this seed's program, for messages: "-fno-factor -fblock-frames=3 -DRNN_VECTOR_BYTES=16". */
const char *batch_switches_text(struct arena *arena, const struct batch_options *options, uint64_t seed);

/* Runs the batch in a child process, again and again until each program has its verdict. */
void batch_run(const struct batch *batch);

/* Returns zeroed memory that children share with their parent. */
void *shared_memory(unsigned long size);

#endif
