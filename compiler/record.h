/* --self-test: what a network is to give for some inputs, by the oracle. */
#ifndef RNNC_RECORD_H
#define RNNC_RECORD_H

struct arena;
struct emit_record;
struct graph;
struct program;

/* Draws inputs of a few frames of one stream, and computes the outputs with these weights (as embed_weights gives them)
 * rounded to float. NULL, with *error a sentence, if an output is not finite. */
const struct emit_record *record_outputs(struct arena *arena, const struct program *program, const double *weights,
                                         const char **error);

#endif
