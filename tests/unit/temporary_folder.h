/* A folder of a test's own, with the path of a weights file in it. Removing it fails if the test leaves anything else
 * behind. */
#ifndef RNNC_TESTS_TEMPORARY_FOLDER_H
#define RNNC_TESTS_TEMPORARY_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
    char path[32], file[64];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    snprintf(folder->path, sizeof folder->path, "/tmp/rnn_weights_XXXXXX");
    *state = folder;
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/w.safetensors", folder->path);
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    int failed = rmdir(folder->path);
    free(folder);
    return failed;
}

#endif
