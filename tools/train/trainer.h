/* The training loop, a step at a time.
 *
 * A step is one window: fill the batch in, loss and gradient, clip, change the parameters, move on. Windows of a batch
 * follow each other, and the state goes from one to the next; a window of h frames begins h' after the one before, and
 * counts only the losses that it is the first to see:
 *
 *     frames     0....:....1....:....2....:          h = 10, h' = 5
 *     window 0   xxxxxxxxxx                          x counted, - seen again
 *     window 1        -----xxxxx
 *     window 2             -----xxxxx
 *
 * Where the training stands is a struct position; with it, the parameters, the optimiser's state and the training state
 * of the network, a training goes on as if it had never been interrupted. Nothing else is remembered: the order of an
 * epoch and what dropout drops follow from the seed and the position. */
#ifndef RNN_TOOLS_TRAINER_H
#define RNN_TOOLS_TRAINER_H

#include "network/session.h"
#include "ranks/compress.h"
#include "ranks/ranks.h"
#include "rnn/optimizer.h"
#include "train/dataset.h"
#include "train/identity.h"
#include "train/score.h"
#include "train/tally.h"
#include "train/train_options.h"

struct position {
    uint64_t step;     /* steps done */
    int epoch;         /* epochs done */
    long batch;        /* batches of this epoch done; all of them: the epoch waits to be finished */
    long begin;        /* where in the batch the next window begins */
    uint64_t frames;   /* seen so far, of all streams */
    double loss, rate; /* of the last step; NaN: no loss counted in its window, and it changed nothing */
    double seconds;    /* of training, in all runs */
    double first;      /* loss of the first step in which one counted; NaN: there was none yet */
    double best;       /* the smallest loss of a validation */
    int best_epoch;    /* epochs that were done then; 0: there was none yet */
};

/* Numbers first .. first + count - 1 of a parameter's gradient, which are summed over ranks at once. */
struct summed {
    int parameter;
    size_t first, count;
};

struct trainer {
    const struct train_options *options;
    struct arena *arena;
    const rnn_model *model;
    const struct dataset *data, *held; /* to learn from and to validate with, whose count may be 0 */
    int frames;                        /* of the largest call */
    int window, advance;               /* 0: whole sequences */
    rnn_schedule_options schedule;
    rnn_schedule_state rates;
    void *parameters, *gradient, *moments, *state, *work;
    struct ranks *ranks, alone; /* that share the training: options->ranks, or alone */
    void *whole;                /* the last state of all ranks that was gathered, on rank 0 of several */
    struct compress compress;   /* what they send of gradients */
    struct cost_rates costs;    /* from which --compress auto chooses, once it has had to */
    bool costs_known;
    struct summed *sum_order; /* in which gradients are summed; NULL: not known yet */
    int sum_count;
    struct summed *heard; /* in the order in which a call has completed them, from which that order is made */
    int heard_count;      /* in the call at hand; once the order is known, of its first ones */
    int heard_capacity;
    void *small;        /* small gradients of several ranks, put together to be summed; NULL: not needed yet */
    double *sums;       /* scratch, [2 * loss_count + 1] */
    bool (*stop)(void); /* true if this rank has been asked to stop; NULL: never */
    bool stops;         /* one of the ranks had been when the last call was made */
    struct batch batch;
    bool chosen; /* the batch has the sequences of position.batch */
    long *order; /* of epoch `order_epoch`, or of validation if that is -1 */
    int order_epoch;
    struct position position;
    const char *forms;        /* of a network that conversion.h has made: "h.U=svd:16 h.W=svd:32"; NULL: none yet */
    struct identity identity; /* for checkpoints; else zeros */
    struct tally tally;       /* of this epoch so far */
    struct session scorer;    /* validation runs the network with it where an output has an accuracy */
    bool scores;
    struct tally held_tally;         /* of the last validation */
    struct score_count *held_counts; /* the same, [target_count] */
};

/* The result of a validation. */
struct score {
    double learned;      /* the mean loss of the epoch */
    double loss;         /* of the data held out */
    double accuracy;     /* of all id targets that an output answers; below 0: none */
    double label_errors; /* of label targets, as a part of all labels; below 0: none; see score.h */
};

/* Allocates memory for everything, or with options->evaluates only for validation; the parameters have their start
 * values, or are those of --weights. */
bool trainer_open(struct trainer *trainer, const struct train_options *options, const rnn_model *model,
                  const struct dataset *data, const struct dataset *held, const char **error);
void trainer_close(struct trainer *trainer);

/* Takes another model with the same inputs, targets and windows. Its parameters are 0, and so is the optimiser's state
 * unless it keeps its moments, as a model with the same parameters may. False with a sentence if there is not enough
 * memory. */
bool trainer_change_model(struct trainer *trainer, const rnn_model *model, bool keeps_moments, const char **error);

long trainer_batches(const struct trainer *trainer);   /* of an epoch */
uint64_t trainer_count_steps(struct trainer *trainer); /* of an epoch; exact unless sequences differ in length */

/* True if a window begins at the position; chooses its batch. */
bool trainer_begins_window(struct trainer *trainer);

/* Takes one step. False with a sentence if the loss or the gradient is not finite; then nothing has been changed. */
bool trainer_step(struct trainer *trainer, const char **error);

/* Called after the last batch: validates, tells the schedule, and moves on to the next epoch. False with a sentence
 * also if the loss has grown beyond all bounds, or does with the last step of the training. `stop` may end the
 * validation, after which the epoch still waits to be finished: then *stopped. */
bool trainer_finish_epoch(struct trainer *trainer, bool (*stop)(void), struct score *score, bool *stopped,
                          const char **error);

/* Makes a call with the batch, of which `window` says all but lengths and streams; with the other ranks, whose losses
 * and gradients are added. tally->call is its losses. gradient: NULL, if only the loss is wanted. */
rnn_status trainer_call(struct trainer *trainer, rnn_window window, struct tally *tally, double *loss, void *gradient);
/* Lets the streams of the batch begin. */
void trainer_begin_streams(struct trainer *trainer);

/* Opens a network on rank 0, which compiles it where it has to be compiled, and then on the others. A large one
 * of several ranks computes whole windows at once. */
const rnn_model *trainer_open_network(struct ranks *ranks, const struct network_options *options, const char **error);
/* False, with a sentence, if another rank has another program, other data or options, or stands elsewhere. */
bool trainer_agree(struct trainer *trainer, const char **error);
/* Lets --compress auto choose what is sent of each parameter, unless it has, and tells of it on standard output. As
 * words, "W=powersgd:4 b=none", the choice goes into checkpoints; NULL: there is no choice. False if the words are not
 * of these parameters. */
void trainer_choose_ways(struct trainer *trainer);
void trainer_report_ways(const struct trainer *trainer);
const char *trainer_print_ways(struct arena *arena, const struct trainer *trainer);
bool trainer_take_ways(struct trainer *trainer, const char *words);
/* Puts together on rank 0 what ranks have for a checkpoint: the states of streams, and what compression left. Behind
 * the checkpoint, trainer_scatter lets the ranks go on. */
bool trainer_gather(struct trainer *trainer, const char **error);
void trainer_scatter(struct trainer *trainer);
/* Returns the state of all streams of the batch: the own one, or what has been gathered. */
const void *trainer_whole_state(const struct trainer *trainer);
/* Takes the own streams out of a state of all. False if it is none of so many streams. */
bool trainer_take_state(struct trainer *trainer, const void *whole);

/* Loss of the held-out data; uses the memory of the training state. */
bool validate(struct trainer *trainer, bool (*stop)(void), struct score *score, bool *stopped, const char **error);
bool validate_open(struct trainer *trainer, const char **error);
void validate_close(struct trainer *trainer);

/* The loss of the first window of the data that is learned from, with the parameters as they are; 0 where none counts.
 * Uses the same memory. */
double probe_loss(struct trainer *trainer);

/* Explains a loss that is not finite: where it was, which value of which region was the first to fail, and what may
 * help. */
const char *explain_divergence(struct trainer *trainer, const struct plan *plan, double loss, const char *what);

/* Explains the loss of an epoch that has grown beyond all bounds; NULL if it has not. */
const char *explain_growth(const struct trainer *trainer, double loss);

#endif
