/* Variants: a network that `rnnc --variants` has emitted several times in one file, each time with its weights in other
 * forms, and the choice among them.
 *
 * Parameters hold the arrays of all variants. Loading finds out which variants have theirs in the file, and chooses of
 * these by the machine at hand; _pack packs the variant that is chosen, and the packed weights say which they are, so
 * that _step and _run take it. The choice is by the compiler's cost model: how long a variant computes is in a table of
 * the emitted file, for the machine of `rnnc --machine`; from which cache its weights come is found where it runs.
 *
 * A state belongs to the variant that its first call used: begin it again after another has been packed. */
#ifndef RNN_VARIANT_H
#define RNN_VARIANT_H

#include "rnn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RNN_CACHES = 3 };

/* The grounds of a choice; 0: not known, then it is as on the machine that the C was emitted for. */
typedef struct {
    double cache[RNN_CACHES]; /* bytes of one cache of the first, second and third level */
    int cores;                /* that the process may run on */
} rnn_machine;

/* Fills in the machine at hand, as far as the system says. */
void rnn_machine_here(rnn_machine *machine);

/* Behind the arrays of the parameters. Whoever fills these by other ways than _load and _init sets it too. */
typedef struct {
    uint32_t present; /* bit v: the arrays of variant v are there */
    int32_t variant;  /* that _pack packs */
} rnn_choice;

/* Returns the variant of packed weights, which begin with its number. */
static inline int rnn_variant_of(const void *packed) { return *(const int32_t *)packed; }

/* Returns the variant that takes least time on a machine (NULL: the one at hand), of those whose arrays are there: the
 * first that is no more than a twentieth slower than the fastest. -1: there is none. */
int rnn_choose(const rnn_model *model, const void *parameters, const rnn_machine *machine);

/* Returns the nanoseconds that a frame takes by the cost model, in a call as --load of rnnc says; NAN: there is no such
 * variant. */
double rnn_variant_time(const rnn_model *model, int variant, const rnn_machine *machine);

/* Forces a variant, which _pack then packs. RNN_ERROR_ARGUMENT: there is none with this number; RNN_ERROR_WEIGHTS: its
 * arrays are not there. */
rnn_status rnn_use_variant(const rnn_model *model, void *parameters, int variant);

/* Forces the variant that is measured to be the fastest, by the same rule, in calls of _run with these arguments, which
 * takes about a tenth of a second for each. The variant is packed, and the state begins again, with its streams. Where
 * a call fails, which it returns, the variant that was chosen before is, and is packed. */
rnn_status rnn_tune_variants(const rnn_model *model, void *parameters, void *packed, void *state, void *work,
                             int frames, const int *lengths, const void *const inputs[], void *const outputs[]);

/* ---- the tables of an emitted file ---- */

/* A region of a variant, in a call that may use so many threads. */
typedef struct {
    int threads;
    int used;         /* of them, by this region */
    double computing; /* nanoseconds of products for a frame, if no weights had to be waited for */
    double beside;    /* nanoseconds of everything else */
    double bytes;     /* of weights that are read again and again */
    double part;      /* of these that it reads for a frame */
    int turns;        /* 1: to and fro */
    int own;          /* 1: each thread has others */
} rnn_variant_region;

typedef struct {
    const char *name;     /* as --variants says: "svd:64+f16" */
    uint64_t fingerprint; /* of its parameters alone */
    const rnn_variant_region *regions;
    int region_count;
} rnn_variant;

/* A level of caches, or memory. */
typedef struct {
    double bytes;    /* of one of its caches */
    int cores;       /* that share it */
    double one, all; /* bytes a nanosecond that one core reads, and all together */
} rnn_level;

struct rnn_variants {
    /* rnn_set_present: start values need none of it where there are no variants */
    void (*set_present)(const rnn_model *model, void *parameters, uint32_t present);
    const rnn_variant *list;
    int count;
    const uint32_t *readers;          /* of each parameter: bit v: variant v reads it */
    size_t choice;                    /* bytes from the first parameter to the rnn_choice */
    int threads;                      /* of the call that the tables are about, at most */
    rnn_level levels[RNN_CACHES + 1]; /* memory last */
    double usable, seen;              /* parts of a cache, and of reads from far ones, see the cost model */
};

/* ---- for the library itself ---- */

/* Copies the tensors that a set of variants reads; returns their number. */
int rnn_variant_tensors(const rnn_model *model, uint32_t variants, rnn_tensor *tensors);

/* True if a variant whose arrays are there reads the parameter; without variants always. */
int rnn_parameter_is_present(const rnn_model *model, const void *parameters, int parameter);

/* Sets the fingerprint that a file of the parameters carries: that of the variants whose arrays are there. Returns 0 if
 * they have several: such a file is for each of them, and carries none. Without variants, the network's. */
int rnn_shared_fingerprint(const rnn_model *model, const void *parameters, uint64_t *fingerprint);

/* Says which variants' arrays are there, and chooses by the machine at hand. */
void rnn_set_present(const rnn_model *model, void *parameters, uint32_t present);

#ifdef __cplusplus
}
#endif

#endif
