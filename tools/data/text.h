/* Text as numbers: the code points of UTF-8 (RFC 3629), or bytes. */
#ifndef RNN_TOOLS_DATA_TEXT_H
#define RNN_TOOLS_DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* A growing sequence of symbols. */
struct symbols {
    struct arena *arena;
    uint32_t *codes;
    size_t count, capacity;
};

/* Appends the symbols of `data`; `name` ("'play.txt'") is for the message, which names the line where UTF-8 ends. */
bool symbols_append(struct symbols *symbols, const char *data, size_t length, bool bytes, const char *name,
                    const char **error);

/* Appends the symbols of a file, which may be compressed by gzip, without its byte order mark if symbols are not bytes.
 */
bool symbols_read(struct symbols *symbols, const char *path, bool bytes, const char **error);

/* Appends the bytes of a symbol. */
void symbol_write(struct text *text, uint32_t code, bool bytes);

/* The name of a symbol in messages: 'x', or U+000A, or byte 0x0a. */
const char *symbol_name(struct arena *arena, uint32_t code, bool bytes);

#endif
