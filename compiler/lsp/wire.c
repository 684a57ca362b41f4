#include "lsp/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/utf8.h"

json_t *wire_made(json_t *json)
{
    if (!json)
        out_of_memory();
    return json;
}

json_t *wire_text(struct arena *arena, const char *text, size_t length)
{
    return wire_made(json_stringn(utf8_repair(arena, text, length), length));
}

enum { LONGEST_LINE = 256 };

/* Reads a header line without its end. False at the end of the stream, and where the line is too long for a header. */
static bool read_line(FILE *in, char line[LONGEST_LINE])
{
    if (!fgets(line, LONGEST_LINE, in))
        return false;
    const size_t length = strcspn(line, "\n");
    if (line[length] != '\n')
        return false;
    line[length] = '\0';
    if (length && line[length - 1] == '\r')
        line[length - 1] = '\0';
    return true;
}

/* Reads the header; *bytes is what Content-Length says. */
static enum wire_status read_header(FILE *in, size_t *bytes)
{
    static const char name[] = "Content-Length:";
    char line[LONGEST_LINE];
    bool found = false, begun = false;
    while (read_line(in, line)) {
        if (*line == '\0') {
            if (found)
                return WIRE_MESSAGE;
            return WIRE_NO_HEADER;
        }
        begun = true;
        if (strncasecmp(line, name, sizeof name - 1) != 0)
            continue;
        const char *digits = line + sizeof name - 1 + strspn(line + sizeof name - 1, " \t");
        const size_t count = strspn(digits, "0123456789");
        if (!count || count > 15 || digits[count + strspn(digits + count, " \t")])
            return WIRE_NO_HEADER;
        *bytes = (size_t)strtoull(digits, NULL, 10);
        found = true;
    }
    return feof(in) && !begun && !ferror(in) ? WIRE_END : WIRE_NO_HEADER;
}

static bool skip(FILE *in, size_t bytes)
{
    char part[4096];
    while (bytes) {
        const size_t count = fread(part, 1, bytes < sizeof part ? bytes : sizeof part, in);
        if (!count)
            return false;
        bytes -= count;
    }
    return true;
}

enum wire_status wire_read(FILE *in, json_t **message)
{
    size_t bytes = 0;
    const enum wire_status header = read_header(in, &bytes);
    if (header != WIRE_MESSAGE)
        return header;
    if (bytes > WIRE_MOST_BYTES)
        return skip(in, bytes) ? WIRE_TOO_LONG : WIRE_END;
    struct arena *arena = arena_new();
    char *text = ARENA_ARRAY(arena, char, bytes + 1);
    const bool whole = fread(text, 1, bytes, in) == bytes;
    *message = whole ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL) : NULL;
    arena_free(arena);
    return !whole ? WIRE_END : *message ? WIRE_MESSAGE : WIRE_NOT_JSON;
}

bool wire_write(FILE *out, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    if (!text)
        out_of_memory();
    json_decref(message);
    const bool written = fprintf(out, "Content-Length: %zu\r\n\r\n%s", strlen(text), text) > 0 && fflush(out) == 0;
    free(text);
    return written;
}
