/* Functions that cells are given in their brackets. Private to sema. */
#ifndef RNNC_SEMA_FUNCTIONS_H
#define RNNC_SEMA_FUNCTIONS_H

#include "sema/elaborate.h"

struct builder;

void find_function_places(struct elaboration *e);
bool is_function_place(struct elaboration *e, const struct tree_definition *cell, int index);
/* Gives an instance the function at `index` of its brackets: `given`, or (NULL) the default. */
bool set_function(struct builder *b, struct instance *instance, int index, const struct expr *given);
void define_functions(struct elaboration *e, struct instance *top); /* from -D, or else from the defaults */
/* False, with an error, if `given`, meant for a dimension, is a function. */
bool check_dimension(struct builder *b, const struct tree_definition *cell, int index, const struct expr *given);

#endif
