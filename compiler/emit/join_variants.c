/* The common part of the variants of a network: one struct of parameters, and one set of names for sizes. */
#include <string.h>

#include "base/arena.h"
#include "emit/emit.h"
#include "graph/graph.h"

/* Adds the parameters of a variant that no earlier one has. Returns NULL, or an error: a weights file holds one tensor
 * of a name. */
static const char *join_parameters(struct graph *all, const struct emit_variants *variants, int index,
                                   struct arena *arena)
{
    const struct graph *graph = variants->list[index].schedule->graph;
    for (int i = 0; i < graph->parameter_count; i++) {
        const struct graph_parameter *own = &graph->parameters[i];
        const int found = graph_find_parameter(all, own->name);
        if (found < 0)
            all->parameters[all->parameter_count++] = *own;
        else if (!shape_equal(&all->parameters[found].shape, &own->shape))
            return arena_printf(arena,
                                "--variants: '%s' keeps '%s' in another shape than a variant before it, and a weights "
                                "file has one array of that name",
                                variants->list[index].name, own->name);
    }
    return NULL;
}

static void join_sizes(struct graph *all, const struct graph *graph)
{
    for (int i = 0; i < graph->size_count; i++) {
        bool known = false;
        for (int k = 0; k < all->size_count && !known; k++)
            known = strcmp(all->sizes[k].path, graph->sizes[i].path) == 0;
        if (!known)
            all->sizes[all->size_count++] = graph->sizes[i];
    }
}

struct schedule *join_variants(const struct emit_variants *variants, struct arena *arena, const char **error)
{
    struct schedule *schedule = ARENA_NEW(arena, struct schedule);
    struct graph *all = ARENA_NEW(arena, struct graph);
    *schedule = *variants->list[0].schedule;
    *all = *schedule->graph;
    schedule->graph = all;
    int parameters = 1, sizes = 1;
    for (int i = 0; i < variants->count; i++) {
        parameters += variants->list[i].schedule->graph->parameter_count;
        sizes += variants->list[i].schedule->graph->size_count;
    }
    all->parameters = ARENA_ARRAY(arena, struct graph_parameter, parameters);
    all->sizes = ARENA_ARRAY(arena, struct graph_size, sizes);
    all->parameter_count = all->size_count = 0;
    for (int i = 0; i < variants->count; i++) {
        if ((*error = join_parameters(all, variants, i, arena)))
            return NULL;
        join_sizes(all, variants->list[i].schedule->graph);
    }
    return schedule;
}
