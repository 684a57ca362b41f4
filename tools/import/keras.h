/* Networks of Keras as programs of rnnc: https://keras.io/api/layers/
 *
 * Layers become those of std.keras, or equations where it has none. Files are those of Keras 3 (model.keras, and
 * model.weights.h5 with what model.to_json() gives) and of all versions (model.h5).
 */
#ifndef RNN_TOOLS_IMPORT_KERAS_H
#define RNN_TOOLS_IMPORT_KERAS_H

#include <stdbool.h>

struct arena;
struct array;

struct keras_network {
    const char *program;
    struct array *weights; /* under the program's names */
    int weight_count;
    const char *note; /* on how to call it, or NULL */
};

/* `config`: a file with the text of model.to_json(), or NULL where the weights' file has it. False, with a sentence
 * that names the file and, where there is one, the layer, if the file is damaged or the network cannot be written as a
 * program. Always false where rnn was built without HDF5. */
bool keras_import(struct arena *arena, const char *path, const char *config, struct keras_network *network,
                  const char **error);

#endif
