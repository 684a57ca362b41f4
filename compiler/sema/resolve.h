/* The first and last steps of stage resolve-names: choosing what is compiled, and listing the result. Private to sema.
 */
#ifndef RNNC_SEMA_RESOLVE_H
#define RNNC_SEMA_RESOLVE_H

#include "sema/elaborate.h"

/* ---- top.c ---- */

void collect_globals(struct elaboration *e);                     /* the modules and their names */
const struct tree_definition *choose_top(struct elaboration *e); /* NULL after an error, or where all is wrong */

/* ---- definitions.c ---- */

void define_number(struct elaboration *e, struct symbol *symbol); /* sets a constant or dimension from -D */
void tell_undefined(struct elaboration *e);                       /* reports each -D that nothing took */

/* ---- unused.c ---- */

void check_unused(struct elaboration *e); /* the names in definitions that have no bound instance */

/* ---- list_program.c: values in the order of the text, instances where their equations stand ---- */

void list_values(struct elaboration *e);
void list_outputs(struct elaboration *e);
void warn_unused(struct elaboration *e); /* of parameters that nothing reads */

#endif
