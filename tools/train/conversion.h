/* The conversion of `rnn train --low-rank-after N`: when N epochs are done, factors take the place of matrices.
 *
 * Networks can be trained with factors from the first step on, where the program says so. Often they come further if
 * they learn densely first, and go on from the factors of what they have learned (Y. You et al., "Fast LSTM by dynamic
 * decomposition on cloud and distributed systems", Knowledge and Information Systems 62, 2020, from pre-trained weights
 * or from scratch; H. Wang et al., "Cuttlefish: low-rank model training without all the tuning", MLSys 2023, with ranks
 * from stable ranks). So the first N epochs train the program as it is. Then parameters get the forms of --form, or
 * svd with ranks from their stable ranks (low_rank/ranks.c); their factors have the square root of the singular values
 * on both sides. The program with the forms, as `rnn factor` writes it, goes into a file beside the weights, is
 * compiled, and its model takes the place of the dense one in the trainer.
 *
 * The position goes on, and with it the rate, the order of the data and what dropout draws; a cosine has its period,
 * plateau its scale. The optimiser's state begins anew for all parameters: its means of squares are of other numbers,
 * and Adam's corrections count steps of all together. The best validation begins anew too, with that of the factors as
 * they are, since the best weights have to fit the program beside them; and with it patience, and what plateau compares
 * with. Where --form gives storages alone, the program is written, and all of this goes on: training computes with full
 * numbers, of the same parameters.
 *
 * Before it begins, all files of the dense network are written; after it, those with factors. A training that is
 * resumed in between converts once more, and comes to the same numbers. A checkpoint holds the forms (trainer.forms),
 * so that one with factors is opened with them. */
#ifndef RNN_TOOLS_CONVERSION_H
#define RNN_TOOLS_CONVERSION_H

#include "train/report.h"

struct conversion {
    const struct train_options *options;
    /* of the dense network, as they were when the training began; NULL: there is no conversion */
    struct source *source;
    const struct program *program;
    struct lapack lapack; /* open from conversion_check on */
};

/* Reads the program and checks the forms of the command line. */
bool conversion_open(struct conversion *conversion, const struct train_options *options, const char **error);

/* Opens the network of the checkpoint that is going to be loaded, if it has factors. */
bool conversion_resume(struct conversion *conversion, struct trainer *trainer, const char **error);

/* Checks, when the training is about to begin, that the conversion can come. */
bool conversion_check(struct conversion *conversion, const struct trainer *trainer, const char **error);

bool conversion_is_due(const struct conversion *conversion, const struct trainer *trainer);

/* Converts, and reports it. Also false, with *error NULL, where a signal has stopped it. */
bool conversion_run(struct conversion *conversion, struct trainer *trainer, struct report *report, const char **error);

#endif
