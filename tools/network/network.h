/* From a program to a network that can be called: rnnc, the C compiler, dlopen.
 *
 * The library is kept in the cache, $XDG_CACHE_HOME/rnnc or ~/.cache/rnnc, in a file named after everything that it
 * depends on: the C after its preprocessor, the compiler, its options, and the processor. Such a file appears by one
 * rename when it is complete, so that any number of processes may build at the same time. An entry is checked
 * before it is loaded (cache.h). The C compiler is $CC
 * (default: cc) with $CFLAGS added. */
#ifndef RNN_TOOLS_NETWORK_H
#define RNN_TOOLS_NETWORK_H

#include <argp.h>
#include <stdbool.h>

#include "command/argument.h"
#include "rnn/model.h"
#include "sema/sema.h"

struct arena;
struct text;

/* network_options_new gives the defaults; parsed options live in the arena. */
struct network_options {
    struct arena *arena;
    const char *path;               /* the .rnn file */
    struct words folders;           /* of -I */
    struct words passed;            /* arguments for rnnc: -D, -I, --top, -f... as they were given, but for forms */
    struct definition *definitions; /* the -D among them */
    int definition_count, definition_capacity;
    struct form_options forms; /* --form and --forms */
    const char *variants;      /* --variants of commands that have it, or NULL */
    const char *top;           /* the --top among them, or NULL */
    const char *target;        /* --target, or NULL: for this processor */
    bool in_double;            /* --double */
    int threads;               /* --threads; 0: as many as OpenMP gives */
    bool training;             /* with loss and gradients: the model has .training */
    bool vjp;                  /* with products of adjoints and derivatives: the model has .vjp */
    bool vjp_states;           /* with them through states, too */
    bool quiet;                /* nothing is said while the C compiler takes long */
};

struct network_options network_options_new(struct arena *arena);

/* Options and the FILE argument; an argp child whose input is a struct network_options. */
extern const struct argp network_argp;

/* Sets --variants; what is wrong with it ends the program with status 2. */
void network_set_variants(struct network_options *options, const char *text, struct argp_state *state);

/* Runs rnnc on the options' program, with what was passed and `more`, which ends with NULL. Its standard output is
 * collected if `output` is not NULL. False with *error, or with NULL there if rnnc has said everything already. */
bool rnnc_run(const struct network_options *options, const char *const *more, struct text *output, const char **error);

/* Runs a command of this program in the same way, and calls watch(context) four times a second meanwhile. */
bool command_again(const struct network_options *options, const char *command, const char *const *more,
                   void (*watch)(void *context), void *context, const char **error);

/* C of the caller's, compiled as networks are, with the same options: a library for dlsym. NULL as below. */
void *library_open(const struct network_options *options, const char *text, const char **error);

/* The path of the network's library, which the cache keeps. NULL as below. */
const char *library_build(const struct network_options *options, const char **error);

/* NULL on failure. Then *error is a sentence, or NULL if rnnc or the C compiler has said everything already. */
const rnn_model *network_open(const struct network_options *options, const char **error);

#endif
