/* A graph of ONNX on its way to a program: values by name, nodes' attributes and tensors. */
#ifndef RNN_TOOLS_IMPORT_ONNX_GRAPH_H
#define RNN_TOOLS_IMPORT_ONNX_GRAPH_H

#include "base/text.h"
#include "data/array.h"
#include "import/onnx.pb-c.h"

/* What a name of the graph stands for. */
struct onnx_value {
    const char *name;
    enum onnx_kind { ONNX_TENSOR, ONNX_VECTOR, ONNX_LENGTHS } kind;
    struct array tensor;    /* of a tensor: an initializer */
    const char *expression; /* of a vector: its name in the program */
    char axes[8];           /* of a vector: T frames, N sequences, D directions, F features; F is the last */
    long size;              /* of a vector: features of all directions */
    int directions;         /* of a vector with a D */
};

struct onnx_graph {
    struct arena *arena;
    const char *path;
    const Onnx__GraphProto *proto;
    long opset;
    const char *input_axes; /* "TNF" or "NTF": how a graph input of rank 3 lies */
    struct onnx_value *values;
    int value_count;
    const char **names; /* of the program, taken */
    int name_count;
    struct array *weights;
    int weight_count;
    struct text functions, parameters, equations;
};

/* Errors name the file and the node; all return false. */
bool onnx_node_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *onnx_node_text(const struct onnx_graph *graph, const Onnx__NodeProto *node); /* "the LSTM 'encoder'" */

/* NULL: the attribute is not there. */
const Onnx__AttributeProto *onnx_attribute(const Onnx__NodeProto *node, const char *name);
long onnx_integer(const Onnx__NodeProto *node, const char *name, long otherwise);
double onnx_number(const Onnx__NodeProto *node, const char *name, double otherwise);

/* A name for the program, like this one, that nothing else has. */
const char *onnx_take_name(struct onnx_graph *graph, const char *like);
const char *onnx_node_name(struct onnx_graph *graph, const Onnx__NodeProto *node);

bool onnx_has_input(const Onnx__NodeProto *node, size_t i);
const struct onnx_value *onnx_find(const struct onnx_graph *graph, const char *name);

/* Input i, of this kind. */
bool onnx_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, enum onnx_kind kind,
                const struct onnx_value **value, const char **error);

/* Names output i; nothing if nobody can read it. */
void onnx_give(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, struct onnx_value value);

/* A tensor of the file, with its numbers. */
bool onnx_tensor(struct onnx_graph *graph, const Onnx__TensorProto *proto, struct array *array, const char **error);

void onnx_add_weight(struct onnx_graph *graph, const char *name, const struct array *array);

/* A function of elements: the text of its call on `of`, NULL if there is none of this name, in any case. alpha and beta
 * are set to ONNX's defaults where they are NAN. */
struct onnx_function {
    const char *name, *text; /* $ is the argument, A alpha, B beta */
    double alpha, beta;
};
const struct onnx_function *onnx_find_function(const char *name, size_t length);
const char *onnx_function_call(struct arena *arena, const struct onnx_function *function, const char *of, double alpha,
                               double beta);

bool onnx_recurrent(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error); /* LSTM, GRU, RNN */
bool onnx_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);      /* any */

#endif
