/* A graph of ONNX on its way to a program: values by name, nodes' attributes and tensors.
 *
 * Values that depend on the input are vectors, whose axes are letters: T frames, N sequences, D directions (or layers),
 * F features, 1 an axis of one element. A program writes neither T nor N nor their order; its vectors have the
 * features of all directions, those of the first one first. Whatever else a graph computes is constant, and known. */
#ifndef RNN_TOOLS_IMPORT_ONNX_GRAPH_H
#define RNN_TOOLS_IMPORT_ONNX_GRAPH_H

#include <math.h>
#include <stdint.h>

#include "base/text.h"
#include "data/array.h"
#include "import/names.h"
#include "import/onnx.h"
#include "import/onnx.pb-c.h"

/* What a name of the graph stands for. An input is undecided until its first reader says what it is. */
struct onnx_value {
    const char *name;
    enum onnx_kind { ONNX_TENSOR, ONNX_VECTOR, ONNX_IDS, ONNX_LENGTHS, ONNX_INPUT } kind;
    struct array tensor;      /* of a tensor: a constant */
    bool whole;               /* of a tensor: its type has whole numbers only */
    bool *open;               /* of a tensor: which numbers follow from a length that is not fixed; NULL: none */
    const char *expression;   /* of a vector and of ids: what it is in the program */
    const char *parts[2];     /* of a vector of two directions: each by itself, if it has an expression; else NULL */
    char axes[ONNX_MAX_AXES]; /* of a vector and of ids */
    long size;                /* of a vector: features of all directions */
    long before, behind;      /* of a vector: zeros around its frames, of a Pad, which a Conv takes away */
    long surplus;             /* of a vector: frames behind the last one, of a Conv, which a Slice takes away */
    int directions;           /* of a vector with a D */
    int port;                 /* of an input, ids and lengths: the graph's input that it is */
};

/* How inputs lie, which files do not say: what is read from them fits one of these, or none. */
struct onnx_layout {
    bool sequences_first; /* rank 3: NTF instead of TNF; ids: NT instead of TN */
    bool once;            /* rank 2: NF, given once for a sequence, instead of TF */
    bool frames_last;     /* rank 3: NFT, as a Conv reads it */
};

enum { ONNX_MOST_FEATURES = 100000000 };

struct onnx_file {
    const char *name;
    struct text content;
};

/* The kernel of a Conv, as a program has it. */
struct onnx_kernel {
    const double *from; /* as the graph has it */
    struct array turned;
};

struct onnx_graph {
    struct arena *arena;
    const char *path;
    const Onnx__GraphProto *proto;
    long opset;
    struct onnx_layout layout;
    long frames, sequences; /* where inputs have a fixed number of them; else 0 */
    struct onnx_value *values;
    int value_count, value_capacity;
    struct import_names names; /* of the program */
    struct array *weights;
    int weight_count, weight_capacity;
    struct onnx_port *ports;   /* [proto->n_input] */
    struct onnx_port *outputs; /* [proto->n_output] */
    struct onnx_port *states;  /* [state_count]: of a Scan whose body is being written; else NULL */
    int state_count;
    struct onnx_file *files; /* of external data, read */
    int file_count, file_capacity;
    struct onnx_kernel *kernels;
    int kernel_count, kernel_capacity;
    long constants; /* elements of those that have been computed */
    bool halves;    /* a Cast makes numbers of two bytes */
    bool misplaced; /* an error is about axes, which other layouts may put in their places */
    const Onnx__NodeProto *with_lengths,
        *without_lengths; /* the first that has sequence_lens, and that sees all frames */
    struct text functions, parameters, equations;
};

/* The lengths of T and N that are not fixed, in the numbers of a Shape: larger than any number of elements, but below
 * 2^53, so that a graph that adds 1 to one has another number; neither is a small multiple of the other. */
#define ONNX_ANY_FRAMES    1000000000000037.0
#define ONNX_ANY_SEQUENCES 3000000000000013.0
static inline bool onnx_is_open(double number)
{
    return fabs(number - ONNX_ANY_FRAMES) < 0.5 || fabs(number - ONNX_ANY_SEQUENCES) < 0.5;
}

/* Errors name the file and the node; all return false. The second is about a value's axes: "can be imported only where
 * it `what`". */
bool onnx_node_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool onnx_axes_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x,
                     const char *what, const char **error);

const char *onnx_node_text(const struct onnx_graph *graph, const Onnx__NodeProto *node); /* "the LSTM 'encoder'" */

/* False, with an error, if a node has an attribute that its operator has not, or as another thing. Behind it, one that
 * is there has its value; one without is 0, which some writers of files leave out. */
bool onnx_check_attributes(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);

/* NULL: the attribute is not there. */
const Onnx__AttributeProto *onnx_attribute(const Onnx__NodeProto *node, const char *name);
long onnx_integer(const Onnx__NodeProto *node, const char *name, long otherwise);
double onnx_number(const Onnx__NodeProto *node, const char *name, double otherwise);
/* Its first 60 characters; `otherwise` also where it is empty. */
const char *onnx_string(const struct onnx_graph *graph, const Onnx__NodeProto *node, const char *name,
                        const char *otherwise);

/* The whole numbers of an attribute or, where there is none, of input i; ONNX_NO_INPUT: of the attribute alone. *count
 * is -1 where there is neither. */
#define ONNX_NO_INPUT SIZE_MAX
enum { ONNX_MOST_NUMBERS = 8 };
bool onnx_numbers(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *attribute, size_t i, int *count,
                  double numbers[ONNX_MOST_NUMBERS], const char **error);

/* The axis that a number names, counted from the last if it is negative: 0 .. rank-1. */
bool onnx_axis(struct onnx_graph *graph, const Onnx__NodeProto *node, double number, int rank, int *axis,
               const char **error);
/* Takes an axis out of a value; of the features, one is left. */
void onnx_remove_axis(struct onnx_value *value, int axis);

/* Input 0, a vector or ids. */
bool onnx_moved_input(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value **x,
                      const char **error);

/* False, with an error, if a graph has sparse initializers, or if the model's graph calls functions of its own. */
bool onnx_check_dense(struct onnx_graph *graph, const Onnx__GraphProto *proto, const char **error);
bool onnx_check_functions(struct onnx_graph *graph, const Onnx__ModelProto *model, const char **error);

/* A name for the program that nothing else has, like the node's, or like its operator where it has none. */
const char *onnx_node_name(struct onnx_graph *graph, const Onnx__NodeProto *node);

/* Declares a parameter for a tensor of the node's, and adds it to the weights. Its name is the tensor's, or, where an
 * exporter made that up, the node's with `what` behind it. A tensor that other nodes read too is one parameter. */
const char *onnx_parameter(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                           const char *what);

/* The same for one vector, or for one number where there is one for all features. */
const char *onnx_vector_parameter(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                                  const char *what);

/* True where a constant has one number for each feature of x, or one for all. */
bool onnx_fits_beside(const struct onnx_graph *graph, const struct array *tensor, const struct onnx_value *x);

/* A tensor beside x, as a number or a parameter. */
bool onnx_operand(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                  const struct onnx_value *x, const char **text, const char **error);

/* True where `axis` is the last of x, the features of one direction, over which the language computes. */
bool onnx_over_features(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *x, long axis,
                        const char **error);

bool onnx_has_input(const Onnx__NodeProto *node, size_t i);
bool onnx_output_is_read(const struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i);
const struct onnx_value *onnx_find(const struct onnx_graph *graph, const char *name);

/* Input i, of this kind. */
bool onnx_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, enum onnx_kind kind,
                const struct onnx_value **value, const char **error);

/* Input i, whatever it is; of an undecided input, what its type says. */
bool onnx_any_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, const struct onnx_value **value,
                    const char **error);

/* Names output i; nothing if nobody can read it. */
void onnx_give(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, struct onnx_value value);

/* Writes an equation for output 0, which is as `like` but for its size. It has the node's name, or that of the graph's
 * output, or of the state of a Scan, which it is. */
void onnx_write_equation(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct onnx_value *like,
                         long size, const char *right);

/* The length of axis i of a vector or of ids, as Shape has it. */
double onnx_axis_length(const struct onnx_graph *graph, const struct onnx_value *value, int i);

/* Features of one direction. */
long onnx_features(const struct onnx_value *value);

/* A tensor of the file, with its numbers; `what` is it, for messages. */
bool onnx_tensor(struct onnx_graph *graph, const Onnx__TensorProto *proto, const char *what, struct array *array,
                 const char **error);

void onnx_add_weight(struct onnx_graph *graph, const char *name, const struct array *array);

/* A function of elements, by its name in any case; NULL: there is none. */
struct onnx_function {
    const char *name, *text; /* $ is the argument, A alpha, B beta */
    double alpha, beta;
};
const struct onnx_function *onnx_find_function(const char *name, size_t length);
/* The text of its call on `of`. */
const char *onnx_function_call(struct arena *arena, const struct onnx_function *function, const char *of, double alpha,
                               double beta);

/* Marks element i of a constant as open where element `from` of x is. */
void onnx_copy_mark(struct onnx_graph *graph, struct onnx_value *value, long i, const struct onnx_value *x, long from);

/* A constant of zeros, whose elements are to be set; *fits is false where it, or all of them together, are too large,
 * which an error says then. Then a node gives it. */
enum { ONNX_MOST_ELEMENTS = 1 << 24 };
struct onnx_value onnx_new_constant(struct onnx_graph *graph, int rank, const long *shape, bool *fits);
bool onnx_constant_too_large(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);
bool onnx_give_constant(struct onnx_graph *graph, const Onnx__NodeProto *node, struct onnx_value value);

/* Writers of nodes. Those of a file are in a table that ends with NULL. */
struct onnx_writer {
    const char *op;
    bool (*write)(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);
};
extern const struct onnx_writer onnx_constant_writers[];      /* of nodes that read constants alone; Shape, Constant */
extern const struct onnx_writer onnx_constant_part_writers[]; /* of those that move, take and join elements */
extern const struct onnx_writer onnx_element_writers[];       /* of arithmetic */
extern const struct onnx_writer onnx_column_writers[];        /* of what computes over features or frames */
extern const struct onnx_writer onnx_axis_writers[];          /* of what moves axes */
extern const struct onnx_writer onnx_part_writers[];          /* of what joins values and takes parts of them */
bool onnx_recurrent(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error); /* LSTM, GRU, RNN */
bool onnx_conv(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);
bool onnx_pad(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);
bool onnx_scan(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error);
bool onnx_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error); /* any */

/* Kinds of TensorProto.DataType, and its name: "float16". Real numbers are float and double; those of two bytes become
 * float where they are weights, and nowhere else. */
bool onnx_is_whole(int type);
bool onnx_is_real(int type);
bool onnx_is_half(int type);
const char *onnx_type_text(struct arena *arena, int type);

/* The number of a type next to one, as Cast has it; a length that is not fixed stays what it is. Of other types than
 * those of tensors that are read, none is known. */
bool onnx_can_round(int type);
double onnx_round(int type, double number);

/* False, with an error, if an input or output is neither of real nor of whole numbers as a program has them. */
bool onnx_check_type(struct onnx_graph *graph, const struct onnx_port *port, const char *what, const char **error);

/* Puts nodes behind those that they read, and else leaves them in the file's order. */
void onnx_order_nodes(struct arena *arena, Onnx__GraphProto *graph);

/* Decides what the input is that a value stands for. */
bool onnx_decide(struct onnx_graph *graph, struct onnx_value *value, enum onnx_kind kind, const char **error);

#endif
