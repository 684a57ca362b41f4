/* Output of rnnc: files that appear whole or not at all, and standard output. */
#ifndef RNNC_OUTPUT_H
#define RNNC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct output_file {
    const char *path; /* "-": standard output */
    const char *data;
    size_t length;
};

/* Writes all of them, and when that has gone well puts them in their places (files/new_file.h). On failure false, with
 * *error a sentence fit for a message, and none of the files has changed. */
bool output_write(struct arena *arena, const struct output_file *files, int count, const char **error);

#endif
