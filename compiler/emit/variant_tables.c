/* The tables by which a network with variants chooses, see rnn/variant.h: what the cost model says of each region of
 * each variant, as far as it does not depend on the caches of the machine at hand. */
#include "base/machine.h"
#include "emit/variants.h"
#include "schedule/predict.h"

/* Returns the number of threads behind a number of threads, for which there is a table: 1, 2, 4, ... and the most. */
static int more_threads(int threads, int most) { return threads < most && 2 * threads > most ? most : 2 * threads; }

static void write_region(const struct schedule *schedule, const struct region *region, const struct load *call,
                         struct text *out)
{
    const struct load load = first_block_load(schedule, region, call);
    const struct prediction prediction = predict_region(schedule, region, &load);
    const struct weights_read *read = &prediction.read;
    text_printf(out, "    {%d, %d, %.2f, %.2f, %.0f, %.6g, %d, %d}, /* %s */\n", call->threads, load.threads,
                prediction.products, prediction.beside, read->bytes, read->part, read->turns, read->own, region->name);
}

static void write_regions(struct emitter *network, const struct schedule *schedule)
{
    struct load call = *network->variants->load;
    const int most = call.threads;
    for (call.threads = 1; call.threads <= most; call.threads = more_threads(call.threads, most))
        for (int r = 0; r < schedule->region_count; r++)
            if (region_is_predicted(&schedule->regions[r]))
                write_region(schedule, &schedule->regions[r], &call, network->out);
}

static void write_variant(struct emitter *network, const struct emit_variant *variant)
{
    write_pattern(network, "static const rnn_variant_region $_%s_regions[] = {\n#ifdef RNN_REAL_DOUBLE\n",
                  variant->word);
    write_regions(network, schedule_in_double(variant->schedule, network->arena));
    text_puts(network->out, "#else\n");
    write_regions(network, variant->schedule);
    text_puts(network->out, "#endif\n    {0, 0, 0, 0, 0, 0, 0, 0},\n};\n");
}

/* Writes for each parameter the set of variants that read it. */
static void write_readers(struct emitter *network)
{
    const struct graph *graph = network->graph;
    write_pattern(network, "static const uint32_t $_readers[] = {");
    for (int i = 0; i < graph->parameter_count; i++) {
        unsigned readers = 0;
        for (int v = 0; v < network->variants->count; v++)
            if (graph_find_parameter(network->variants->list[v].schedule->graph, graph->parameters[i].name) >= 0)
                readers |= 1u << v;
        text_printf(network->out, "%s%u", i ? ", " : "", readers);
    }
    text_puts(network->out, graph->parameter_count ? "};\n" : "0};\n");
}

static void write_levels(struct emitter *network)
{
    const struct machine *machine = network->schedule->options.machine;
    text_puts(network->out, "    .levels = {");
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const struct machine_level *level = &machine->levels[i];
        text_printf(network->out, "%s{%.0f, %d, %.6g, %.6g}", i ? ", " : "", level->bytes, level->cores, level->one,
                    level->all);
    }
    text_puts(network->out, "},\n");
}

void emit_variant_tables(struct emitter *network)
{
    const struct emit_variants *variants = network->variants;
    const struct load *load = variants->load;
    text_printf(network->out,
                "/* The cost model of a call of %d stream%s and %d frame%s, region by region: threads, those of them "
                "that it uses, nanoseconds of products and of everything else for a frame, bytes of weights, the part "
                "of them that it reads for a frame, how it goes through them. */\n",
                load->streams, plural(load->streams), load->frames, plural(load->frames));
    for (int i = 0; i < variants->count; i++)
        write_variant(network, &variants->list[i]);
    write_pattern(network, "static const rnn_variant $_variant_list[] = {\n");
    for (int i = 0; i < variants->count; i++) {
        const struct emit_variant *variant = &variants->list[i];
        write_pattern(
            network, "    {\"%s\", UINT64_C(0x%llx), $_%s_regions, sizeof $_%s_regions / sizeof *$_%s_regions - 1},\n",
            variant->name, emit_fingerprint(variant->schedule->graph), variant->word, variant->word, variant->word);
    }
    text_puts(network->out, "};\n");
    write_readers(network);
    write_pattern(network,
                  "#ifdef _OPENMP\nenum { $_THREADS = %d };\n#else\nenum { $_THREADS = 1 };\n#endif\n"
                  "static const rnn_variants $_variants = {\n    .set_present = rnn_set_present,\n"
                  "    .list = $_variant_list,\n    .count = $_VARIANTS,\n"
                  "    .readers = $_readers,\n    .choice = offsetof($_params, %s),\n    .threads = $_THREADS,\n",
                  load->threads, network->choice);
    write_levels(network);
    text_printf(network->out, "    .usable = %g,\n    .seen = %g,\n};\n\n", predict_usable, predict_seen);
}
