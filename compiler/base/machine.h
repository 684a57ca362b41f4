/* The machine that emitted C is meant for: its sizes and speeds, which the compiler knows nowhere else.
 *
 * Sizes are of one core, speeds are of one core and for each cycle of it. Emitted C runs on any machine; the
 * description only decides how long blocks are, what is fused, kept or computed again. Built in are usual machines with
 * the instructions that they are named after. A member is added here together with the first stage that reads it. */
#ifndef RNNC_BASE_MACHINE_H
#define RNNC_BASE_MACHINE_H

struct machine {
    const char *name; /* of --machine */

    int real_bytes; /* of a number */
    int lanes;      /* numbers of a vector */
    int lanes_most; /* of the widest vector that the same C is compiled for: columns are padded to a multiple of it */
    int registers;  /* that hold a vector */

    int lane_operations_cycle; /* additions, multiplications and the like of single numbers, in all lanes and pipes */
    int peak_flops_cycle;      /* of products, where a multiplication and an addition may be one operation */

    long first_level_bytes;       /* the core's own cache */
    long second_level_bytes;      /* likewise */
    int second_level_bytes_cycle; /* from the second-level cache to the core and back */
    int memory_bytes_cycle;       /* from memory, or a cache that all cores share, to one core */
};

/* The default is like most: C that may be compiled for any vectors, caches as x86-64 has had them for ten years. */
extern const struct machine machine_generic, machine_sse2, machine_avx2, machine_avx512, machine_neon;

/* The machine of that name, or NULL. */
const struct machine *machine_find(const char *name);

/* "generic, sse2, ..."; `buffer` has room for MACHINE_NAMES bytes. */
enum { MACHINE_NAMES = 80 };
const char *machine_names(char buffer[MACHINE_NAMES]);

/* Choices that follow from the sizes. */

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

#endif
