/* compare_arrays: whether the arrays of two files agree.
 *   compare_arrays A B TOLERANCE
 * The difference of two arrays of a name is its largest, relative to the largest number of that array, or to a tenth of
 * the largest number in the file, where that is more: what should stay 0 has nothing but rounding. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"

struct file {
    const char *path;
    struct array *arrays;
    int count;
};

static double largest_of(const struct array *array)
{
    double largest = 0;
    for (long i = 0; i < array_size(array); i++)
        largest = fmax(largest, fabs(array->data[i]));
    return largest;
}

/* Returns the difference of two arrays, NaN if they cannot be compared. */
static double difference_of(const struct array *a, const struct array *b)
{
    double most = 0;
    if (a->rank != b->rank || memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) != 0)
        return NAN;
    for (long i = 0; i < array_size(a); i++) {
        const double difference = fabs(a->data[i] - b->data[i]);
        if (isnan(difference))
            return NAN;
        most = fmax(most, difference);
    }
    return most;
}

static int compare(const struct file *a, const struct file *b, double tolerance)
{
    double largest = 0, worst = 0;
    int wrong = a->count != b->count || a->count == 0;
    for (int i = 0; i < a->count; i++)
        largest = fmax(largest, largest_of(&a->arrays[i]));
    for (int i = 0; i < a->count && i < b->count; i++) {
        const double scale = fmax(largest_of(&a->arrays[i]), largest / 10);
        double difference = difference_of(&a->arrays[i], &b->arrays[i]);
        if (difference > 0)
            difference /= scale;
        if (strcmp(a->arrays[i].name, b->arrays[i].name) != 0 || !(difference <= tolerance)) {
            printf("'%s' differs by %g, more than %g\n", a->arrays[i].name, difference, tolerance);
            wrong = 1;
        }
        worst = isnan(difference) ? INFINITY : fmax(worst, difference);
    }
    printf("%d arrays, difference %.3g\n", a->count, worst);
    return wrong;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct file files[2] = {{0}};
    const char *error = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: compare_arrays A B TOLERANCE\n");
        return 2;
    }
    for (int i = 0; i < 2 && !error; i++)
        arrays_read(arena, argv[i + 1], &files[i].arrays, &files[i].count, &error);
    if (error)
        fprintf(stderr, "compare_arrays: %s\n", error);
    int status = error ? 2 : compare(&files[0], &files[1], strtod(argv[3], NULL));
    arena_free(arena);
    return status;
}
