#include "lsp/place.h"

#include "lsp/wire.h"

bool place_read(const json_t *json, struct place *place)
{
    const json_t *line = json_object_get(json, "line"), *character = json_object_get(json, "character");
    if (!json_is_integer(line) || !json_is_integer(character) || json_integer_value(line) < 0 ||
        json_integer_value(character) < 0)
        return false;
    *place = (struct place){(size_t)json_integer_value(line), (size_t)json_integer_value(character)};
    return true;
}

static bool continues(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* The code units of the character that begins with this byte: characters of four bytes are two. */
static size_t units_of(char byte) { return (unsigned char)byte >= 0xf0 ? 2 : 1; }

size_t place_offset(const char *text, size_t length, struct place place)
{
    size_t at = 0;
    for (size_t line = 0; line < place.line; line++) { /* which ends with CR LF, LF or CR */
        while (at < length && text[at] != '\n' && text[at] != '\r')
            at++;
        if (at == length)
            return length;
        at += text[at] == '\r' && at + 1 < length && text[at + 1] == '\n' ? 2 : 1;
    }
    for (size_t units = 0; at < length && text[at] != '\n' && text[at] != '\r' && units < place.character;) {
        units += units_of(text[at]);
        for (at++; at < length && continues(text[at]);)
            at++;
    }
    return at;
}

static json_t *make(size_t line, size_t character)
{
    return wire_made(json_pack("{s:I, s:I}", "line", (json_int_t)line, "character", (json_int_t)character));
}

static json_t *place_of(const struct source *source, uint32_t offset)
{
    int line, column;
    source_locate(source, offset, &line, &column);
    size_t units = 0;
    for (uint32_t at = offset - (uint32_t)(column - 1); at < offset; at++)
        units += continues(source->data[at]) ? 0 : units_of(source->data[at]);
    return make((size_t)line - 1, units);
}

json_t *place_range(const struct source *source, struct span span)
{
    return wire_made(json_pack("{s:o, s:o}", "start", place_of(source, span.begin), "end", place_of(source, span.end)));
}

json_t *place_everything(void)
{
    enum { BEYOND = 1 << 30 }; /* no program has so many lines */
    return wire_made(json_pack("{s:o, s:o}", "start", make(0, 0), "end", make(BEYOND, 0)));
}
