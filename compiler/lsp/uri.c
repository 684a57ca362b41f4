#include "lsp/uri.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/source.h"
#include "base/text.h"

/* The value of a hexadecimal digit, or -1. */
static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

const char *uri_path(struct arena *arena, const char *uri)
{
    static const char scheme[] = "file://", host[] = "localhost/";
    if (strncasecmp(uri, scheme, sizeof scheme - 1) != 0)
        return arena_copy_string(arena, uri, strlen(uri));
    const char *from = uri + sizeof scheme - 1;
    if (strncasecmp(from, host, sizeof host - 1) == 0)
        from += sizeof host - 2;
    char *path = arena_copy_string(arena, from, strlen(from)), *to = path;
    while (*from) {
        const int high = *from == '%' ? digit(from[1]) : -1, low = high >= 0 ? digit(from[2]) : -1;
        const bool escaped = low >= 0 && (high || low); /* a NUL byte is in no path */
        *to++ = escaped ? (char)(16 * high + low) : *from;
        from += escaped ? 3 : 1;
    }
    *to = '\0';
    return path;
}

/* The URI of a path, which may be relative to the working folder. */
static const char *uri_of_path(struct arena *arena, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *absolute = realpath(path, NULL);
    struct text uri;
    text_init(&uri, arena);
    text_puts(&uri, "file://");
    for (const char *c = absolute ? absolute : path; *c; c++)
        text_printf(&uri, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
    free(absolute);
    return uri.data;
}

const char *uri_at(struct arena *arena, const struct source *source, uint32_t offset, const char *program)
{
    const struct source_file *file = source_file_at(source, offset);
    return file == &source->files[0] ? program : file->built_in ? NULL : uri_of_path(arena, file->name);
}
