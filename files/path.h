/* Questions about paths that are going to be written. */
#ifndef RNNC_FILES_PATH_H
#define RNNC_FILES_PATH_H

#include <stdbool.h>

/* True if a file of this name could be written; else errno says why not. Writes nothing. */
bool path_can_be_written(const char *path);

/* True for a pipe or a socket, which wait for a reader. */
bool path_is_pipe(const char *path);

/* True for what is written to where it is, as /dev/null and pipes are: no name of another file comes from it. */
bool path_is_special(const char *path);

/* True if the two names are of the same file, or would be. False for special files: writing to one twice overwrites
 * nothing. */
bool path_is_same(const char *a, const char *b);

/* Writes the name by which a file is found from a folder, as "../cells/own.rnn" for cells/own.rnn from new/, into
 * `name`, of PATH_MAX bytes. False if one of them is not there, or the name is too long. */
bool path_from_folder(const char *folder, const char *file, char *name);

#endif
