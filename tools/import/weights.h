/* Warnings and notes about the numbers of imported weights, of whatever system. */
#ifndef RNN_TOOLS_IMPORT_WEIGHTS_H
#define RNN_TOOLS_IMPORT_WEIGHTS_H

struct arena;
struct array;

/* A line for each tensor that has numbers which are not finite as its file will have them, with the place of the first
 * one; "" where all are finite. */
const char *import_infinite_weights(struct arena *arena, const struct array *weights, int count);

/* A line on tensors whose numbers change where they are rounded to float, as doubles do; "" where none does. */
const char *import_rounded_weights(struct arena *arena, const struct array *weights, int count);

#endif
