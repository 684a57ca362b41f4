/* Source: the text of one program, and places in it. */
#ifndef RNNC_BASE_SOURCE_H
#define RNNC_BASE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct arena;

/* Bytes [begin, end) of the source. */
struct span {
    uint32_t begin, end;
};

struct source {
    const char *name; /* as the user gave it */
    const char *data; /* NUL-terminated, `length` bytes */
    size_t length;
    uint32_t *line_begin; /* offset of the first byte of each line */
    int line_count;
};

/* From memory (copied). A byte order mark at the beginning is left out. */
struct source *source_from_memory(struct arena *arena, const char *name, const char *data, size_t length);

/* From a file of at most 16 MiB, `-` for standard input. On failure NULL, with *error a sentence fit for a message. */
struct source *source_from_file(struct arena *arena, const char *path, const char **error);

/* Line and column of an offset, both from 1; columns count bytes. */
void source_locate(const struct source *source, uint32_t offset, int *line, int *column);

static inline struct span span_join(struct span a, struct span b)
{
    return (struct span){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

#endif
