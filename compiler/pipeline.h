/* The pipeline: source text in, text out. See pipeline.c for the story. */
#ifndef RNNC_PIPELINE_H
#define RNNC_PIPELINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"
#include "schedule/predict.h"
#include "schedule/schedule.h"
#include "sema/sema.h"
#include "syntax/tree.h"

struct arena;
struct diagnostics;
struct source;
struct target;

/* The kinds of output that --emit names. */
#define EMIT_KINDS(X)                                                                                                  \
    X(C, "c")                                                                                                          \
    X(SOURCE, "source")                                                                                                \
    X(GRAPH, "graph")                                                                                                  \
    X(DOT, "dot")                                                                                                      \
    X(SCHEDULE, "schedule")                                                                                            \
    X(EXPLAIN, "explain")                                                                                              \
    X(PREDICT, "predict")                                                                                              \
    X(HTML, "html")

enum emit_kind {
#define X(id, name) EMIT_##id,
    EMIT_KINDS(X)
#undef X
        EMIT_NOTHING
};

/* Every stage, in order: name on the command line. Each is one function, called in pipeline.c, in a file of its own. */
#define PIPELINE_STAGES(X)                                                                                             \
    X(PARSE, "parse")                                                                                                  \
    X(LOAD_IMPORTS, "load-imports")                                                                                    \
    X(RESOLVE_NAMES, "resolve-names")                                                                                  \
    X(INFER_SHAPES, "infer-shapes")                                                                                    \
    X(BUILD_GRAPH, "build-graph")                                                                                      \
    X(SIMPLIFY, "simplify")                                                                                            \
    X(DECOMPOSE, "decompose")                                                                                          \
    X(FACTOR, "factor")                                                                                                \
    X(FACTOR_SUMS, "factor-sums")                                                                                      \
    X(DIFFERENTIATE, "differentiate")                                                                                  \
    X(SINK, "sink")                                                                                                    \
    X(LEGALISE, "legalise")                                                                                            \
    X(FIND_COMPONENTS, "find-components")                                                                              \
    X(SPLIT_REGIONS, "split-regions")                                                                                  \
    X(CHOOSE_KERNELS, "choose-kernels")                                                                                \
    X(PLACE_THREADS, "place-threads")                                                                                  \
    X(FORM_SECTIONS, "form-sections")                                                                                  \
    X(ASSIGN_BUFFERS, "assign-buffers")                                                                                \
    X(PLAN, "plan")                                                                                                    \
    X(EMIT, "emit")

enum stage {
#define X(id, name) STAGE_##id,
    PIPELINE_STAGES(X)
#undef X
        STAGE_COUNT
};

const char *stage_name(enum stage stage);

struct pipeline_options {
    struct import_options imports;
    struct sema_options sema;
    struct schedule_options schedule;
    bool factor;
    bool train; /* emit the loss and its gradients too; what --emit shows of stages is then the training network */
    bool sink;  /* values that cost less to compute beside their readers than to store and load */
    bool input_gradients; /* those of the inputs too */
    bool vjp;        /* emit the products of adjoints and derivatives; without `train`, --emit shows their network */
    bool vjp_states; /* with `vjp`: through states, too */
    enum emit_kind emit;
    struct load load;            /* with EMIT_PREDICT or variants: the call, without its way */
    bool in_double;              /* with EMIT_PREDICT: of C that is compiled to compute in double */
    const char *prefix;          /* NULL: from the name of the model or cell */
    const char *header;          /* as the C file includes it; NULL: none is written */
    const char *embed;           /* a weights file that becomes constants of the C file; NULL: none */
    bool embed_packed;           /* packed, as the kernels read them; with plain */
    const struct target *target; /* that the C is compiled for; NULL: any */
    bool freestanding, plain;    /* the C carries its runtime; and is C99 without extensions */
    bool self_test;              /* and has a main that tests it; with embed */
    bool no_files;               /* without the calls that read and write weights files */
    enum stage dump_after;       /* STAGE_COUNT: none */
    bool time_stages;
    const struct variant_option *variants; /* of an emitted file that has several forms */
    int variant_count;                     /* 0: one form */
    /* Each stage is followed by the verifiers of the graph and of the schedule, as it always is in debug builds. */
    bool verify;
};

/* The defaults: everything that makes a network faster, and C as the result. */
struct pipeline_options pipeline_default_options(void);

enum { PIPELINE_LEVELS = 4 }; /* at most */

struct pipeline_result {
    struct text main;                    /* what --emit asks for */
    struct text levels[PIPELINE_LEVELS]; /* with EMIT_C and a target that has levels: a C file for each */
    struct text header;                  /* with EMIT_C and a header */
    struct text dump;                    /* --dump-after */
    const char *error;                   /* an error outside the program, in the weights to be embedded; NULL: none */
    const char *unused;                  /* what the weights to be embedded have beside; NULL: nothing */
    double predicted;                    /* with EMIT_PREDICT: nanoseconds for a frame */

    /* What the stages have made, as far as they came; NULL: they did not. Of the same arena. */
    const struct tree *tree;
    const struct program *program;
    const struct schedule *schedule;
    double seconds[STAGE_COUNT];
};

/* choose_forms.c: chooses what `--form PATTERN=auto` leaves open, by the predicted time of options->load. Errors of the
 * program are left for pipeline_run to report. */
void choose_forms(struct arena *arena, struct source *source, struct pipeline_options *options);

/* The files that the program imports are added to the source. True when the program compiled; otherwise the reasons are
 * in diag, or in the result's error. Fails an internal check by ending the process with status 3. */
bool pipeline_run(struct arena *arena, struct source *source, const struct pipeline_options *options,
                  struct diagnostics *diag, struct pipeline_result *result);

#endif
