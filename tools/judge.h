/* The reference side of `rnn check`: what the oracle expects, and how far a network is from it. */
#ifndef RNN_TOOLS_JUDGE_H
#define RNN_TOOLS_JUDGE_H

#include <stdbool.h>

#include "rnn/model.h"
#include "sema/program.h"

struct arena;

/* One output: how far it may be from the oracle and how far it is. */
struct verdict {
    double scale;    /* the largest magnitude that the oracle gave */
    double rounding; /* the largest distance between the oracle and the oracle that rounds to float */
    double nearby;   /* the same over all neighbours of the data, see judge_tolerance */
    double error;    /* the largest distance between the oracle and the network, and where it was: */
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
};

/* False, with a sentence, if model and program do not have the same parameters, inputs and outputs. */
bool judge_open(struct judge *judge, const void *parameters, const char **error);

/* What one stream should give: it has seen the first `before` frames of its data in an earlier call, and now sees the
 * first `length` of `frames` frames. */
struct expectation {
    int stream, before, length, frames;
    double **exact; /* of the model's outputs; frame outputs from the beginning of the earlier call */
};
struct expectation judge_expect(struct judge *judge, int stream, int before, int length, int frames);

/* What a call gave: `frames` frames of `streams` streams, where `stream` is the one to look at. The call's frame 0 is
 * frame `first` after the earlier call. */
struct outcome {
    const char *way; /* how the network was run */
    void *const *outputs;
    int frames, streams, stream, first;
    bool per_frame, per_sequence; /* which outputs to compare */
};
void judge_compare(struct judge *judge, const struct expectation *expectation, const struct outcome *outcome);

/* The tolerance that a network's arithmetic deserves for the output: 8 times verdict.rounding, and at least 1e-6 (in
 * double 1e-12) of the scale.
 *
 * One evaluation that rounds is one sample of what rounding may do. An output of many units and frames is many samples;
 * but where all of it hangs on a single number, as after a dot product whose terms cancel or ten steps of
 * h = 2 * h[t-1] - x, the errors of one evaluation may by chance nearly cancel too. So, as long as the network is
 * further away, up to JUDGE_NEIGHBOURS more samples are taken, each with parameters and inputs moved by up to 2^-16 of
 * themselves: the problem is the same, the rounding another (as in the discrete stochastic arithmetic of Vignes,
 * "Discrete Stochastic Arithmetic for Validating Results of Numerical Software", Numerical Algorithms 37, 2004, where
 * what is random is each rounding). Both evaluations have the moved data, so that moving it is not itself tolerated.
 * The largest error of so many is no chance any more, and 5 times that is enough, since an operation of the runtime
 * errs up to 5 times as much as a rounding does (rnn/vec_math.h). Where the first sample was no chance either, this
 * tolerates nothing more. */
enum { JUDGE_NEIGHBOURS = 15 };
double judge_tolerance(struct judge *judge, int output);

#endif
