/* Parts of the function that each region has. `uses`: the parameters that kernels take, as emit_kernel returns them. */
#ifndef RNNC_EMIT_REGION_H
#define RNNC_EMIT_REGION_H

#include "emit/emitter.h"

/* region_calls.c */

/* True if a kernel runs with each block: values that wait for all frames have none. */
bool kernel_runs(const struct emitter *emitter, const struct kernel *kernel);
void write_kernel_call(struct emitter *emitter, const struct region *region, const struct kernel *kernel,
                       unsigned uses);
/* Write the calls of all kernels: of a scan, in a loop over its frames; of any other region, for a block. */
void write_scan_calls(struct emitter *emitter, const struct region *region, const unsigned *uses);
void write_block_calls(struct emitter *emitter, const struct region *region, const unsigned *uses);

/* region_ends.c */

/* Writes, in a scan, the keeping of values that later frames would overwrite, for streams that end at this frame. */
void write_ends(struct emitter *emitter, const struct region *region);
/* Writes initial values, in a reversed scan, to frames behind a stream's last one, from where it begins. */
void write_frames_not_begun(struct emitter *emitter, const struct region *region);
/* Does the same for all frames of a block at once, for a kernel's values: as soon as they are made, since a later phase
 * may read them; in an elementwise scan before, since the scan begins there. */
void write_frames_after_end(struct emitter *emitter, const struct region *region, const struct kernel *kernel);

#endif
