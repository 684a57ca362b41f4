/* The modules that are part of the compiler: `import std.torch`. Their texts are the files of std/, which the build
 * turns into C (cmake/embed_text.cmake). */
#ifndef RNNC_SYNTAX_MODULES_H
#define RNNC_SYNTAX_MODULES_H

#include <stddef.h>

struct module_text {
    const char *name; /* std.torch */
    const unsigned char *text;
    size_t length;
};

/* All of them, by name; the last has no name. */
extern const struct module_text module_texts[];

/* NULL: there is none of that name. */
const struct module_text *module_find(const char *name);

#endif
