/* Questions about paths that are going to be written. */
#ifndef RNNC_FILES_PATH_H
#define RNNC_FILES_PATH_H

#include <stdbool.h>

/* Whether a file of this name could be written; else errno says why not. Writes nothing. */
bool path_can_be_written(const char *path);

/* Whether it is a pipe or a socket, which wait for somebody who reads. */
bool path_is_pipe(const char *path);

/* Whether the two names are of the same file, or would be. Special files are nobody's own: writing to one twice
 * overwrites nothing. */
bool path_is_same(const char *a, const char *b);

#endif
