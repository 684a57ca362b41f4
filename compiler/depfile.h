/* -MD: a rule of make that says what a result is made from, as C compilers write it. */
#ifndef RNNC_DEPFILE_H
#define RNNC_DEPFILE_H

#include <stdbool.h>

struct options;
struct source;
struct text;

struct depfile_options {
    bool wanted;        /* -MD */
    bool phony;         /* -MP: a rule without a recipe for each file but the program, for when it is deleted */
    const char *path;   /* -MF */
    const char *target; /* -MT */
};

/* Writes the rule; its path is that of options_paths.h. The source has the files that the program imports. */
void depfile_write(const struct options *options, const struct source *source, struct text *out);

#endif
