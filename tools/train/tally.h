/* The mean loss of many calls: for each `loss` statement over all that counted in any of them, as if they were one. */
#ifndef RNN_TOOLS_TALLY_H
#define RNN_TOOLS_TALLY_H

#include <stdbool.h>

#include "rnn/model.h"

struct arena;

struct tally {
    const rnn_training *training;
    rnn_loss *losses; /* [loss_count]: so far */
    rnn_loss *call;   /* [loss_count]: of the last call */
};

void tally_open(struct tally *tally, struct arena *arena, const rnn_model *model);
void tally_clear(struct tally *tally);

/* Takes the losses of the call that has just ended. */
void tally_take(struct tally *tally, const void *state, void *work);
bool tally_call_counts(const struct tally *tally); /* true if any of them counted */
/* Adds them to those of the calls before. */
void tally_add(struct tally *tally);

bool tally_counts(const struct tally *tally); /* true if anything has counted */

double tally_mean(const struct tally *tally); /* NaN: nothing has counted, or a loss was NaN */

#endif
