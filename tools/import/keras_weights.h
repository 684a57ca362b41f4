/* Weights in HDF5 files of Keras. There are two ways in which they lie:
 *
 *   Keras 3, model.weights.h5 and what is in a .keras file: layers/GROUP/PART/vars/I, where GROUP is the layer's class
 *   in snake case with the count of layers of this class before it (lstm, lstm_1), PART what is inside the layer (cell,
 *   forward_layer/cell), and I counts the weights of the part
 *
 *   model.h5, of all versions: model_weights/NAME, where NAME is the layer's, or NAME at the top in files of weights
 *   alone; its attribute weight_names lists the paths of all weights in it, in their order
 *
 * keras/src/saving/saving_lib.py and keras/src/legacy/saving/legacy_h5_format.py in
 * https://github.com/keras-team/keras */
#ifndef RNN_TOOLS_IMPORT_KERAS_WEIGHTS_H
#define RNN_TOOLS_IMPORT_KERAS_WEIGHTS_H

#include <stdbool.h>

struct arena;
struct array;
struct text;
struct keras_weights;

/* Where a weight is, in both ways. */
struct keras_place {
    const char *group, *name; /* of the layer */
    const char *part;         /* "", "cell/", "forward_layer/cell/": the part with a slash behind it */
    int i;                    /* in the part */
    int index;                /* in the layer */
};

/* Opens the content of a file, which has to stay; `path` is for messages. False, with a sentence, if it is damaged or
 * not Keras's. What is opened has to be closed, also after errors. */
bool keras_weights_open(struct arena *arena, const char *path, const struct text *content,
                        struct keras_weights **weights, const char **error);
/* True if HDF5 has failed because it got no memory. */
bool keras_weights_starved(const struct keras_weights *weights);

void keras_weights_close(struct keras_weights *weights);

/* A text that the file has beside its weights, "model_config" or "keras_version"; NULL: none. */
const char *keras_weights_text(struct keras_weights *weights, const char *name);

/* Reads a weight into an array, which has rank and shape; data is set. The error names the weight, but no file. */
bool keras_weights_read(struct keras_weights *weights, const struct keras_place *place, struct array *array,
                        const char **error);

#endif
