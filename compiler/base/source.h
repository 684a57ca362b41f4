/* Source: the text of a program, and places in it. The files that a program imports stand behind it in the same text,
 * so that a span says by itself which file it is in. */
#ifndef RNNC_BASE_SOURCE_H
#define RNNC_BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Bytes [begin, end) of the source. */
struct span {
    uint32_t begin, end;
};

/* One file: the bytes [begin, end) of the source. Behind it, at `end`, stands a newline or the end of the source. */
struct source_file {
    const char *name; /* as the user gave it, or where it was found */
    uint32_t begin, end;
    int first_row;          /* of its lines in line_begin */
    bool built_in;          /* from memory, not a file that a rule of make could name */
    uint64_t device, inode; /* which file it is, whatever its path; 0 where it is none */
};

struct source {
    struct arena *arena; /* of the text */
    const char *name;    /* of the first file, the program */
    const char *data;    /* NUL-terminated, `length` bytes */
    size_t length;
    char *room; /* where the text is, with room for `capacity` bytes */
    size_t capacity;
    uint32_t *line_begin; /* offset of the first byte of each line, of all files */
    int line_count, line_capacity;
    struct source_file *files; /* the program, then those that are imported, as they are found */
    int file_count, file_capacity;
};

enum { SOURCE_MOST_BYTES = 16 << 20 }; /* of one file */

/* From memory (copied), SOURCE_MOST_BYTES or less. A byte order mark at the beginning is left out. */
struct source *source_from_memory(struct arena *arena, const char *name, const char *data, size_t length);

/* From a file of at most 16 MiB, `-` for standard input. On failure NULL, with *error a sentence fit for a message. */
struct source *source_from_file(struct arena *arena, const char *path, const char **error);

/* Adds a file from memory, or finds the built-in one that has this name already. Returns its number, or -1 with *error
 * where all files together would be too long. */
int source_add_memory(struct source *source, const char *name, const char *data, size_t length, const char **error);

enum { SOURCE_MISSING = -2 };

/* Adds a regular file, or finds it among those that are there, whatever path led to it. Returns its number; or -1 with
 * *error, NULL before the first call; or SOURCE_MISSING where there is no file of that path, with *error where there is
 * a folder, or a link that leads back to itself. */
int source_add_file(struct source *source, const char *path, const char **error);

/* The file that an offset is in. */
const struct source_file *source_file_at(const struct source *source, uint32_t offset);

/* Line and column of an offset within its file, both from 1; columns count bytes. */
void source_locate(const struct source *source, uint32_t offset, int *line, int *column);

/* The text of a span as messages quote it: in one line, cut off behind SOURCE_EXCERPT_MOST characters. */
enum { SOURCE_EXCERPT_MOST = 60 };
const char *source_excerpt(struct arena *arena, const struct source *source, struct span span);

static inline struct span span_join(struct span a, struct span b)
{
    return (struct span){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

#endif
