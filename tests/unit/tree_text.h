/* A tree as text without spans, for tests that compare trees: `h = r * U @ h` is
 * "(equation h (* r (@ U h)))". */
#ifndef RNNC_TESTS_TREE_TEXT_H
#define RNNC_TESTS_TREE_TEXT_H

struct arena;
struct tree;

/* Returns all definitions, one a line. */
const char *tree_text(struct arena *arena, const struct tree *tree);

#endif
