/* What all ranks of a training must have alike. */
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
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

const rnn_model *trainer_open_network(struct ranks *ranks, const struct network_options *options, const char **error)
{
    if (ranks->rank)
        ranks_meet(ranks);
    const rnn_model *model = network_open(options, error);
    if (!ranks->rank && model)
        ranks_meet(ranks);
    return model;
}
