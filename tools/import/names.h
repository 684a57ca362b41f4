/* Names of a program for things that have names of their own in a file. */
#ifndef RNN_TOOLS_IMPORT_NAMES_H
#define RNN_TOOLS_IMPORT_NAMES_H

#include "base/map.h"

struct import_names {
    struct arena *arena;
    const char *module; /* imported by the program, whose name is taken: "keras" */
    struct map taken;
};

void import_names_init(struct import_names *names, struct arena *arena, const char *module);

/* A name like this one that nothing else has: other characters than letters and digits are `_`, and what is taken, by
 * another thing or by the language, gets a number. */
const char *import_take_name(struct import_names *names, const char *like);

/* The same without taking it, for a part of a name with dots. */
const char *import_plain_name(struct arena *arena, const char *like);

/* Words of a file for a comment, on one line: other characters than printable ones are blanks. */
const char *import_line(struct arena *arena, const char *words);

#endif
