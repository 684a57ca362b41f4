/* The checks of stage infer-shapes, private to sema. Each takes a program whose shapes and times are inferred. */
#ifndef RNNC_SEMA_CHECK_H
#define RNNC_SEMA_CHECK_H

#include "sema/program.h"
#include "sema/report.h"
#include "sema/shapes.h"

struct check {
    struct arena *arena;
    struct program *program;
    struct report report;
    struct solver solver; /* which values read which */
    bool *wrong;          /* by value id: an error was reported about it, or about what it reads */
};

/* target_times.c: targets take the time of what they are compared with. */
void infer_target_times(struct check *check);

/* check_values.c: shapes that clash, delays, init, losses, outputs; and, after all others, shapes that stay open
 * although nothing is wrong. */
void check_values(struct check *check);
void check_open_shapes(struct check *check);
void check_waiting_shapes(struct check *check);

/* check_cycles.c: every cycle has a delay, delays of one sign, and no sequence value. */
void check_cycles(struct check *check);

/* finish_program.c: what the rest of the compiler may rely on: needs_future, ids, scalars that spread. */
void finish_program(struct check *check);

/* refine_products.c: products with a parameter that has a preview, with the sums that they stand in, as
 * OP_refined_product. */
void refine_products(struct check *check);

/* Calls `visit` for a term and all below it, the outermost first. */
void walk_term(const struct term *term, void (*visit)(void *context, const struct term *term), void *context);

#endif
