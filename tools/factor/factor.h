/* Inside `rnn factor`: dense parameters of a program, the forms chosen for them, and the factors of their weights. */
#ifndef RNN_TOOLS_FACTOR_H
#define RNN_TOOLS_FACTOR_H

#include "base/text.h"
#include "command/argument.h"
#include "factor/low_rank.h"
#include "network/network.h"
#include "rnn/weights.h"

struct factor_options {
    struct network_options network;
    const char *weights, *output; /* output: a folder; NULL: nothing is written */
    struct words forms;           /* NAME=svd:RANK or NAME=cp:RANK; NAME may be a pattern */
    uint64_t seed;
    struct words data; /* to search with: FILE or NAME=FILE, as for rnn eval */
    bool frames_first, skips;
    int piece;
    const char *metric_name;
    double tolerance;    /* below 0: not given */
    int streams, frames; /* of the call that is to be fast; 0: not given */
};

/* A dense parameter of rank 2 or 3. */
struct matrix {
    const struct value *value;
    const rnn_file_tensor *weights;
    const double *data;       /* of them */
    enum parameter_form form; /* chosen */
    int rank;
    struct spectrum spectrum;   /* of a matrix */
    struct polyadic polyadic;   /* with FORM_CP */
    rnn_file_tensor factors[3]; /* as the new weights file has them */
    int factor_count;
    double error; /* |W - its factors| / |W| */
};

struct factoring {
    const struct factor_options *options;
    struct arena *arena;
    const struct source *source;
    const struct program *program;
    rnn_file *file; /* the weights */
    struct matrix *matrices;
    int matrix_count;
    const struct search *search; /* that has found the forms; NULL: they were given */
};

/* Reads the weights, of all parameters, and finds those that can have a form. */
bool find_matrices(struct factoring *factoring, const char **error);

/* Takes the forms of the command line. Parameters that one declaration declares, in several instances of a cell, all
 * have to get the same. */
bool choose_forms(struct factoring *factoring, const char **error);

/* Chooses forms by search (search.h). False with *error NULL if a signal has stopped it, which has been said. */
bool search_forms(struct factoring *factoring, const char **error);

/* Computes spectra, where there are none yet, and the factors of those with a form. */
bool compute_factors(struct factoring *factoring, const char **error);

/* Returns the program's text with the forms in its declarations, all else as it is. */
const struct source *rewrite_program(const struct factoring *factoring);

/* Writes the program and its weights into a folder. */
bool write_network(const struct factoring *factoring, const char *folder, const char **error);
const char *program_path(const struct factoring *factoring, const char *folder);
const char *weights_path(const struct factoring *factoring, const char *folder);

/* Refuses, before anything is computed, a folder that could not be written. */
bool check_output(const struct factoring *factoring, const char **error);

/* Writes the network and the report into a folder beside the one that is asked for, which then takes its place. */
bool write_results(const struct factoring *factoring, const struct text *report, const char **error);

/* Appends what has been found and chosen. */
void report_factors(const struct factoring *factoring, struct text *text);
void report_search(const struct factoring *factoring, struct text *text);
void report_page(const struct factoring *factoring, const struct text *report, struct text *out); /* as HTML */
const char *form_text(struct arena *arena, enum parameter_form form, int rank);                   /* "svd(64)" */

long matrix_size(const struct matrix *matrix);  /* numbers, dense */
long factors_size(const struct matrix *matrix); /* numbers of its factors, or as before */

#endif
