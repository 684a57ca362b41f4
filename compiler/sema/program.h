/* The checked program: what sema makes of the tree, and all that the oracle and `lower` ever see of it.
 *
 * Every instance of a cell has been written out under its own path with its own dimensions, names are resolved, every
 * value has a shape and a time, and every rule of the language holds: no cycle without a delay, no cycle with delays of
 * both signs, none through a sequence value. A program is a flat list of *values*, each of which is a parameter, an
 * input, a target, or is defined by one *term*.
 *
 * Where a program uses one name for several things, sema takes them apart:
 *   h1 = LSTM[n](x)       values h1.x (= x), everything inside (h1.i, h1.c, h1.h, ...), and h1 (= h1.h)
 *   y = swish(v)          a function is a cell with one equation: values y.swish.v ..., see `hidden`
 *   i, f = split(e, 2)    a hidden value (= e), i and f are parts of it
 *   (e)[t-1]              a hidden value (= e), read with a delay
 */
#ifndef RNNC_SEMA_PROGRAM_H
#define RNNC_SEMA_PROGRAM_H

#include <stdbool.h>

#include "base/op.h"
#include "base/precision.h"
#include "base/shape.h"
#include "base/source.h"

enum value_kind { VALUE_PARAMETER, VALUE_INPUT, VALUE_TARGET, VALUE_EQUATION };

enum parameter_form { FORM_DENSE, FORM_SVD, FORM_CP };

enum parameter_start {
    START_DEFAULT,
    START_CONSTANT,
    START_NORMAL,
    START_UNIFORM,
    START_GLOROT,
    START_ORTHOGONAL,
    START_IDENTITY
};

/* A part of a parameter with a start of its own: length[i] from begin[i] in each dimension. */
struct part_start {
    int begin[SHAPE_MAX_RANK], length[SHAPE_MAX_RANK];
    enum parameter_start start;
    double number;
};

/* The instance that a value or an error belongs to, for notes: `h1 = LSTM[n](x)` written out is an origin. */
struct origin {
    const char *path;            /* "enc.h1" */
    const char *cell;            /* "LSTM" */
    struct span call;            /* `LSTM[n](x)` */
    const struct origin *parent; /* NULL: directly in the top cell or model */
};

struct value {
    int id; /* its place in program.values */
    enum value_kind kind;
    const char *name; /* the path, as in weight files: "h1.weight_ih" */
    bool hidden;      /* made by sema; its name is descriptive and unique, but not in the program */
    struct shape shape;
    const char *size_names[SHAPE_MAX_RANK]; /* of declared dimensions that are a name: "h1.n", or NULL */
    const char *row_name;                   /* the first name in its first dimension: "h1.n" of [4 * n, m], or NULL */
    bool declared;                          /* the program gives the shape; else it follows from the term */
    enum value_time time;
    int vocabulary; /* V for `index[V]` and `labels[V]` inputs and targets (ids -1..V-1), and for an equation that
                     * only hands such an id on (its term is a TERM_VALUE or a TERM_DELAY of it); else 0 */
    bool labels;    /* target y: labels[V] */
    bool typed;     /* an equation that is an input of a cell, declared as ids */
    bool once;      /* input or target of sequence time by declaration */
    const struct origin *origin; /* NULL: of the top cell or model itself */
    struct span span;            /* where it is defined */
    struct span equation;        /* the whole equation or declaration */

    struct term *term; /* VALUE_EQUATION: what it is; else NULL */
    struct term *init; /* as written, of static or sequence time; NULL: none. What reads give is value_init() */
    int init_depth;    /* of the instance in which the init stands; 0: the top. The least deep one replaces others */
    const struct value *stands_for; /* the output of the instance that it names, `h` of `h = LSTM[n](x)`, or NULL */

    enum parameter_form form; /* of the value W below, and of its factors */
    int form_rank;
    int preview, refine;            /* of W, with FORM_SVD: see term->preview; 0: none */
    enum precision storage;         /* VALUE_PARAMETER: its numbers in an inference network */
    bool multiplied;                /* a factor of an svd: a product of the factors is read in their place */
    bool fixed;                     /* training leaves it as it is */
    struct shape whole;             /* of a factor: the shape of the svd or cp parameter; rank 0: no factor */
    enum parameter_start start;     /* as written; `default` is resolved when values are drawn */
    double start_number;            /* = c, ~ normal(s), ~ uniform(a), ~ identity(c) */
    struct part_start *part_starts; /* later ones hold where they overlap */
    int part_start_count;
};

/* Of a TERM_PART, while the shape of args[0] is open: what the program wrote. Only sema looks at it. */
struct part {
    int split_index, split_count; /* a part of split(v, split_count); 0: subscripts */
    int count;                    /* of subscripts; dimensions that are left out are whole */
    int begin[SHAPE_MAX_RANK];
    int end[SHAPE_MAX_RANK];  /* -1: to the end */
    int step[SHAPE_MAX_RANK]; /* 0: none; below 0, a begin of -1 is the last, an end of -1 is before the first */
};

enum term_kind {
    TERM_NUMBER, /* number, shape [] */
    TERM_VALUE,  /* value, at the same frame */
    TERM_DELAY,  /* value, `delay` frames back (negative: ahead) in the time of the sequence, not of the instance */
    TERM_OP,  /* op over args; concat (where a scalar counts as one unit) included, view never; copy only where a scalar
               * is spread over a value with a declared shape */
    TERM_PART /* args[0] restricted to begin[i], begin[i] + step[i], ..., length[i] in all, in each of its dimensions i
               * (step[i] is 1 but for static values, where it may be any but 0); dimensions with
               * drop[i] (an index, not a range; length 1) do not appear in the result */
};

struct term {
    enum term_kind kind;
    struct shape shape;
    enum value_time time;
    struct span span;

    double number;
    struct value *value;
    int delay;
    bool reads_init; /* TERM_DELAY: out of range reads value_init(value) (0 if NULL); else out of range reads 0 */
    enum op op;      /* `W @ x` is OP_product, `A @ B` OP_matmul, `v @ w` OP_dot, `Z @ x` (Z of rank 3) OP_product;
                      * diag(v) @ x is OP_mul; the second operand of embed, cross_entropy and ctc is a TERM_VALUE or
                      * TERM_DELAY of an id, of the input or target itself where no delay stands between; split never
                      * appears: its results are parts */
    int count;       /* of args; defaults have been filled in */
    struct term **args;
    int preview, refine; /* OP_refined_product of A [n, r], z and perhaps a summand: A z + summand, where losses are
                          * wanted. Else with the first `preview` columns of A and numbers of z; then its `refine`
                          * largest units, of equal ones the first, receive the rest of their sums */
    int depth;           /* of the term below: no more than brackets and calls are nested, and a few hundred */
    int begin[SHAPE_MAX_RANK], length[SHAPE_MAX_RANK], step[SHAPE_MAX_RANK];
    bool drop[SHAPE_MAX_RANK];
    const struct part *part;
};

struct output {
    const char *name;
    struct value *value;
    struct span span;
};

struct loss {
    struct term *term; /* a scalar of frame or sequence time */
    struct span span;
};

/* A parameter W with form svd(r) is kept as two parameters `W.A` [n, r] and `W.B` [r, m], cp(r) of [k, n, m] as `W.A`
 * [k, r], `W.B` [n, r], `W.C` [m, r]. W itself is an equation with that form, static, whose term is OP_svd or OP_cp of
 * its factors:
 *   svd   W = A B
 *   cp    W[i] = B diag(A[i]) C'
 * (Kolda and Bader, "Tensor Decompositions and Applications", SIAM Review 51(3), 2009, section 3). Of a cp parameter
 * only one slice, or parts of one, or a product with all of it are read. */
struct program {
    const char *name; /* of the model or cell */
    bool is_model;
    const struct source *source;
    struct value **values;
    int value_count;
    struct value **parameters; /* in the order of declaration, which is the order of lm_params; also in values */
    int parameter_count;
    struct value **inputs; /* in order of declaration */
    int input_count;
    struct value **targets;
    int target_count;
    struct output *outputs;
    int output_count;
    struct loss *losses;
    int loss_count;
    bool needs_future; /* has _run but no _step: reads ahead, runs in reverse, or uses a sequence value in a frame */
};

/* The value of a delayed read before the start, or NULL for 0: its init; that of the output for a name that
 * stands for one and has no init of its own. */
struct term *value_init(const struct value *value);

struct text;

/* One line per value, in infix, for --dump-after=resolve-names and infer-shapes:
 *     h1.c [512] frame = sigmoid(h1.f) * h1.c[t-1] + sigmoid(h1.i) * tanh(h1.g)   */
void program_print(const struct program *program, struct text *out);

#endif
