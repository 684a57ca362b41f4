/* Networks in ONNX's files as programs of rnnc: https://onnx.ai/onnx/operators/
 *
 * LSTM, GRU and RNN become cells of std.onnx; products, arithmetic, functions, embeddings, normalisation, convolution
 * over time and the bodies of Scan become equations; what only moves axes of frames, sequences and directions, which a
 * program does not write, leaves no trace; what is computed of constants is computed here.
 */
#ifndef RNN_TOOLS_IMPORT_ONNX_H
#define RNN_TOOLS_IMPORT_ONNX_H

#include <stdbool.h>

#include "base/text.h"
#include "data/array.h"

enum { ONNX_MAX_AXES = 10 };

/* An input or output of the graph. */
struct onnx_port {
    const char *name;    /* in the graph */
    const char *program; /* in the program; NULL: not in it */
    enum { ONNX_UNUSED, ONNX_CONSTANT, ONNX_REAL, ONNX_ID, ONNX_LENGTH } role;
    char axes[ONNX_MAX_AXES]; /* T, N, D, F, 1 as in onnx_graph.h */
    long size;                /* features of all directions */
    int directions;
    long vocabulary;            /* of ids */
    int type;                   /* TensorProto.DataType */
    int rank;                   /* -1: not known */
    long shape[ARRAY_MAX_RANK]; /* 0: any */
    bool written;               /* an equation has the name of this output */
    bool begins;                /* it is an initial state, which has D before or behind N */
    bool batch_first;           /* N before D, there */
    const struct array *given;  /* its numbers in reference data, or NULL */
};

struct onnx_network {
    const char *program;
    struct array *weights; /* under the program's names */
    int weight_count;
    struct onnx_port *inputs, *outputs; /* inputs without initializers */
    int input_count, output_count;
    const char *note; /* on what it computes, or NULL */
};

/* False, with a sentence that names the file and, where there is one, the node, if the file is damaged or the network
 * cannot be written as a program. Always false where rnn was built without protobuf-c. `given`: NULL, or the inputs'
 * numbers, [given_count], as reference data has them; then weights may be inputs. */
bool onnx_import(struct arena *arena, const char *path, const struct array *given, int given_count,
                 struct onnx_network *network, const char **error);

/* The same of the content of a file; `path` is for messages, and says in which folder other files of numbers are. */
bool onnx_import_content(struct arena *arena, const char *path, const struct text *content, const struct array *given,
                         int given_count, struct onnx_network *network, const char **error);

/* Runs reference data through the imported program: each folder test_data_set_* beside the file or in `folder`, with
 * input_0.pb .. and output_0.pb .. in it, as https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md has them.
 * Prints the largest difference of each. False, with a sentence, if one is larger than the tolerance, relative to
 * outputs above 1, or if there is no such data; or with NULL, if all has been said. */
struct onnx_check {
    const char *folder; /* of the data; NULL: the file's */
    double tolerance;
};
bool onnx_check(struct arena *arena, const char *path, const struct onnx_check *check, const char **error);

#endif
