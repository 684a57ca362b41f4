/* Evaluations: validations without a training, of weights on data. */
#ifndef RNN_TOOLS_EVALUATION_H
#define RNN_TOOLS_EVALUATION_H

#include "train/trainer.h"

struct evaluation {
    const struct train_options *options;
    const rnn_model *model;
    struct table table;
    struct dataset none, data;
    struct trainer trainer; /* for validate(), as often as wanted: its parameters may be changed */
};

/* Compiles the network, reads its data and the weights, which are rounded as an inference network stores them. The
 * options are kept; they are those of a training that `evaluates`. Where it fails nothing has to be closed. */
bool evaluation_open(struct evaluation *eval, const struct train_options *options, const char **error);
void evaluation_close(struct evaluation *eval);

#endif
