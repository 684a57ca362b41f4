/* The search of `rnn factor --data` for forms.
 *
 * A *group* is what one declaration of the program declares, in all instances of a cell: its matrices have one form.
 * Its candidates are the ranks that fill lanes and make it smaller. A *state* gives each group one of them, or leaves
 * it dense. From a state that is within the tolerance, the search lowers the rank of one group after the other, those
 * first that are read within cycles, by bisection: to the smallest with which the metric stays within it. It does so
 * from the dense network, and from the largest error that all groups can have at once; of all states that were within
 * the tolerance the one with the smallest predicted time is taken.
 *
 * Weights are judged in the dense network, as products of their factors, which is the same but for rounding and needs
 * no compiler; the state that is taken is compiled and judged once more, as it is. */
#ifndef RNN_TOOLS_SEARCH_H
#define RNN_TOOLS_SEARCH_H

#include "command/progress.h"
#include "factor/factor.h"
#include "train/evaluation.h"

#define METRICS(X)                                                                                                     \
    X(LOSS, "loss")                                                                                                    \
    X(ACCURACY, "accuracy")                                                                                            \
    X(BPC, "bpc")                                                                                                      \
    X(MSE, "mse")

enum metric {
#define X(id, name) METRIC_##id,
    METRICS(X)
#undef X
        METRIC_COUNT
};

enum metric metric_find(const char *name); /* METRIC_COUNT: there is none */

struct group {
    struct matrix **matrices;
    int matrix_count;
    enum parameter_form form; /* what it has where it is not dense */
    int *ranks;               /* candidates, ascending */
    int rank_count;           /* 0: none */
    const char *reason;       /* for which there are none, or NULL */
    bool within_cycle;        /* most of the time that it can save is within cycles */
    double gain;              /* that time, by the cost model: nanoseconds a frame at the smallest rank */
};

/* The times that the cost model predicts, in nanoseconds for a frame of all streams. */
struct forecast {
    double time, within_cycles;
};

enum verdict { VERDICT_GOOD, VERDICT_WORSE, VERDICT_SLOW };

struct state {
    int *ranks; /* by group; 0: dense */
    double time, metric;
    enum verdict verdict;
};

struct search {
    struct factoring *factoring;
    enum metric metric;
    const char *folder; /* for programs that are tried */
    struct evaluation evaluation;
    struct group *groups;
    int group_count;
    void *dense, *accepted; /* parameters: as they were given, and of `now` */
    struct state now;       /* within the tolerance */
    struct state *states;   /* all that have been judged, the dense one first */
    int state_count, state_capacity;
    const struct state *found; /* that is taken */
    double metric_found;       /* judged as it was compiled */
    double measured[2];        /* microseconds a frame: dense, and as found */
    int refused;               /* states that were not within the tolerance when compiled */
    struct progress progress;
    bool stopped;
};

/* ---- candidates.c ---- */

/* Finds the groups, and their candidates, in the order in which they are lowered; and the dense network's times. */
bool find_groups(struct search *search, struct forecast *dense, const char **error);

/* Gives the matrices the forms of a state. */
void set_forms(struct search *search, const int *ranks);

/* Returns the error of a group at a rank, the largest of its matrices; below 0 where only a decomposition tells. */
double group_error(const struct group *group, int rank);

/* ---- trial.c ---- */

/* Opens the dense network and judges it. */
bool open_trials(struct search *search, double *metric, const char **error);

/* Begins with the dense network as the first state. */
void begin_trials(struct search *search, double metric, double time);

/* Judges a state that differs from `now`; one that is good is `now` from then on. */
bool try_state(struct search *search, const int *ranks, enum verdict *verdict, const char **error);

/* Goes back to the dense network. */
void begin_again(struct search *search);

/* Judges the network in the folder as it is. */
bool judge_network(struct search *search, double *metric, const char **error);

bool metric_is_good(const struct search *search, double metric);

/* ---- forecast.c ---- */

/* Predicts the network with the forms that its matrices have. */
bool predict_network(const struct search *search, struct forecast *forecast, const char **error);

/* ---- report_search.c ---- */

/* Appends the forms of a state: "h.U svd(64), h.W svd(32)". */
void report_state(const struct search *search, const struct state *state, struct text *text);

/* ---- measure.c ---- */

/* Measures calls of the dense network and of that in the folder in turn. */
bool measure_networks(struct search *search, const char **error);

#endif
