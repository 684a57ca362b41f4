#include "analysis/components.h"

#include "base/arena.h"
#include "base/scc.h"
#include "base/text.h"

/* Returns the component of each node. Edges lead from readers to sources, so that sources get the lower numbers. */
static int *number_components(const struct graph *graph, struct arena *arena, struct arena *scratch, int *count)
{
    int n = graph->node_count, edges = 0;
    for (int i = 0; i < n; i++)
        edges += 2 * graph->nodes[i]->count;
    int *begin = ARENA_ARRAY(scratch, int, n + 1), *target = ARENA_ARRAY(scratch, int, edges + 1);
    edges = 0;
    for (int i = 0; i < n; i++) {
        begin[i] = edges;
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            target[edges++] = edge->node;
            if (edge->init != NO_NODE)
                target[edges++] = edge->init;
        }
    }
    begin[n] = edges;
    return arena_grow(arena, scc_find(scratch, n, begin, target, count), (size_t)n, sizeof(int), (size_t)n + 1);
}

/* Moves nodes that have sunk into the components of their readers, and numbers components anew. Those of a node's
 * operands stay lower than its own: they were lower than its reader's. */
static int join_sunk_nodes(const struct graph *graph, int *of, int count, struct arena *scratch)
{
    for (int i = graph->node_count - 1; i >= 0; i--)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            if (graph->nodes[graph->nodes[i]->edges[k].node]->sunk)
                of[graph->nodes[i]->edges[k].node] = of[i];
    int *number = ARENA_ARRAY(scratch, int, count + 1), joined = 0;
    for (int i = 0; i < graph->node_count; i++)
        number[of[i]] = 1;
    for (int c = 0; c < count; c++)
        number[c] = number[c] ? joined++ : -1;
    for (int i = 0; i < graph->node_count; i++)
        of[i] = number[of[i]];
    return joined;
}

bool edge_needs_all_units(const struct graph *graph, const struct node *reader, const struct edge *edge)
{
    return !node_works_by_units(reader) || !edge_is_whole(graph, edge) || edge->length != node_units(reader);
}

static void describe_cycles(const struct graph *graph, struct components *components)
{
    for (int i = 0; i < components->count; i++)
        components->component[i].elementwise = true;
    for (int i = 0; i < graph->node_count; i++) {
        struct component *component = &components->component[components->of[i]];
        component->node_count++;
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            if (components->of[edge->node] != components->of[i] || graph->nodes[edge->node]->sunk)
                continue;
            component->cyclic = true;
            int distance = edge->delay < 0 ? -edge->delay : edge->delay;
            component->reversed |= edge->delay < 0;
            if (distance && (!component->delay || distance < component->delay))
                component->delay = distance;
            if (edge_needs_all_units(graph, graph->nodes[i], edge))
                component->elementwise = false;
        }
    }
    for (int i = 0; i < components->count; i++)
        components->component[i].elementwise &= components->component[i].cyclic;
}

static void list_members(const struct graph *graph, struct arena *arena, struct components *components)
{
    int n = graph->node_count;
    int *begin = ARENA_ARRAY(arena, int, components->count + 2), *member = ARENA_ARRAY(arena, int, n + 1);
    for (int i = 0; i < n; i++)
        begin[components->of[i] + 2]++;
    for (int c = 2; c <= components->count + 1; c++)
        begin[c] += begin[c - 1];
    for (int i = 0; i < n; i++)
        member[begin[components->of[i] + 1]++] = i;
    components->begin = begin;
    components->member = member;
}

/* Computes the stage of each component, sources first. */
static void place_stages(const struct graph *graph, struct components *components)
{
    for (int c = 0; c < components->count; c++) {
        struct component *component = &components->component[c];
        for (int m = components->begin[c]; m < components->begin[c + 1]; m++) {
            const struct node *node = graph->nodes[components->member[m]];
            for (int k = 0; k < node->count; k++) {
                const struct component *source = &components->component[components->of[node->edges[k].node]];
                int stage = source->stage + (source->cyclic && !component->cyclic);
                if (source != component && stage > component->stage)
                    component->stage = stage;
            }
        }
    }
}

struct components find_components(const struct graph *graph, struct arena *arena, struct arena *scratch)
{
    struct components components = {.version = graph->version};
    int *of = number_components(graph, arena, scratch, &components.count);
    components.count = join_sunk_nodes(graph, of, components.count, scratch);
    components.of = of;
    components.component = ARENA_ARRAY(arena, struct component, components.count + 1);
    describe_cycles(graph, &components);
    list_members(graph, arena, &components);
    place_stages(graph, &components);
    return components;
}

void components_print(const struct graph *graph, const struct components *components, struct text *out)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct component *component = &components->component[components->of[i]];
        if (graph->nodes[i]->op == OP_number)
            continue;
        text_printf(out, "%%%d %s: component %d, stage %d%s\n", i, graph->nodes[i]->name ? graph->nodes[i]->name : "",
                    components->of[i], component->stage,
                    component->elementwise ? ", elementwise cycle"
                    : component->cyclic    ? ", cycle"
                                           : "");
    }
}
