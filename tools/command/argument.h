/* Options, numbers and files on command lines, and help made in part from a table. Errors end the program through
 * argp_error, with the option and what it needs. */
#ifndef RNN_TOOLS_ARGUMENT_H
#define RNN_TOOLS_ARGUMENT_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct arena;

int argument_count(struct argp_state *state, const char *option, const char *argument);           /* 1 or more */
double argument_positive(struct argp_state *state, const char *option, const char *argument);     /* above 0 */
double argument_non_negative(struct argp_state *state, const char *option, const char *argument); /* 0 or more */

/* Reads a finite number in decimal digits, as 1.5 or 2e-3; *rest is what stands behind it. False if there is none. */
bool argument_number(const char *text, char **rest, double *number);

/* A growing list of arguments. */
struct words {
    struct arena *arena;
    const char **items;
    int count, capacity;
};
void words_push(struct words *words, const char *word);

/* The type of the field that an option does no more than set. */
enum argument_kind {
    ARGUMENT_FLAG,         /* bool: true */
    ARGUMENT_TEXT,         /* const char * */
    ARGUMENT_WORD,         /* struct words: one more */
    ARGUMENT_COUNT,        /* int */
    ARGUMENT_POSITIVE,     /* double */
    ARGUMENT_NON_NEGATIVE, /* double */
    ARGUMENT_SEED          /* uint64_t */
};
struct argument_field {
    int key;
    enum argument_kind kind;
    size_t offset; /* of the field, in `to` */
};

/* True if `fields`, which end with {0}, have the option; then its argument, checked, is in its field of `to`. The names
 * in messages are those in `options`. */
bool argument_set(const struct argp_option *options, const struct argument_field *fields, int key, char *argument,
                  void *to, struct argp_state *state);

/* The line of a command, whose one argument is FILE.rnn. Pointers that are not needed are NULL. */
struct command_line {
    const struct argp_option *options;
    const struct argument_field *fields;
    const char *doc;
    struct command_part {
        const struct argp *argp; /* options that several commands have, NULL: no more */
        size_t offset;           /* of its input, in `to` */
    } parts[3];
    bool (*take)(int key, char *argument, void *to, struct argp_state *state); /* an option that is not in `fields` */
    void (*check)(void *to, struct argp_state *state);                         /* when all have been read */
    char *(*help_filter)(int key, const char *text, void *input);              /* argp's */
};

/* Reads the line into `to`; ends the program with status 2 if it is wrong. */
void command_line_parse(const struct command_line *line, int argc, char **argv, void *to);

/* A file of the command line, and its role there: "--data". */
struct argument_file {
    const char *what, *path;
};

struct argument_files {
    struct arena *arena;
    struct argument_file *items;
    int count, capacity;
};

/* Adds a file, or nothing if the path is NULL. A result has to be another file than all those before. */
void argument_reads(struct argument_files *files, const char *what, const char *path);
void argument_writes(struct argument_files *files, const char *what, const char *path, struct argp_state *state);

/* NAME=FILE or FILE -> name (NULL) and file. A name may have points: y.lengths=FILE. */
struct named_file {
    const char *name, *path;
};
struct named_file named_file_split(struct arena *arena, const char *argument);

/* For argp.help_filter: puts the text that `write` prints before the one that follows the options. */
char *argument_help(int key, const char *text, void (*write)(FILE *out));

#endif
