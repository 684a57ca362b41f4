/* The inside of the parser, shared by its parts: the scanner (grammar/rnn.l) cuts the source into tokens, the layout
 * (layout.c) decides what each token means where it stands, the grammar (grammar/rnn.y) gives them to the functions
 * that build the tree (ast.h), and message.h says what is wrong. Nobody outside this folder includes it. */
#ifndef RNNC_SYNTAX_PARSER_H
#define RNNC_SYNTAX_PARSER_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "syntax/tree.h"

/* A token has no value, its span is enough. Kinds are bison's: TOKEN_NAME, '+', and 0 for the end of the file. */
struct token {
    int kind;
    struct span span;
};

/* The state of the layout between two tokens. */
struct layout {
    struct token *tokens; /* of the whole source, comments left out; the last one has kind 0 */
    int count, capacity;
    int next; /* the first one not used up */

    struct token *braces; /* the open `{`: one, but for errors */
    int brace_count, brace_capacity;
    struct token *brackets; /* the open `(` and `[`, all behind the braces */
    int bracket_count, bracket_capacity;
    int round_count, square_count; /* of each kind among them */

    struct token before, last; /* the two tokens given to the parser last; before the first one comes an END */
    struct token unclosed;     /* the bracket that `last` should have closed: kind 0 if there is none */
    bool in_stack;             /* since `stack` in this statement */
    bool in_import;            /* since `import`, likewise */
};

struct parser {
    struct arena *arena;
    const struct source *source;
    const struct source_file *file; /* the part of the source that is parsed */
    struct diagnostics *diag;
    struct tree *tree;
    int definition_capacity, comment_capacity;
    bool lost; /* outside a definition, after an error that said so: nothing is reported until the next one */
    struct layout layout;
};

/* Calls `take` for each token of a file, comments and newlines too; defined in grammar/rnn.l. */
void scan_tokens(const struct source *source, const struct source_file *file,
                 void (*take)(void *context, int kind, struct span span), void *context);

/* Scans the source: fills layout.tokens and tree->comments. */
void layout_start(struct parser *parser);

/* The keyword that a misspelt one may stand for, or NULL. */
const char *layout_suggest_keyword(const struct parser *parser, struct token token);

/* True if the token's text is `text`. */
bool token_is(const struct parser *parser, struct token token, const char *text);

#endif
