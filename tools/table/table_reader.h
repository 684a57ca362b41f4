/* Declarations shared by the parts that read a table from arrays. */
#ifndef RNN_TOOLS_TABLE_READER_H
#define RNN_TOOLS_TABLE_READER_H

#include "table/sources.h"
#include "table/table.h"

/* A column with frames whose elements are taken once it is known which of them are padding. */
struct waiting {
    struct column *column;
    const struct source *source;
    const struct array *array; /* of the source, with axes in the order of the table */
};

struct reader {
    struct arena *arena;
    const struct table_options *options;
    struct sources sources;
    struct table *table;
    const struct source *frames;  /* the first array with frames: the others agree with it */
    const struct source *lengths; /* NULL: none */
    long shape[2];                /* its axes before the units: [rows] or [sequences, frames] */
    struct waiting *waiting;
    int waiting_count;
    bool *skipped; /* [sequences]: left out, as labels do not fit in */
    const char **error;
};

/* Returns false, with a sentence that the array has another shape than `needed`. */
bool reader_refuse_shape(const struct reader *reader, const struct source *source, const char *needed);

/* The number of axes of an array before those of the units; -1 if its units are not the tensor's. */
int reader_leading_axes(const rnn_tensor *tensor, const struct array *array, int most);

/* Takes whole numbers from `least` to `most`, one per sequence; NULL, with a sentence, if others are given. */
const int *reader_take_counts(const struct reader *reader, const struct source *source, long count, int least,
                              long most);

/* True for elements of the source, in its own order of axes, that stand behind the end of their sequence. They may be
 * anything. */
bool reader_is_padding(const struct reader *reader, const rnn_tensor *tensor, long i);

/* The ids of the source, in the order of `array`, to which its axes may have been put; false if one is not an id. */
bool reader_take_ids(const struct reader *reader, const struct source *source, const struct array *array,
                     struct column *column);

/* table_sequences.c: the sequences, once the shapes of the columns with frames are known. */
bool reader_place_sequences(struct reader *reader);

/* table_labels.c: a column of labels; sequences whose frames cannot spell theirs are refused, or marked as skipped. */
bool reader_take_labels(struct reader *reader, const struct source *source, struct column *column);

/* The table without the sequences that are skipped; false if there are no others. */
bool reader_leave_out(struct reader *reader);

#endif
