/* Parts of entry points: their signatures and checks, and the copying of inputs and outputs between the caller's memory
 * and values. */
#ifndef RNNC_EMIT_CALLS_H
#define RNNC_EMIT_CALLS_H

#include "emit/emitter.h"

/* Writes the signature of a call: "rnn_status lm_step(...)", without the semicolon or the body. */
void write_signature(struct emitter *emitter, enum call_kind call);
/* Writes the parameters of a call for inputs and outputs. */
void write_data_parameters(struct emitter *emitter, enum call_kind call);
/* Write the signature of the function that does what _step does after its checks, and a call of it. */
void write_frame_signature(struct emitter *emitter);
void write_frame_call(struct emitter *emitter, const char *streams);
/* Writes the refusal of two arrays of addresses that are NULL; one that is not read may be. */
void write_array_check(struct emitter *emitter, const char *first, bool first_is_read, const char *second,
                       bool second_is_read);
/* The same for inputs and outputs. */
void write_generic_check(struct emitter *emitter);
/* Writes the arguments of a call through arrays of addresses, behind those that every call of its kind has. */
void write_generic_arguments(struct emitter *emitter, enum call_kind call);
/* Writes the arrays of addresses that a descriptor's call takes, of the arguments of a call by names. */
void write_argument_arrays(struct emitter *emitter, enum call_kind call);
/* Writes checks of the arguments, which return an error from the call. */
void write_checks(struct emitter *emitter, enum call_kind call);

/* Writes those of the first inputs, behind a `status`. */
void write_input_checks(struct emitter *emitter, int count, const char *lengths, const char *frames);

/* Returns the input whose gradient an output of a training network is, or -1. */
int input_of(const struct emitter *emitter, int output);

/* entry.c: the state's type and calls; numbers of a schedule, as enumerators. */
void write_numbers(struct emitter *emitter, int losses);
void write_state_functions(struct emitter *emitter, bool with_values);
void write_state_begins(struct emitter *emitter);
/* Returns the address of the descriptor by which the calls that deal with parameters go. */
const char *model_of(const struct emitter *emitter);
/* Writes the calls of a variant, which only those of the network use. */
void emit_internal_calls(struct emitter *emitter);
/* variant_tables.c: writes the tables of the cost model. */
void emit_variant_tables(struct emitter *network);

/* some_streams.c: write _step_some, if the network has _step; its signature; and the same through arrays. */
void write_some_signature(struct emitter *emitter);
void write_step_some(struct emitter *emitter);
void write_generic_some(struct emitter *emitter);

/* wanted.c: writes the members of values that say which gradients of inputs are wanted, and what a call puts there. */
void write_wanted_members(struct emitter *emitter);
void write_wanted(struct emitter *emitter);
/* Returns the condition under which a kernel of a region is needed: "values->d_x_wanted_"; NULL: always. */
const char *wanted_condition(const struct emitter *emitter, const struct region *region, const struct kernel *kernel);
/* True if only the backward call reads a packed matrix; then also the condition under which it does. */
bool panels_are_of_backward(const struct emitter *emitter, int panels, const char **condition);

/* plan.c: writes an entry point, step by step of its plan. */
void write_entry_point(struct emitter *emitter, const struct plan *plan);

/* wave.c: returns the number of sections that need scratch of their own; 1 if there are no sections. */
int scratch_count(const struct emitter *emitter);

/* parts.c: true if a call is made in parts of some blocks each, by a function for one; the frames of a part of one
 * stream. */
bool run_is_in_parts(const struct emitter *emitter, const struct plan *plan);
int part_frames(const struct schedule *schedule);

/* values.c: true if values of the whole sequence are addressed from the block at hand, by a function of their own. */
bool values_move_with_blocks(const struct emitter *emitter);

/* steps.c: functions of the steps of regions beside kernels: the start of a stream, its past, its gathered values. */
void write_step_functions(struct emitter *emitter);
/* Write the functions that copy streams from one state to another, of training and of the network. */
void write_copy_of_streams(struct emitter *emitter);
void write_state_copy(struct emitter *emitter);
/* Writes the call of such a function, without indentation, within a loop over streams if the step is for one stream.
 * `frames`: of the block. */
void write_step_call(struct emitter *emitter, const struct step *step, const char *frames);

/* io.c: the steps that deal with the caller's memory. one_frame: a call of one frame, which has no blocks. */
void write_inputs(struct emitter *emitter, const struct step *step, int indent, bool one_frame);
/* Writes a cast to void of each input, and of the packed weights, that a call only checks. */
void write_unread_inputs(struct emitter *emitter, const struct plan *plan);
/* Writes the same of adjoints of outputs, which no call checks. */
void write_unread_adjoints(struct emitter *emitter, const struct plan *plan);
void write_outputs(struct emitter *emitter, const struct step *step, int indent, bool one_frame);

#endif
