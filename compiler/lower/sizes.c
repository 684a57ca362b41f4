#include "lower/sizes.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"

struct collecting {
    struct arena *arena;
    struct graph *graph;
    struct map known;
    int capacity;
};

static void add_size(struct collecting *collecting, const char *path, int size)
{
    struct graph *graph = collecting->graph;
    if (!path || map_get(&collecting->known, path))
        return;
    const char *dot = strrchr(path, '.');
    const char *instance = dot ? arena_copy_string(collecting->arena, path, (size_t)(dot - path)) : "";
    ARENA_PUSH(collecting->arena, graph->sizes, graph->size_count, collecting->capacity,
               ((struct graph_size){path, instance, size}));
    map_put(&collecting->known, path, collecting->graph);
}

void collect_sizes(struct arena *arena, const struct program *program, struct graph *graph)
{
    struct collecting collecting = {.arena = arena, .graph = graph};
    map_init(&collecting.known, arena);
    for (int columns = 0; columns < 2; columns++)
        for (int i = 0; i < program->value_count; i++) {
            const struct value *value = program->values[i];
            bool parameter = value->kind == VALUE_PARAMETER;
            for (int d = 0; d < value->shape.rank; d++)
                if ((parameter && d + 1 < value->shape.rank) || columns)
                    add_size(&collecting, value->size_names[d], value->shape.dim[d]);
        }
}
