/* The meaning of names where they stand, by the tree alone: so that it is known of programs with errors, too. */
#ifndef RNNC_LSP_SCOPE_H
#define RNNC_LSP_SCOPE_H

#include <stdbool.h>

#include "syntax/tree.h"

/* Kinds of declarations, with the numbers that the protocol has for a completion and for a symbol. */
#define DECLARATION_KINDS(X)                                                                                           \
    X(CELL, "cell", 7, 5)                                                                                              \
    X(MODEL, "model", 7, 5)                                                                                            \
    X(FUNCTION, "fn", 3, 12)                                                                                           \
    X(IMPORT, "import", 9, 2)                                                                                          \
    X(CONSTANT, "const", 21, 14)                                                                                       \
    X(DIMENSION, "dimension", 21, 14)                                                                                  \
    X(PARAMETER, "param", 5, 8)                                                                                        \
    X(INPUT, "input", 6, 13)                                                                                           \
    X(TARGET, "target", 6, 13)                                                                                         \
    X(OUTPUT, "output", 6, 13)                                                                                         \
    X(EQUATION, "equation", 6, 13)

enum declaration_kind {
#define X(id, word, item, symbol) DECLARATION_##id,
    DECLARATION_KINDS(X)
#undef X
};

struct declaration {
    enum declaration_kind kind;
    struct name name;
    struct span span;                         /* the whole of it: a statement, or a definition */
    const struct tree_definition *within;     /* that it is a part of; NULL: at the top of its file */
    const struct tree_definition *definition; /* that it is; NULL: it is a part of one */
    const struct statement *statement;        /* that declares it; NULL: it stands in the head of a definition */
};

/* Calls `visit` for each declaration until it returns false. A name may come twice: `-> h[n]` and `h = ...`, of which
 * the statement comes first. */
typedef bool declaration_visit(void *context, const struct declaration *declaration);
void scope_list_parts(const struct tree_definition *definition, declaration_visit *visit, void *context);
void scope_list_top(const struct tree *tree, declaration_visit *visit, void *context);

/* The definition whose text the offset is in, or NULL. */
const struct tree_definition *scope_definition_at(const struct tree *tree, uint32_t offset);

/* The holder of the members of `h1.` or `torch.`: a cell, or the file of an import. */
struct scope {
    const struct tree_definition *cell;
    const struct tree *module;
};

/* Follows the names a, b, c of `a.b.c.` from within a definition (or NULL: from the top). Where they lead nowhere, the
 * scope is empty. */
struct scope scope_follow(const struct tree *tree, const struct tree_definition *from, const struct name *names,
                          int count);

/* Finds `name` among the members of a scope, or (an empty one) where a name by itself is looked for. */
bool scope_find(const struct tree *tree, const struct tree_definition *from, struct scope scope, const char *name,
                struct declaration *found);

#endif
