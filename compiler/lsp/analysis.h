/* The compiler's knowledge of a program whose text is being edited. */
#ifndef RNNC_LSP_ANALYSIS_H
#define RNNC_LSP_ANALYSIS_H

struct arena;
struct diagnostics;
struct program;
struct schedule;
struct source;
struct tree;

struct analysis {
    struct arena *arena; /* of everything here */
    struct source *source;
    struct diagnostics *diag;
    const struct tree *tree;         /* what could be understood of the text */
    const struct program *program;   /* NULL where there are errors */
    const struct schedule *schedule; /* likewise */
};

/* Compiles the program in analysis->source; fills in what comes of it. `context` is the compiler's. */
typedef void analysis_compile(void *context, struct analysis *analysis);

#endif
