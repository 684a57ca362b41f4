/* emit: the schedule as C11, and the report that explains it. Deterministic to the byte. */
#ifndef RNNC_EMIT_EMIT_H
#define RNNC_EMIT_EMIT_H

#include "schedule/schedule.h"

struct target;
struct text;

struct emit_options {
    const char *prefix;    /* of every name with linkage, an identifier */
    const char *owner;     /* of a training schedule: the prefix of the network that it trains; else NULL */
    const char *header;    /* the header's name in the C file's #include; NULL: the C file declares everything itself */
    bool files;            /* calls that read and write weights files are emitted */
    const double *weights; /* of all parameters, in their order, to be written as constants; or NULL */
    const struct target *target; /* NULL: the C may be compiled for any machine */
    const struct target *within; /* multi, of which `target` is a level; or NULL */
};

/* Returns a prefix made from a name: "peephole_lstm" for "PeepholeLSTM"; "net_" goes in front of one that is not
 * valid. */
const char *emit_default_prefix(struct arena *arena, const char *name);

/* True if `prefix` can begin the names of C functions. */
bool emit_prefix_is_valid(const char *prefix);

/* Returns a fingerprint of the names and shapes of all parameters; weights files carry it. */
unsigned long long emit_fingerprint(const struct graph *graph);

/* Writes the C file and the header. training: the schedule of the loss and its gradients, or NULL. */
void emit_source(const struct schedule *schedule, const struct schedule *training, const struct emit_options *options,
                 struct arena *arena, struct text *out);
void emit_header(const struct schedule *schedule, const struct schedule *training, const struct emit_options *options,
                 struct arena *arena, struct text *out);

/* Returns the prefix of a level of --target=multi: "net_x86_64_v3". */
const char *emit_level_prefix(struct arena *arena, const char *prefix, const struct target *level);

/* Writes the C file that chooses among the levels of options->target, which emit_source has written, each with its
 * prefix and its schedules. These here are those of the highest level. */
void emit_dispatcher(const struct schedule *schedule, const struct schedule *training,
                     const struct emit_options *options, struct arena *arena, struct text *out);

/* --emit=explain: every region with its equations, the reason for its being in or out of a cycle, flops and bytes a
 * frame. */
void emit_explain(const struct schedule *schedule, struct arena *arena, struct text *out);

/* --emit=dot. */
void emit_dot(const struct schedule *schedule, struct text *out);

#endif
