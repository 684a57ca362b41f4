/* Arrays by name, from the files of a command line, for inputs and targets.
 *
 *     FILE         every array of a .npz or .safetensors file, and every column of a .csv file, under its own name; a
 *                  file without names is for the only input, where nothing else is asked for
 *     NAME=FILE    the array or columns of that name, else the only array of the file
 *
 * The first line of a .csv file may name its columns. Those of a vector are x.0, x.1, ... or x[0], x[1], ... */
#ifndef RNN_TOOLS_SOURCES_H
#define RNN_TOOLS_SOURCES_H

#include "data/array.h"
#include "rnn/model.h"

struct arena;

/* An array, the name that it is for, and the file that it is from. */
struct source {
    const char *name, *path;
    const struct array *array;
    bool by_name; /* given as NAME=FILE */
};

struct sources {
    struct arena *arena;
    const char *option; /* "--data", for messages */
    const rnn_model *model;
    const rnn_tensor *targets; /* that are asked for besides the inputs */
    int target_count;
    struct source *items;
    int count, capacity;
    const char *unused; /* a sentence on the arrays that nothing asks for; NULL: there are none */
    const char **error;
};

/* Reads the files into `items`. False, with a sentence, if a file cannot be read, has nothing that is asked for, or has
 * a name that looks like a misspelt one that is missing. */
bool sources_read(struct sources *sources, const char *const *files, int count);

/* The array for that name; one that was given as NAME=FILE goes before one of a file. NULL: none. */
const struct source *sources_find(const struct sources *sources, const char *name);

/* The sentence on an input or target that no array is for. */
const char *sources_explain_missing(const struct sources *sources, const char *what, const char *name);

#endif
