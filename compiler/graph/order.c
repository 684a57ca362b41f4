/* Topological order over the edges that bind within a frame: those without delay, and initial values. */
#include "base/arena.h"
#include "graph/graph.h"

/* Nodes that become ready wait in a heap by number, so that the order stays close to the numbering. */
struct heap {
    int *items;
    int count;
};

static void heap_push(struct heap *heap, int item)
{
    int i = heap->count++;
    for (; i && heap->items[(i - 1) / 2] > item; i = (i - 1) / 2)
        heap->items[i] = heap->items[(i - 1) / 2];
    heap->items[i] = item;
}

static int heap_pop(struct heap *heap)
{
    int top = heap->items[0], last = heap->items[--heap->count], i = 0;
    for (int child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child])
            child++;
        if (heap->items[child] >= last)
            break;
        heap->items[i] = heap->items[child];
    }
    heap->items[i] = last;
    return top;
}

/* The (at most two) nodes that must come before the reader of `edge`. */
static int edge_binds(const struct edge *edge, int sources[2])
{
    int count = 0;
    if (edge->delay == 0)
        sources[count++] = edge->node;
    if (edge->init != NO_NODE)
        sources[count++] = edge->init;
    return count;
}

int *graph_order(const struct graph *graph, struct arena *scratch)
{
    int n = graph->node_count, sources[2];
    int *waits = ARENA_ARRAY(scratch, int, n + 1), *reader_begin = ARENA_ARRAY(scratch, int, n + 2);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            for (int s = edge_binds(&graph->nodes[i]->edges[k], sources); s-- > 0;) {
                waits[i]++;
                reader_begin[sources[s] + 2]++;
            }
    for (int i = 2; i <= n + 1; i++)
        reader_begin[i] += reader_begin[i - 1];
    int *readers = ARENA_ARRAY(scratch, int, reader_begin[n + 1] + 1);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            for (int s = edge_binds(&graph->nodes[i]->edges[k], sources); s-- > 0;)
                readers[reader_begin[sources[s] + 1]++] = i;

    struct heap ready = {ARENA_ARRAY(scratch, int, n + 1), 0};
    int *order = ARENA_ARRAY(scratch, int, n + 1), count = 0;
    for (int i = 0; i < n; i++)
        if (!waits[i])
            heap_push(&ready, i);
    while (ready.count) {
        int node = heap_pop(&ready);
        order[count++] = node;
        for (int r = reader_begin[node]; r < reader_begin[node + 1]; r++)
            if (--waits[readers[r]] == 0)
                heap_push(&ready, readers[r]);
    }
    return count == n ? order : NULL;
}
