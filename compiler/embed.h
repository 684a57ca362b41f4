/* --embed: weights of a safetensors file as constants of the emitted C. The one place where the compiler looks at data.
 */
#ifndef RNNC_EMBED_H
#define RNNC_EMBED_H

struct arena;
struct graph;

/* All parameters of the graph, one after the other in its order, row by row; checked as NAME_load checks them. NULL on
 * failure, with *error a sentence. *unused is a sentence on tensors that the graph does not have, or NULL. */
const double *embed_weights(struct arena *arena, const struct graph *graph, const char *path, const char **unused,
                            const char **error);

#endif
