/* The graph: nodes are operations on whole vectors, edges carry delays. All thinking of the compiler happens here.
 *
 *   node     one operation; it knows its shape, its time, and the equation it came from
 *   edge     who reads whom: the source node, how many frames back (negative: ahead), which units of it, and what
 *            frames out of range read instead
 *
 * A node of n units and frame time is n numbers for each frame t and each stream. Only nodes that all streams share, of
 * static or call time, may have rank 2 and 3. An edge of length 1 into a node of more units spreads. Parts of frame
 * values are edges with ranges; parts of static values are nodes of their own (OP_view), so that a weight's rows and
 * columns are named once, by strides.
 *
 * Invariants (graph_verify): edges name nodes that exist, ranges lie inside the source, views inside theirs, shapes,
 * times, readings and what a node holds obey op.def, an operation's time is not before its operands', delayed edges
 * read frame values, outputs read all of a node at its own frame, and edges without delay form no cycle.
 *
 * Nodes are never freed. A transform redirects readers with graph_replace and ends with graph_sweep, which drops what
 * no output needs and renumbers the rest in topological order. Every edit moves `version` on: a result of analysis that
 * carries an older one is stale, and whoever takes one over from another stage checks it (graph_expect_fresh).
 */
#ifndef RNNC_GRAPH_GRAPH_H
#define RNNC_GRAPH_GRAPH_H

#include <stdbool.h>

#include "base/op.h"
#include "base/precision.h"
#include "base/shape.h"
#include "base/source.h"

struct arena;
struct text;

enum {
    NO_NODE = -1,
    PAST_MOST = 64 /* frames of the past of a value through which gradients go: each is nodes of its own */
};

struct edge {
    int node;   /* the source */
    int delay;  /* frames back; negative: ahead */
    int init;   /* static or sequence node that out-of-range frames read, or NO_NODE: 0 */
    int begin;  /* first unit read */
    int length; /* units read */
};

/* Element (i, j, k) of a view is element offset + i*stride[0] + j*stride[1] + k*stride[2] of its contiguous source. */
struct view {
    long offset;
    long stride[SHAPE_MAX_RANK];
};

/* The view that shows all of a value in its order. */
struct view view_of_all(const struct shape *shape);

/* True if its elements lie one behind the other, in the order of the shape. */
bool view_is_contiguous(const struct view *view, const struct shape *shape);

/* The value of the program whose equation or declaration a node comes from. */
struct node_origin {
    const char *path;       /* "h1.c" */
    const char *instance;   /* of the cell or function that it belongs to: "h1"; "" for the top */
    const char *expression; /* of a value without a name, within an equation: "(x * x)"; its path says which; or NULL */
};

/* Return the path of the equation that a value is or is within, and the value as a message names it: "(x * x) of y". */
const char *origin_equation(struct arena *arena, const struct node_origin *origin);
const char *origin_shown(struct arena *arena, const struct node_origin *origin);

/* A value of the program that is a part of a node: units begin .. begin + length at the same frame. */
struct named_part {
    int begin, length;
    const char *name;
    const struct node_origin *origin;
    struct span equation;
};

struct node {
    enum op op;
    struct shape shape;
    enum value_time time;
    const char *name;                 /* path of the value that it is, or NULL within an equation */
    const struct node_origin *origin; /* or NULL */
    struct span equation;             /* of its origin */
    int count;
    struct edge *edges;
    double number;     /* OP_number; OP_keep: the probability of a 0 */
    struct view view;  /* OP_view, OP_unview, OP_gradient */
    union {            /* op.def says which an operation holds */
        int parameter; /* OP_parameter, OP_gradient: place in graph.parameters */
        int input;     /* OP_input: place in graph.inputs */
        int dropout;   /* OP_keep: place among the program's dropouts, each of which draws numbers of its own */
        int begin;     /* OP_pad: the first unit of the result that the operand fills */
        int delay;     /* OP_outside: of the read that is out of range */
        int storage;   /* OP_round: enum precision; OP_product: in which it reads its weights, a parameter or a part */
        int refined;   /* OP_refine: how many units are */
        int loss;      /* OP_seed: place among the program's losses */
        int which;     /* any of them, for comparing nodes of one operation */
    };
    bool sunk;                /* computed beside its only reader, in whose region it runs; set by transform/sink.c */
    bool by_units;            /* OP_embed: readers take the units of the row where the table has them; likewise */
    struct named_part *parts; /* kept so that a part that becomes a node gets its name back */
    int part_count, part_capacity;
    int replaced_by; /* set by graph_replace, followed by graph_sweep; else NO_NODE */
};

/* Start values of a parameter, resolved: see enum rnn_start in the runtime, which has the same names. */
#define START_KINDS(X)                                                                                                 \
    X(CONSTANT)                                                                                                        \
    X(NORMAL)                                                                                                          \
    X(UNIFORM)                                                                                                         \
    X(ORTHOGONAL)                                                                                                      \
    X(IDENTITY)

enum start_kind {
#define X(id) START_KIND_##id,
    START_KINDS(X)
#undef X
};

/* A part with a start of its own. */
struct graph_part_start {
    int begin[SHAPE_MAX_RANK], length[SHAPE_MAX_RANK];
    enum start_kind start;
    double number;
};

/* A number with a name in the program: a dimension or constant that shapes are declared with. */
struct graph_size {
    const char *path;     /* "h1.n" */
    const char *instance; /* "h1" */
    int size;
};

struct graph_parameter {
    const char *name;
    struct shape shape;
    const char *size_names[SHAPE_MAX_RANK]; /* paths of sizes; NULL: a number or an expression */
    enum start_kind start;
    double start_number;
    struct graph_part_start *parts; /* later ones hold where they overlap */
    int part_count;
    enum precision storage; /* the graph reads it rounded, by OP_round; one for training reads it as it is */
    bool fixed;             /* has no gradient */
    bool of_form;           /* one of the factors that a parameter with a form is kept as */
    bool multiplied;        /* a factor of an svd: their product is computed once, and read in their place */
};

struct graph_input {
    const char *name;
    struct shape shape;
    const char *size_name;
    enum value_time time;
    int vocabulary;     /* ids: V; else 0 */
    bool labels;        /* a target of several ids a sequence */
    int prediction;     /* a target: the program's output whose largest unit answers it, or -1 */
    bool probabilities; /* a target: its units are 0 .. 1 */
    bool of_past;       /* the adjoint of a frame that a call leaves as the past of the next, see struct graph_past */
    long past;          /* then: its place there, in numbers of one stream */
};

struct graph_output {
    const char *name;
    struct edge edge;
    struct shape shape;
    enum value_time time; /* sequence or frame; call for the gradient of a parameter */
    int input;            /* the input whose gradient it is, or -1 */
    bool forward;         /* of the program, in a graph `of_outputs`: given by the forward pass */
    bool of_past;         /* the adjoint of a frame of the past that a call began with */
    long past;            /* then: its place, as of an input */
};

/* A value of a graph `of_outputs` whose past goes from call to call and has an adjoint. The adjoints of all pasts are
 * one array: of each value in turn its frames -1, -2, ..., each [streams][units]. */
struct graph_past {
    const char *name;  /* for names in C */
    const char *shown; /* for people: a name of the program, or "(x * x) of y" */
    struct span equation;
    int frames;
    struct shape shape; /* of one frame */
    long begin;         /* numbers of one stream in front of it */
};

/* For training, targets are inputs behind all others, and the outputs are at first the seeds of the losses, after
 * differentiate the gradients too. A graph `of_outputs` has no losses: its targets are the adjoints of the program's
 * outputs, which come first among its own, so that its gradients are vector-Jacobian products. Its seeds say at which
 * frames adjoints count. */
struct graph {
    struct arena *arena;
    const struct source *source;
    const char *name; /* of the model or cell */
    int version;
    struct node **nodes;
    int node_count, node_capacity;
    struct graph_parameter *parameters;
    int parameter_count;
    struct graph_size *sizes; /* where one number has two names, the better one for units comes first */
    int size_count;
    struct graph_input *inputs;
    int input_count;  /* targets included */
    int target_count; /* 0: not for training */
    bool trains;
    bool of_outputs; /* trains: of given adjoints of the outputs, not of losses */
    bool by_inputs;  /* gradients of inputs are wanted */
    bool carries;    /* training calls may be windows of longer sequences */
    bool of_pasts;   /* of_outputs: pasts have adjoints, too */
    struct graph_past *pasts;
    int past_count;
    long past_numbers; /* of one stream, in all */
    struct graph_output *outputs;
    int output_count;
};

struct graph *graph_new(struct arena *arena, const struct source *source, const char *name);

/* A new node with room for `count` edges, which the caller fills in. Its equation is that of `like` (NULL: none). */
struct node *graph_add_node(struct graph *graph, enum op op, struct shape shape, enum value_time time, int count,
                            const struct node *like);

/* Returns the place of the parameter with this name, or -1. */
int graph_find_parameter(const struct graph *graph, const char *name);

/* A scalar constant. */
int graph_add_number(struct graph *graph, double number);

/* From now on every reader of `node` reads `by`, which has the same shape. Takes effect in graph_sweep. */
void graph_replace(struct graph *graph, int node, int by);

/* The node that `node` has been replaced by, at the end of the chain. */
int graph_resolve(const struct graph *graph, int node);

void graph_sweep(struct graph *graph);

/* Ends the process, as an error of the compiler, where a result of analysis is of an older version than the graph. */
void graph_expect_fresh(const struct graph *graph, int version, const char *result);

/* True for a parameter, or a part of one. */
static inline bool node_is_of_parameter(const struct graph *graph, int id)
{
    const struct node *node = graph->nodes[id];
    return node->op == OP_parameter || (node->op == OP_view && graph->nodes[node->edges[0].node]->op == OP_parameter);
}

/* Returns how far into the rows of its source the rows of a matrix begin, each of which is a range of one of them, the
 * same range; -1: they are no such rows. A matrix that is no view is its own source. */
int node_rows_begin(const struct graph *graph, int id);

/* True for an adjoint that the caller of a backward pass gives, of an output or a past. */
static inline bool node_is_given_adjoint(const struct graph *graph, const struct node *node)
{
    return graph->of_outputs && node->op == OP_input && node->input >= graph->input_count - graph->target_count;
}

/* True for the seed of a loss of frames, which is complete when all of them are done. */
static inline bool node_is_loss_of_frames(const struct node *node)
{
    return node->op == OP_seed && node->time == TIME_FRAME;
}

/* True if a node is made of the frames of a sequence, one by one: it is over time, and reads a frame value. */
bool node_gathers_frames(const struct graph *graph, const struct node *node);

/* True if unit i of a node needs only unit i of its operands: an elementwise operation, or a sum of gradients that is
 * added to units of a parameter which lie one behind the other. */
bool node_works_by_units(const struct node *node);

/* Units of a node: elements of its shape. */
int node_units(const struct node *node);

/* An edge that reads all of a node at the same frame. */
struct edge edge_to(const struct graph *graph, int node);
bool edge_is_whole(const struct graph *graph, const struct edge *edge);
bool edge_equal(const struct edge *a, const struct edge *b);

/* Node ids in an order in which every edge without delay, and every init, goes backwards. Among the possible orders,
 * the one closest to the numbering. NULL if there is none, which is an error of the compiler, not of the program. */
int *graph_order(const struct graph *graph, struct arena *scratch);

/* The verifier, run after every stage of a debug build: NULL, or a message on what is wrong. */
const char *graph_verify(const struct graph *graph, struct arena *scratch);

/* --emit=graph and --dump-after. */
void graph_print(const struct graph *graph, struct text *out);
void graph_print_edge(const struct graph *graph, const struct edge *edge, struct text *out);

#endif
