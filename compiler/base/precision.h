/* Precision: the numbers that a weight of an inference network holds, `param W[n, m] : f16`. docs/language.md says how
 * each rounds. */
#ifndef RNNC_BASE_PRECISION_H
#define RNNC_BASE_PRECISION_H

#define PRECISIONS(X)                                                                                                  \
    X(F32, "f32") /* those of the network, not rounded */                                                              \
    X(F16, "f16")                                                                                                      \
    X(BF16, "bf16")                                                                                                    \
    X(INT8, "int8") /* a scale for each row of the parameter */

enum precision {
#define X(id, name) PRECISION_##id,
    PRECISIONS(X)
#undef X
        PRECISION_COUNT
};

/* The part of its predicted time that a network has to save for coarser numbers to be chosen: no prediction is surer
 * than that, and they cost accuracy. */
extern const double precision_gain_least;

/* Its word in the language. */
const char *precision_name(enum precision precision);

/* The precision of that name, or PRECISION_COUNT. */
enum precision precision_find(const char *name);

#endif
