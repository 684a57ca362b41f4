/* The parser of one file, for the stages that read the program and what it imports. Nobody outside this folder includes
 * it. */
#ifndef RNNC_SYNTAX_PARSE_FILE_H
#define RNNC_SYNTAX_PARSE_FILE_H

struct arena;
struct diagnostics;
struct source;
struct tree;

/* Parses a file of the source. */
struct tree *parse_file(struct arena *arena, const struct source *source, int file, struct diagnostics *diag);

#endif
