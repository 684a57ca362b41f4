/* The calls that --vjp adds, and their arguments: the inputs of the forward pass, outputs, adjoints, gradients. */
#ifndef RNNC_EMIT_VJP_DATA_H
#define RNNC_EMIT_VJP_DATA_H

#include "emit/calls.h"

/* NAME_vjp_forward, NAME_vjp_backward, NAME_vjp. */
enum vjp_call { VJP_FORWARD, VJP_BACKWARD, VJP_BOTH };

/* The end of a call's name, and its arguments before data; those of the descriptor's call, and their names. */
struct vjp_call_text {
    const char *end, *arguments, *any_arguments, *any_names;
};
extern const struct vjp_call_text vjp_calls[];

/* The data of a call, by the argument through which the descriptor's call has it: an array of addresses, or, of the
 * gradient and of the adjoints of pasts, one address. */
enum vjp_data_kind {
    VJP_DATA_INPUT,
    VJP_DATA_OUTPUT,
    VJP_DATA_ADJOINT,
    VJP_DATA_END,
    VJP_DATA_GRADIENT,
    VJP_DATA_INPUT_GRADIENT,
    VJP_DATA_BEGIN,
    VJP_DATA_KIND_COUNT
};

struct vjp_data_text {
    const char *parameter; /* of the descriptor's calls */
    const char *name;
    bool is_array;
};
extern const struct vjp_data_text vjp_data_kinds[];

bool vjp_call_has(enum vjp_call call, enum vjp_data_kind kind);

struct vjp_data {
    enum vjp_data_kind kind;
    const char *type, *name;
    int place; /* in the array */
};

/* Returns the data of a call, in the order of its arguments. */
struct vjp_data *vjp_data_of(const struct emitter *emitter, enum vjp_call call, int *count);
/* Returns the type of an argument that is one address; NULL: the call has none. */
const char *vjp_type_of_one(const struct emitter *emitter, enum vjp_data_kind kind);

/* Return the inputs of the network, and its outputs, which have adjoints. */
int vjp_own_inputs(const struct graph *graph);
int vjp_own_outputs(const struct graph *graph);

/* Write the signature of a call, and of the descriptor's. */
void write_vjp_signature(struct emitter *emitter, enum vjp_call call);
void write_any_vjp_signature(struct emitter *emitter, enum vjp_call call);

#endif
