/* The data of a training run: a column for each input and each target of a network.
 *
 * A row of a column that has frames is one frame; other columns have one row a sequence. Sequences lie one after the
 * other, each with all its frames; a *series* is a single one that may be cut anywhere. Two kinds of files make a
 * table:
 *
 * Text, for a network whose only input is an id and whose only target is an id of the same vocabulary, both one a
 * frame: a series of symbols, where the target of each is the next.
 *
 * Arrays (sources.h) by the names of inputs and targets, with these axes, where the last is left out for ids and
 * scalars:
 *   [sequences, frames, units]  padded; the array `lengths` [sequences] says how many frames count (default: all)
 *   [rows, units]               with `lengths`: the sequences one after the other; without: a series, or a single
 *                               sequence if there are columns without frames
 *   [sequences, units]          of an input or target that is given once a sequence
 *   [sequences, most]           of labels, 1 .. V-1; `NAME.lengths` [sequences] says how many count (default: all but 0
 *                               and -1 at the end of a row, which are padding)
 * Where frames are said to come first, the first kind is [frames, sequences, units]; columns are as above all the same.
 */
#ifndef RNN_TOOLS_TABLE_H
#define RNN_TOOLS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "rnn/model.h"
#include "table/vocabulary.h"

struct column {
    const rnn_tensor *tensor;
    bool probabilities;  /* numbers are 0 .. 1 (rnn_training.probabilities) */
    const double *reals; /* [rows][units], or NULL: */
    const int32_t *ids;  /* [rows], labels: [rows][most] */
    const int *counts;   /* labels: [rows] */
    int most;
};

struct sequence {
    long row;    /* of its first frame, in columns with frames */
    long number; /* its row in other columns */
    int length;  /* frames, 1 or more */
};

/* The axes before the units in the arrays with frames. */
enum table_axes {
    AXES_NONE,  /* there is no such array */
    AXES_ROWS,  /* rows: one sequence, or with lengths one after the other */
    AXES_PADDED /* sequences and frames */
};

struct table {
    const rnn_model *model;
    struct column *inputs, *targets; /* in the order of the model's; an input without data has neither reals nor ids */
    enum table_axes axes;
    bool has_lengths;
    bool of_sequences;      /* some array has an axis of sequences */
    const char *order_note; /* how an array with both axes was understood; NULL: there is none */
    struct sequence *sequences;
    long sequence_count;
    bool is_series; /* one sequence, of `rows` frames, that may be cut; its `length` is not set */
    long rows;
    long skipped;                        /* sequences that were left out */
    const char *unused;                  /* a sentence on the arrays that no column is for; NULL: there are none */
    const struct vocabulary *vocabulary; /* of a text; else NULL */
    long unknown;                        /* symbols of the text that the vocabulary does not have; their ids are -1 */
};

/* Requests to the files. */
struct table_options {
    const char *option;       /* "--data", for messages */
    const char *const *files; /* FILE or NAME=FILE */
    int count;
    bool bytes;      /* text: symbols are bytes */
    double held_out; /* text: the vocabulary is built from everything before this last part of it ... */
    const struct vocabulary *vocabulary; /* ... or given */
    bool skips;                          /* leaves out sequences with too few frames for their labels; else an error */
    bool frames_first;                   /* see above */
    bool inputs_only;                    /* to run a network, not to train it: no targets, and inputs may be left out */
    int streams, frames;                 /* inputs_only: how many there are, if data does not tell or has two axes; 0:
                                          * not given */
};

/* False, with a sentence that names the file, if the files do not fit the model. */
bool table_read(struct arena *arena, const struct table_options *options, const rnn_model *model, struct table *table,
                const char **error);

/* Says on standard error which arrays are not used, how axes were understood, and what was left out. */
void table_tell(const struct table *table, const char *option);

/* Writes row `row` of the column as number `at` of a tensor, or padding where row is -1: zeros, or no id. */
void column_put(const rnn_model *model, const struct column *column, long row, void *to, long at);

/* The part of table_read for files of arrays. */
bool table_read_arrays(struct arena *arena, const struct table_options *options, const rnn_model *model,
                       struct table *table, const char **error);

#endif
