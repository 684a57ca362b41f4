/* Data for a network's inputs, from files: which file is for which input, and what its axes mean.
 *
 * The full layout is that of rnn/model.h: [frames, streams, units], without the first axis for an input that is given
 * once a sequence, without the last for a scalar or an id. In a file the streams may be left out:    one stream the
 * units may be left out:      an input of one unit streams and units may be one:   [frames, streams * units], if
 * --streams says how many streams there are Without --streams the second axis of [frames, k] is the units; only where
 * there is one unit does it count the streams. */
#ifndef RNN_TOOLS_FEED_H
#define RNN_TOOLS_FEED_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "data/array.h"
#include "rnn/model.h"

struct feed_options {
    struct arena *arena; /* set before parsing */
    const char *weights; /* NULL: start values */
    uint64_t seed;
    bool has_seed;
    const char **inputs; /* NAME=FILE or FILE, as given */
    int input_count, input_capacity;
    int streams, frames; /* 0: follows from the data */
};

/* --weights, --seed, --input, --streams, --frames; an argp child whose input is a struct feed_options. */
extern const struct argp feed_argp;

/* How long the data is and how many streams it has; what it was that said so is for messages. */
struct extent {
    int frames, streams; /* 0: not known yet */
    const char *frames_from, *streams_from;
    bool without_streams; /* some input came without an axis for them */
};

/* NAME=FILE or FILE -> name (NULL) and file. A name may have points: y.lengths=FILE. */
struct named_file {
    const char *name, *path;
};
struct named_file named_file_split(struct arena *arena, const char *argument);

/* The tensor of that name, or NULL with a sentence that lists those there are; `what` is "input" or "output". */
const rnn_tensor *find_tensor(struct arena *arena, const rnn_tensor *tensors, int count, const char *what,
                              const char *name, const char **error);

/* Finds out what the array's axes mean and updates the extent. The elements need not move. */
bool feed_place(struct arena *arena, const rnn_tensor *tensor, const struct array *array, const char *path, int streams,
                struct extent *extent, const char **error);

/* Whether the elements are ids (or labels) of the tensor, if it has such. */
bool check_ids(struct arena *arena, const rnn_tensor *tensor, const struct array *array, const char *path,
               const char **error);

/* Reads all the --input files. data[i] receives the elements of model input i, or NULL if no file has it. */
bool feed_read(const struct feed_options *options, const rnn_model *model, const double **data, struct extent *extent,
               const char **error);

#endif
