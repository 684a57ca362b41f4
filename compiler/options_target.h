/* The target that --target names. */
#ifndef RNNC_OPTIONS_TARGET_H
#define RNNC_OPTIONS_TARGET_H

/* Returns the target of that name, where `native` stands for the one that this machine's processor has; NULL: there is
 * none. */
const struct target *options_target(const char *name);

#endif
