/* Shapes and times of terms, private to sema: the rules, and the solver that applies them until nothing changes.
 *
 * A shape grows from open through [] to [n] and stays; a time grows from static through sequence to frame. Every rule
 * is monotone in its operands, and an open operand takes what fits, so that the least solution is reached whatever the
 * order. One rule is not: concat counts a scalar as one unit only once it is certain that it stays a scalar, which is
 * what `settled` says. */
#ifndef RNNC_SEMA_SHAPES_H
#define RNNC_SEMA_SHAPES_H

#include <stdbool.h>

#include "sema/program.h"

struct arena;
struct report;

enum { SHAPE_OPEN = -1 }; /* the rank of a shape that is not known yet */

/* Sets shape and time of a term and of all terms below it from the values it reads. With a report, mismatches are
 * reported; an open shape then stands for an error that was reported before. */
void shape_term(struct term *term, bool settled, struct report *report);

/* The same for a TERM_PART whose operand has been done. */
void shape_part(struct term *term, struct report *report);

/* True if a part of the term is open. The term itself need not be: in `0.5 * concat(a, b)` the number makes it a scalar
 * as long as the sizes of a and b are not known. */
bool term_has_open_part(const struct term *term);

/* True for an id of an `index` or `labels` input or target, at this frame or another. */
bool term_is_id(const struct term *term);

/* True if a value may have that many elements: 1 to SHAPE_MAX_ELEMENTS. */
bool shape_is_small(const struct shape *shape);

struct solver_node {
    struct value *value;
    int *users; /* values whose terms read this one */
    int user_count, user_capacity;
    bool queued;
    bool read; /* by any term, init and losses too */
};

struct solver {
    struct arena *arena;
    struct solver_node *nodes; /* by value id */
    int count, capacity;
    int *queue;
    int queue_begin, queue_count, queue_capacity;
    int *changed; /* values whose shape became known or grew; the caller empties it */
    int changed_count, changed_capacity;
};

void solver_init(struct solver *solver, struct arena *arena);
void solver_add(struct solver *solver, struct value *value);      /* sets value->id */
void solver_attach(struct solver *solver, struct value *value);   /* after value->term has been set, once */
void solver_read(struct solver *solver, const struct term *term); /* a term without a value: init or loss */
void solver_touch(struct solver *solver, struct value *value);    /* after its shape or time was set from outside */
void solver_run(struct solver *solver);
/* Called when nothing is left to do: lets concat count scalars that can no longer grow or, if there are none, the first
 * scalar that would help. False if nothing changes. */
bool solver_settle(struct solver *solver);

#endif
