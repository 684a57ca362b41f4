/* Curves of a training, and their picture. A curve of any number of steps keeps a bounded number of points: each is the
 * mean of as many values as all others, and when there are too many, neighbours are merged. */
#ifndef RNN_TOOLS_CURVE_H
#define RNN_TOOLS_CURVE_H

#include <stdbool.h>

struct arena;
struct array;

enum { CURVE_POINTS = 512 };

struct curve {
    int count;
    double x[CURVE_POINTS], y[CURVE_POINTS];
    double stride;             /* values that a point is the mean of */
    double sum, last, waiting; /* of values not yet in a point: their sum, the newest x, and how many they are */
};

void curve_start(struct curve *curve);
void curve_add(struct curve *curve, double x, double y); /* numbers that are not finite are left out */

/* Convert to an array [2 + count, 2], for checkpoints, and back; false if it is not such an array. */
struct array curve_array(struct arena *arena, const struct curve *curve, const char *name);
bool curve_restore(struct curve *curve, const struct array *array);

/* One line of a picture. */
struct curve_line {
    const char *name, *colour;
    const struct curve *curve;
};

/* Draws the lines over the same axes, as a whole file or not at all. Lines without points are left out. */
bool curve_draw(struct arena *arena, const char *path, const char *title, const char *x_name, const char *y_name,
                const struct curve_line *lines, int count, const char **error);

#endif
