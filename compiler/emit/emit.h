/* emit: the schedule as C11, and the report that explains it. Deterministic to the byte. */
#ifndef RNNC_EMIT_EMIT_H
#define RNNC_EMIT_EMIT_H

#include <stddef.h>

#include "schedule/schedule.h"

struct load;
struct target;
struct text;

/* A network in one of the forms of --variants. */
struct emit_variant {
    const char *name; /* "svd:64+f16" */
    const char *word; /* the same in identifiers: "svd_64_f16" */
    const struct schedule *schedule;
};

struct emit_variants {
    const struct emit_variant *list;
    int count;
    const struct load *load; /* the call that the choice among them is about, with the most threads */
};

/* The outputs of a network for some inputs of one stream, for --self-test: arrays in the order of the graph's inputs
 * and outputs, [frames][units] or, of sequence time, [units]. */
struct emit_record {
    int frames;
    const double *const *inputs;
    const double *const *outputs;
    const double *tolerances; /* of each output: how far float's arithmetic may be from these numbers */
};

/* A member of NAME_packed: numbers or, in a storage, bytes. */
struct emit_member {
    const float *numbers; /* or NULL */
    const unsigned char *bytes;
    size_t count;
};

/* Packed weights, for lanes of one number. */
struct emit_constants {
    const struct emit_member *statics; /* by node; empty: no call reads it */
    const struct emit_member *panels;  /* by packed matrix */
};

struct emit_options {
    const char *prefix;    /* of every name with linkage, an identifier */
    const char *owner;     /* of a training schedule: the prefix of the network that it trains; else NULL */
    const char *header;    /* the header's name in the C file's #include; NULL: the C file declares everything itself */
    bool files;            /* calls that read and write weights files are emitted */
    const double *weights; /* of all parameters, in their order, to be written as constants; or NULL */
    const struct target *target;            /* NULL: the C may be compiled for any machine */
    const struct target *within;            /* multi, of which `target` is a level; or NULL */
    const struct emit_variants *variants;   /* the schedule is join_variants() of these; or NULL */
    bool internal;                          /* all functions are static: a variant */
    bool freestanding;                      /* the C carries what it needs of the runtime */
    const struct emit_record *record;       /* that a main compares with; or NULL */
    const struct emit_constants *constants; /* packed weights, to be written in place of `_pack`; or NULL */
    size_t packed_bytes;                    /* of packed weights, in plain C */
    bool plain;                             /* and is C99 without extensions, lanes hold one number */
};

/* Returns a prefix made from a name: "peephole_lstm" for "PeepholeLSTM"; "net_" goes in front of one that is not
 * valid. */
const char *emit_default_prefix(struct arena *arena, const char *name);

/* True if `prefix` can begin the names of C functions. */
bool emit_prefix_is_valid(const char *prefix);

/* Returns a fingerprint of the names and shapes of all parameters; weights files carry it. */
unsigned long long emit_fingerprint(const struct graph *graph);

/* Schedules beside that of the network, each NULL where it is not wanted. */
struct emit_derivatives {
    const struct schedule *training; /* of the loss and its gradients */
    const struct schedule *vjp;      /* of products of adjoints and derivatives */
};

/* Writes the C file and the header. */
void emit_source(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, struct arena *arena, struct text *out);
void emit_header(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, struct arena *arena, struct text *out);

/* Returns what is common to variants: a schedule with the parameters of all, and otherwise of the first. NULL, with
 * *error, if a weights file cannot hold them all. */
struct schedule *join_variants(const struct emit_variants *variants, struct arena *arena, const char **error);

/* Returns the prefix of a level of --target=multi: "net_x86_64_v3". */
const char *emit_level_prefix(struct arena *arena, const char *prefix, const struct target *level);

/* Writes the C file that chooses among the levels of options->target, which emit_source has written, each with its
 * prefix and its schedules. These here are those of the highest level. */
void emit_dispatcher(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                     const struct emit_options *options, struct arena *arena, struct text *out);

/* Returns the C of each region, kernels included, as emit_source writes it; NULL for regions that have none. */
const char *const *emit_region_sources(const struct schedule *schedule, const struct emit_options *options,
                                       struct arena *arena);

/* An equation as its region computes it. */
struct equation {
    const char *text;     /* "h = tanh(h_in + U @ h[t-1])" */
    const char *instance; /* whose names it writes without path; "": the program itself */
    const char *file;     /* that it stands in; NULL: the program itself */
    int line;             /* of the file; 0: none */
    int row;              /* among the lines of all files, from 1 */
};

/* Fills in the equations of a region in the order of computation, those of an instance together. Returns the number of
 * all, which may be more. */
enum { EQUATIONS_MOST = 64 };
int region_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                     struct equation equations[EQUATIONS_MOST]);

/* Returns how a region runs, and why: "scan: in a cycle through h[t-1], so frame after frame". */
const char *describe_kind(const struct schedule *schedule, const struct region *region, struct arena *arena);
double schedule_flops(const struct schedule *schedule); /* for one frame of one stream, over all regions */
long schedule_parameters(const struct schedule *schedule);

/* --emit=explain: every region with its equations, the reason for its being in or out of a cycle, flops and bytes a
 * frame. */
void emit_explain(const struct schedule *schedule, struct arena *arena, struct text *out);

/* --emit=predict: as JSON, how long a frame of all streams takes in such a call, in all and for each region, shared
 * among threads in the way that the code chooses. */
double emit_prediction(const struct schedule *schedule, const struct load *load, struct arena *arena, struct text *out);

/* --emit=dot. */
void emit_dot(const struct schedule *schedule, struct text *out);

#endif
