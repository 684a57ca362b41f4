/* Data for a network's inputs, from files, as rnn_model.run takes it. The files are those of a training (table.h), of
 * which only the inputs and the array `lengths` are read. */
#ifndef RNN_TOOLS_FEED_H
#define RNN_TOOLS_FEED_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "command/argument.h"
#include "rnn/model.h"
#include "table/table.h"

struct feed_options {
    struct arena *arena;
    const char *weights; /* NULL: start values */
    uint64_t seed;
    bool has_seed;
    struct words inputs; /* NAME=FILE or FILE, as given */
    int streams, frames; /* 0: follows from the data */
    bool frames_first;   /* arrays are [frames, sequences, units] */
    bool strict;         /* weights files hold only tensors that the network has */
};

struct feed_options feed_options_new(struct arena *arena);

/* --weights, --seed, --input, --streams, --frames, --frames-first, --strict; an argp child whose input is a struct
 * feed_options. */
extern const struct argp feed_argp;

/* The content of the files: each sequence is a stream. */
struct feed {
    struct table table;
    int frames, streams; /* of the longest sequence, and how many there are; 0: not known */
    int *lengths;        /* [streams] frames of each; NULL: all have the same */
    bool frames_first;   /* as in the options */
};

/* Reads all the --input files, and tells on standard error which arrays are not used and how axes were understood. */
bool feed_read(const struct feed_options *options, const rnn_model *model, struct feed *feed, const char **error);

/* True if a file has this input. */
bool feed_has(const struct feed *feed, int input);

/* Writes a model input for `frames` frames of `streams` streams, as many as there are in the files or more: behind the
 * end of a sequence there are zeros, or no id. */
void feed_fill(const struct feed *feed, int input, int frames, int streams, void *to);

#endif
