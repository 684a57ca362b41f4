/* The option --variants. */
#ifndef RNNC_OPTIONS_VARIANTS_H
#define RNNC_OPTIONS_VARIANTS_H

#include <argp.h>

#include "sema/sema.h"

/* Reads "dense,svd:64+f16,..."; returns their number. What is wrong ends the process. */
enum { VARIANTS_MOST = 8 };
int options_read_variants(struct argp_state *state, struct arena *arena, const char *text,
                          struct variant_option variants[VARIANTS_MOST]);

#endif
