#include <string.h>

#include "base/machine.h"
#include "emit/emitter.h"

/* Returns the bytes for each frame and stream of all values with one kind of storage. */
static double buffer_bytes(const struct schedule *schedule, enum storage storage)
{
    double bytes = 0;
    for (int i = 0; i < schedule->graph->node_count; i++)
        if (schedule->buffers[i].storage == storage)
            bytes += (double)schedule->options.machine->real_bytes * node_units(schedule->graph->nodes[i]);
    return bytes;
}

void emit_explain(const struct schedule *schedule, struct arena *arena, struct text *out)
{
    text_printf(out, "%s: %ld parameters, %.0f flops a frame, blocks of %d frames, %.0f bytes of values a frame\n",
                schedule->graph->name, schedule_parameters(schedule), schedule_flops(schedule), schedule->block_frames,
                buffer_bytes(schedule, STORE_BLOCK));
    double kept = buffer_bytes(schedule, STORE_SEQUENCE);
    if (schedule->graph->trains)
        text_printf(
            out,
            "for training: a window keeps %.0f bytes for each of its frames and streams, %.1f MB for 64 frames of 16 "
            "streams\n",
            kept, kept * 64 * 16 / 1e6);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        text_printf(out, "\n%s\n    %s\n", region->name, describe_kind(schedule, region, arena));
        if (region->kind != REGION_STATIC) {
            int phases = region->kernel_count ? region->kernels[region->kernel_count - 1].phase + 1 : 1;
            const char *once = describe_flops_once(region, arena);
            const char *storages = describe_storages(region, arena);
            bool plain = strcmp(storages, precision_name(PRECISION_F32)) == 0;
            text_printf(out, "    %.0f flops a frame%s%s, %.0f bytes of weights%s%s, %d phase%s\n", region->flops,
                        once ? ", " : "", once ? once : "", region->bytes, plain ? "" : " in ", plain ? "" : storages,
                        phases, plural(phases));
        }
        explain_threads(schedule, region, out);
        describe_equations(schedule, region, arena, "    ", out);
    }
    explain_calls(schedule, out);
}
