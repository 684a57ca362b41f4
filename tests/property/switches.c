#include "switches.h"

#include "base/arena.h"
#include "base/machine.h"
#include "base/target.h"
#include "batch.h"

bool batch_has_future(const struct batch_options *batch, uint64_t seed) { return batch->future && seed % 3 == 0; }

struct pipeline_options batch_options_of(const struct batch_options *batch, uint64_t seed)
{
    struct pipeline_options options = pipeline_default_options();
    options.train = options.input_gradients = batch->train && !batch->vjp;
    options.vjp = batch->vjp;
    options.vjp_states = batch->vjp && !batch_has_future(batch, seed);
    options.verify = true;
    options.no_files = batch->run_with;
    options.target = batch->target;
    options.variants = batch->variants;
    options.variant_count = batch->variant_count;
    if (batch->machine || batch->target)
        options.schedule.machine = batch->machine ? batch->machine : batch->target->machine;
    if (batch->way)
        options.schedule.threads = *batch->way;
    if (!batch->switches)
        return options;
    static const int blocks[] = {0, 1, 3, 7};
    bool a = seed & 1, b = seed >> 1 & 1, c = seed >> 2 & 1;
    options.schedule.block_frames = blocks[seed >> 1 & 3];
    options.factor = !a;
    options.schedule.elementwise_scan = a == b;
    options.schedule.turn_panels = a == c;
    options.schedule.group_frames = (a != b) == c;
    options.sink = seed >> 3 & 1;
    static const struct machine *const machines[] = {&machine_generic, &machine_sse2, &machine_avx2, &machine_avx512,
                                                     &machine_neon};
    if (!batch->machine && !batch->target)
        options.schedule.machine = machines[seed / 16 % 5];
    if (!batch->way)
        options.schedule.threads = (enum thread_way)(seed / 16 % THREADS_COUNT);
    return options;
}

const char *batch_compilation(const struct batch_options *batch, uint64_t seed)
{
    static const char *const targets[] = {
        "-Og -march=native -DRNN_VECTOR_BYTES=64", "-O0 -DRNN_VECTOR_BYTES=16",
        "-march=native -DRNN_VECTOR_BYTES=32",     "-O0 -march=native -DRNN_VECTOR_BYTES=16",
        "-O0 -march=native -DRNN_VECTOR_BYTES=64", "-O0 -DRNN_VECTOR_BYTES=32"};
    static const char *const elsewhere[] = {"-O2", "-O0 -DRNN_VECTOR_BYTES=32", "-O0"}; /* CC knows for which machine */
    if (batch->target)
        return batch->switches && seed / BATCH_PROGRAMS % 2 ? "-O0" : "";
    if (batch->run_with)
        return batch->switches ? elsewhere[seed / BATCH_PROGRAMS % 3] : "-O2";
    return batch->switches ? targets[seed / BATCH_PROGRAMS % 6] : "-march=native";
}

const char *batch_threading(const struct batch_options *batch, uint64_t seed)
{
    bool without = batch->run_with || (batch->switches && seed / BATCH_PROGRAMS % 5 == 4);
    return without ? "" : "-fopenmp -DRNN_PROCESSORS=7";
}

const char *batch_switches_text(struct arena *arena, const struct batch_options *options, uint64_t seed)
{
    struct pipeline_options pipeline = batch_options_of(options, seed);
    const char *text = arena_printf(arena, "%s %s", batch_compilation(options, seed), batch_threading(options, seed));
    if (pipeline.schedule.block_frames)
        text = arena_printf(arena, "-fblock-frames=%d %s", pipeline.schedule.block_frames, text);
    if (!pipeline.sink)
        text = arena_printf(arena, "-fno-sink %s", text);
    if (!pipeline.factor)
        text = arena_printf(arena, "-fno-factor %s", text);
    if (!pipeline.schedule.elementwise_scan)
        text = arena_printf(arena, "-fno-elementwise-scan %s", text);
    if (!pipeline.schedule.turn_panels)
        text = arena_printf(arena, "-fno-turn-panels %s", text);
    if (!pipeline.schedule.group_frames)
        text = arena_printf(arena, "-fno-group-frames %s", text);
    if (pipeline.schedule.threads != THREADS_AUTO)
        text = arena_printf(arena, "-fthreads=%s %s", thread_way_name(pipeline.schedule.threads), text);
    if (pipeline.target)
        text = arena_printf(arena, "--target=%s %s", pipeline.target->name, text);
    else if (pipeline.schedule.machine != &machine_generic)
        text = arena_printf(arena, "--machine=%s %s", pipeline.schedule.machine->name, text);
    if (options->variant_count)
        text = arena_printf(arena, "--variants=... %s", text);
    if (options->train)
        text = arena_printf(
            arena, "%s %s",
            options->vjp ? (pipeline.vjp_states ? "--vjp-states" : "--vjp") : "--train --input-gradients", text);
    return options->in_double ? arena_printf(arena, "%s -DRNN_REAL_DOUBLE", text) : text;
}
