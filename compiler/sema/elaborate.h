/* Elaboration, private to sema: writing every instance of a cell out under its own path.
 *
 * An *instance* is a cell (or model, or function) being written out. It goes through three steps:
 *   declared  its names are known: a symbol for each, values without terms, and instances for the calls inside
 *   bound     the numbers behind all of its dimensions are known: from the brackets of the call, and from the shapes of
 *             the arguments, which for that reason are inferred along the way (shapes.h)
 *   built     its equations are terms
 * Binding waits for shapes, so instances are not bound in the order of the text: what can go on is kept in a queue of
 * tasks, and what waits is put there again when what it waits for has come. Nothing here recurses over instances.
 *
 * This header holds the data that all of it works on; the functions are in
 *   names.h       values, symbols, and what the paths in a program lead to
 *   dimensions.h  the numbers behind dimensions and constants
 *   functions.h   functions in the brackets of cells
 *   instances.h   declared: instances, their layers and what they share; the queue of tasks
 *   bind.h        bound
 *   terms.h       built: expressions to terms
 *   resolve.h     the first and last steps: choosing what is compiled, listing the result */
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

/* A function that a cell is given to call: an operation, or a function of the file. */
struct function {
    enum op op; /* where definition is NULL */
    const struct tree_definition *definition;
};

/* The form of a parameter, as its declaration or --form gives it. */
struct written_form {
    const char *word; /* "svd", "cp"; NULL: dense */
    const struct expr *rank;
    const struct expr *preview, *refine; /* or NULL */
    struct span span;
    enum precision storage;
    bool multiplies;
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

    struct written_form written; /* of a parameter */
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
    struct module *module; /* the file of the definition, whose names it sees */
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
    bool failed;          /* an error was reported: it stays without terms */
    struct task *waiting; /* to be done when it is bound, or when a stack has layers */
    int waiting_count, waiting_capacity;
};

enum task_kind { TASK_BIND, TASK_BUILD };

struct task {
    enum task_kind kind;
    struct instance *instance;
    const struct statement *statement; /* TASK_BUILD */
};

/* The meaning of a name at the top of a file: one of the three. */
struct global {
    const struct tree_definition *definition; /* a cell, a model or a function */
    struct symbol *constant;
    struct module *module; /* an import */
    struct span span;
};

/* One file of the program: its names, and what is known of its definitions, by their index in the tree. */
struct module {
    const struct tree *tree;
    struct map globals;     /* struct global */
    struct instance scope;  /* without names of its own: for expressions at the top of the file */
    bool **function_places; /* of a cell: which names in its brackets are functions; else NULL */
    bool *used;             /* by a bound instance */
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
    struct module *modules; /* by rank of their trees: each behind those that it imports */
    int module_count;
    struct module *main; /* of the program itself: the last one */
    struct map paths;    /* all names of values, to keep hidden ones apart */
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
    bool *forms_used;       /* of options->forms */
    bool full;              /* VALUE_LIMIT was reached and reported */
    long compared;          /* names, up to SUGGESTION_LIMIT: thousands of wrong names among thousands get no hint */
};

#endif
