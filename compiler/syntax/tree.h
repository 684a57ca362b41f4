/* The tree: the program as written, with spans. Made by the parser, read by sema and by the printer
 * (`rnnc --emit=source`), which also needs the comments. Nothing here is resolved: `LSTM[512](x)`, `v[0:n]` and
 * `h[t-1]` are all one postfix rule, and it is sema that knows what a name is. */
#ifndef RNNC_SYNTAX_TREE_H
#define RNNC_SYNTAX_TREE_H

#include <stdbool.h>

#include "base/source.h"

struct arena;
struct diagnostics;

struct name {
    const char *text;
    struct span span;
};

enum expr_kind {
    EXPR_NUMBER,  /* number; is_integer where written without dot and exponent */
    EXPR_NAME,    /* name */
    EXPR_NEGATE,  /* args[0] */
    EXPR_BINARY,  /* args[0] operators[0] args[1] operators[1] args[2] ..., see operators */
    EXPR_BRACKET, /* (args[0]), kept so that the printer keeps it */
    EXPR_CALL,    /* args[0]( args[1..] ) */
    EXPR_INDEX,   /* args[0][ subscripts ] */
    EXPR_MEMBER,  /* args[0].name */
    EXPR_STACK,   /* stack args[0] args[1]: count, call; only as the right side of an equation */
    EXPR_REVERSE  /* reverse args[0]: call; only as the right side of an equation or below stack */
};

#define BINARY_OPERATORS(X)                                                                                            \
    X(ADD, "+")                                                                                                        \
    X(SUB, "-")                                                                                                        \
    X(MUL, "*")                                                                                                        \
    X(DIV, "/")                                                                                                        \
    X(AT, "@")                                                                                                         \
    X(LT, "<")                                                                                                         \
    X(LE, "<=")                                                                                                        \
    X(GT, ">")                                                                                                         \
    X(GE, ">=")                                                                                                        \
    X(EQ, "==")                                                                                                        \
    X(NE, "!=")

enum binary_operator {
#define X(id, text) BINARY_##id,
    BINARY_OPERATORS(X)
#undef X
};

/* One part between the commas of square brackets: `e` (is_range false, begin), `a:b`, `a:`, `:b`, `:` (begin, end may
 * be NULL). */
struct subscript {
    bool is_range;
    struct expr *begin, *end;
    struct expr *step; /* of `a:b:c`, or NULL */
    struct span span;
};

struct expr {
    enum expr_kind kind;
    struct span span;
    struct span operator_span; /* EXPR_BINARY: the first that was parsed */
    double number;
    bool is_integer;
    struct name name;
    /* Operators of one rank in a row are one expression, however many they are: `+` and `-`, or `*` and `/`, which bind
     * from the left, or `@`, which binds from the right. Comparisons have two operands. */
    enum binary_operator *operators; /* count - 1 */
    int operator_capacity;
    int count;
    struct expr **args;
    int room; /* EXPR_BINARY: for more operands, before args where the operator is `@`, else behind them */
    int subscript_count;
    struct subscript *subscripts;
    int depth; /* of the tree below; the parser refuses trees deeper than EXPR_MAX_DEPTH */
};

enum { EXPR_MAX_DEPTH = 1000 };

/* n, or n = expr, in `LSTM[n = 256](x[m = n])`; an expr alone where a dimension is not a new name: `W[4*n, m]`. */
struct dimension {
    struct expr *expr;     /* EXPR_NAME where it may introduce a name */
    struct expr *fallback; /* after `=`, or NULL */
};

/* A name with dimensions: x[m], W[n, m], h[n], y. */
struct declarator {
    struct name name;
    bool has_dimensions;
    int dimension_count;
    struct dimension *dimensions;
    struct span span;

    /* param only */
    bool has_form;
    struct name form; /* svd, cp */
    struct expr *form_rank;
    struct expr *form_preview, *form_refine; /* both or none: `preview = 64, refine = 512` behind the rank */
    struct name storage;                     /* f32, f16, bf16, int8; text NULL: not given */
    bool fixed;
    struct expr *part;        /* EXPR_INDEX: only the start value of this part; NULL: of a whole parameter */
    struct expr *start;       /* after `=` a number expression; NULL */
    struct name distribution; /* after `~`: normal, uniform, glorot, orthogonal, identity; text NULL: none */
    struct expr *distribution_argument;

    /* input and target only, and inputs of cells but for `once` */
    struct name type; /* after `:` index or labels; text NULL: real */
    struct expr *vocabulary;
    struct expr *vocabulary_fallback; /* of a cell's input, as in index[v = 96]; or NULL */
    bool once;
};

/* The word that a statement begins with. */
#define STATEMENT_KINDS(X)                                                                                             \
    X(PARAM, "param")   /* declarators */                                                                              \
    X(CONST, "const")   /* declarators[i] = values[i] */                                                               \
    X(INPUT, "input")   /* declarators */                                                                              \
    X(TARGET, "target") /* declarators */                                                                              \
    X(OUTPUT, "output") /* declarators, one; values[0] or NULL */                                                      \
    X(EQUATION, "")     /* declarators (the left sides) = values[0] */                                                 \
    X(INIT, "init")     /* path (EXPR_NAME or EXPR_MEMBER) values[0] = values[1] */                                    \
    X(LOSS, "loss")     /* values[0] */

enum statement_kind {
#define X(id, word) STATEMENT_##id,
    STATEMENT_KINDS(X)
#undef X
};

const char *statement_word(enum statement_kind kind);

struct statement {
    enum statement_kind kind;
    struct span span;
    int count;
    struct declarator *declarators;
    int value_count;
    struct expr **values;
};

enum definition_kind { DEFINE_CELL, DEFINE_MODEL, DEFINE_FUNCTION, DEFINE_CONST, DEFINE_IMPORT };

/* cell NAME[dimensions](inputs) -> outputs { body };  model NAME { body };  fn NAME(inputs) = value;  const at the top;
 * import path as NAME */
struct tree_definition {
    enum definition_kind kind;
    struct name name; /* of an import: that which the file has here */
    const struct tree *tree;
    int index; /* among the tree's definitions */
    struct span span;
    int dimension_count;
    struct dimension *dimensions;
    int input_count;
    struct declarator *inputs;
    int output_count;
    struct declarator *outputs;
    struct span body; /* from `{` to `}`; empty where there is none */
    int statement_count;
    struct statement **statements;
    struct expr *value;          /* DEFINE_FUNCTION */
    struct statement *constants; /* DEFINE_CONST */
    struct import *import;       /* DEFINE_IMPORT */
};

/* `import "cells.rnn" as NAME`, `import std.torch`. */
struct import {
    struct name path;      /* cells.rnn, with the span of its quotes; std.torch */
    bool is_module;        /* one of those built in */
    bool renamed;          /* by `as` */
    struct tree *imported; /* NULL before load_imports, and where that failed */
};

struct comment {
    struct span span;
    bool own_line; /* nothing but white space before it on its line */
};

/* The tree of one file. */
struct tree {
    const struct source *source;
    int file;      /* in source->files */
    bool is_wrong; /* of an imported file: mistakes in it have been told */
    int definition_count;
    struct tree_definition **definitions;
    int comment_count;
    struct comment *comments;

    /* The trees of the whole program, each behind those that it imports, this one last; `rank` is a tree's place. Only
     * in the tree of the program; before load_imports it stands there alone. */
    struct tree **parts;
    int part_count;
    int rank;
};

/* parse: the stage. Reports every syntax error it finds in the first file of the source and returns what could be
 * understood, never NULL. */
struct tree *parse(struct arena *arena, const struct source *source, struct diagnostics *diag);

/* Folders in which files to import are looked for, behind that of the file that imports them: -I. */
struct import_options {
    const char *const *folders;
    int folder_count;
};

/* load-imports: the stage. Adds the files that the program imports, and those that they import, to the source, and
 * parses them. Reports files that cannot be read, what is wrong in them, and circles. */
void load_imports(struct arena *arena, struct source *source, struct tree *tree, const struct import_options *options,
                  struct diagnostics *diag);

/* Both stages. */
struct tree *parse_program(struct arena *arena, struct source *source, const struct import_options *options,
                           struct diagnostics *diag);

struct text;
/* The formatted source: parses to the same tree, keeps the comments, and is a fixed point. */
void tree_print(const struct tree *tree, struct text *out);

#endif
