/* The instruction sets that C is emitted for, --target: levels of x86-64, aarch64, or several levels in one binary. */
#ifndef RNNC_BASE_TARGET_H
#define RNNC_BASE_TARGET_H

struct machine;

struct target {
    const char *name;              /* of --target, and where there is an option -march= for it, there too */
    const char *word;              /* the name in identifiers: "x86_64_v3" */
    const struct machine *machine; /* that decides unless --machine names another */
    const struct target *levels;   /* of multi, the least first, and {0} behind them; NULL: it is one itself */
};

/* The target of that name, or NULL. `native` is none: who knows the processor has to say which it is. */
const struct target *target_find(const char *name);

/* "native, base, ..."; `buffer` has room for TARGET_NAMES bytes. */
enum { TARGET_NAMES = 100 };
const char *target_names(char buffer[TARGET_NAMES]);

#endif
