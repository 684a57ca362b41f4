/* Parts of a file with several variants of a network, see rnn/variant.h: each variant is written as a network of its
 * own, whose calls are static, and the public calls take the one that the packed weights name. */
#ifndef RNNC_EMIT_VARIANTS_H
#define RNNC_EMIT_VARIANTS_H

#include "emit/calls.h"

/* Returns the emitter of a variant: its functions begin with the network's prefix and its own word, its parameters are
 * members of the network's. */
struct emitter emitter_for_variant(struct emitter *network, const struct emit_variant *variant);

/* Writes all of a variant. */
void emit_variant(struct emitter *variant);

/* Writes the public calls and the tables of the cost model. */
void emit_variant_calls(struct emitter *network);

/* Writes the calls that choose, and ask for the choice. */
void write_choice_calls(struct emitter *network);

/* Writes the declarations of the calls that only such a network has. */
void emit_variant_declarations(struct emitter *network);

#endif
