/* Smaller versions of a program: each edit takes something out of it. */
#ifndef PROPERTY_EDIT_H
#define PROPERTY_EDIT_H

struct arena;

/* Returns the program after edit number `number` (from 0), or NULL if it has not as many. The result need not be a
 * correct program. */
const char *edit_program(struct arena *arena, const char *text, int number);

/* Inside: takes out everything in the definition that no output needs, over any number of steps. */
struct tree_definition;
void remove_idle(struct tree_definition *definition);

/* Takes item i out of an array of `count`. */
#define REMOVE(items, count, i) (memmove(&(items)[i], &(items)[(i) + 1], (size_t)(--(count) - (i)) * sizeof *(items)))

#endif
