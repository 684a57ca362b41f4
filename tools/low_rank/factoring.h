/* Dense parameters of a program, the forms chosen for them, and the factors of their weights: what `rnn factor` and
 * `rnn train --low-rank-after` have in common. */
#ifndef RNN_TOOLS_FACTORING_H
#define RNN_TOOLS_FACTORING_H

#include "base/text.h"
#include "command/argument.h"
#include "low_rank/lapack.h"
#include "low_rank/low_rank.h"
#include "rnn/weights.h"
#include "sema/sema.h"

struct factor_options;
struct search;

/* Ranks that follow from stable ranks are multiples of this: they fill the lanes of any machine. */
enum { RANK_STEP = 16 };

/* How a parameter is to be kept; zeros: as it is. */
struct choice {
    enum parameter_form form;
    int rank; /* 0 with FORM_DENSE */
    enum precision storage;
    int preview, refine; /* with FORM_SVD: svd(rank, preview = ..., refine = ...); 0: none */
};

/* A parameter of rank 2 or 3, declared in the program itself, for which it says nothing of this kind. */
struct matrix {
    const struct value *value;
    const rnn_file_tensor *weights;
    const double *data; /* of them */
    struct choice choice;
    struct spectrum spectrum;   /* of a matrix */
    rnn_file_tensor factors[3]; /* as a weights file has them */
    int factor_count;
    double error;       /* |W - what is kept of it| / |W| */
    const char *reason; /* for which choose_ranks has left it dense, or NULL */
};

struct factoring {
    struct arena *arena;
    struct lapack lapack;
    struct source *source;
    const struct program *program;
    struct matrix *matrices;
    int matrix_count;
    uint64_t seed; /* for the starts of cp */
    /* of rnn factor, else NULL: */
    const struct factor_options *options;
    rnn_file *file;              /* the weights */
    const struct text *trained;  /* the weights file, where factors have been trained on; NULL: as they are computed */
    const struct search *search; /* that has found the forms; NULL: they were given */
};

/* True for matrices that have no form or storage yet. */
bool can_have_form(const struct value *value);
/* True for a parameter of a cell that the program imports: a form cannot be written into its declaration. */
bool is_imported(const struct source *source, const struct value *value);

bool choice_is_none(const struct choice *choice); /* zeros */
bool choice_is_same(const struct choice *a, const struct choice *b);
const char *choice_text(struct arena *arena, const struct choice *choice); /* as in a program: "svd(64) f16" */

long matrix_size(const struct matrix *matrix);                             /* numbers, dense */
long kept_size(const struct matrix *matrix, const struct choice *choice);  /* numbers of its factors */
long kept_bytes(const struct matrix *matrix, const struct choice *choice); /* of them in memory, scales included */

/* Gives the parameters what --form says. Those that one declaration declares, in several instances of a cell, all have
 * to get the same. */
bool choose_forms(struct factoring *factoring, const struct form_options *forms, const char **error);

/* Computes spectra, where there are none yet. */
bool compute_spectra(struct factoring *factoring, const char **error);

/* Gives dense matrices the rank that follows from their stable ranks, if it makes them smaller. They have spectra. */
void choose_ranks(struct factoring *factoring);

/* Computes the factors of those with a form, and the errors of all that are not kept as they are. */
bool compute_factors(struct factoring *factoring, const char **error);

/* Sets `product`, of the parameter's shape, to what is kept of it: the product of its factors, each rounded to its
 * storage: not finite where int8 cannot hold it. */
bool keep_matrix(const struct factoring *factoring, const struct matrix *matrix, double *product, const char **error);

/* Returns the program's text with the forms in its declarations, and all else as it is but the paths of imports from
 * its folder: from `folder`, which it goes to, or, where that is NULL, whole paths, for wherever it goes. */
struct source *rewrite_program(const struct factoring *factoring, const char *folder);

/* Appends how fast singular values fall; the forms and the errors that they make, and why others stay dense: those of
 * imported cells too. */
void report_spectra(const struct factoring *factoring, struct text *text);
void report_forms(const struct factoring *factoring, struct text *text);

#endif
