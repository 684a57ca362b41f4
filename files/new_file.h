/* Writing files whole or not at all: a new file is filled beside its path, flushed to the disk, takes the path's place
 * in one step, and is made to last by flushing the folder. At every moment the path has the old file or the whole new
 * one.
 *
 * Until then the new file has no name where the file system can do without one (O_TMPFILE), so that a killed process
 * leaves nothing; else, and in the moment before it takes the path's place, a name that nobody can foresee, opened with
 * O_EXCL and locked: what a killed process left is not locked, and rnn_new_file_sweep removes it. It has the
 * permissions of the file that it replaces, or those that the umask gives. Where the path is a symbolic link, the file
 * behind it is replaced; a link that leads nowhere is refused.
 *
 * Anything but a regular file (a device, a pipe) is never replaced: it is written to as it is. A pipe that
 * nobody reads from is refused.
 *
 * The names begin with rnn_ because the runtime, which users link with, has them too. */
#ifndef RNNC_FILES_NEW_FILE_H
#define RNNC_FILES_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct new_file {
    int descriptor;
    bool special;    /* the path is written to, not replaced */
    char *path;      /* whose place it takes */
    char *temporary; /* its name until then; NULL: none */
};

/* Each returns 0 or an errno. After begin, whatever came of it, end frees everything; a file that has not been placed
 * is gone then. */
int rnn_new_file_begin(struct new_file *file, const char *path);
int rnn_new_file_write(struct new_file *file, const void *data, size_t size);
int rnn_new_file_flush(struct new_file *file); /* all of it is on the disk */
int rnn_new_file_place(struct new_file *file); /* the path has it */
void rnn_new_file_end(struct new_file *file);

/* Removes what killed processes of this user left beside the path. */
void rnn_new_file_sweep(const char *path);

/* Says in words, for which there is room, why the path was not written; the reason is an errno. */
enum { RNN_NEW_FILE_WORDS = 300 };
const char *rnn_new_file_reason(const char *path, int reason, char words[RNN_NEW_FILE_WORDS]);

#endif
