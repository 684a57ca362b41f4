#include "network/level.h"

#include <stdio.h>
#include <string.h>

#include "rnn/target.h"

enum { LEVEL_COUNT = 4 };

#if defined(__x86_64__)
static const char *const names[LEVEL_COUNT] = {"base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
static const char *const options[LEVEL_COUNT] = {"-march=x86-64", "-march=x86-64-v2", "-march=x86-64-v3",
                                                 "-march=x86-64-v4"};

/* Returns how many of the levels this machine has. */
static int count_levels(void) { return RNN_CPU_X86_64_V4 ? 4 : RNN_CPU_X86_64_V3 ? 3 : RNN_CPU_X86_64_V2 ? 2 : 1; }
#else
static const char *const names[LEVEL_COUNT] = {"base"};
static const char *const options[LEVEL_COUNT] = {"-march=native"};

static int count_levels(void) { return 1; }
#endif

static int find(const char *name)
{
    for (int i = 0; i < count_levels(); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

void level_check(struct argp_state *state, const char *name)
{
    char list[100] = "";
    for (int i = 0; i < count_levels(); i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
    if (find(name) < 0)
        argp_error(state, "--target wants what this machine can run (%s), not '%s'", list, name);
}

const char *level_option(const char *name) { return name ? options[find(name)] : "-march=native"; }
