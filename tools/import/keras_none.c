#include "base/arena.h"
#include "import/keras.h"

bool keras_import(struct arena *arena, const char *path, const char *config, struct keras_network *network,
                  const char **error)
{
    (void)config;
    *network = (struct keras_network){.program = NULL};
    *error = arena_printf(arena,
                          "'%s': this rnn was built without HDF5, which reads Keras's files: install libhdf5-dev "
                          "and build it again with -DRNNC_KERAS=ON",
                          path);
    return false;
}
