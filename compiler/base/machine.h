/* The machine that emitted C is meant for: its sizes and speeds, which the compiler knows nowhere else.
 *
 * Emitted C runs on any machine; the description decides how long blocks are, what is fused, kept or computed again,
 * and when threads pay. Built in are usual machines with the instructions that they are named after; `rnn tune`
 * measures others, and machine_file.h reads what it writes. */
#ifndef RNNC_BASE_MACHINE_H
#define RNNC_BASE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/precision.h"

enum machine_level_name { LEVEL_FIRST, LEVEL_SECOND, LEVEL_THIRD, LEVEL_MEMORY, LEVEL_COUNT };

/* A level of caches, or memory. */
struct machine_level {
    double bytes; /* of one of its caches */
    int cores;    /* that share it */
    double one;   /* bytes a nanosecond that a core reads while the others do nothing */
    double all;   /* bytes a nanosecond that all cores read together */
};

/* The speed of products with stored weights, in parts of the rate of those with numbers: with one column, for which
 * each weight is converted for one multiplication, and with many. `sum`: what begin and end of a sum of one column take
 * beside, as operations. */
struct machine_rate {
    double one, many, sum;
};

struct machine {
    const char *name; /* of --machine */

    int real_bytes; /* of a number */
    int f16_bytes;  /* of a weight in f16: those of a number where no instruction converts it */
    int lanes;      /* numbers of a vector */
    int lanes_most; /* of the widest vector that the same C is compiled for: columns are padded to a multiple of it */
    int registers;  /* that hold a vector */

    int cores;
    double clock; /* cycles a nanosecond */
    double flops; /* of products, a nanosecond of one core; a multiplication and an addition may be one operation */
    struct machine_rate rates[PRECISION_COUNT];
    double operations; /* additions, multiplications and the like of single numbers, likewise */
    double functions;  /* operations of functions such as tanh, as op.def counts them, likewise */
    struct machine_level levels[LEVEL_COUNT];

    /* Nanoseconds. */
    double frame;   /* from the last sum of a frame to the first product of the next that needs it */
    double fork;    /* all cores begin work on their threads and wait for each other at its end */
    double barrier; /* all cores wait for each other, spinning */
};

/* The default is like most: C that may be compiled for any vectors, caches as x86-64 has had them for ten years. */
extern const struct machine machine_generic, machine_sse2, machine_avx2, machine_avx512, machine_neon;

/* The machine of that name, or NULL. */
const struct machine *machine_find(const char *name);

/* Returns the machine as networks in double find it: vectors, and times, hold half as many numbers, and stored weights
 * are kept as plain ones. */
struct machine machine_in_double(const struct machine *machine);

/* "generic, sse2, ..."; `buffer` has room for MACHINE_NAMES bytes. */
enum { MACHINE_NAMES = 80 };
const char *machine_names(char buffer[MACHINE_NAMES]);

/* The numbers of a description that a file may give. */
struct machine_number {
    const char *key; /* "cores", "second_level_bytes" */
    size_t offset;   /* in struct machine */
    bool whole;      /* an int, else a double */
    double least, most;
};

/* Ends with {0}. */
extern const struct machine_number machine_numbers[];

double machine_number_get(const struct machine *machine, const struct machine_number *number);
void machine_number_set(struct machine *machine, const struct machine_number *number, double value);

/* Choices that follow from the sizes. */

/* Bytes of a weight in a storage; int8 has as many more as a number for each row. */
int machine_weight_bytes(const struct machine *machine, enum precision storage);

/* Rows of a panel product, stacked where they have one right-hand side: with about as many columns their accumulators
 * fill the registers, and each number that is loaded is used most often. */
int machine_panel_rows(const struct machine *machine);

/* Accumulators of a kernel, for one column, that leave the first-level cache to the weights and values that they
 * meet. */
int machine_accumulators_most(const struct machine *machine);

/* Columns with which a product spends a few times as long computing as it takes to read its weights from memory. */
int machine_columns_least(const struct machine *machine);

/* Operations that take as long as to read a number from the second-level cache, or to write it there. */
int machine_operations_to_load(const struct machine *machine);

/* Bytes of the values of a block that stay in the second-level cache, beside weights. */
long machine_block_bytes(const struct machine *machine);

/* Bytes of weights that are too many for the first-level cache, whatever else is in it. */
long machine_turn_bytes(const struct machine *machine);

/* True if so many bytes of weights, read again and again for a single column, come soonest if each matrix is read by
 * itself, always from front to back: the third-level cache holds them, and the second so little of them that going to
 * and fro saves less than a core loses where it cannot see ahead. */
bool machine_reads_forward(const struct machine *machine, double bytes);

#endif
