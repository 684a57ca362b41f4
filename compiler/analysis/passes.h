/* Passes: the number of runs over a sequence that the program needs, and their directions.
 *
 * A program that only looks back is one pass, from the first frame to the last, block by block. Where something reads
 * ahead, runs in reverse, or is made of all frames of a sequence, what needs the whole of it waits for a later pass.
 * Passes are numbered 0, 1, 2, ...; even ones run forward, odd ones backward, and some may be empty.
 *
 * Within a pass a value may be read at the same frame, and at frames that the pass has been through. */
#ifndef RNNC_ANALYSIS_PASSES_H
#define RNNC_ANALYSIS_PASSES_H

#include "analysis/components.h"
#include "analysis/uses.h"

struct passes {
    int version;   /* of the graph */
    int count;     /* number of passes: the highest that a node is in, plus one, or that a value of sequence time is
                      computed before; at least 1 */
    const int *of; /* by node. Frame time, and operations over time: the pass that computes it. Sequence time: the pass
                      before which it is computed, `count` at most. Static: 0 */
};

static inline bool pass_is_backward(int pass) { return pass % 2; }

struct passes find_passes(const struct graph *graph, const struct components *components, const struct uses *uses,
                          struct arena *arena, struct arena *scratch);

#endif
