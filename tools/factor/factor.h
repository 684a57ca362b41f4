/* Inside `rnn factor`: its options, the weights that it reads and the folder that it writes. */
#ifndef RNN_TOOLS_FACTOR_H
#define RNN_TOOLS_FACTOR_H

#include "low_rank/factoring.h"
#include "network/network.h"

struct factor_options {
    struct network_options network;
    const char *weights, *output; /* output: a folder; NULL: nothing is written */
    bool keep_dense;              /* the file also has what the factors stand for */
    struct form_options forms;    /* --form and --forms, which the network that is read has not */
    uint64_t seed;
    struct words data; /* to search with: FILE or NAME=FILE, as for rnn eval */
    bool frames_first, skips;
    int piece;
    const char *metric_name;
    double tolerance;       /* below 0: not given */
    int streams, frames;    /* of the call that is to be fast; 0: not given */
    const char *checkpoint; /* a folder, or NULL */
    bool resume;
    int finetune;            /* epochs; 0: none */
    struct words train_data; /* to train on, as data */
    double rate, clip;       /* 0: those of rnn train */
    int batch, window;       /* streams and frames of a step; 0: those of rnn train */
};

/* Reads the weights, of all parameters, and finds those that can have a form. */
bool find_matrices(struct factoring *factoring, const char **error);

/* Chooses forms by search (search.h). False with *error NULL if a signal has stopped it, which has been said. */
bool search_forms(struct factoring *factoring, const char **error);

/* Writes the program, as rewrite_program returns it, and its weights into a folder. */
bool write_network(const struct factoring *factoring, const struct source *program, const char *folder,
                   const char **error);
const char *program_path(const struct factoring *factoring, const char *folder);
const char *weights_path(const struct factoring *factoring, const char *folder);

/* Refuses, before anything is computed, a folder that could not be written. */
bool check_output(const struct factoring *factoring, const char **error);

/* Writes the network and the report into a folder beside the one that is asked for, which then takes its place. */
bool write_results(const struct factoring *factoring, const struct text *report, const char **error);

/* Appends what has been tried and found. */
void report_search(const struct factoring *factoring, struct text *text);
void report_page(const struct factoring *factoring, const struct text *report, struct text *out); /* as HTML */

#endif
