/* Errors for programs that lack what an option is about. */
#ifndef RNNC_REFUSE_H
#define RNNC_REFUSE_H

#include <stdbool.h>

struct diagnostics;
struct graph;
struct program;

/* --train: true, with an error, if there is no loss. */
bool refuse_without_loss(const struct program *program, struct diagnostics *diag);
/* --vjp: true, with an error, if there is no output. */
bool refuse_without_output(const struct program *program, struct diagnostics *diag);
/* --vjp-states: true, with an error, if the graph, before it is differentiated, needs whole sequences. */
bool refuse_whole_sequences(const struct graph *graph, struct diagnostics *diag);
/* --vjp-states: reports a graph, once it is differentiated, with pasts of too many frames. */
void refuse_pasts(const struct graph *graph, struct diagnostics *diag);

#endif
