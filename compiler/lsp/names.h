/* The name at a place of the text. */
#ifndef RNNC_LSP_NAMES_H
#define RNNC_LSP_NAMES_H

#include "lsp/scope.h"

struct arena;

struct occurrence {
    struct name name;
    const struct name *path; /* a, b of `a.b.name` */
    int path_count;
    const struct tree_definition *within; /* NULL: outside all definitions */
};

/* False where there is none. The place behind the last letter counts, too. */
bool names_find(struct arena *arena, const struct tree *tree, uint32_t offset, struct occurrence *found);

/* The names a, b of `a.b.` before a byte of the text, which need not be part of a program that can be parsed; returns
 * how many. *begin: where the word begins that stands at the byte. */
int names_before(struct arena *arena, const char *text, size_t offset, size_t *begin, struct name **path);

#endif
