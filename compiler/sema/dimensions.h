/* The numbers behind dimensions, constants, counts and positions. Private to sema. */
#ifndef RNNC_SEMA_DIMENSIONS_H
#define RNNC_SEMA_DIMENSIONS_H

#include "sema/elaborate.h"

enum evaluation { EVALUATION_DONE, EVALUATION_OPEN, EVALUATION_WRONG /* told */ };

enum evaluation evaluate_number(struct elaboration *e, struct instance *instance, const struct expr *expr, bool quiet,
                                struct number *result);
enum evaluation evaluate_size(struct elaboration *e, struct instance *instance, const struct expr *expr, int *result);
/* A whole number from `least` to `most`; `what` names it in errors. */
enum evaluation evaluate_count(struct elaboration *e, struct instance *instance, const struct expr *expr,
                               const char *what, long least, long most, int *result);
/* "a position", or for an expression that says less than its value does "the position 'n - 5'". */
const char *count_text(struct elaboration *e, const struct expr *expr, const char *noun);
/* The paths of declared dimensions that are a name and nothing else. */
void name_sizes(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                struct value *value);

bool evaluate_shape(struct elaboration *e, struct instance *instance, const struct declarator *declarator, int rank_max,
                    struct shape *shape);
void evaluate_constants(struct elaboration *e, struct instance *instance, struct map *symbols);

#endif
