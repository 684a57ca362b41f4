#include "base/utf8.h"

#include "base/arena.h"

int utf8_character_length(const char *data, size_t length)
{
    const unsigned char *byte = (const unsigned char *)data;
    if (length == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    int count = byte[0] >= 0xC2 && byte[0] < 0xE0   ? 2
                : (byte[0] & 0xF0) == 0xE0          ? 3
                : byte[0] >= 0xF0 && byte[0] < 0xF5 ? 4
                                                    : 0;
    if ((size_t)count > length)
        return 0;
    for (int i = 1; i < count; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and code points beyond U+10FFFF. */
    if ((byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] > 0x9F) ||
        (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] > 0x8F))
        return 0;
    return count;
}

char *utf8_repair(struct arena *arena, const char *data, size_t length)
{
    char *copy = arena_copy_string(arena, data, length);
    for (size_t i = 0; i < length;) {
        const int count = utf8_character_length(copy + i, length - i);
        if (count == 0)
            copy[i] = '?';
        i += count ? (size_t)count : 1;
    }
    return copy;
}
