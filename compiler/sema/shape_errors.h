/* Errors of the shape rules about operands that do not fit, private to sema. Nothing is reported without a report, nor
 * about operands whose shape is open, as that is reported elsewhere. */
#ifndef RNNC_SEMA_SHAPE_ERRORS_H
#define RNNC_SEMA_SHAPE_ERRORS_H

#include <stdbool.h>

#include "sema/program.h"

struct report;

bool term_is_open(const struct term *term);

/* The text of an operand in messages, as the program writes it. */
const char *tell_text(struct report *report, const struct term *term);

/* "[512, 64]" or "a scalar". */
const char *shape_words(struct report *report, const struct shape *shape);

/* The shape of an operand in words: of an id "index[20]", of a factor the shape of the parameter in the program. */
const char *tell_shape(struct report *report, const struct term *term);

/* Notes the place where the shape of an operand was fixed, if it is a value of the program. */
void note_shape(struct report *report, const struct term *term);

/* 'W @ x': W is [512, 64] but x is [96] */
void tell_clash(struct report *report, const struct term *term, const struct term *a, const struct term *b);

/* 'softmax(s)' takes a vector, but s is [] */
void tell_operand(struct report *report, const struct term *term, const struct term *operand, const char *wanted);

/* Reports `id` unless it is an id of `index[rows]` or `labels[rows]`, where rows is the first dimension of `of`. */
void tell_wrong_id(struct term *term, const struct term *of, const struct term *id, bool labels, struct report *report);

/* Reports an id or labels where a number is needed. */
void tell_id(struct report *report, const struct term *id);

/* Reports ids among the operands, except in the second operand of embed, cross_entropy and ctc. */
void tell_ids(const struct term *term, struct report *report);

#endif
