/* One statement as a line of text, and its folding where it is too long. */
#ifndef RNNC_SYNTAX_PRINT_LINE_H
#define RNNC_SYNTAX_PRINT_LINE_H

#include "base/text.h"
#include "syntax/tree.h"

/* A line being put together. Where it may be folded, which is only within brackets, it has a mark instead of a space.
 */
struct line {
    const struct source *source;
    struct text text;
    int bracket_depth;
};

enum { LINE_WIDTH = 100 };

void line_puts(struct line *line, const char *text);
/* "(" or "[", and ")" or "]". */
void line_open(struct line *line, const char *bracket);
void line_close(struct line *line, const char *bracket);

/* An expression; `tight` without spaces around operators, as between square brackets. */
void line_expr(struct line *line, const struct expr *expr, bool tight);
void line_declarators(struct line *line, const struct declarator *declarators, int count);
void line_dimensions(struct line *line, const struct dimension *dimensions, int count);

/* Writes the line, indented by `indent` spaces and folded at LINE_WIDTH, without a newline at its end. */
void line_write(const struct line *line, int indent, struct text *out);

#endif
