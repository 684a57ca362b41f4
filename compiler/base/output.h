/* Output files appear whole or not at all. */
#ifndef RNNC_BASE_OUTPUT_H
#define RNNC_BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Writes to a temporary file beside `path` and renames it; "-" is standard output. On failure false, with *error a sentence fit
 * for a message. */
bool output_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error);

#endif
