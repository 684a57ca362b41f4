#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

void text_init(struct text *text, struct arena *arena) { *text = (struct text){.arena = arena}; }

/* Makes room for `length` more bytes and the NUL. */
static void reserve(struct text *text, size_t length)
{
    if (length >= SIZE_MAX / 4 - text->length)
        out_of_memory();
    size_t needed = text->length + length + 1;
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 128;
    while (capacity < needed)
        capacity *= 2;
    text->data = arena_grow(text->arena, text->data, text->length, 1, capacity);
    text->capacity = capacity;
}

void text_append(struct text *text, const char *data, size_t length)
{
    reserve(text, length);
    if (length)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string) { text_append(text, string, strlen(string)); }

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(text, format, args);
    va_end(args);
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
    text_puts(text, arena_vprintf(text->arena, format, args));
}
