/* Text: a growing string, for everything the compiler prints. */
#ifndef RNNC_BASE_TEXT_H
#define RNNC_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct arena;

struct text {
    struct arena *arena;
    char *data; /* NUL-terminated; NULL while empty */
    size_t length, capacity;
};

void text_init(struct text *text, struct arena *arena);
void text_append(struct text *text, const char *data, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Returns "" for 1, else "s". */
static inline const char *plural(double count) { return count == 1 ? "" : "s"; }

#endif
