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
    if (map_get(&collecting->known, path))
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
    struct map rows; /* paths that rows of parameters are declared with */
    map_init(&collecting.known, arena);
    map_init(&rows, arena);
    for (int i = 0; i < program->parameter_count; i++)
        if (program->parameters[i]->row_name)
            map_put(&rows, program->parameters[i]->row_name, graph);
    for (int others = 0; others < 2; others++)
        for (int i = 0; i < program->value_count; i++) {
            const struct value *value = program->values[i];
            for (int d = 0; d < value->shape.rank; d++)
                if (value->size_names[d] && (others || map_get(&rows, value->size_names[d])))
                    add_size(&collecting, value->size_names[d], value->shape.dim[d]);
        }
}
