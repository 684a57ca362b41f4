/* The data that a training learns from and validates with. */
#ifndef RNN_TOOLS_TRAINING_DATA_H
#define RNN_TOOLS_TRAINING_DATA_H

#include "train/dataset.h"
#include "train/train_options.h"

struct training_data {
    struct table table, held_table;
    struct dataset learned, held; /* held: to validate with; its count may be 0 */
};

/* Reads what the options name, for the model, and refuses options that the data or the network have no use for: better
 * than ignoring them. */
bool training_data_read(struct training_data *data, const struct train_options *options, const rnn_model *model,
                        const char **error);

#endif
