/* UTF-8, of text that a user gives. */
#ifndef RNNC_BASE_UTF8_H
#define RNNC_BASE_UTF8_H

#include <stddef.h>

struct arena;

/* Bytes of the well-formed UTF-8 character at `data`, of which `length` bytes are left; 0 where there is none. */
int utf8_character_length(const char *data, size_t length);

/* A copy with a question mark in the place of each ill-formed byte. */
char *utf8_repair(struct arena *arena, const char *data, size_t length);

#endif
