/* Arrays, as data files hold them. Whatever the type in the file, the numbers are doubles in memory, row-major.
 *
 * The kind of a file follows from the end of its name:
 *   .npy          one array; numpy's format, versions 1 to 3; little-endian f2, f4, f8, i1, u1, i2, i4, i8 and b1 in C
 *                 or Fortran order. Written: f4, f8, i4, i8 in C order
 *   .npz          read only: any number of arrays with names, each as in a .npy file; numpy.savez and savez_compressed
 *   .csv          one array of rank 2: a line is a row, its fields are separated by commas. A first line may name the
 *                 columns, of which those that are not of numbers then cannot be used; quotes may stand around a
 *                 field; a byte order mark of UTF-8, empty lines and comments, which begin with #, are skipped.
 *                 Written: the first dimension is the lines, the others the fields; rows without elements are empty
 *                 lines, which are not read back
 *   .safetensors  any number of arrays with names; see rnn/weights.h
 *
 * A function that returns false has set *error to a sentence that names the file and a remedy. */
#ifndef RNN_TOOLS_DATA_ARRAY_H
#define RNN_TOOLS_DATA_ARRAY_H

#include <stdbool.h>

struct arena;

enum array_type { ARRAY_F32, ARRAY_F64, ARRAY_I32, ARRAY_I64 };

enum { ARRAY_MAX_RANK = 4 };

struct array {
    const char *name; /* in a .safetensors or .npz file, else NULL */
    enum array_type type;
    int rank;
    long shape[ARRAY_MAX_RANK];
    double *data;
    const char *problem;        /* a sentence on why an array of a file of many cannot be read; NULL: it is read */
    const char *const *columns; /* [shape[1]]: their names in the first line of a .csv file; NULL: none */
    const char *const *wrong;   /* with columns: the sentence about the first element that is not a number, or NULL */
};

long array_size(const struct array *array);                                           /* number of elements */
const char *array_shape_text(struct arena *arena, const struct array *array);         /* "[20, 3]" */
const char *array_place_text(struct arena *arena, const struct array *array, long i); /* of element i: "[19, 2]" */

/* Sets rank and shape; false if the number of elements does not fit into memory. No product of dimensions overflows,
 * even where another dimension is 0. */
bool array_set_shape(struct array *array, int rank, const long *shape);

/* All arrays of a file: one, or those of a file that holds names. Of the latter, one that cannot be read, as strings
 * cannot, is not an error, as nobody may ask for it: it has a name and a problem. */
bool arrays_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error);

/* Writes the file as a whole or not at all. Several arrays go only into a .safetensors file. */
bool arrays_write(struct arena *arena, const char *path, const struct array *arrays, int count, const char **error);

/* True if a file of this name holds arrays under names. */
bool file_holds_names(const char *path);

/* True if arrays can be written to a file of this name: its kind and its folder allow it. */
bool file_takes_arrays(struct arena *arena, const char *path, const char **error);

/* True if the name ends as that of a data file. */
bool file_is_data(const char *path);

struct text;

/* The kinds. npy_parse takes the content of a file; `path` is for messages. */
bool npy_parse(struct arena *arena, const char *path, const struct text *text, struct array *array, const char **error);
bool npz_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error);
bool npy_read(struct arena *arena, const char *path, struct array *array, const char **error);
bool npy_write(struct arena *arena, const char *path, const struct array *array, const char **error);
bool csv_read(struct arena *arena, const char *path, struct array *array, const char **error);
bool csv_write(struct arena *arena, const char *path, const struct array *array, const char **error);
bool safetensors_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error);
bool safetensors_write(struct arena *arena, const char *path, const struct array *arrays, int count,
                       const char **error);

#endif
