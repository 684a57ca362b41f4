/* Letting a network write: each symbol that is drawn from its output is its next input. */
#ifndef RNN_TOOLS_SAMPLE_H
#define RNN_TOOLS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "table/feed.h"

struct arena;

struct sample_options {
    int count;          /* symbols to draw; 0: do not sample */
    const char *from;   /* the output to draw from; NULL: the only one that can be */
    const char *prime;  /* the text that the network reads first; NULL: the end of a line, if the vocabulary has it */
    double temperature; /* below 1 likely symbols become likelier; 0: always the likeliest */
    uint64_t seed;
    const char *variant; /* of a network with variants; NULL: the fastest */
};

/* Writes the prime and `count` symbols to standard output. The weights file, feed->weights, holds the vocabulary. The
 * network has one input, an id, _step, and an output with a unit for each id: probabilities, or logits if they do not
 * add up to 1. */
bool sample_text(struct arena *arena, const rnn_model *model, const struct feed_options *feed,
                 const struct sample_options *options, const char **error);

#endif
