/* Decoding: from the outputs of a network trained with the loss `ctc` to labels.
 *
 * `scores` is [frames][n], one sequence of one stream; symbol 0 is the blank. A path names a symbol for each frame and
 * spells the labels that are left when first repeated symbols are merged and then blanks removed (Graves, Fernandez,
 * Gomez, Schmidhuber, ICML 2006, section 3). Labels are 1 .. n - 1, and at most one a frame: `labels` has room for
 * `frames`. Both decoders return how many labels there are.
 */
#ifndef RNN_TOOLS_DECODE_H
#define RNN_TOOLS_DECODE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* True if the scores of a frame are probabilities: none is below 0, and they add up to 1 (within 1e-3). */
bool is_distribution(const double *scores, int n);

/* The labels that the most probable path spells (section 3.2, "best path decoding"). Scores may be logits,
 * probabilities or their logarithms; of equal ones the first counts, and NaN is never the greatest. */
int decode_best_path(const double *scores, int frames, int n, int32_t *labels);

enum decode_scale { DECODE_LOGITS /* or logarithms of probabilities */, DECODE_PROBABILITIES };

/* The labels of the greatest probability, summed over the paths that spell them, as far as a beam of `width` >= 1
 * prefixes finds them: Hannun, Maas, Jurafsky, Ng, "First-pass large vocabulary continuous speech recognition using
 * bi-directional recurrent DNNs", 2014, algorithm 1, without a language model, and with no memory of a prefix that was
 * dropped. Exact where none had to be. *log_probability (NULL: not wanted) is the sum over the beam, at most the true
 * one. In a frame whose scores make no distribution (one is NaN or infinite, all are -infinity) all symbols are as
 * probable. Of equal prefixes the better ones are those with the better prefix a frame before, then the shorter, then
 * those with the lower last label. */
int decode_beam(struct arena *scratch, const double *scores, enum decode_scale scale, int frames, int n, int width,
                int32_t *labels, double *log_probability);

#endif
