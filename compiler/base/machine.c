#include "base/machine.h"

#include <math.h>
#include <string.h>

/* Caches and cores are those of the least of the usual machines: since about 2010 (SSE2), 2015 (AVX2), of servers
 * (AVX-512, and NEON in 64 bits). Two vector operations begin in each cycle; with AVX2 and later, and with NEON, each
 * may be a multiplication and an addition. Forks and barriers are those of OpenMP and of rnn/team.h. */
#define KIB    1024.
#define CLOCK  3.
#define CYCLES *CLOCK /* what is done in a cycle, for a nanosecond */

/* Sizes that all machines share: of memory and of what lies before it, at most. */
#define COMMON_SIZES .real_bytes = 4, .clock = CLOCK, .frame = 20, .fork = 1500, .barrier = 150

/* The levels, with kibibytes of the first two, bytes a cycle from them, and cores. */
#define LEVELS(count, first, first_cycle, second, second_cycle)                                                        \
    .cores = (count), .levels = {                                                                                      \
                          {(first)*KIB, 1, (first_cycle)CYCLES, (count) * (first_cycle)CYCLES},                        \
                          {(second)*KIB, 1, (second_cycle)CYCLES, (count) * (second_cycle)CYCLES},                     \
                          {8192 * KIB, count, 12 CYCLES, (count)*8 CYCLES},                                            \
                          {1e15, count, 4 CYCLES, 12 CYCLES},                                                          \
    }

/* Of AVX2 as `rnn tune` measures them on Zen 3, of AVX-512 as bench/stored.c does on Zen 4, of SSE2 and NEON as
 * instructions count. int8 is multiplied in whole numbers, with AVX-512 four at once. */
#define RATES(f16_one, f16_many, f16_sum, bf16_one, bf16_many, int8_one, int8_many)                                    \
    .rates = {{1, 1, 0}, {f16_one, f16_many, f16_sum}, {bf16_one, bf16_many, 7}, {int8_one, int8_many, 12}}

/* Those of AVX2, which also decide where the machine is not known. */
#define AVX2_SIZES                                                                                                     \
    .f16_bytes = 2, .lanes = 8, .registers = 16, .operations = 16 CYCLES, .functions = 13 CYCLES, .flops = 32 CYCLES,  \
    RATES(0.8, 1, 10, 0.7, 1, 1.3, 1.4), LEVELS(4, 32, 64, 512, 32)

const struct machine machine_generic = {.name = "generic", .lanes_most = 16, AVX2_SIZES, COMMON_SIZES};

const struct machine machine_sse2 = {
    .name = "sse2",
    .f16_bytes = 4,
    .lanes = 4,
    .lanes_most = 4,
    .registers = 16,
    .operations = 8 CYCLES,
    .functions = 5 CYCLES,
    .flops = 8 CYCLES,
    RATES(1, 1, 0, 0.5, 0.9, 0.9, 1),
    LEVELS(2, 32, 32, 256, 32),
    COMMON_SIZES,
};

const struct machine machine_avx2 = {.name = "avx2", .lanes_most = 8, AVX2_SIZES, COMMON_SIZES};

const struct machine machine_avx512 = {
    .name = "avx512",
    .f16_bytes = 2,
    .lanes = 16,
    .lanes_most = 16,
    .registers = 32,
    .operations = 32 CYCLES,
    .functions = 40 CYCLES,
    .flops = 64 CYCLES,
    RATES(0.68, 0.97, 7, 0.7, 1, 1.6, 1.7),
    LEVELS(8, 32, 128, 1024, 64),
    COMMON_SIZES,
};

const struct machine machine_neon = {
    .name = "neon",
    .f16_bytes = 2,
    .lanes = 4,
    .lanes_most = 4,
    .registers = 32,
    .operations = 8 CYCLES,
    .functions = 7 CYCLES,
    .flops = 16 CYCLES,
    RATES(0.6, 0.95, 7, 0.6, 0.95, 1, 1.2),
    LEVELS(4, 64, 32, 1024, 32),
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

struct machine machine_in_double(const struct machine *machine)
{
    struct machine twice = *machine;
    twice.real_bytes *= 2;
    twice.lanes = machine->lanes > 1 ? machine->lanes / 2 : 1;
    twice.flops /= 2;
    twice.operations /= 2;
    twice.functions /= 2;
    for (int i = 0; i < PRECISION_COUNT; i++)
        twice.rates[i] = machine->rates[PRECISION_F32];
    return twice;
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

#define WHOLE(key, member)                                                                                             \
    {                                                                                                                  \
        key, offsetof(struct machine, member), true, 1, 4096                                                           \
    }
#define REAL(key, member)                                                                                              \
    {                                                                                                                  \
        key, offsetof(struct machine, member), false, 1e-3, 1e9                                                        \
    }
#define BYTES(key, member)                                                                                             \
    {                                                                                                                  \
        key, offsetof(struct machine, member), false, 4096, 1e12                                                       \
    }
#define LEVEL(name, member)                                                                                            \
    WHOLE(name "_cores", member.cores), REAL(name "_gbs", member.one), REAL(name "_gbs_all", member.all)
#define CACHE(name, member) BYTES(name "_bytes", member.bytes), LEVEL(name, member)
#define RATE(name, member)                                                                                             \
    REAL(name "_one_column", member.one), REAL(name "_many_columns", member.many),                                     \
        REAL(name "_sum_operations", member.sum)

const struct machine_number machine_numbers[] = {
    WHOLE("cores", cores),
    REAL("clock_ghz", clock),
    REAL("multiply_adds_gflops", flops),
    REAL("operations_gops", operations),
    REAL("functions_gops", functions),
    RATE("f16", rates[PRECISION_F16]),
    RATE("bf16", rates[PRECISION_BF16]),
    RATE("int8", rates[PRECISION_INT8]),
    CACHE("first_level", levels[LEVEL_FIRST]),
    CACHE("second_level", levels[LEVEL_SECOND]),
    CACHE("third_level", levels[LEVEL_THIRD]),
    LEVEL("memory", levels[LEVEL_MEMORY]),
    REAL("frame_ns", frame),
    REAL("fork_ns", fork),
    REAL("barrier_ns", barrier),
    {0},
};

double machine_number_get(const struct machine *machine, const struct machine_number *number)
{
    const char *member = (const char *)machine + number->offset;
    return number->whole ? *(const int *)member : *(const double *)member;
}

void machine_number_set(struct machine *machine, const struct machine_number *number, double value)
{
    char *member = (char *)machine + number->offset;
    if (number->whole)
        *(int *)member = (int)value;
    else
        *(double *)member = value;
}

int machine_weight_bytes(const struct machine *machine, enum precision storage)
{
    if (machine->real_bytes == sizeof(double)) /* see machine_in_double */
        return machine->real_bytes;
    switch (storage) {
    case PRECISION_F16:
        return machine->f16_bytes;
    case PRECISION_BF16:
        return 2;
    case PRECISION_INT8:
        return 1;
    case PRECISION_F32:
    case PRECISION_COUNT:
        break;
    }
    return machine->real_bytes;
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
    return (int)(machine->levels[LEVEL_FIRST].bytes / ACCUMULATORS_SHARE / (machine->lanes_most * machine->real_bytes));
}

enum {
    COMPUTE_TO_READ = 6,     /* times: reads of weights are then seldom waited for */
    COLUMNS_LEAST_MOST = 384 /* whatever a file says */
};

int machine_columns_least(const struct machine *machine)
{
    const double read = machine->real_bytes / machine->levels[LEVEL_MEMORY].one, compute = 2 / machine->flops;
    return (int)fmin(COLUMNS_LEAST_MOST, round(COMPUTE_TO_READ * read / compute));
}

enum { OPERATIONS_MOST = 1000 }; /* whatever a file says */

int machine_operations_to_load(const struct machine *machine)
{
    const double operations = machine->real_bytes * machine->operations / machine->levels[LEVEL_SECOND].one;
    return (int)fmin(OPERATIONS_MOST, operations);
}

long machine_block_bytes(const struct machine *machine) { return (long)(machine->levels[LEVEL_SECOND].bytes / 2); }

long machine_turn_bytes(const struct machine *machine) { return (long)(2 * machine->levels[LEVEL_FIRST].bytes); }

enum { FORWARD_SHARE = 4 }; /* LSTM of 256 and 512 units: 2 MiB are read to and fro as fast or faster, 8 MiB are not */

bool machine_reads_forward(const struct machine *machine, double bytes)
{
    return bytes > FORWARD_SHARE * machine->levels[LEVEL_SECOND].bytes && bytes <= machine->levels[LEVEL_THIRD].bytes;
}
