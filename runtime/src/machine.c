/* The machine at hand: its caches and cores, as the system says. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rnn/variant.h"

enum { INDICES = 8, LINE = 40 };

/* Reads the line of a file of Linux about a cache of the first core; false: there is none. */
static int read_line(int index, const char *name, char line[LINE])
{
    char path[100];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *file = fopen(path, "r");
    const int done = file && fgets(line, LINE, file);
    if (file)
        fclose(file);
    return done;
}

/* Returns the bytes of a cache for data by Linux's description, or 0. */
static double described_cache(int level)
{
    char line[LINE];
    for (int index = 0; index < INDICES; index++) {
        int found = 0;
        double size = 0;
        char unit = 0;
        if (!read_line(index, "level", line) || sscanf(line, "%d", &found) != 1 || found != level)
            continue;
        if (!read_line(index, "type", line) || strncmp(line, "Instruction", 11) == 0)
            continue;
        if (read_line(index, "size", line) && sscanf(line, "%lf%c", &size, &unit) >= 1)
            return size * (unit == 'K' ? 1024 : unit == 'M' ? 1048576 : 1);
    }
    return 0;
}

/* What the C library says is second best: on some processors the caches of all cores together. */
static double cache_bytes(int level)
{
    const double described = described_cache(level);
    long size = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
    static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    size = described > 0 ? 0 : sysconf(names[level - 1]);
#endif
    return size > 0 ? (double)size : described;
}

static int count_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (int)cores : 0;
}

void rnn_machine_here(rnn_machine *machine)
{
    for (int i = 0; i < RNN_CACHES; i++)
        machine->cache[i] = cache_bytes(i + 1);
    machine->cores = count_cores();
}
