/* Results of a network in files: numbers, or the labels that they spell. */
#ifndef RNN_TOOLS_RESULTS_H
#define RNN_TOOLS_RESULTS_H

#include "table/feed.h"

struct result_request {
    const char *argument; /* NAME=FILE or FILE, as given */
    bool labels;          /* the labels that the output spells, not its numbers */
};

struct result_options {
    struct result_request *requests;
    int count, capacity;
    bool decodes; /* some request is for labels */
    int beam;     /* how many prefixes; 0: best path (see decode.h) */
};

void results_request(struct arena *arena, struct result_options *options, const char *argument, bool labels);

struct results {
    const struct result_options *options;
    const rnn_model *model;
    const struct feed *feed;
    void **outputs;                   /* as rnn_model.run takes them: NULL for those that no file asks for */
    struct destination *destinations; /* of the requests */
};

/* Finds the outputs that are asked for, with room for as many frames and streams as there are. */
bool results_prepare(struct arena *arena, struct results *results, const struct result_options *options,
                     const rnn_model *model, const struct feed *feed, const char **error);

/* Writes the files. Numbers have the axes that the inputs have, and zeros behind the ends of sequences; labels are
 * [sequences, most of one], where 0, which is not a label, follows the last one, as rnn train reads a target of labels.
 */
bool results_write(struct arena *arena, const struct results *results, const char **error);

#endif
