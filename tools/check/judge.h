/* The reference side of `rnn check`: outputs that the oracle expects, and the distance of a network from them. */
#ifndef RNN_TOOLS_JUDGE_H
#define RNN_TOOLS_JUDGE_H

#include <stdbool.h>

#include "check/rounding.h"
#include "rnn/model.h"
#include "sema/program.h"

struct arena;

/* One output: how far it may be from the oracle and how far it is. */
struct verdict {
    struct rounding rounding;
    double error; /* the largest distance between the oracle and the network, and where it was: */
    int frame, stream;
    long unit;
    const char *way;
};

struct judge {
    struct arena *arena;
    const rnn_model *model;
    const struct program *program;
    int frames, streams;       /* of the data */
    const void *const *inputs; /* the data, as rnn_model.run takes it */
    const double **parameters; /* as the oracle takes them */
    struct verdict *verdicts;  /* of the model's outputs */
    struct samples *samples;   /* of rounding, see judge_tolerance */
    struct progress *progress; /* NULL: nobody waits */
};

/* False, with a sentence, if model and program do not have the same parameters, inputs and outputs. */
bool judge_open(struct judge *judge, const void *parameters, const char **error);

/* The expected outputs of one stream: it has seen the first `before` frames of its data in an earlier call, and now
 * sees the first `length` of `frames` frames. */
struct expectation {
    int stream, before, length, frames;
    const double **inputs; /* as the oracle takes them, beginning with the earlier call */
    double **exact;        /* of the model's outputs; frame outputs from the beginning of the earlier call */
};
struct expectation judge_expect(struct judge *judge, int stream, int before, int length, int frames);

/* The outcome of a call: `frames` frames of `streams` streams, where `stream` is the one to look at. The call's frame 0
 * is frame `first` after the earlier call. */
struct outcome {
    const char *way; /* how the network was run */
    void *const *outputs;
    int frames, streams, stream, first;
    bool per_frame, per_sequence; /* which outputs to compare */
};
void judge_compare(struct judge *judge, const struct expectation *expectation, const struct outcome *outcome);

/* Compares only outputs of sequence time, with those of a sequence that ends after the first `length` frames of
 * `whole`, which begins after a reset. Only its sample of rounding is kept. */
void judge_compare_end(struct judge *judge, const struct expectation *whole, int length, const struct outcome *outcome);

/* Equations that the oracle computes where it expects so many frames, all sequences together. */
double judge_work(const struct judge *judge, double frames);

/* The tolerance that the output deserves, from as many samples of rounding as its error asks for (rounding.h). */
double judge_tolerance(struct judge *judge, int output);

#endif
