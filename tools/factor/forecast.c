#include <jansson.h>

#include "base/arena.h"
#include "data/file.h"
#include "factor/search.h"

void set_forms(struct search *search, const struct choice *choices)
{
    for (int g = 0; g < search->group_count; g++)
        for (int i = 0; i < search->groups[g].matrix_count; i++)
            search->groups[g].matrices[i]->choice = choices[g];
}

static bool read_forecast(const struct text *text, struct forecast *forecast)
{
    json_t *root = json_loadb(text->data ? text->data : "", text->length, 0, NULL);
    const json_t *time = json_object_get(root, "nanoseconds"), *cycles = json_object_get(root, "within_cycles"),
                 *lanes = json_object_get(root, "lanes");
    const bool right = json_is_number(time) && json_is_number(cycles) && json_is_integer(lanes);
    if (right)
        *forecast =
            (struct forecast){json_number_value(time), json_number_value(cycles), (int)json_integer_value(lanes)};
    json_decref(root);
    return right;
}

bool predict_network(struct search *search, const struct choice *choices, struct forecast *forecast, const char **error)
{
    set_forms(search, choices);
    const struct factoring *factoring = search->factoring;
    const struct factor_options *options = factoring->options;
    struct arena *arena = factoring->arena;
    const struct source *program = rewrite_program(factoring, NULL);
    struct network_options network = options->network;
    network.path = program_path(factoring, search->folder);
    if (!file_write(arena, network.path, program->data, program->length, error))
        return false;
    const char *const more[] = {"--emit=predict",
                                arena_printf(arena, "--load=%d,%d,%d", options->streams, options->frames,
                                             network.threads ? network.threads : 1),
                                network.in_double ? "--double" : NULL, NULL};
    struct text text;
    text_init(&text, arena);
    if (!rnnc_run(&network, more, &text, error))
        return false;
    if (read_forecast(&text, forecast))
        return true;
    *error = "what rnnc predicts cannot be read: `rnn` and `rnnc` may be of different versions";
    return false;
}
