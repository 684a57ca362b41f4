/* Names: values under their paths, symbols, and the resolution of paths in the program. Private to sema. */
#ifndef RNNC_SEMA_NAMES_H
#define RNNC_SEMA_NAMES_H

#include "sema/elaborate.h"

/* ---- values.c ---- */

/* A value without a term; its name is `path`, or where that is taken path_2. */
struct value *elaborate_value(struct elaboration *e, struct instance *instance, enum value_kind kind, const char *path,
                              struct span span, struct span equation);
/* One that no name in the program stands for: "base.what". */
struct value *elaborate_hidden(struct elaboration *e, struct instance *instance, const char *base, const char *what,
                               struct span span, struct span equation);
const char *elaborate_path(struct elaboration *e, const struct instance *instance, const char *name);
const char *elaborate_unique(struct elaboration *e, const char *path);

/* ---- names.c ---- */

/* NULL after reporting that the name is taken. */
struct symbol *elaborate_symbol(struct elaboration *e, struct instance *instance, enum symbol_kind kind,
                                const struct name *name);
/* The meaning of a name at the top of the file that the instance comes from, or NULL. */
struct global *find_global(const struct instance *instance, const char *name);
/* True for `torch.LSTM` where torch is an import and nothing here hides it. */
bool names_import(const struct instance *instance, const struct expr *expr);
/* Finds the meaning of a name, or of a name of an import, at the top of its file; NULL for any other expression, and
 * where there is none. */
struct global *find_global_at(const struct instance *instance, const struct expr *expr);
/* Reports a name that the import does not have, or one that is not what is wanted. */
void tell_imported(struct elaboration *e, const struct instance *instance, const struct expr *expr, bool callable);
void tell_unknown(struct elaboration *e, const struct instance *instance, const struct name *name, bool callable);
void note_similar_function(struct elaboration *e, struct span span, const char *name);
/* True if a wrong name may be compared with so many others. */
bool may_suggest(struct elaboration *e, int names);
/* `list` with one more name in quotes, or "..." in its place where there are many. */
const char *list_name(struct elaboration *e, const char *list, const char *name, int *count);

/* ---- paths.c ---- */

/* NULL after an error, or if *wait says which instance has to exist first. */
struct symbol *resolve_path(struct elaboration *e, struct instance *instance, const struct expr *path,
                            struct instance **owner, struct instance **wait);
struct instance *resolve_instance(struct elaboration *e, struct instance *instance, const struct expr *path,
                                  struct instance **wait);
/* The instance that `path` leads to, if it exists already, else NULL; reports nothing. */
struct instance *peek_instance(struct elaboration *e, struct instance *instance, const struct expr *path);

#endif
