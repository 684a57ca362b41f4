/* Building: the equations of a bound instance as terms. Private to sema. */
#ifndef RNNC_SEMA_TERMS_H
#define RNNC_SEMA_TERMS_H

#include "sema/elaborate.h"

struct builder {
    struct elaboration *e;
    struct instance *instance;
    const char *base; /* hidden values of this equation are called after it */
    struct span equation;
};

enum built_kind {
    BUILT_NOTHING, /* an error was reported */
    BUILT_TERM,    /* term */
    BUILT_CP,      /* term: a cp parameter, or a slice of one, or a matrix that is a part of that */
    BUILT_DIAG     /* diag(term) */
};

/* The form of an expression before its context is known. */
struct built {
    enum built_kind kind;
    struct span span;
    struct term *term;
};

/* ---- build.c ---- */

void build_statement(struct elaboration *e, struct instance *instance, const struct statement *statement);

/* ---- expressions.c ---- */

struct built build_expr(struct builder *b, const struct expr *expr);
struct term *build_term(struct builder *b, const struct expr *expr); /* NULL after an error */
void build_in_vain(struct builder *b, const struct expr *call);      /* the arguments, for the errors in them */

/* ---- calls.c, operations.c ---- */

struct built build_call(struct builder *b, const struct expr *call);
bool build_arguments(struct builder *b, struct instance *instance, const struct expr *call,
                     const struct expr *brackets);
struct built build_operation_call(struct builder *b, const struct expr *call, enum op op);
bool is_lasting_dropout(const struct expr *call); /* dropout(v, p, once) */

/* ---- delays.c ---- */

bool is_delay_index(const struct expr *expr);                   /* true if `t` stands in its brackets */
int evaluate_delay(struct builder *b, const struct expr *expr); /* frames back, negative: ahead; 0 after an error */

/* ---- products.c ---- */

struct built build_product(struct builder *b, struct span span, const struct built *left, const struct built *right);
struct built build_part(struct builder *b, const struct expr *expr);
struct built build_transpose(struct builder *b, const struct expr *expr, const struct built *operand);
struct built build_embedding(struct builder *b, const struct expr *expr, const struct built *table, struct term *id);

/* ---- terms.c ---- */

struct term *term_new(struct builder *b, enum term_kind kind, struct span span);
struct term *term_number(struct builder *b, double number, struct span span);
struct term *term_value(struct builder *b, struct value *value, struct span span);
/* term_op makes a term with one or two operands; NULL if an operand is NULL. */
/* Terms that would be deeper are taken apart where a row of operators makes them so. */
enum { TERM_DEPTH = 200 };
void term_set_arg(struct term *term, int index, struct term *arg); /* which may be NULL */
struct term *term_op(struct builder *b, enum op op, struct span span, int count, struct term *first,
                     struct term *second);
struct value *term_hidden(struct builder *b, const char *what, struct term *term); /* a hidden value that is `term` */
void set_term(struct elaboration *e, struct value *value, struct term *term);      /* NULL: stays without one */

struct built built_of(struct term *term);
struct term *built_term(struct builder *b, const struct built *built); /* NULL after reporting that it is not a term */

#endif
