/* For tests of the graph and of later stages: a program's text in, equations or a schedule out. */
#ifndef TEST_GRAPH_CHECK_H
#define TEST_GRAPH_CHECK_H

#include "graph/graph.h"

struct lowered {
    struct arena *arena;
    struct graph *graph;
};

/* Runs build-graph and verifies the graph. The program must be correct. */
struct lowered lower_program(const char *text);
/* Does the same for the graph of its losses. */
struct lowered lower_training(const char *text);
void lowered_free(struct lowered *lowered);

/* The graph as equations that do not show how nodes are numbered: one for each named node, and one for each unnamed
 * node that has several readers (u1, u2, ...), in the order in which the outputs need them. All else stands where it is
 * read:
 *
 *     h = tanh(((b + (W @ x)) + (U @ h[t-1 or h0])))
 *
 * A view is written as `W{4x3 from 4 by 7 1}`, an output whose node has another name as `output y = h`. */
const char *graph_equations(const struct lowered *lowered);

/* Fails the test, printing both, unless the graph is verified and these are its equations; `lines` ends with NULL. */
void expect_equations(const struct lowered *lowered, const char *const *lines);

/* Returns the node called `name`; fails the test if there is none. */
int node_called(const struct lowered *lowered, const char *name);

void expect_verified(const struct lowered *lowered);

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
