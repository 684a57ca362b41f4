/* Instances: from the call that makes one to its declared names. Private to sema. */
#ifndef RNNC_SEMA_INSTANCES_H
#define RNNC_SEMA_INSTANCES_H

#include "sema/elaborate.h"

/* ---- callee.c ---- */

enum callee_kind { CALLEE_NONE, CALLEE_INSTANCE, CALLEE_WRONG /* told */ };

/* The call on the right side of an equation, if the whole of it is a call that makes an instance. */
struct callee {
    const struct expr *call;            /* EXPR_CALL */
    const struct expr *name;            /* of the callee: a name or a path */
    const struct expr *brackets;        /* EXPR_INDEX around it, or NULL */
    const struct expr *layer_count;     /* of a stack, or NULL */
    int direction;                      /* -1: reversed */
    const struct tree_definition *cell; /* NULL: an instance, whose weights are used again */
};
enum callee_kind find_callee(struct elaboration *e, struct instance *instance, const struct statement *statement,
                             struct callee *callee);

/* ---- tasks.c ---- */

void push_task(struct elaboration *e, enum task_kind kind, struct instance *instance,
               const struct statement *statement);
/* The task of `waiting` is pushed when `instance` wakes those that wait for it. */
void wait_for(struct elaboration *e, struct instance *instance, enum task_kind kind, struct instance *waiting,
              const struct statement *statement);
void wake_waiting(struct elaboration *e, struct instance *instance);

/* ---- instances.c ---- */

/* Yet to be declared; NULL after an error. */
struct instance *instance_new(struct elaboration *e, struct instance *parent, const char *path,
                              const struct tree_definition *definition, const struct expr *call);
/* The one that `symbol` names; shared: the instance whose weights it uses, or NULL. */
struct instance *instance_new_named(struct elaboration *e, struct instance *parent, struct symbol *symbol,
                                    const struct callee *callee, struct instance *shared);
/* The same for the symbol of an equation, if that is a call that makes an instance. */
void create_instance(struct elaboration *e, struct instance *parent, struct symbol *symbol,
                     const struct statement *statement);
struct value *instance_output(struct instance *instance, int index); /* NULL: not defined, which was reported */

/* ---- declare.c ---- */

void declare_instances(struct elaboration *e); /* all that are undeclared, and what they contain */

/* ---- stacks.c ---- */

/* Creates the layers. The parent must be bound, and a shared stack must have its layers. */
void create_layers(struct elaboration *e, struct instance *stack);

/* ---- sharing.c ---- */

void resolve_sharings(struct elaboration *e);
void tell_unshared(struct elaboration *e);

#endif
