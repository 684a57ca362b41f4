/* Writing files whole or not at all: a new file is filled beside its path, flushed to the disk, takes the path's place
 * in one step, and is made to last by flushing the folder. At every moment the path has the old file or the whole new
 * one.
 *
 * Until then the new file has no name where the file system can do without one (O_TMPFILE), so that a killed process
 * leaves nothing; else a name that nobody can foresee, opened with O_EXCL. It has the permissions of the file that it
 * replaces, or those that the umask gives. Where the path is a symbolic link, the file behind it is replaced; a link
 * that leads nowhere is refused.
 *
 * What is there and is no regular file (a device, a pipe) is never replaced: it is written to as it is. A pipe that
 * nobody reads from is refused. */
#ifndef RNNC_FILES_NEW_FILE_H
#define RNNC_FILES_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct new_file {
    int descriptor;
    bool special;    /* what is at the path is written to */
    char *path;      /* whose place it takes */
    char *temporary; /* its name until then; NULL: none */
};

/* Each returns 0 or an errno. After begin, whatever came of it, end frees everything; a file that has not been placed
 * is gone then. */
int new_file_begin(struct new_file *file, const char *path);
int new_file_write(struct new_file *file, const void *data, size_t size);
int new_file_flush(struct new_file *file); /* all of it is on the disk */
int new_file_place(struct new_file *file); /* the path has it */
void new_file_end(struct new_file *file);

/* The errno as words. */
const char *new_file_reason(int reason);

#endif
