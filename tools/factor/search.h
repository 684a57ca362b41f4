/* The search of `rnn factor --data` for forms.
 *
 * A *group* is what one declaration of the program declares, in all instances of a cell: its matrices have one form.
 * Its candidates are ranks that fill lanes and make it smaller, and storages, with factors or without. A *state* gives
 * each group one of them, or leaves it as it is. Four ways lead from the dense network to better ones:
 *
 *   ranks    lowers the rank of one group after the other, those first that are read within cycles, by bisection: to
 *            the smallest with which the metric stays within the tolerance
 *   turns    halves ranks, each time that of the group that saves the most time for what the metric loses by it, and
 *            lowers ranks from there as above
 *   errors   gives all groups the largest error that they can have at once, and lowers ranks from there
 *   storages gives the groups storages, and then does both as above
 *
 * The first three end with storages too. A storage is taken where the network is predicted to be faster with it and the
 * metric stays within the tolerance, the fastest of them. Of all states that were within it the one with the smallest
 * predicted time is taken; a storage only if it saves a twentieth of that. By accuracy, previews of output layers are
 * tried on top of that one, if they are predicted to be faster, and taken if they are measured to be.
 *
 * With training (--finetune), all groups then get the largest error with which the metric comes back to within the
 * tolerance when the factors have been trained for so many epochs, again by bisection; if the network that has is
 * faster, it is taken, else the one that was found without, and trained too.
 *
 * Weights are judged in the dense network, as products of their factors, rounded as storages round them: the same but
 * for rounding of sums, and it needs no compiler; but for previews, which only an inference network has. The state that
 * is taken is compiled and judged once more, as it is.
 */
#ifndef RNN_TOOLS_SEARCH_H
#define RNN_TOOLS_SEARCH_H

#include "command/progress.h"
#include "factor/factor.h"
#include "factor/journal.h"
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
    enum parameter_form form; /* of its factors */
    int *ranks;               /* candidates, ascending */
    int rank_count;           /* 0: none */
    const char *reason;       /* for which there are none, or NULL */
    bool within_cycle;        /* most of the time that it can save is within cycles */
    double gain; /* that time, by the cost model: nanoseconds a frame at the best of what it alone can do */
};

/* The times that the cost model predicts, in nanoseconds for a frame of all streams, and the lanes of its vectors. */
struct forecast {
    double time, within_cycles;
    int lanes;
};

enum verdict { VERDICT_OPEN, VERDICT_GOOD, VERDICT_WORSE, VERDICT_SLOW };

struct state {
    struct choice *choices; /* by group */
    double time, metric;
    enum verdict verdict;
    bool previews; /* of an output layer: only judged as it is compiled */

    /* with --finetune */
    bool replaced; /* by the same, trained */
    bool trained;
    int epochs, best_epoch; /* that have been done, and after which it was best; 0: before the first */
    const char *name;       /* in the journal */
    const char *folder;     /* of the training */
    const char *weights;    /* the best */
};

struct search {
    struct factoring *factoring;
    enum metric metric;
    const char *folder; /* for programs that are tried */
    struct journal journal;
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

/* Returns the error of a group at a rank, the largest of its matrices; below 0 where only a decomposition tells. */
double group_error(const struct group *group, int rank);

/* ---- trial.c ---- */

/* Opens the dense network, judges it, and opens the journal. */
bool open_trials(struct search *search, double *metric, const char **error);
void close_trials(struct search *search);

/* Begins with the dense network as the first state. */
void begin_trials(struct search *search, double metric, double time);

/* True if a time is shorter than that of `now`, by more than nothing. */
bool is_faster(const struct search *search, double time);

/* Judges a state that differs from `now`; one that is good is `now` from then on. */
bool try_state(struct search *search, const struct choice *choices, enum verdict *verdict, const char **error);

/* Goes back to the dense network, or to a state that is good. */
void begin_again(struct search *search);
bool go_back(struct search *search, const struct state *state, const char **error);

/* Returns the state with the shortest predicted time of those that may be taken. One with coarser numbers has to be
 * faster than those without by precision_gain_least. */
struct state *fastest_state(const struct search *search);

/* Finds a state that has been tried, or adds it as one to be judged. */
struct state *state_of(struct search *search, const struct choice *choices, bool trained, double time);

/* Judges a network as it is. */
bool judge_network(struct search *search, const char *program, const char *weights, double *metric, const char **error);

double metric_worse(const struct search *search, double metric, double than); /* by how much it is */
bool metric_is_good(const struct search *search, double metric);
bool metric_is_better(const struct search *search, double metric, double than);

/* ---- previews.c ---- */

/* Adds `now` with previews of output layers, where they may be faster and the metric judges them. */
bool add_previews(struct search *search, const char **error);

/* ---- take.c ---- */

/* Takes the fastest state that is good as it is compiled, at last the dense one. */
bool take_state(struct search *search, const char **error);

/* ---- tune.c ---- */

/* Judges a state by its network after training: until it is good, or all epochs. */
bool tune_state(struct search *search, struct state *state, bool whole, const char **error);

/* Removes all files of trainings. */
void remove_trainings(struct search *search);

/* ---- forecast.c ---- */

/* Gives the matrices the forms of a state. */
void set_forms(struct search *search, const struct choice *choices);

/* Predicts the network with these choices. */
bool predict_network(struct search *search, const struct choice *choices, struct forecast *forecast,
                     const char **error);

/* ---- report_search.c ---- */

/* Appends the forms of a state: "h.U svd(64), h.W svd(32)". */
void report_state(const struct search *search, const struct state *state, struct text *text);
void report_choices(const struct search *search, const struct choice *choices, struct text *text);

/* ---- measure.c ---- */

/* Measures calls of the dense network and of another in turn. */
bool measure_networks(struct search *search, const char *program, const char *weights, const char **error);

#endif
