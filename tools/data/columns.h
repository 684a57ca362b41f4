/* The columns of a .csv file whose first line names them, as arrays: "x,y.0,y.1" or "x,y[0],y[1]" are x of one column
 * and y of two. A column without a name is in none of them. */
#ifndef RNN_TOOLS_DATA_COLUMNS_H
#define RNN_TOOLS_DATA_COLUMNS_H

#include "data/array.h"

/* The names of the parts, in the order of their first columns. */
void columns_names(struct arena *arena, const struct array *array, const char ***names, int *count);

/* The part of that name, of rank 2. False, with a sentence, if it has a column twice, lacks one, or has
 * one that is not of numbers. */
bool columns_take(struct arena *arena, const char *path, const struct array *array, const char *name,
                  struct array *part, const char **error);

/* True if all columns are of numbers, so that the array can be used as a whole. */
bool columns_check(const struct array *array, const char **error);

const char *columns_print(struct arena *arena, const struct array *array); /* "'a', 'b'", of many the first few */

/* True if a file of this name can have names of columns. */
bool columns_can_be_named(const char *path);

#endif
