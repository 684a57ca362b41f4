/* Elaboration, private to sema: writing every instance of a cell out under its own path.
 *
 * An *instance* is a cell (or model, or function) being written out. It goes through three steps:
 *   declared  its names are known: a symbol for each, values without terms, and instances for the calls inside
 *   bound     the numbers behind all of its dimensions are known: from the brackets of the call, and from the shapes of
 *             the arguments, which for that reason are inferred along the way (shapes.h)
 *   built     its equations are terms
 * Binding waits for shapes, so instances are not bound in the order of the text: what can go on is kept in a queue of
 * tasks, and what waits is put there again when what it waits for has come. Nothing here recurses over instances. */
#ifndef RNNC_SEMA_ELABORATE_H
#define RNNC_SEMA_ELABORATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "sema/program.h"
#include "sema/report.h"
#include "sema/shapes.h"
#include "syntax/tree.h"

struct arena;
struct sema_options;

enum {
    VALUE_LIMIT = 50000,      /* values of one program: some 30 MB of C */
    NESTING_LIMIT = 200,      /* instances within instances */
    STACK_LIMIT = 10000,      /* layers of one stack, slices of one cp parameter */
    DELAY_LIMIT = 1000000,    /* frames */
    SUGGESTION_LIMIT = 500000 /* names that wrong ones are compared with */
};

/* The number behind a constant or a dimension: exact while it is whole. */
struct number {
    bool is_integer;
    int64_t integer;
    double real; /* always set */
};

enum symbol_kind {
    SYMBOL_NUMBER,   /* a dimension or constant */
    SYMBOL_FUNCTION, /* in the head of a cell: the function that it is called with */
    SYMBOL_VALUE,
    SYMBOL_FACTORED /* a parameter with a form: A, B and for cp C */
};

enum progress { PROGRESS_NONE, PROGRESS_BEGUN, PROGRESS_DONE };

/* What a cell is given to call: an operation, or a function of the file. */
struct function {
    enum op op; /* where definition is NULL */
    const struct tree_definition *definition;
};

struct symbol {
    enum symbol_kind kind;
    const char *name;
    struct span span;
    const struct statement *statement;   /* that declares it; NULL for dimensions and inputs */
    const struct declarator *declarator; /* NULL for dimensions */

    bool known; /* SYMBOL_NUMBER, SYMBOL_FUNCTION */
    struct number number;
    struct function function;
    const struct expr *definition; /* of a constant */
    enum progress evaluated;
    const char *bound_by; /* the input that a dimension was bound from, or NULL */

    struct value *value;
    struct instance *instance;        /* that an equation names */
    bool instance_known, is_instance; /* found out before there is one, see callee.c */
    struct instance *pending;         /* of a sharing that is not done: who reads the instance waits for this one */

    enum parameter_form form;
    struct value *factors[3];
    int dim[SHAPE_MAX_RANK];         /* of the whole */
    const struct declarator **parts; /* start values of parts of it */
    int part_count, part_capacity;
};

/* One place in the order of the text: a value or an instance. */
struct entry {
    struct value *value;
    struct instance *instance;
};

struct instance {
    const char *path; /* "" at the top */
    const struct tree_definition *definition;
    struct instance *parent;
    int depth;
    int direction; /* -1 within an odd number of reversals: [t-1] is the frame after */
    bool hidden;   /* called inside an expression: it has no name and owns no parameters */
    const struct expr *call;
    struct origin origin;
    struct instance *shared; /* the instance whose parameters this one uses */

    struct map symbols;
    struct map stems; /* beginnings of names with dots, up to a dot: the symbol that has it */
    struct entry *entries;
    int entry_count, entry_capacity;
    struct value **inputs; /* in the order of the definition; NULL where it repeats a name */
    struct value *result;  /* of a function */

    /* A stack has layers instead of symbols; they are created when the parent is bound. */
    bool is_stack;
    const struct expr *layer_count;
    struct instance **layers;
    int count;

    bool called; /* its arguments have terms */
    bool bound;
    bool failed;          /* an error was told: it stays without terms */
    struct task *waiting; /* to be done when it is bound, or when a stack has layers */
    int waiting_count, waiting_capacity;
};

enum task_kind { TASK_BIND, TASK_BUILD };

struct task {
    enum task_kind kind;
    struct instance *instance;
    const struct statement *statement; /* TASK_BUILD */
};

/* What a name at the top of the file means. */
struct global {
    const struct tree_definition *definition; /* NULL for a constant */
    struct symbol *constant;
    struct span span;
};

/* `h3 = h1(x2)`: an instance that is created once h1 is. */
struct sharing {
    struct instance *parent;
    const struct statement *statement;
    struct symbol *symbol; /* h3 */
    int entry;             /* its place in parent->entries */
    bool done;
};

struct elaboration {
    struct arena *arena;
    const struct tree *tree;
    const struct sema_options *options;
    struct report report;
    struct program *program;
    struct solver solver;
    struct map globals;         /* struct global */
    struct map function_places; /* by name of a cell: bool, which names in its brackets are functions */
    struct map paths;           /* all names of values, to keep hidden ones apart */
    struct instance *top;
    struct value *frame_number;  /* NULL where the program does not ask for it */
    struct instance **instances; /* all, in order of creation */
    int instance_count, instance_capacity;
    struct instance **undeclared;
    int undeclared_count, undeclared_capacity;
    struct sharing *sharings;
    int sharing_count, sharing_capacity;
    struct task *tasks;
    int task_begin, task_count, task_capacity;
    struct instance **owners; /* by value id: the instance whose input it is, or NULL */
    int owner_capacity;
    bool *definitions_used; /* of options->definitions */
    bool full;              /* VALUE_LIMIT was reached and told */
    long compared;          /* names, up to SUGGESTION_LIMIT: thousands of wrong names among thousands get no hint */
};

/* names.c */
struct value *elaborate_value(struct elaboration *e, struct instance *instance, enum value_kind kind, const char *path,
                              struct span span, struct span equation);
struct value *elaborate_hidden(struct elaboration *e, struct instance *instance, const char *base, const char *what,
                               struct span span, struct span equation);
const char *elaborate_path(struct elaboration *e, const struct instance *instance, const char *name);
const char *elaborate_unique(struct elaboration *e, const char *path);
struct symbol *elaborate_symbol(struct elaboration *e, struct instance *instance, enum symbol_kind kind,
                                const struct name *name); /* NULL after telling that the name is taken */
void tell_unknown(struct elaboration *e, const struct instance *instance, const struct name *name, bool callable);
void note_similar_function(struct elaboration *e, struct span span, const char *name);
struct symbol *resolve_path(struct elaboration *e, struct instance *instance, const struct expr *path,
                            struct instance **owner, struct instance **wait);
/* The instance that `path` leads to, if it is there already; says nothing. */
struct instance *peek_instance(struct elaboration *e, struct instance *instance, const struct expr *path);
struct instance *resolve_instance(struct elaboration *e, struct instance *instance, const struct expr *path,
                                  struct instance **wait);

/* dimensions.c */
enum evaluation { EVALUATION_DONE, EVALUATION_OPEN, EVALUATION_WRONG };
enum evaluation evaluate_number(struct elaboration *e, struct instance *instance, const struct expr *expr, bool quiet,
                                struct number *result);
enum evaluation evaluate_size(struct elaboration *e, struct instance *instance, const struct expr *expr, int *result);
/* A whole number from `least` to `most`; `what` says in errors what it is. */
enum evaluation evaluate_count(struct elaboration *e, struct instance *instance, const struct expr *expr,
                               const char *what, long least, long most, int *result);
/* "a position", or for an expression that says less than its value does "the position 'n - 5'". */
const char *count_text(struct elaboration *e, const struct expr *expr, const char *noun);
bool evaluate_shape(struct elaboration *e, struct instance *instance, const struct declarator *declarator, int rank_max,
                    struct shape *shape);
void evaluate_constants(struct elaboration *e, struct instance *instance, struct map *symbols);

/* callee.c */
enum callee_kind { CALLEE_NONE, CALLEE_INSTANCE, CALLEE_WRONG /* told */ };

/* What the right side of an equation calls, where it is as a whole a call that makes an instance. */
struct callee {
    const struct expr *call;            /* EXPR_CALL */
    const struct expr *name;            /* what is called: a name or a path */
    const struct expr *brackets;        /* EXPR_INDEX around it, or NULL */
    const struct expr *layer_count;     /* of a stack, or NULL */
    int direction;                      /* -1: reversed */
    const struct tree_definition *cell; /* NULL: an instance, whose weights are used again */
};
enum callee_kind find_callee(struct elaboration *e, struct instance *instance, const struct statement *statement,
                             struct callee *callee);

/* instances.c */
struct instance *instance_new(struct elaboration *e, struct instance *parent, const char *path,
                              const struct tree_definition *definition, const struct expr *call);
void create_instance(struct elaboration *e, struct instance *parent, struct symbol *symbol,
                     const struct statement *statement); /* the one that an equation names, if it names one */
void create_layers(struct elaboration *e, struct instance *stack);
void resolve_sharings(struct elaboration *e);
void tell_unshared(struct elaboration *e);
struct value *instance_output(struct instance *instance, int index); /* NULL: not defined, which was told */

/* declare.c */
void declare_instances(struct elaboration *e); /* all that are undeclared, and what they contain */

/* bind.c, bind_top.c */
void push_task(struct elaboration *e, enum task_kind kind, struct instance *instance,
               const struct statement *statement);
void wait_for(struct elaboration *e, struct instance *instance, enum task_kind kind, struct instance *waiting,
              const struct statement *statement);
void wake_waiting(struct elaboration *e, struct instance *instance);
void bind_top(struct elaboration *e);
void bind_instance(struct elaboration *e, struct instance *instance);
void finish_binding(struct elaboration *e, struct instance *instance);
bool tell_unbound(struct elaboration *e); /* whether there are any */
void check_arguments(struct elaboration *e);

/* unused.c: the names in definitions that have no bound instance. */
void check_unused(struct elaboration *e);

/* leaves.c */
void shape_parameter(struct elaboration *e, struct instance *instance, struct symbol *symbol);
void shape_leaf(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                struct value *value); /* an input or target */

/* build.c */
void build_statement(struct elaboration *e, struct instance *instance, const struct statement *statement);

/* terms.c, calls.c, products.c, delays.c */
struct builder {
    struct elaboration *e;
    struct instance *instance;
    const char *base; /* what hidden values of this equation are named after */
    struct span equation;
};

enum built_kind {
    BUILT_NOTHING, /* an error was told */
    BUILT_TERM,    /* term */
    BUILT_CHAIN,   /* left @ right, or left @ diag(middle) @ right: a matrix kept as factors */
    BUILT_CP,      /* symbol: a whole cp parameter */
    BUILT_DIAG     /* diag(term) */
};

struct built {
    enum built_kind kind;
    struct span span;
    struct term *term, *left, *middle, *right; /* of a chain, left->whole and right->whole are its shape */
    const struct symbol *symbol;
};

struct built build_expr(struct builder *b, const struct expr *expr);
struct term *build_term(struct builder *b, const struct expr *expr); /* NULL after an error */
struct built build_call(struct builder *b, const struct expr *expr);
bool is_lasting_dropout(const struct expr *call);               /* dropout(v, p, once) */
bool is_delay_index(const struct expr *expr);                   /* whether `t` stands in its brackets */
int evaluate_delay(struct builder *b, const struct expr *expr); /* frames back, negative: ahead; 0: an error was told */
bool build_arguments(struct builder *b, struct instance *instance, const struct expr *call,
                     const struct expr *brackets);
struct built build_product(struct builder *b, const struct expr *expr, const struct built *left,
                           const struct built *right);
struct built build_part(struct builder *b, const struct expr *expr);
struct built build_transpose(struct builder *b, const struct expr *expr, const struct built *operand);
struct built build_embedding(struct builder *b, const struct expr *expr, const struct built *table, struct term *id);
struct term *built_term(struct builder *b, const struct built *built);
struct built built_of(struct term *term);
struct built built_chain(struct term *left, struct term *middle, struct term *right, struct span span);
const struct shape *symbol_shape(struct elaboration *e, const struct symbol *symbol); /* SYMBOL_FACTORED */
struct term *term_factor(struct builder *b, const struct symbol *symbol, int index, struct span span);

/* functions.c */
void find_function_places(struct elaboration *e);
bool is_function_place(struct elaboration *e, const struct tree_definition *cell, int index);
/* Whether `expr`, within `instance` or (NULL) in the head of a cell, is the name of a function. */
bool find_function(struct elaboration *e, const struct instance *instance, const struct expr *expr,
                   struct function *function);
/* Gives an instance the function at `index` of its brackets: `given`, or (NULL) the default. */
bool set_function(struct builder *b, struct instance *instance, int index, const struct expr *given);
void define_functions(struct elaboration *e, struct instance *top); /* from -D, or else from the defaults */
/* False after telling that `given`, for a dimension, is a function. */
bool check_dimension(struct builder *b, const struct tree_definition *cell, int index, const struct expr *given);

struct term *term_new(struct builder *b, enum term_kind kind, struct span span);
struct term *term_number(struct builder *b, double number, struct span span);
struct term *term_value(struct builder *b, struct value *value, struct span span);
struct term *term_op(struct builder *b, enum op op, struct span span, int count, struct term *first,
                     struct term *second);
struct value *term_hidden(struct builder *b, const char *what, struct term *term); /* a hidden value that is `term` */
void set_term(struct elaboration *e, struct value *value, struct term *term);      /* NULL: stays without one */

#endif
