/* Networks in ONNX's files as programs of rnnc: https://onnx.ai/onnx/operators/
 *
 * LSTM, GRU and RNN become cells of std.onnx; Gemm, MatMul, Add, Sub, Mul, Div, Softmax and functions of elements
 * become equations; Squeeze, Transpose and Reshape are understood where they move only the axes of frames, sequences
 * and directions, which a program does not write.
 */
#ifndef RNN_TOOLS_IMPORT_ONNX_H
#define RNN_TOOLS_IMPORT_ONNX_H

#include <stdbool.h>

struct arena;
struct array;

struct onnx_network {
    const char *program;
    struct array *weights; /* under the program's names */
    int weight_count;
};

/* False, with a sentence that names the file and, where there is one, the node, if the file is damaged or the network
 * cannot be written as a program. Always false where rnn was built without protobuf-c. */
bool onnx_import(struct arena *arena, const char *path, struct onnx_network *network, const char **error);

#endif
