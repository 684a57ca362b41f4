/* Strongly connected components of a directed graph of integers, by Tarjan's algorithm (SIAM J. Comput. 1(2), 1972)
 * with an explicit stack. */
#ifndef RNNC_BASE_SCC_H
#define RNNC_BASE_SCC_H

struct arena;

/* The component of each of `node_count` nodes. Node u's edges go to edge_target[edge_begin[u]] ..
 * edge_target[edge_begin[u+1] - 1]. Components are numbered in reverse topological order: an edge u -> v between
 * different components has component[u] > component[v]. *component_count receives their number. */
int *scc_find(struct arena *arena, int node_count, const int *edge_begin, const int *edge_target, int *component_count);

#endif
