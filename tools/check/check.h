/* Inside `rnn check`: the network, its data, and the judge that compares it with the oracle. */
#ifndef RNN_TOOLS_CHECK_H
#define RNN_TOOLS_CHECK_H

#include <stdbool.h>

#include "check/judge.h"
#include "command/progress.h"
#include "network/network.h"
#include "network/session.h"
#include "table/feed.h"

struct check_options {
    struct network_options network;
    struct feed_options feed;
    double tolerance; /* < 0: from the oracle */
    bool row;         /* --row: a line of a table instead of the verdicts */
    bool gradients;   /* --gradients: of the loss, instead of the outputs */
    bool vjp;         /* --vjp: the gradients of the sum of outputs times adjoints */
    bool vjp_states;  /* --vjp-states: through states, too */
    bool in_float;    /* --float: the gradients not in double */
};

struct check {
    const struct check_options *options;
    struct arena *arena;
    uint64_t seed; /* of the data that is drawn */
    const rnn_model *model;
    int frames, streams; /* of the data */
    int ends;            /* outputs of sequence time are compared after so many of the steps; 0: after each */
    void **inputs;       /* as rnn_model.run takes them */
    struct session session;
    struct judge judge;
    struct progress progress;
};

/* Chooses frames and streams where no file says how many, and fills in the inputs; then the weights. */
bool check_prepare_inputs(struct check *check, const char **error);
bool check_prepare_weights(struct check *check, const char **error);

/* Runs the network in every way and lets the judge compare; false, with a sentence, if a call fails. */
bool check_ways(struct check *check, const char **error);

#endif
