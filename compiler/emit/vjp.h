/* The calls that --vjp adds to a network; the emitter is that of its adjoints. */
#ifndef RNNC_EMIT_VJP_H
#define RNNC_EMIT_VJP_H

#include "emit/calls.h"

/* Declarations, with comments. */
void write_vjp_declarations(struct emitter *emitter);
/* NAME_vjp_forward, NAME_vjp_backward and NAME_vjp. */
void write_vjp_calls(struct emitter *emitter, const struct plan *plan, bool packs_backward);
/* The same calls through arrays of addresses, and the descriptor that has them. */
void write_any_vjp_calls(struct emitter *emitter);
void write_vjp_descriptor(struct emitter *emitter);
/* --target=multi: all of these calls, which hand their arguments to a level. */
void write_vjp_dispatch(struct emitter *emitter);

#endif
