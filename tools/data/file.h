/* Whole files in and out. */
#ifndef RNN_TOOLS_DATA_FILE_H
#define RNN_TOOLS_DATA_FILE_H

#include <stdbool.h>

#include "base/text.h"

/* Everything in the file. On failure false, with a sentence that names it. */
bool file_read(struct arena *arena, const char *path, struct text *content, const char **error);

/* Writes through a temporary file in the same folder, fsync and rename, so that the name is never that of half a file.
 * What is not a regular file (a pipe, a device) is written to directly. */
bool file_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error);

/* Whether a file of this name could be written; else errno says why not. Writes nothing. */
bool file_can_be_written(const char *path);

/* Whether the two names are of the same file, or would be. */
bool file_is_same(const char *a, const char *b);

#endif
