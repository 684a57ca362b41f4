#include "base/machine.h"

#include <string.h>

/* Cache sizes are those of the least of the usual machines: of cores since about 2010 (SSE2), 2015 (AVX2), of servers
 * (AVX-512, and NEON in 64 bits). Two vector operations begin in each cycle; with AVX2 and later, and with NEON, each
 * may be a multiplication and an addition. */
enum { KIB = 1024 };

/* Sizes that all machines share, and those of AVX2, which also decide where the machine is not known. */
#define COMMON_SIZES .real_bytes = 4, .memory_bytes_cycle = 4
#define AVX2_SIZES                                                                                                     \
    .lanes = 8, .registers = 16, .lane_operations_cycle = 16, .peak_flops_cycle = 32, .first_level_bytes = 32 * KIB,   \
    .second_level_bytes = 512 * KIB, .second_level_bytes_cycle = 32

const struct machine machine_generic = {.name = "generic", .lanes_most = 16, AVX2_SIZES, COMMON_SIZES};

const struct machine machine_sse2 = {
    .name = "sse2",
    .lanes = 4,
    .lanes_most = 4,
    .registers = 16,
    .lane_operations_cycle = 8,
    .peak_flops_cycle = 8,
    .first_level_bytes = 32 * KIB,
    .second_level_bytes = 256 * KIB,
    .second_level_bytes_cycle = 32,
    COMMON_SIZES,
};

const struct machine machine_avx2 = {.name = "avx2", .lanes_most = 8, AVX2_SIZES, COMMON_SIZES};

const struct machine machine_avx512 = {
    .name = "avx512",
    .lanes = 16,
    .lanes_most = 16,
    .registers = 32,
    .lane_operations_cycle = 32,
    .peak_flops_cycle = 64,
    .first_level_bytes = 32 * KIB,
    .second_level_bytes = 1024 * KIB,
    .second_level_bytes_cycle = 64,
    COMMON_SIZES,
};

const struct machine machine_neon = {
    .name = "neon",
    .lanes = 4,
    .lanes_most = 4,
    .registers = 32,
    .lane_operations_cycle = 8,
    .peak_flops_cycle = 16,
    .first_level_bytes = 64 * KIB,
    .second_level_bytes = 1024 * KIB,
    .second_level_bytes_cycle = 32,
    COMMON_SIZES,
};

static const struct machine *const machines[] = {&machine_generic, &machine_sse2, &machine_avx2, &machine_avx512,
                                                 &machine_neon};

enum { MACHINE_COUNT = sizeof machines / sizeof *machines };

const struct machine *machine_find(const char *name)
{
    for (int i = 0; i < MACHINE_COUNT; i++)
        if (strcmp(machines[i]->name, name) == 0)
            return machines[i];
    return NULL;
}

const char *machine_names(char buffer[MACHINE_NAMES])
{
    buffer[0] = '\0';
    for (int i = 0; i < MACHINE_COUNT; i++) {
        strcat(buffer, i == 0 ? "" : i + 1 < MACHINE_COUNT ? ", " : " or ");
        strcat(buffer, machines[i]->name);
    }
    return buffer;
}

int machine_panel_rows(const struct machine *machine)
{
    int rows = 2;
    while ((rows + 2) * (rows + 2) <= machine->registers)
        rows += 2;
    return rows;
}

enum { ACCUMULATORS_SHARE = 16 }; /* a kernel has room for six columns of them, see rnn/panel.h */

int machine_accumulators_most(const struct machine *machine)
{
    return (int)(machine->first_level_bytes / ACCUMULATORS_SHARE / (machine->lanes_most * machine->real_bytes));
}

enum { COMPUTE_TO_READ = 6 }; /* times: reads of weights are then seldom waited for */

int machine_columns_least(const struct machine *machine)
{
    /* A weight takes real_bytes / memory_bytes_cycle cycles to read, and 2 / peak_flops_cycle for each column. */
    return COMPUTE_TO_READ * machine->real_bytes * machine->peak_flops_cycle / (2 * machine->memory_bytes_cycle);
}

int machine_operations_to_load(const struct machine *machine)
{
    return machine->real_bytes * machine->lane_operations_cycle / machine->second_level_bytes_cycle;
}

long machine_block_bytes(const struct machine *machine) { return machine->second_level_bytes / 2; }

long machine_turn_bytes(const struct machine *machine) { return 2 * machine->first_level_bytes; }
