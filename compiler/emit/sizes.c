/* Names of sizes: enumerators of the emitted code, after the program's dimensions and constants. If the instance of a
 * value, or one around it, has a name for the value's size, that name is written for the number. */
#include <string.h>

#include "emit/emitter.h"

/* Returns an enumerator: "lstm_n", "lm_h1_n"; a longer name gets "size", so that it differs from all others of the
 * file: "lstm_size_units". */
static const char *enumerator(const struct emitter *emitter, const char *path)
{
    const char *last = last_name(path);
    bool plain = strlen(last) <= 2 && strcmp(last, "at") != 0 && strncmp(path, "test.", 5) != 0; /* see self_test.c */
    char *name = arena_printf(emitter->arena, "%s_%s%s", emitter->owner, plain ? "" : "size_", path);
    for (char *c = name; *c; c++)
        if (*c == '.')
            *c = '_';
    return name;
}

void name_enumerators(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    struct unique names;
    unique_init(&names, emitter->arena);
    emitter->sizes = ARENA_ARRAY(emitter->arena, const char *, graph->size_count + 1);
    map_init(&emitter->named_sizes, emitter->arena);
    for (int i = 0; i < graph->size_count; i++) {
        const struct graph_size *size = &graph->sizes[i];
        char *name = arena_printf(emitter->arena, "%s", unique_name(&names, enumerator(emitter, size->path)));
        const char *within = arena_printf(emitter->arena, "%s %d", size->instance, size->size);
        emitter->sizes[i] = name;
        map_put(&emitter->named_sizes, size->path, name);
        if (!map_get(&emitter->named_sizes, within)) /* the first one names the number */
            map_put(&emitter->named_sizes, within, name);
    }
}

void emit_sizes(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    if (!graph->size_count)
        return;
    text_puts(emitter->out, "/* Sizes, after the program's names for them. */\nenum {\n");
    for (int i = 0; i < graph->size_count; i++)
        text_printf(emitter->out, "    %s = %d%s\n", emitter->sizes[i], graph->sizes[i].size,
                    i + 1 < graph->size_count ? "," : "");
    text_puts(emitter->out, "};\n\n");
}

const char *named_size(const struct emitter *emitter, const char *path, int size)
{
    const char *name = path ? map_get(&emitter->named_sizes, path) : NULL;
    return name ? name : arena_printf(emitter->arena, "%d", size);
}

/* Returns a number under the name that it has in an instance, of which `length` letters count, or around it. */
static const char *instance_size(const struct emitter *emitter, const char *instance, int length, long size)
{
    for (; size > 1 && length >= 0; length--) {
        const char *name = NULL;
        if (!instance[length] || instance[length] == '.' || length == 0)
            name = map_get(&emitter->named_sizes, arena_printf(emitter->arena, "%.*s %ld", length, instance, size));
        if (name)
            return name;
    }
    return arena_printf(emitter->arena, "%ld", size);
}

const char *node_size(const struct emitter *emitter, int id, long size)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *instance = node->origin ? node->origin->instance : "";
    if (node->op == OP_input && size == node_units(node) && emitter->graph->inputs[node->input].size_name)
        return named_size(emitter, emitter->graph->inputs[node->input].size_name, (int)size);
    return instance_size(emitter, instance, (int)strlen(instance), size);
}

/* Returns how many letters of a path, of which `length` count, lead to the instance of a node too. */
static int shared_length(const struct emitter *emitter, const char *path, int length, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *own = node->origin ? node->origin->instance : "";
    while (length && !(strncmp(path, own, (size_t)length) == 0 && (!own[length] || own[length] == '.')))
        do
            length--;
        while (length && path[length] != '.');
    return length;
}

const char *kernel_size(const struct emitter *emitter, const struct kernel *kernel)
{
    int first = kernel->accumulator_count ? kernel->accumulators[0].result : kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[first];
    const char *instance = node->origin ? node->origin->instance : "";
    int length = (int)strlen(instance);
    for (int i = 0; i < kernel->accumulator_count; i++)
        length = shared_length(emitter, instance, length, kernel->accumulators[i].result);
    for (int i = 0; i < kernel->node_count; i++)
        length = shared_length(emitter, instance, length, kernel->nodes[i]);
    return instance_size(emitter, instance, length, kernel->units);
}

const char *parameter_size(const struct emitter *emitter, int id, int dimension)
{
    const struct node *node = emitter->graph->nodes[id];
    const struct graph_parameter *parameter =
        node->op == OP_parameter ? &emitter->graph->parameters[node->parameter] : NULL;
    return named_size(emitter, parameter ? parameter->size_names[dimension] : NULL, node->shape.dim[dimension]);
}

const char *table_text(const struct emitter *emitter, int id)
{
    const struct node *table = emitter->graph->nodes[id];
    int parameter = table->edges[0].node;
    return arena_printf(emitter->arena, "%s, %s, %s", storage_text((enum precision)table->storage),
                        parameter_size(emitter, parameter, 0), parameter_size(emitter, parameter, 1));
}

const char *value_size(const struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    if (node->op != OP_parameter || node->shape.rank < 2)
        return node_size(emitter, id, shape_size(&node->shape));
    struct text text;
    text_init(&text, emitter->arena);
    for (int d = 0; d < node->shape.rank; d++)
        text_printf(&text, "%s%s", d ? " * " : "", parameter_size(emitter, id, d));
    return text.data;
}

const char *size_in_bytes(const struct emitter *emitter, const char *size)
{
    return strcmp(size, "1") == 0 ? "sizeof(rnn_real)" : arena_printf(emitter->arena, "%s * sizeof(rnn_real)", size);
}

const char *kernel_batch(const struct emitter *emitter, const struct kernel *kernel, const char *rows)
{
    const char *units = kernel_size(emitter, kernel);
    return kernel->panel_rows == kernel->accumulator_count
               ? arena_printf(emitter->arena, "RNN_BATCH(%s, %s)", rows, units)
               : arena_printf(emitter->arena, "RNN_BATCH_OF(%s * RNN_SIDE(%d, %s))", rows, kernel->panel_rows, units);
}
