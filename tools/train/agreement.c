/* What all ranks of a training must have alike. */
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/source.h"
#include "network/program.h"
#include "train/checkpoint_content.h"

bool trainer_agree(struct trainer *trainer, const char **error)
{
    enum { MORE = 8 };
    struct arena *arena = trainer->arena;
    const struct train_options *options = trainer->options;
    const rnn_model *model = trainer->model;
    const struct cost_link *link = &options->compress.link;
    const char *ways = trainer_print_ways(arena, trainer);
    const size_t bytes = model->parameter_elements * (size_t)model->real_size;
    const char *start =
        arena_printf(arena, "%lx", (unsigned long)crc32_z(0, (const unsigned char *)trainer->parameters, bytes));
    const struct ranks_item more[MORE] = {
        {"network", arena_printf(arena, "%" PRIx64, model->fingerprint), true},
        {"the number of epochs", arena_printf(arena, "%d", options->epochs), false},
        {"patience", arena_printf(arena, "%d", options->patience), false},
        {"the steps between checkpoints",
         arena_printf(arena, "%d", options->checkpoint ? options->checkpoint_every : 0), false},
        {"the steps that are done", arena_printf(arena, "%" PRIu64, trainer->position.step), false},
        {"start of the parameters", start, true},
        {"--link", arena_printf(arena, "%.17g B/s,%.17g s", link->bytes_per_second, link->seconds), false},
        {"what is sent of gradients", ways ? ways : "", false}};
    struct setting settings[SETTINGS];
    struct ranks_item items[SETTINGS + MORE];
    settings_list(arena, trainer, settings);
    for (int i = 0; i < SETTINGS; i++)
        items[i] =
            (struct ranks_item){strchr(settings[i].key, '/') + 1, settings[i].value, settings[i].kind == SETTING_SUM};
    memcpy(items + SETTINGS, more, sizeof more);
    return ranks_agree(trainer->ranks, arena, items, SETTINGS + MORE, error);
}

/* ---- the network ---- */

static bool user_chooses_blocks(const struct network_options *network)
{
    for (int i = 0; i < network->passed.count; i++)
        if (strncmp(network->passed.items[i], "-fblock-frames", strlen("-fblock-frames")) == 0)
            return true;
    return false;
}

/* True if the sums of gradients take long enough to be worth hiding. Long blocks make smaller networks slower, whose
 * values stay in a cache while a block is computed, but not these. */
static bool is_large(const struct program *program)
{
    enum { LARGE = 1000000 }; /* parameters */
    double units = 0;
    for (int i = 0; i < program->parameter_count; i++)
        units += (double)shape_size(&program->parameters[i]->shape);
    return units >= LARGE;
}

/* Lets a large network compute a window in one block, if several ranks train it: layer by layer, so that the sums of
 * one layer's gradients overlap with the next one's computation. In several blocks, all of them are complete only in
 * the last one. False if the program is wrong, which has been reported. */
static bool choose_blocks(const struct ranks *ranks, struct network_options *network, const char **error)
{
    if (ranks->count == 1 || strcmp(network->path, "-") == 0 || user_chooses_blocks(network))
        return true;
    struct source *source = source_from_file(network->arena, network->path, error);
    const struct program *program = source ? program_check(network, source) : NULL;
    if (!program)
        return false;
    if (is_large(program))
        words_push(&network->passed, "-fblock-frames=1000000");
    return true;
}

const rnn_model *trainer_open_network(struct ranks *ranks, const struct network_options *options, const char **error)
{
    struct network_options network = *options;
    network.passed = (struct words){.arena = options->arena};
    for (int i = 0; i < options->passed.count; i++)
        words_push(&network.passed, options->passed.items[i]);
    if (ranks->rank)
        ranks_meet(ranks);
    if (!choose_blocks(ranks, &network, error))
        return NULL;
    const rnn_model *model = network_open(&network, error);
    if (!ranks->rank && model)
        ranks_meet(ranks);
    return model;
}
