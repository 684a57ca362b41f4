/* Names of values. A value that the program has named keeps its name. Another is described, if a few words suffice:
 * "one_minus_z", "W_x", "d_c_times_f", "h_before"; else named after the equation that it is a part of: "h_in".
 *
 * Words stand for one operation whose operands are names or calls: "one minus z times h" would be ambiguous. */
#include <string.h>

#include "base/arena.h"
#include "base/unique.h"
#include "schedule/schedule.h"

enum { WORDS_MOST = 40, DEPTH_MOST = WORDS_MOST / 2 }; /* letters; nested operations, or copies in a circle */

struct naming {
    const struct graph *graph;
    struct arena *arena;
    const char *instance; /* of the value in hand: "h1" */
    int depth;
};

static const char *words_of(const struct naming *naming, int id, bool alone);

/* Returns a path relative to an instance. */
static const char *relative(const char *path, const char *instance)
{
    size_t length = strlen(instance);
    return length && strncmp(path, instance, length) == 0 && path[length] == '.' ? path + length + 1 : path;
}

/* Returns the value that a node is a part of, relative to its own instance. */
static const char *own_name(const struct node *node)
{
    return node->origin ? relative(node->origin->path, node->origin->instance) : "value";
}

/* Returns the word for a number below ten. */
static const char *number_word(double number)
{
    static const char *const words[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    for (int i = 0; i < 10; i++)
        if (number == i)
            return words[i];
    return number == 0.5 ? "half" : NULL;
}

static const char *edge_words(const struct naming *naming, const struct edge *edge, bool alone)
{
    const struct node *source = naming->graph->nodes[edge->node];
    const char *words = NULL;
    bool whole = edge_is_whole(naming->graph, edge);
    for (int i = 0; i < source->part_count && !whole; i++)
        if (source->parts[i].begin == edge->begin && source->parts[i].length == edge->length)
            words = relative(source->parts[i].name, naming->instance);
    if (!words)
        words = words_of(naming, edge->node, alone);
    if (!words || !edge->delay)
        return words;
    const char *side = edge->delay > 0 ? "before" : "after";
    int distance = edge->delay > 0 ? edge->delay : -edge->delay;
    return distance == 1 ? arena_printf(naming->arena, "%s_%s", words, side)
                         : arena_printf(naming->arena, "%s_%d_%s", words, distance, side);
}

/* Joins `first` and the words of an operand by `between`. */
static const char *joined(const struct naming *naming, const char *first, const char *between,
                          const struct edge *second, bool alone)
{
    const char *words = first ? edge_words(naming, second, alone) : NULL;
    if (!words || strlen(first) + strlen(between) + strlen(words) > WORDS_MOST)
        return NULL;
    return arena_printf(naming->arena, "%s%s%s", first, between, words);
}

/* Returns words for a part of a static value: the value, and the owner of the equation; "W_T" for a transpose. */
static const char *view_words(const struct naming *naming, const struct node *node)
{
    const struct node *source = naming->graph->nodes[node->edges[0].node];
    const char *words = edge_words(naming, &node->edges[0], false);
    bool turned = node->shape.rank == 2 && node->view.stride[0] == 1 && node->view.stride[1] != 1;
    bool part = shape_size(&node->shape) < shape_size(&source->shape);
    if (words && part && strcmp(own_name(node), words) != 0)
        words = arena_printf(naming->arena, "%s_%s", words, own_name(node));
    return words && turned ? arena_printf(naming->arena, "%s_T", words) : words;
}

/* Returns words for an operation of two operands: "a_plus_b". */
static const char *infix_words(const struct naming *naming, const struct node *node)
{
    const struct edge *a = &node->edges[0], *b = &node->edges[1];
    const char *between =
        node->op == OP_product ? "_" : arena_printf(naming->arena, "_%s_", op_info(node->op)->infix.word);
    return joined(naming, edge_words(naming, a, false), between, b, false);
}

/* Returns words for a function, named after its first operand: "tanh_c", "layernorm_c", "total_d_b". */
static const char *function_words(const struct naming *naming, const struct node *node, bool alone)
{
    const struct op_info *info = op_info(node->op);
    bool first = node->count == 1 || info->class == OP_CLASS_COLUMN || info->class == OP_CLASS_OVER_TIME;
    if (!node->count)
        return info->id;
    bool product = naming->graph->nodes[node->edges[0].node]->op == OP_product; /* "layernorm_W_x" */
    return first ? joined(naming, info->id, "_", &node->edges[0], alone && product) : NULL;
}

/* Returns words for a node, or NULL if it would take too many. `alone`: it may be an operation of two operands. */
static const char *words_of(const struct naming *outer, int id, bool alone)
{
    struct naming inner = *outer, *naming = &inner;
    const struct node *node = naming->graph->nodes[id];
    if (node->name)
        return relative(node->name, naming->instance);
    if (++inner.depth > DEPTH_MOST)
        return NULL;
    if (node->op == OP_number)
        return number_word(node->number);
    if (node->op == OP_parameter)
        return relative(naming->graph->parameters[node->parameter].name, naming->instance);
    if (node->op == OP_view)
        return view_words(naming, node);
    if (node->op == OP_copy)
        return edge_words(naming, &node->edges[0], alone);
    if (node->op == OP_neg)
        return joined(naming, "minus", "_", &node->edges[0], false);
    if (node->op == OP_mul && edge_equal(&node->edges[0], &node->edges[1])) {
        const char *words = edge_words(naming, &node->edges[0], false);
        return words ? arena_printf(naming->arena, "%s_squared", words) : NULL;
    }
    if (node->op == OP_product || op_info(node->op)->infix.word)
        return alone ? infix_words(naming, node) : NULL;
    return function_words(naming, node, alone);
}

/* Returns by node whether it depends on the seeds of losses. */
static const bool *find_backward(const struct graph *graph, struct arena *scratch)
{
    bool *backward = ARENA_ARRAY(scratch, bool, graph->node_count + 1);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < graph->node_count; i++) {
            bool from = graph->nodes[i]->op == OP_seed;
            for (int k = 0; k < graph->nodes[i]->count; k++)
                from |= backward[graph->nodes[i]->edges[k].node];
            changed |= from && !backward[i];
            backward[i] |= from;
        }
    }
    return backward;
}

/* Returns a path with no dots behind its instance. */
static const char *flattened(const struct naming *naming, char *path)
{
    size_t length = strlen(naming->instance);
    for (char *c = path + length + (length > 0); *c; c++)
        if (*c == '.')
            *c = '_';
    return path;
}

/* Makes a path for a value without a name. */
static const char *make_path(struct naming *naming, int id, bool backward)
{
    const struct node *node = naming->graph->nodes[id];
    naming->instance = node->origin ? node->origin->instance : "";
    const char *words = words_of(naming, id, true), *inside = *naming->instance ? "." : "";
    if (words)
        return flattened(naming, arena_printf(naming->arena, "%s%s%s", naming->instance, inside, words));
    return arena_printf(naming->arena, "%s%s%s%s_%s", naming->instance, inside, backward ? "d_" : "", own_name(node),
                        time_has_streams(node->time) ? "in" : "static");
}

/* Returns the path, numbered if another value has it: "h1.one_minus_z_2". */
static const char *unique_path(struct unique *names, const char *path, struct arena *arena)
{
    const char *name = unique_name(names, path);
    return arena_printf(arena, "%s%s", path, name + strlen(path));
}

/* Returns the last value that a kernel computes. */
static int main_value(const struct kernel *kernel)
{
    return kernel->node_count ? kernel->nodes[kernel->node_count - 1]
                              : kernel->accumulators[kernel->accumulator_count - 1].result;
}

/* Names kernels after their main values: that of a sum into the gradient of a parameter after the parameter. */
static void name_kernels(struct schedule *schedule, const struct region *region, struct arena *arena)
{
    struct unique names;
    unique_init(&names, arena);
    for (int k = 0; k < region->kernel_count; k++) {
        int id = main_value(&region->kernels[k]);
        const struct buffer *buffer = &schedule->buffers[id];
        const char *path = schedule->names[id], *sum = "";
        if (buffer->storage == STORE_GRADIENT) {
            int parameter = schedule->graph->nodes[buffer->target]->parameter;
            path = schedule->graph->parameters[parameter].name;
            sum = "d_";
        }
        path = arena_printf(arena, "%s%s", sum, relative(path, region->instance));
        region->kernels[k].name = unique_name(&names, path);
    }
}

void name_values(struct schedule *schedule, struct arena *arena, struct arena *scratch)
{
    const struct graph *graph = schedule->graph;
    struct naming naming = {.graph = graph, .arena = scratch};
    struct unique names;
    unique_init(&names, scratch);
    const bool *backward = find_backward(graph, scratch);
    schedule->names = ARENA_ARRAY(arena, const char *, graph->node_count + 1);
    enum { NAMED, STORED, OTHERS, ROUNDS }; /* the first of a name has no number */
    for (int round = NAMED; round < ROUNDS; round++)
        for (int i = 0; i < graph->node_count; i++) {
            enum storage storage = schedule->buffers[i].storage;
            int own = storage == STORE_NONE || storage == STORE_GRADIENT ? OTHERS
                      : graph->nodes[i]->name                            ? NAMED
                                                                         : STORED;
            if (own != round || graph->nodes[i]->op == OP_number)
                continue;
            const char *path = graph->nodes[i]->name ? graph->nodes[i]->name : make_path(&naming, i, backward[i]);
            schedule->names[i] = unique_path(&names, path, arena);
        }
    for (int r = 0; r < schedule->region_count; r++)
        name_kernels(schedule, &schedule->regions[r], arena);
}
