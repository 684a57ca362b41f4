/* Visits a term and all terms in it. */
#include "sema/check.h"

void walk_term(const struct term *term, void (*visit)(void *context, const struct term *term), void *context)
{
    visit(context, term);
    for (int i = 0; i < term->count; i++)
        walk_term(term->args[i], visit, context);
}
