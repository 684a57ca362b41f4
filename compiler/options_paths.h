/* Files whose names follow from the options. */
#ifndef RNNC_OPTIONS_PATHS_H
#define RNNC_OPTIONS_PATHS_H

#include "options.h"

/* The name by which the C file includes its header. */
const char *options_header_name(const struct options *options);

/* Returns the levels of --target=multi, each of which has a C file of its own; NULL: there are none. */
const struct target *options_levels(const struct options *options);

/* Returns the path of that file: "net-x86-64-v3.c" beside "net.c". */
const char *options_level_path(struct arena *arena, const struct options *options, const struct target *level);

/* Returns the path of the rule of make that -M asks for: -MF, or the output with .d for its last suffix. */
const char *options_depfile_path(struct arena *arena, const struct options *options);

#endif
