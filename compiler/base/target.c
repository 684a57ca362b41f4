#include "base/target.h"

#include <stddef.h>
#include <string.h>

#include "base/machine.h"

#define BASE                                                                                                           \
    {                                                                                                                  \
        "base", "base", &machine_sse2, NULL                                                                            \
    }
#define X86_64_V3                                                                                                      \
    {                                                                                                                  \
        "x86-64-v3", "x86_64_v3", &machine_avx2, NULL                                                                  \
    }
#define X86_64_V4                                                                                                      \
    {                                                                                                                  \
        "x86-64-v4", "x86_64_v4", &machine_avx512, NULL                                                                \
    }

/* Kernels in the instructions of x86-64-v2 are as fast as in those of every x86-64, which need no test. */
static const struct target levels[] = {BASE, X86_64_V3, X86_64_V4, {0}};

static const struct target targets[] = {
    BASE,      {"x86-64-v2", "x86_64_v2", &machine_sse2, NULL}, X86_64_V3,
    X86_64_V4, {"aarch64", "aarch64", &machine_neon, NULL},     {"multi", "multi", &machine_generic, levels},
};

enum { TARGET_COUNT = sizeof targets / sizeof *targets };

const struct target *target_find(const char *name)
{
    for (int i = 0; i < TARGET_COUNT; i++)
        if (strcmp(targets[i].name, name) == 0)
            return &targets[i];
    return NULL;
}

const char *target_names(char buffer[TARGET_NAMES])
{
    strcpy(buffer, "native");
    for (int i = 0; i < TARGET_COUNT; i++) {
        strcat(buffer, i + 1 < TARGET_COUNT ? ", " : " or ");
        strcat(buffer, targets[i].name);
    }
    return buffer;
}
