#include "base/scc.h"

#include "base/arena.h"

enum { UNSEEN = -1 };

struct search {
    const int *edge_begin, *edge_target;
    int *index;     /* order of discovery, or UNSEEN */
    int *low;       /* smallest index reachable through the stack */
    int *component; /* or UNSEEN while the node is open */
    int *open;      /* Tarjan's stack of nodes without a component */
    int open_count;
    int *path;      /* nodes between the root and where the search stands */
    int *next_edge; /* of each node on the path */
    int path_count;
    int discovered, components;
};

static void enter_node(struct search *search, int node)
{
    search->index[node] = search->low[node] = search->discovered++;
    search->open[search->open_count++] = node;
    search->next_edge[node] = search->edge_begin[node];
    search->path[search->path_count++] = node;
}

/* All edges of the node on top of the path have been followed: close its component if it is the root of one. */
static void leave_node(struct search *search)
{
    int node = search->path[--search->path_count];
    if (search->low[node] == search->index[node]) {
        int member;
        do {
            member = search->open[--search->open_count];
            search->component[member] = search->components;
        } while (member != node);
        search->components++;
    }
    if (search->path_count) {
        int parent = search->path[search->path_count - 1];
        if (search->low[node] < search->low[parent])
            search->low[parent] = search->low[node];
    }
}

int *scc_find(struct arena *arena, int node_count, const int *edge_begin, const int *edge_target, int *component_count)
{
    struct search search = {.edge_begin = edge_begin, .edge_target = edge_target};
    search.index = ARENA_ARRAY(arena, int, node_count + 1);
    search.low = ARENA_ARRAY(arena, int, node_count + 1);
    search.component = ARENA_ARRAY(arena, int, node_count + 1);
    search.open = ARENA_ARRAY(arena, int, node_count + 1);
    search.path = ARENA_ARRAY(arena, int, node_count + 1);
    search.next_edge = ARENA_ARRAY(arena, int, node_count + 1);
    for (int i = 0; i < node_count; i++)
        search.index[i] = search.component[i] = UNSEEN;
    for (int root = 0; root < node_count; root++) {
        if (search.index[root] != UNSEEN)
            continue;
        enter_node(&search, root);
        while (search.path_count) {
            int node = search.path[search.path_count - 1];
            if (search.next_edge[node] == edge_begin[node + 1]) {
                leave_node(&search);
                continue;
            }
            int target = edge_target[search.next_edge[node]++];
            if (search.index[target] == UNSEEN)
                enter_node(&search, target);
            else if (search.component[target] == UNSEEN && search.index[target] < search.low[node])
                search.low[node] = search.index[target];
        }
    }
    *component_count = search.components;
    return search.component;
}
