/* A graph by hand to break in one place, and the judge of each. */
#ifndef TEST_BROKEN_GRAPH_H
#define TEST_BROKEN_GRAPH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "graph/graph.h"

struct fixture {
    struct arena *arena;
    struct graph *graph;
};

static int free_graph(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    test_free(fixture);
    return 0;
}

static struct node *node_of(void **state, int id) { return ((struct fixture *)*state)->graph->nodes[id]; }
static struct edge *edge_of(void **state, int id, int k) { return &node_of(state, id)->edges[k]; }

/* The verifier says this of the graph. */
static void expect_wrong(void **state, const char *wanted)
{
    struct fixture *fixture = *state;
    const char *found = graph_verify(fixture->graph, fixture->arena);
    assert_non_null(found);
    assert_string_equal(found, wanted);
}

#endif
