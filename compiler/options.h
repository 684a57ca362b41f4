/* The command line of rnnc. */
#ifndef RNNC_OPTIONS_H
#define RNNC_OPTIONS_H

#include "base/diag.h"
#include "depfile.h"
#include "pipeline.h"

struct options {
    struct pipeline_options pipeline;
    struct diag_options diag;
    const char *input;
    const char *output;
    const char *header;  /* path to write */
    const char *machine; /* the file that describes it, or NULL */
    const char **plans;  /* the files of forms */
    int plan_count, plan_capacity;
    struct depfile_options depfile;
    bool warnings_are_errors, load_given;
    bool serves; /* --lsp: there is no input */
};

/* Ends the process with status 2 and a message where the command line is wrong. */
struct options options_parse(struct arena *arena, int argc, char **argv);

#endif
