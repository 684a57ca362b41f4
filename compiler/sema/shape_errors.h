/* What the shape rules say where operands do not fit, private to sema. Without a report, nothing; and nothing about
 * operands whose shape is open, since that is told elsewhere. */
#ifndef RNNC_SEMA_SHAPE_ERRORS_H
#define RNNC_SEMA_SHAPE_ERRORS_H

#include <stdbool.h>

#include "sema/program.h"

struct report;

bool term_is_open(const struct term *term);

/* How messages call an operand: as the program does. */
const char *tell_text(struct report *report, const struct term *term);

/* "[512, 64]" or "a scalar". */
const char *shape_words(struct report *report, const struct shape *shape);

/* The same of an operand; of an id "index[20]", of a factor the shape of what stands in the program. */
const char *tell_shape(struct report *report, const struct term *term);

/* Where the shape of an operand was fixed, if it is a value of the program. */
void note_shape(struct report *report, const struct term *term);

/* 'W @ x': W is [512, 64] but x is [96] */
void tell_clash(struct report *report, const struct term *term, const struct term *a, const struct term *b);

/* 'softmax(s)' takes a vector, but s is [] */
void tell_operand(struct report *report, const struct term *term, const struct term *operand, const char *wanted);

/* `id` has to be an id of `index[rows]` or `labels[rows]`, where rows is what `of` has in its first dimension. */
void tell_wrong_id(struct term *term, const struct term *of, const struct term *id, bool labels, struct report *report);

/* An id or labels where a number is needed. */
void tell_id(struct report *report, const struct term *id);

/* Ids are no numbers: only embed, cross_entropy and ctc look at them, in their second operand. */
void tell_ids(const struct term *term, struct report *report);

#endif
