/* rnn without protobuf-c, which reads ONNX's files. */
#include "base/arena.h"
#include "import/onnx.h"

static bool refuse(struct arena *arena, const char *path, const char **error)
{
    *error = arena_printf(arena,
                          "'%s': this rnn was built without protobuf-c and reads no ONNX files; install "
                          "libprotobuf-c-dev and protobuf-c-compiler and build it again with RNNC_ONNX=ON",
                          path);
    return false;
}

bool onnx_import(struct arena *arena, const char *path, const struct array *given, int given_count,
                 struct onnx_network *network, const char **error)
{
    (void)given;
    (void)given_count;
    (void)network;
    return refuse(arena, path, error);
}

bool onnx_check(struct arena *arena, const char *path, const struct onnx_check *check, const char **error)
{
    (void)check;
    return refuse(arena, path, error);
}
