/* The data of a training in order: sequences of a table, and the batches that calls take them in.
 *
 * A series is cut into `streams` sequences of the same length, or one frame more, that follow each other, and so fill
 * one batch, whose order never changes:
 *
 *     series   |aaaaaaaaaaaa|bbbbbbbbbbbb|cccccccccccc|          window 0   1   2
 *     stream 0  aaaa aaaa aaaa,  1  bbbb bbbb bbbb,  2  cccc cccc cccc
 *
 * Other sequences are shuffled for each epoch and taken `streams` at a time. */
#ifndef RNN_TOOLS_DATASET_H
#define RNN_TOOLS_DATASET_H

#include "table/table.h"

struct dataset {
    const struct table *table;
    struct sequence *sequences;
    long count;
    int longest;  /* frames */
    bool ordered; /* of a series: never shuffled */
    long frames;  /* of all sequences */
};

/* The pieces of a series: it is cut into `streams` sequences, or into pieces of so many frames, the last of which may
 * be shorter. The latter are shuffled; each begins from the start states. */
struct cut {
    int streams;
    int piece, held_piece; /* frames; 0: `streams` sequences. held_piece: of the data held out */
};

/* The cut of the data held out, which may be short. */
struct cut dataset_held_cut(const struct cut *cut, long rows);

/* The sequences of the table but for the last `held_out` (0 <= held_out < 1) of them, which go to *rest where that is
 * not 0. False, with a sentence, if there are too few. */
bool dataset_split(struct arena *arena, const struct table *table, const struct cut *cut, double held_out,
                   struct dataset *dataset, struct dataset *rest, const char **error);

/* The order of an epoch: a permutation of 0 .. count-1 that depends on nothing but the arguments. */
void dataset_order(const struct dataset *dataset, uint64_t seed, int epoch, long *order);

/* Room for the labels of one target. */
struct label_room {
    int most;
    int *counts;
    int32_t *ids;
};

/* The memory of calls: `streams` sequences, of which a window of up to `frames` frames is filled in at a time. Where
 * several ranks share out the sequences of a batch, these are the own ones. */
struct batch {
    struct arena *arena;
    const struct dataset *dataset;
    const struct sequence **sequences; /* [all] */
    int rank, ranks;                   /* this one of so many */
    int most_streams;                  /* that there is memory for */
    int all;                           /* sequences of this batch, of all ranks */
    int first, streams;                /* of these, the first of the own ones; how many own ones there are */
    int longest;                       /* frames of the longest of all */
    void **inputs, **targets;          /* as rnn_training.grad takes them */
    int *lengths;                      /* [streams] of the window */
    rnn_labels *labels;                /* of each target, in: */
    struct label_room *rooms;
    const int *window_lengths; /* `lengths`, or NULL where all streams have all frames */
    long frames;               /* of all sequences in the window, without those before loss_from */
};

/* Makes room for batches of `streams` sequences, of which `rank` of `ranks` fills in its own. */
void batch_open(struct arena *arena, struct batch *batch, const rnn_model *model, int frames, int streams, int rank,
                int ranks);

/* Chooses the sequences order[first] .. order[first + count - 1]. */
void batch_choose(struct batch *batch, const struct dataset *dataset, const long *order, long first, int count);

/* The window of the batch that begins at frame `begin`; window: its frames, 0: all. */
struct plan {
    int frames, advance, loss_from;
    bool last;
};
struct plan batch_plan(const struct batch *batch, long begin, int window, int advance);

/* Fills in frames `begin` .. begin + frames - 1 of the sequences; what lies after their ends is 0 or no id. */
void batch_fill(struct batch *batch, long begin, int frames, int loss_from);

#endif
