/* Groups: sets of nodes that are to be one kernel, by union-find. */
#include "schedule/kernels.h"

int find_group(int *parent, int node)
{
    while (parent[node] != node)
        node = parent[node] = parent[parent[node]];
    return node;
}

void unite_groups(int *parent, int a, int b)
{
    a = find_group(parent, a);
    b = find_group(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

void link_groups(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = region->node_count - 1; i >= 0; i--)
        choosing->first[region->nodes[i]] = -1;
    for (int i = region->node_count - 1; i >= 0; i--) {
        int id = region->nodes[i], root = find_group(choosing->group, id);
        choosing->next[id] = choosing->first[root];
        choosing->first[root] = id;
    }
}
