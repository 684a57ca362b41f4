/* The reports of a training: a line per epoch on standard output, a progress line on standard error if that is a
 * terminal, a log with a line for each step, and a picture of the losses. */
#ifndef RNN_TOOLS_REPORT_H
#define RNN_TOOLS_REPORT_H

#include <stdio.h>

#include "low_rank/factoring.h"
#include "train/curve.h"
#include "train/trainer.h"

struct report {
    const struct trainer *trainer;
    FILE *log;        /* or NULL */
    long log_length;  /* bytes in it when it was last flushed */
    bool in_bits;     /* all targets are ids: losses are also given in bits */
    bool on_terminal; /* there is a progress line */
    bool line_shown;
    double started, shown; /* when this run began, and the progress line was last written; seconds of a clock */
    double before;         /* seconds and frames of earlier runs */
    uint64_t frames_before;
    double epoch_seconds; /* when the epoch began: seconds and frames of all runs */
    uint64_t epoch_frames;
    struct curve learned, held;
};

/* Begins the log, or goes on after its first report.log_length bytes where the training has been resumed. */
bool report_open(struct report *report, const struct trainer *trainer, const char **error);
void report_close(struct report *report);

/* Losses for people are given in bits too if all targets are ids. */
bool report_in_bits(const rnn_training *training);
void report_print_loss(FILE *out, bool in_bits, double loss);

/* Seconds of training, in all runs. */
double report_seconds(const struct report *report);

/* Reports a step. The last of an epoch is logged when the epoch is finished. */
void report_step(struct report *report);
void report_epoch(struct report *report, const struct position *before, const struct score *score);

/* Reports that factors have taken the place of matrices, or why not, and the validation then (NaN: none). */
void report_conversion(struct report *report, const struct factoring *factoring, double validation);

/* Called when the files of an epoch are written: the next begins now. */
void report_start_epoch(struct report *report);

/* Flushes the log and sets report.log_length to its length. */
bool report_flush(struct report *report, const char **error);
bool report_draw(struct report *report, const char **error);

#endif
