/* Dense parameters of a program, the forms chosen for them, and the factors of their weights: what `rnn factor` and
 * `rnn train --low-rank-after` have in common. */
#ifndef RNN_TOOLS_FACTORING_H
#define RNN_TOOLS_FACTORING_H

#include "base/text.h"
#include "command/argument.h"
#include "low_rank/low_rank.h"
#include "rnn/weights.h"
#include "sema/sema.h"

struct factor_options;
struct search;

/* Ranks in such steps fill the lanes of any machine. */
enum { RANK_STEP = 16 };

/* A dense parameter of rank 2 or 3. */
struct matrix {
    const struct value *value;
    const rnn_file_tensor *weights;
    const double *data;       /* of them */
    enum parameter_form form; /* chosen */
    int rank;
    struct spectrum spectrum;   /* of a matrix */
    struct polyadic polyadic;   /* with FORM_CP */
    rnn_file_tensor factors[3]; /* as a weights file has them */
    int factor_count;
    double error; /* |W - its factors| / |W| */
};

struct factoring {
    struct arena *arena;
    const struct source *source;
    const struct program *program;
    struct matrix *matrices;
    int matrix_count;
    uint64_t seed; /* for the starts of cp */
    /* of rnn factor, else NULL: */
    const struct factor_options *options;
    rnn_file *file;              /* the weights */
    const struct search *search; /* that has found the forms; NULL: they were given */
};

long matrix_size(const struct matrix *matrix);  /* numbers, dense */
long factors_size(const struct matrix *matrix); /* numbers of its factors, or as before */

/* Takes forms, as NAME=svd:64 or NAME=cp:8; NAME may be a pattern, and later ones count. Parameters that one
 * declaration declares, in several instances of a cell, all have to get the same. */
bool choose_forms(struct factoring *factoring, const struct words *forms, const char **error);

/* Computes spectra, where there are none yet, and the factors of those with a form. */
bool compute_factors(struct factoring *factoring, const char **error);

/* Returns the program's text with the forms in its declarations, all else as it is. */
const struct source *rewrite_program(const struct factoring *factoring);

/* Appends how fast singular values fall; the forms, and the errors that they make. */
void report_spectra(const struct factoring *factoring, struct text *text);
void report_forms(const struct factoring *factoring, struct text *text);
const char *form_text(struct arena *arena, enum parameter_form form, int rank); /* "svd(64)" */

#endif
