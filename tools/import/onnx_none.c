/* rnn without protobuf-c, which reads ONNX's files. */
#include "base/arena.h"
#include "import/onnx.h"

bool onnx_import(struct arena *arena, const char *path, struct onnx_network *network, const char **error)
{
    (void)network;
    *error = arena_printf(arena,
                          "'%s': this rnn was built without protobuf-c and reads no ONNX files; install "
                          "libprotobuf-c-dev and protobuf-c-compiler and build it again with RNNC_ONNX=ON",
                          path);
    return false;
}
