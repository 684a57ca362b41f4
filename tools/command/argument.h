/* Numbers and files on command lines, and help that a table has a part in. What is wrong ends the program through
 * argp_error, with the option and what it needs. */
#ifndef RNN_TOOLS_ARGUMENT_H
#define RNN_TOOLS_ARGUMENT_H

#include <argp.h>
#include <stdint.h>
#include <stdio.h>

struct arena;

int argument_count(struct argp_state *state, const char *option, const char *argument);           /* 1 or more */
double argument_positive(struct argp_state *state, const char *option, const char *argument);     /* above 0 */
double argument_non_negative(struct argp_state *state, const char *option, const char *argument); /* 0 or more */
uint64_t argument_seed(struct argp_state *state, const char *option, const char *argument);       /* any */

/* A file of the command line, and what it is there: "--data". */
struct argument_file {
    const char *what, *path;
};

struct argument_files {
    struct arena *arena;
    struct argument_file *items;
    int count, capacity;
};

/* Adds a file; none where the path is NULL. A result has to be another file than all those before. */
void argument_reads(struct argument_files *files, const char *what, const char *path);
void argument_writes(struct argument_files *files, const char *what, const char *path, struct argp_state *state);

/* NAME=FILE or FILE -> name (NULL) and file. A name may have points: y.lengths=FILE. */
struct named_file {
    const char *name, *path;
};
struct named_file named_file_split(struct arena *arena, const char *argument);

/* For argp.help_filter: what `write` prints, before the text that follows the options. */
char *argument_help(int key, const char *text, void (*write)(FILE *out));

#endif
