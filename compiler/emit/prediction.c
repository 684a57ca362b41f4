/* --emit=predict: what the cost model says of one call, for programs. */
#include "base/machine.h"
#include "emit/emitter.h"
#include "schedule/predict.h"

/* Returns how a region runs in a block of so many frames of the call. */
static struct load block_load(const struct region *region, const struct load *call, int frames)
{
    return choose_load(region, call->streams, frames, call->threads);
}

/* Returns nanoseconds for a frame of the call, which is made in blocks, the last of which may be shorter. */
static double call_time(const struct schedule *schedule, const struct region *region, const struct load *call)
{
    const int block = frames_of_block(schedule, call->streams), rest = call->frames % block;
    const struct load whole = block_load(region, call, block), last = block_load(region, call, rest);
    double time = 0;
    if (call->frames >= block)
        time += (call->frames - rest) * predict_region(schedule, region, &whole).time;
    if (rest)
        time += rest * predict_region(schedule, region, &last).time;
    return time / call->frames;
}

static void write_region(const struct schedule *schedule, const struct region *region, const struct load *call,
                         struct arena *arena, struct text *out)
{
    const struct load load = first_block_load(schedule, region, call);
    const struct prediction prediction = predict_region(schedule, region, &load);
    text_printf(out,
                "{\"name\": \"%s\", \"kind\": \"%s\", \"nanoseconds\": %.2f, \"bound\": \"%s\", \"way\": \"%s\", "
                "\"threads\": %d, \"weight_bytes\": %.0f, \"storage\": \"%s\"}",
                region->name, region_kind_name(region->kind), call_time(schedule, region, call),
                bound_name(prediction.bound), way_name(load.way), load.threads, region->bytes,
                describe_storages(region, arena));
}

double emit_prediction(const struct schedule *schedule, const struct load *load, struct arena *arena, struct text *out)
{
    const double past = predict_past_of_call(schedule, load);
    double all = past, cycles = 0;
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        const double time = region_is_predicted(region) ? call_time(schedule, region, load) : 0;
        all += time;
        cycles += region->kind == REGION_FRAMES ? 0 : time;
    }
    text_printf(out,
                "{\n  \"streams\": %d, \"frames\": %d, \"threads\": %d, \"lanes\": %d,\n"
                "  \"nanoseconds\": %.2f, \"within_cycles\": %.2f, \"moving_past\": %.2f,\n  \"regions\": [",
                load->streams, load->frames, load->threads, schedule->options.machine->lanes, all, cycles, past);
    const char *between = "\n    ";
    for (int r = 0; r < schedule->region_count; r++)
        if (region_is_predicted(&schedule->regions[r])) {
            text_puts(out, between);
            write_region(schedule, &schedule->regions[r], load, arena, out);
            between = ",\n    ";
        }
    text_puts(out, "\n  ]\n}\n");
    return all;
}
