/* Members of zip archives, stored or deflated, of up to 4 GiB. */
#ifndef RNN_TOOLS_DATA_ZIP_H
#define RNN_TOOLS_DATA_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* A member, as its entry in the directory has it. */
struct zip_member {
    const char *name;
    unsigned method;
    uint32_t sum; /* CRC-32 of the data */
    size_t packed, size, local;
};

struct zip {
    struct arena *arena;
    const char *path;
    const char *what; /* the archive has to be, for messages: "a .npz file as numpy.savez writes it" */
    struct text content;
    struct zip_member *members;
    int count;
};

/* Reads the file and its directory. False, with a sentence that names the file, if it is no zip archive or is cut
 * off. */
bool zip_open(struct arena *arena, const char *path, const char *what, struct zip *zip, const char **error);

/* The member's data, checked by its sum. */
bool zip_read(const struct zip *zip, const struct zip_member *member, struct text *data, const char **error);

/* NULL: there is none of this name. */
const struct zip_member *zip_find(const struct zip *zip, const char *name);

#endif
