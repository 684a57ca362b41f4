/* Whole files in and out. */
#ifndef RNN_TOOLS_DATA_FILE_H
#define RNN_TOOLS_DATA_FILE_H

#include <stdbool.h>

#include "base/text.h"

/* Everything in the file. On failure false, with a sentence that names it. */
bool file_read(struct arena *arena, const char *path, struct text *content, const char **error);

/* False, with a sentence, if a file of this name could not be written; for what comes before long work. */
bool file_can_be_written(struct arena *arena, const char *path, const char **error);

/* Writes a file as a whole or not at all, or to a device or pipe (files/new_file.h). */
bool file_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error);

/* The same, but between the moment when all of it is on the disk and the one when the path has it, another file is
 * written; where that fails, the path keeps what it has. */
bool file_write_after(struct arena *arena, const char *path, const char *data, size_t length,
                      bool (*other)(void *context, const char **error), void *context, const char **error);

#endif
