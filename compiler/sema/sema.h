/* Sema: from the tree to a checked program, or every error in it. Two stages. */
#ifndef RNNC_SEMA_SEMA_H
#define RNNC_SEMA_SEMA_H

#include "sema/program.h"

struct arena;
struct diagnostics;
struct tree;

/* -D NAME=VALUE or -D NAME=FUNCTION. It reaches the constants of the file, those of the cell or model that is compiled,
 * and the dimensions and functions of that cell. */
struct definition {
    const char *name;
    double value;         /* whole: an integer */
    const char *function; /* or NULL */
};

/* Reads "n=64", "drop=0.2" or "act=relu". Returns NULL, or a message on what is wrong. */
const char *read_definition(struct arena *arena, const char *text, struct definition *definition);

/* --form PATTERN=FORM, FORM a decomposition (`svd:64`, `svd:256:preview=64:refine=512`, `cp:8`, `dense`), a storage
 * (`f16`) or both with a comma between: in place of what the program says of the parameters whose names the pattern
 * fits, as file names fit those of a shell. A decomposition is for parameters with as many dimensions as it decomposes.
 * `auto`, alone or beside others, leaves it to the compiler how the parameter is computed with, see form_choice. */
struct form_option {
    const char *given_by; /* "--form" */
    const char *text;     /* as it was given: "h1.*=svd:64" */
    const char *pattern;  /* NULL: in a variant, what the form is good for */
    bool exact;           /* the pattern is a name */
    bool decomposes;
    enum parameter_form form;
    int rank;
    int preview, refine; /* 0: not given */
    bool stores;
    enum precision storage;
    bool chooses;    /* auto */
    bool multiplies; /* the factors of an svd are multiplied when weights are packed: the network reads the matrix */
};

/* In the order in which they were given. */
struct form_options {
    struct arena *arena;
    struct form_option *items;
    int count, capacity;
};

/* Adds "h1.*=svd:64,f16", or all lines of a file, in which # begins a comment; given_as: the file's option, as
 * "--forms low.txt", which messages begin with. Returns NULL, or a message on what is wrong. */
const char *form_options_add(struct form_options *options, const char *text);
const char *form_options_read(struct form_options *options, const char *given_as, const char *path);

/* Adds a part of a variant: "svd:64+f16", or "h1.*=svd:64+f16". */
const char *form_options_add_part(struct form_options *options, const char *text);

/* One of --variants: forms on top of those that the program and --form give. One without a pattern is for every
 * parameter that a decomposition makes smaller (of matrices not those that are looked up by embed), and a storage for
 * every parameter with two dimensions or more. */
struct variant_option {
    const char *name; /* "svd:64+f16" */
    const char *word; /* the same as a part of identifiers: "svd_64_f16" */
    const char *plan; /* the file that has them, or NULL */
    struct form_options forms;
};

struct sema_options {
    const struct definition *definitions;
    int definition_count;
    const char *top;                 /* the model or cell to compile; NULL: the only model, or else the last cell */
    const struct form_option *forms; /* the last that fits holds */
    int form_count;
};

/* Reads "dense,svd:64+f16,@plan.txt". Returns NULL, or a message on what is wrong. */
enum { VARIANTS_MOST = 8 };
const char *variant_options_read(struct arena *arena, const char *text, struct variant_option variants[VARIANTS_MOST],
                                 int *count);

/* Adds the forms of a variant of a checked program to the options. Returns NULL, or a message on what is wrong. */
const char *expand_variant(struct arena *arena, const struct program *program, const struct variant_option *variant,
                           struct sema_options *options);

/* The choices that `auto` leaves open of a parameter with two dimensions or more. */
struct form_choice {
    const struct value *value;
    int option; /* its number */
    enum precision storage;
    bool stores;     /* the storage is given */
    bool multiplies; /* only of an svd */
};

/* True if a form is `auto`. */
bool forms_leave_choices(const struct sema_options *options);

/* Lists the choices of a checked program: f32, without multiplying, unless given. */
int list_form_choices(struct arena *arena, const struct program *program, const struct sema_options *options,
                      struct form_choice **choices);

/* Puts what has been chosen in the place of `auto`. */
void settle_forms(struct arena *arena, const struct form_choice *choices, int count, struct sema_options *options);

/* resolve-names: the top cell or model with every instance written out under its path, names and dimensions resolved;
 * shapes and times still open. NULL when nothing sensible remains; otherwise check diag_error_count. infer_shapes takes
 * a program with errors too, and finds more of them. */
struct program *resolve_names(struct arena *arena, const struct tree *tree, const struct sema_options *options,
                              struct diagnostics *diag);

/* infer-shapes: shapes, times, and the rules on cycles. After it, a program without errors is fully checked. */
void infer_shapes(struct arena *arena, struct program *program, struct diagnostics *diag);

#endif
