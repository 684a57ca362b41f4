/* Syntax errors in words. */
#ifndef RNNC_SYNTAX_MESSAGE_H
#define RNNC_SYNTAX_MESSAGE_H

#include <stdbool.h>

struct parser;

/* The tokens that the grammar would have taken in place of the last one. */
struct expectation {
    bool operand; /* the beginning of an expression */
    bool name;
    bool operator;                                          /* what continues an expression */
    bool equals, comma, tilde, arrow, round, square, brace; /* `=` `,` `~` `->` `(` `[` `{` */
    bool round_close, square_close;
};

/* Reports that the last token given to the parser is not one of those expected. */
void message_unexpected(struct parser *parser, const struct expectation *expected);

/* habits.c: adds a note to the last error if the text is how another language would say it. */
void note_habit(struct parser *parser, const struct expectation *expected);

#endif
