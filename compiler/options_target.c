#include "options_target.h"

#include <string.h>

#include "base/target.h"
#include "rnn/target.h"

/* Returns the name of this machine's target. */
static const char *native(void)
{
#if defined(__x86_64__)
    return RNN_CPU_X86_64_V4 ? "x86-64-v4" : RNN_CPU_X86_64_V3 ? "x86-64-v3" : RNN_CPU_X86_64_V2 ? "x86-64-v2" : "base";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "base";
#endif
}

const struct target *options_target(const char *name)
{
    return target_find(strcmp(name, "native") == 0 ? native() : name);
}
