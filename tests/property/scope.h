/* Inside the generator: the body of a cell or model while it is written, and the pieces of text that make it up. */
#ifndef PROPERTY_SCOPE_H
#define PROPERTY_SCOPE_H

#include <stdbool.h>

#include "base/random.h"
#include "base/text.h"
#include "generate.h"

/* A size: n * N + m * M + c, where N and M are the two dimensions of the scope. A cell has to be correct for all N and
 * M, so there two sizes are equal if n, m and c are; in a model if their numbers are. */
struct size {
    int n, m, c;
};

enum { MOST_RANK = 3, MOST_ITEMS = 400, DIMENSIONS = 2 };

struct sizes {
    int rank;
    struct size dim[MOST_RANK];
};

/* Precedence of the outermost operator of an expression. */
enum level { LEVEL_COMPARISON, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY, LEVEL_AT, LEVEL_POSTFIX };

enum when { WHEN_STATIC, WHEN_SEQUENCE, WHEN_FRAME };

/* An expression. */
struct code {
    const char *text; /* NULL: none could be made */
    enum level level;
    enum when time;
    bool exact;    /* computed without rounding, so that it can be compared */
    bool grounded; /* its shape follows from declarations, not only from later values */
    double bound;  /* about the largest magnitude it has */
};

struct variable {
    const char *name;
    struct sizes shape;
    enum when time;
    int group;  /* of equations that defines it; 0: declared, or static */
    bool ready; /* defined; before that only its past can be read */
    bool exact, grounded;
    bool formed;    /* a parameter kept as factors: only products take it */
    int vocabulary; /* of an id; else 0 */
    bool used;      /* some equation reads it */
    bool past_used; /* with a delay */
    bool has_init;
    double bound;
};

struct function {
    const char *name;
    int arity;
    bool vectors_only;
};

/* A cell that can be called. Sizes are in its own dimensions. */
struct cell {
    const char *name;
    bool brackets; /* its first dimension is given in brackets; else it follows from the inputs */
    bool given;    /* a function too, as the second, which may be left out */
    bool owns;     /* has parameters, so a call is an instance with a name */
    bool stateful; /* reads the past, or calls a cell that does */
    bool future;   /* reads ahead or needs whole sequences */
    int input_count, output_count, inner_count;
    struct sizes *inputs, *outputs;
    int *vocabularies;      /* of inputs that are ids; else 0 */
    struct variable *inner; /* values inside that can be read as instance.name */
};

struct generator {
    struct arena *arena;
    struct random random;
    bool future;
    bool train; /* its gradients are compared with differences */
    struct function *functions;
    int function_count;
    struct cell **cells;
    int cell_count;
};

struct instance {
    const char *name;
    const struct cell *cell;
    struct size n, m;
};

struct scope {
    struct generator *generator;
    bool generic;    /* a cell or function: holds for all dimensions */
    bool parameters; /* may have parameters of its own */
    bool delays;     /* may read the past */
    bool is_function;
    bool given; /* a cell that is given the function 'act' */
    const char *dimension[DIMENSIONS];
    int dimension_value[DIMENSIONS];
    bool has_second; /* M can be used */

    struct variable *variables;
    int variable_count;
    struct instance *instances;
    int instance_count;
    const char **declarations; /* of parameters */
    int declaration_count;
    const char **statements;
    int statement_count;
    int name_count;
    uint64_t taken_names; /* which of those that mean something to a C compiler have been given */
    int product_count;
    bool stateful, future; /* properties that the cell has turned out to have */

    int group;        /* of equations that is being written */
    bool cyclic;      /* they read each other's past */
    bool elementwise; /* and never mix units on the way */
    int own_reads;    /* of values of the group, so far */
    int other_reads;  /* of other values with frames */
    bool ahead;       /* or rather each other's future */
};

/* The values that an expression may use in its place. */
struct context {
    int depth;      /* operations that may still be nested */
    enum when most; /* the latest time it may have */
    bool own;       /* values of its own group, where that is cyclic */
    bool forward;   /* the past of values of its own group that are not defined yet */
    bool now;       /* it stands inside (...)[t-k], so that those may be read as they are */
};

/* ---- chance ---- */
int pick(struct generator *generator, int count); /* 0 .. count - 1 */
bool chance(struct generator *generator, int percent);

/* ---- sizes ---- */
int size_value(const struct scope *scope, struct size size);
bool size_equal(const struct scope *scope, struct size a, struct size b);
bool sizes_equal(const struct scope *scope, const struct sizes *a, const struct sizes *b);
struct size size_substitute(struct size size, struct size n, struct size m);
struct size size_random(struct scope *scope);
struct sizes vector_of(struct size size);
struct sizes matrix_of(struct size rows, struct size columns);
const char *size_text(const struct scope *scope, struct size size);
const char *sizes_text(const struct scope *scope, const struct sizes *sizes); /* "[n, 3]", "" for a scalar */

/* ---- text ---- */
const char *format(const struct scope *scope, const char *form, ...) __attribute__((format(printf, 2, 3)));
const char *bracketed(const struct scope *scope, const struct code *code, enum level least);
const char *number_text(struct scope *scope, double *value); /* a multiple of 1/8 in [-1, 1] */
const char *new_name(struct scope *scope);
void add_statement(struct scope *scope, const char *text);

/* ---- values ---- */
struct scope *scope_new(struct generator *generator);
struct variable *add_variable(struct scope *scope, const char *name, struct sizes shape, enum when time);
struct variable *add_parameter(struct scope *scope, struct sizes shape); /* dense, or an old one of that shape */
struct variable *add_formed(struct scope *scope, struct sizes shape);    /* svd(r) or cp(r) */
bool usable(const struct scope *scope, const struct variable *variable, struct context context);
/* Returns the context of an operand whose units get mixed. */
struct context mixing(const struct scope *scope, struct context context);
/* Draws a variable among those that fit; NULL: none. */
struct variable *find_variable(struct scope *scope, struct context context, const struct sizes *shape, bool delayed);

/* ---- expressions ---- */
struct code make_expression(struct scope *scope, struct sizes shape, struct context context);
struct code make_leaf(struct scope *scope, struct sizes shape, struct context context);
struct code make_exact(struct scope *scope, struct sizes shape, struct context context);
struct code make_elementwise(struct scope *scope, struct sizes shape, struct context context);
struct code make_column(struct scope *scope, struct sizes shape, struct context context);
struct code make_move(struct scope *scope, struct sizes shape, struct context context);
struct code make_product(struct scope *scope, struct size rows, struct context context);
struct code make_matrix(struct scope *scope, struct size rows, struct size columns, int depth);
struct code make_static_part(struct scope *scope, struct sizes shape);
struct code make_call(struct scope *scope, struct sizes shape, struct context context);
struct code make_delay(struct scope *scope, struct sizes shape, struct context context);
int delay_random(struct generator *generator); /* in frames */
struct code make_over_time(struct scope *scope, struct sizes shape, struct context context);
struct code over_time_of(struct scope *scope, struct code code); /* a value of the sequence */
struct code make_embedding(struct scope *scope, struct size size, struct context context);
struct code squashed(struct scope *scope, struct code code);
struct code code_of(struct variable *variable);

/* ---- equations ---- */
/* Writes a group of equations: alone, or in a cycle with each other. The variables are not ready yet; NULL: new
 * ones. */
void write_group(struct scope *scope, struct variable *variables, int count);
void write_static(struct scope *scope);
void write_inits(struct scope *scope);
/* Writes an instance of a cell as the definition of the variable. False: no cell fits. */
bool write_instance(struct scope *scope, struct variable *variable, struct context context);
/* Writes the losses of a model that is to be trained. */
void write_losses(struct scope *scope);
/* Writes a recurrent layer as in papers. */
void write_layer(struct scope *scope);
/* Makes an expression of frame time. */
struct code make_frames(struct scope *scope, struct sizes shape, struct context context);
/* Makes the sum of an expression and some value with frames from outside the group. */
struct code add_frames(struct scope *scope, struct sizes shape, struct code code);

#endif
