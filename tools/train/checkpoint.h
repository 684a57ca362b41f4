/* Files of a training: weights, and checkpoints from which it goes on as if it had never been interrupted.
 *
 * Both are safetensors files that are written atomically (rnn/weights.h), and both load as weights. A checkpoint has
 * besides the parameters
 *   train/optimizer.NAME    the optimiser's arrays
 *   train/state             the training state, as bytes, where the position is inside a batch
 *   train/losses            of the epoch so far
 *   train/curve.*           the points of the picture
 * and in its metadata the position, the settings, of which some must not change (checkpoint_content.h), the forms of a
 * network that has been converted, sums of program and data, and a sum of everything. No name of a program has a slash
 * in it. */
#ifndef RNN_TOOLS_CHECKPOINT_H
#define RNN_TOOLS_CHECKPOINT_H

#include "train/report.h"
#include "train/trainer.h"

/* Only the parameters, with the fingerprint and the vocabulary of the data. Parameters that are not finite are not
 * written: a sentence says which. */
bool weights_save(const struct trainer *trainer, const char *path, const char **error);

bool checkpoint_save(const struct trainer *trainer, const struct report *report, const char *path, const char **error);

/* Restores trainer and report (not yet open). False, with a sentence, if the file is not a checkpoint, is damaged,
 * holds numbers that no training reaches, or is of a training with another program, data or settings. Changes that are
 * allowed are named on standard error. */
bool checkpoint_load(struct trainer *trainer, struct report *report, const char *path, const char **error);

/* The forms in a checkpoint (trainer.forms), to open its network before it is loaded; NULL where it has none. False,
 * with a sentence, if the file is not a checkpoint or is damaged. */
bool checkpoint_forms(struct trainer *trainer, const char *path, const char **forms, const char **error);

#endif
