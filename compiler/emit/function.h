/* A function of the emitted C while it is written: writing a variable records its use.
 *
 * Functions with a given head (`open_function`) end with a cast to void of each unused parameter. A kernel
 * (`open_kernel`) takes only what it uses: its body is written first, and its head and its call are made from the
 * record. */
#ifndef RNNC_EMIT_FUNCTION_H
#define RNNC_EMIT_FUNCTION_H

#include "base/text.h"

struct emitter;

/* Parameters of emitted functions, in the order in which kernels take theirs. */
#define EMITTED_VARIABLES(X)                                                                                           \
    X(params)                                                                                                          \
    X(packed)                                                                                                          \
    X(to)                                                                                                              \
    X(from)                                                                                                            \
    X(past)                                                                                                            \
    X(values)                                                                                                          \
    X(window)                                                                                                          \
    X(memory)                                                                                                          \
    X(block)                                                                                                           \
    X(whole)                                                                                                           \
    X(length)                                                                                                          \
    X(done)                                                                                                            \
    X(end)                                                                                                             \
    X(frame)                                                                                                           \
    X(frames)                                                                                                          \
    X(streams)                                                                                                         \
    X(stream)                                                                                                          \
    X(ends)                                                                                                            \
    X(share)                                                                                                           \
    X(panel)                                                                                                           \
    X(first)                                                                                                           \
    X(columns)

enum variable_number {
#define X(name) NUMBER_##name,
    EMITTED_VARIABLES(X)
#undef X
        VARIABLE_COUNT
};

/* Sets of them: VAR_packed | VAR_values. */
enum variables {
    VAR_NONE = 0,
#define X(name) VAR_##name = 1 << NUMBER_##name,
    EMITTED_VARIABLES(X)
#undef X
};

struct function {
    unsigned parameters; /* of its head, if that has been written */
    unsigned used;
    struct text *file; /* of a kernel: the destination when it is complete */
    struct text body;
};

/* Begins a function whose head, with these parameters, and brace have been written, or are about to be. */
void open_function(struct emitter *emitter, unsigned parameters);
void use_variables(struct emitter *emitter, unsigned variables);
void close_function(struct emitter *emitter);
/* Does the same as close_function but for the brace: the function goes on. */
void write_unused_parameters(struct emitter *emitter);

/* Begins a kernel: until its end `emitter->out` is its body. */
void open_kernel(struct emitter *emitter);
/* Ends a kernel with the head "static void", "name", and writes it to the file; returns the parameters that it
 * takes. */
unsigned close_kernel(struct emitter *emitter, const char *head, const char *name);

const char *variable_name(enum variable_number variable);

#endif
