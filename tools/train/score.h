/* Counts of outputs that are right, besides their loss. */
#ifndef RNN_TOOLS_SCORE_H
#define RNN_TOOLS_SCORE_H

#include "train/dataset.h"

struct arena;

/* Counts so far. */
struct score_count {
    double right,
        ids; /* targets that are ids: how many there are, and for how many the output's largest unit is theirs */
    double errors,
        labels; /* targets that are labels: how many there are, and how many labels would have to be changed, added
                   or taken away (Levenshtein) to make them of what the outputs spell by their best path */
};

/* The output that predicts a target (rnn_training.predictions), or NULL. */
const rnn_tensor *score_output(const rnn_model *model, int target);

/* Counts a window of `frames` frames of a batch, of which `output` holds the output. Labels count only where the window
 * is a whole sequence. */
void score_window(struct arena *scratch, const struct batch *batch, int frames, int target, const void *output,
                  struct score_count *count);

#endif
