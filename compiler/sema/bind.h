/* Binding: the numbers behind the dimensions of instances, and the shapes that follow. Private to sema. */
#ifndef RNNC_SEMA_BIND_H
#define RNNC_SEMA_BIND_H

#include "sema/elaborate.h"

/* ---- bind.c, bind_top.c ---- */

void bind_top(struct elaboration *e);
void bind_instance(struct elaboration *e, struct instance *instance);
void finish_binding(struct elaboration *e, struct instance *instance);

/* ---- arguments.c ---- */

bool tell_unbound(struct elaboration *e); /* true if there are any */
void check_arguments(struct elaboration *e);

/* ---- leaves.c ---- */

void shape_parameter(struct elaboration *e, struct instance *instance, struct symbol *symbol);
void shape_leaf(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                struct value *value); /* an input or target */

#endif
