#include "data/text.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"

static void push(struct symbols *symbols, uint32_t code)
{
    if (symbols->count == symbols->capacity) {
        symbols->capacity = symbols->capacity ? 2 * symbols->capacity : 1024;
        symbols->codes =
            arena_grow(symbols->arena, symbols->codes, symbols->count, sizeof *symbols->codes, symbols->capacity);
    }
    symbols->codes[symbols->count++] = code;
}

/* Reads the code point at *next; false if the bytes up to `end` are not one. Overlong forms and surrogates are not. */
static bool read_code(const unsigned char **next, const unsigned char *end, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *at = *next;
    int more = *at < 0x80 ? 0 : *at < 0xc2 ? -1 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf5 ? 3 : -1;
    if (more < 0 || end - at <= more)
        return false;
    uint32_t value = more ? *at & (0x3fu >> more) : *at;
    for (int i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | (at[i] & 0x3f);
    }
    *next = at + more + 1;
    *code = value;
    return value >= least[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

bool symbols_append(struct symbols *symbols, const char *data, size_t length, bool bytes, const char *name,
                    const char **error)
{
    const unsigned char *next = (const unsigned char *)data, *end = next + length;
    long line = 1;
    while (next < end) {
        uint32_t code = *next;
        unsigned first = *next;
        if (bytes)
            next++;
        else if (!read_code(&next, end, &code)) {
            *error = arena_printf(symbols->arena,
                                  "%s, line %ld: what begins with byte 0x%02x is not UTF-8; --bytes "
                                  "takes any file as a sequence of bytes",
                                  name, line, first);
            return false;
        }
        line += code == '\n';
        push(symbols, code);
    }
    return true;
}

/* Everything in the file, unpacked. */
static bool read_unpacked(struct arena *arena, const char *path, struct text *content, const char **error)
{
    gzFile file = gzopen(path, "rb");
    text_init(content, arena);
    if (!file) {
        *error = arena_printf(arena, "cannot open '%s': %s", path, strerror(errno));
        return false;
    }
    char buffer[65536];
    int got;
    while ((got = gzread(file, buffer, sizeof buffer)) > 0)
        text_append(content, buffer, (size_t)got);
    int status;
    const char *reason = gzerror(file, &status);
    bool failed = got < 0 || status != Z_OK; /* a file that is cut off ends with Z_BUF_ERROR */
    if (failed)
        *error = arena_printf(arena, "cannot read '%s': %s", path, status == Z_ERRNO ? strerror(errno) : reason);
    gzclose(file);
    return !failed;
}

bool symbols_read(struct symbols *symbols, const char *path, bool bytes, const char **error)
{
    struct text content;
    if (!read_unpacked(symbols->arena, path, &content, error))
        return false;
    bool marked = !bytes && content.length >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0;
    size_t begin = marked ? 3 : 0; /* behind the byte order mark */
    return symbols_append(symbols, content.data + begin, content.length - begin, bytes,
                          arena_printf(symbols->arena, "'%s'", path), error);
}

void symbol_write(struct text *text, uint32_t code, bool bytes)
{
    char out[4];
    size_t length = bytes || code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (length == 1) {
        out[0] = (char)code;
    } else {
        for (size_t i = length - 1; i > 0; i--, code >>= 6)
            out[i] = (char)(0x80 | (code & 0x3f));
        out[0] = (char)((0xf00u >> length & 0xff) | code);
    }
    text_append(text, out, length);
}

const char *symbol_name(struct arena *arena, uint32_t code, bool bytes)
{
    if (bytes)
        return arena_printf(arena, "byte 0x%02x", (unsigned)code);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return arena_printf(arena, "U+%04X", (unsigned)code);
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "'");
    symbol_write(&text, code, false);
    text_puts(&text, "'");
    return text.data;
}
