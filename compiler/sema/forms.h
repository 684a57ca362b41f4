/* Forms of parameters: those written in the program, and --form. */
#ifndef RNNC_SEMA_FORMS_H
#define RNNC_SEMA_FORMS_H

#include "sema/elaborate.h"
#include "sema/sema.h"

/* The form of a parameter that the instance declares. */
struct written_form find_form(struct elaboration *e, const struct instance *instance,
                              const struct declarator *declarator);

/* True if the option is about a parameter of that name. */
bool form_fits_name(const struct form_option *option, const char *name);

/* True for a parameter of the program, with a form or without, but not for a factor. */
bool value_is_parameter(const struct value *value);

/* Reports each --form that fits no parameter, and the parameters that there are. */
void tell_unused_forms(struct elaboration *e);

#endif
