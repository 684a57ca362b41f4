/* The command line of `rnn train`. */
#ifndef RNN_TOOLS_TRAIN_OPTIONS_H
#define RNN_TOOLS_TRAIN_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "network/network.h"
#include "ranks/compress.h"
#include "rnn/optimizer.h"

struct train_options {
    struct network_options network;
    struct words data, valid_data; /* FILE or NAME=FILE */
    bool bytes;                    /* text: symbols are bytes */
    bool skips;                    /* sequences whose labels cannot be aligned */
    bool frames_first;             /* arrays are [frames, sequences, units] */
    double held_out;               /* part of the data for validation only: 0 <= held_out < 1 */
    int streams;
    int ranks_wanted; /* --ranks; 0: as many as have been started */
    struct compress_options compress;
    bool no_overlap;     /* ranks begin their sums only when all gradients are computed */
    struct ranks *ranks; /* that share the training; NULL: this process is alone */
    int piece;           /* frames of the sequences that a series is cut into; 0: one for each stream */
    int window, advance; /* frames of BPTT(window; advance); 0: not given */
    int epochs;
    int low_rank_after;        /* epochs after which factors take the place of matrices; 0: never */
    struct form_options forms; /* that they then have; no decomposition among them: svd, ranks by stable ranks */
    int patience;              /* epochs without a better validation after which it ends; 0: never */
    rnn_optimizer_options optimizer;
    rnn_schedule_options schedule;
    bool whole_period;       /* cosine without a period: over the whole training */
    double clip, clip_value; /* INFINITY: none */
    uint64_t seed;
    const char *weights;          /* to start from; NULL: start values */
    bool strict;                  /* these hold only tensors that the network has */
    const char *out, *log, *svg;  /* NULL: none */
    const char *best;             /* beside `out`: weights with the smallest loss in validation; NULL: none */
    const char *dense, *low_rank; /* beside `out`, with low_rank_after: the dense weights, the program with forms */
    const char *checkpoint;       /* NULL: none */
    int checkpoint_every;         /* steps */
    bool resume, quiet;
    bool evaluates;                                     /* rnn eval: nothing is learned */
    struct words optimizer_settings, schedule_settings; /* NAME=VALUE, on top of the defaults */
    struct words own_settings;                          /* of the optimizer, that have options of their own */
    const char *optimizer_name, *schedule_name;
};

struct train_options train_options_new(struct arena *arena);

/* Parses the command line, and ends the program with status 2 if it is wrong. */
void train_options_parse(struct arena *arena, int argc, char **argv, struct train_options *options);

#endif
