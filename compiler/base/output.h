/* Output files appear whole or not at all. */
#ifndef RNNC_BASE_OUTPUT_H
#define RNNC_BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct output_file {
    const char *path; /* "-": standard output */
    const char *data;
    size_t length;
};

/* Writes each to a temporary file beside its path, and when all of them are written renames them. On failure false,
 * with *error a sentence fit for a message, and none of the files has changed. */
bool output_write(struct arena *arena, const struct output_file *files, int count, const char **error);

#endif
