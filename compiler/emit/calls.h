/* What the files that write entry points share: inputs and outputs of a call. */
#ifndef RNNC_EMIT_CALLS_H
#define RNNC_EMIT_CALLS_H

#include "emit/emitter.h"

/* Text with the network's prefix for each `$`. */
void write_pattern(struct emitter *emitter, const char *pattern);
/* Inputs and outputs as arguments, the closing bracket, and the brace that opens the body. */
void write_arguments(struct emitter *emitter);
/* Inputs are there, and ids in range. */
void write_checks(struct emitter *emitter, const char *lengths, const char *frames);

/* One input: an address where kernels read the caller's memory, a copy where they need padded columns. */
void write_input(struct emitter *emitter, int index, const char *indent, const char *from, const char *count);
/* The inputs that a pass reads of a block. */
void write_block_inputs(struct emitter *emitter, int pass);
/* Inputs of the whole call: those given once, and those of which frames out of range are read by a program that needs all frames. */
void write_whole_inputs(struct emitter *emitter);

/* One output, from where its value lives. */
void write_output(struct emitter *emitter, int index, const char *indent, const char *to, const char *count);
/* The outputs that a pass makes of a block. */
void write_block_outputs(struct emitter *emitter, int pass);
/* Outputs given once a sequence. */
void write_sequence_outputs(struct emitter *emitter);
/* The regions of sequence values that come before `pass`, or after all. */
void write_sequence_regions(struct emitter *emitter, int pass);

/* The state's type and calls, and how long blocks are. with_values: the state holds the past. */
void write_state_functions(struct emitter *emitter, bool with_values);

/* _run of a program that looks back only, and of one that needs the whole sequence. */
void write_run(struct emitter *emitter);
void write_whole_run(struct emitter *emitter);

#endif
