/* For tests of files of Keras: HDF5 files, written here, and models of them. */
#ifndef RNNC_TESTS_KERAS_FILES_H
#define RNNC_TESTS_KERAS_FILES_H

#include "tools_fixture.h"

#include <hdf5.h>

#include "import/keras.h"

/* ---- HDF5 files ---- */

hid_t new_file(const char *path);

/* Writes a data set of rank 1 or 2, whose element k is (k + first) / 8, and the groups above it. */
void put_weight(hid_t file, const char *path, hsize_t rows, hsize_t columns, int first, hid_t type);
/* The same of rank 3, from 0 on. */
void put_weight_3(hid_t file, const char *path, const hsize_t *shape);

/* The weights of an LSTM of one unit over three features, and of a Dense of two units, as Keras 3 lays them out, and as
 * a model.h5 has them, with the model; `size` is that of texts, 0 where they have several. */
void put_grouped(hid_t file);
void put_named(hid_t file, const char *config, size_t size);

void put_config(const char *path, const char *config);

/* ---- models ---- */

#define SOFTMAX "\"activation\": \"softmax\"}}"

#define INPUT "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"frames\", \"batch_shape\": [null, null, 3]}}"
#define LSTM  "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"encoder\", \"units\": 1, \"activation\": \"tanh\", "
#define HEAD  "{\"class_name\": \"Dense\", \"config\": {\"name\": \"head\", \"units\": 2, " SOFTMAX
#define MODEL "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"listener\", \"layers\": ["
#define CONV                                                                                                           \
    "{\"class_name\": \"Conv1D\", \"config\": {\"name\": \"it\", \"filters\": 2, \"kernel_size\": [2], "               \
    "\"dilation_rate\": [3], \"activation\": \"relu\", "
#define SEPARABLE                                                                                                      \
    "{\"class_name\": \"SeparableConv1D\", \"config\": {\"name\": \"it\", \"filters\": 2, \"kernel_size\": [2], "      \
    "\"activation\": \"relu\", "
#define END    "]}}"
#define LAYERS MODEL INPUT ", " LSTM "\"recurrent_activation\": \"hard_sigmoid\"}}, " HEAD END

/* Imports an HDF5 file, as put_grouped() fills it, with this config. */
bool import_keras(struct fixture *fixture, const char *config, struct keras_network *network, const char **error);
/* Fails unless the import fails with these words. */
void refuses_keras(struct fixture *fixture, const char *config, const char *words);

#endif
