/* Declarations shared by the files of emit. */
#ifndef RNNC_EMIT_EMITTER_H
#define RNNC_EMIT_EMITTER_H

#include "analysis/uses.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/target.h"
#include "base/text.h"
#include "base/unique.h"
#include "emit/emit.h"
#include "emit/function.h"
#include "schedule/access.h"
#include "schedule/plan.h"

/* A C expression: of a node, or of an edge's operand. */
struct expression {
    const char *text;
    bool closed; /* a name or a call: an operand as it is; else it needs brackets */
    bool stands; /* in no variable: written inline in its only reader */
};

/* The function that does a step, and others like it. */
struct step_function {
    const struct step *step;
    unsigned uses; /* the variables that it takes */
};

struct emitter {
    struct arena *arena;
    const struct schedule *schedule;
    const struct graph *graph;
    struct uses uses;
    const char *prefix;
    const char *owner;                      /* the prefix of the network itself, also while its training is written */
    const char *parameters_type;            /* the struct of parameters: "lm_params" */
    bool files;                             /* calls that read and write weights files are emitted */
    const double *weights;                  /* of all parameters, as constants; or NULL */
    const struct target *target;            /* that the C is compiled for, or NULL */
    const struct target *within;            /* multi, of which it is a level, or NULL */
    const struct emit_variants *variants;   /* that the file has, or NULL */
    const char *choice;                     /* the member of the parameters' struct that says which one is chosen */
    bool internal;                          /* functions are static */
    bool freestanding, plain;               /* as in the options */
    size_t packed_bytes;                    /* as in the options */
    const struct emit_record *record;       /* or NULL */
    const struct emit_constants *constants; /* or NULL */
    struct text *out;
    const char **parameters;     /* members of the parameters' struct, by parameter */
    const char **arguments;      /* names of inputs, then outputs, as arguments of _step and _run */
    const char **buffers;        /* members for each node's buffer, by node; NULL: none */
    const char **sizes;          /* enumerators, by number of the graph's sizes */
    struct map named_sizes;      /* the same by path, and by instance and number: "h1 256" */
    const char **panels;         /* members for each packed matrix */
    const char **rounded;        /* members for columns as whole numbers, by operand->rounded */
    const struct region *region; /* at hand */
    struct function function;    /* at hand */
    int *last_load;              /* by node: its last place in writing.loaded, or -1, see find_load */
    unsigned **kernel_uses;      /* by region, then kernel: the variables that it takes */
    unsigned **rounding_uses;    /* the same of the function that rounds its columns; 0: it has none */
    struct step_function *step_functions;
    int step_function_count;
    struct expression *locals; /* by node: the variable that holds it in the kernel at hand, or the expression itself */
};

/* ---- emitter.c ---- */

struct emitter emitter_new(const struct schedule *schedule, const struct emit_options *options, struct arena *arena,
                           struct text *out);

/* Returns the emitter of the code that --train or --vjp adds. */
struct emitter emitter_for_training(const struct schedule *training, const struct emit_options *options,
                                    struct arena *arena, struct text *out);

/* pattern.c: puts and printf, with the prefix for each `$` and the owner's for each `@`. */
void write_named(struct emitter *emitter, const char *text);
void write_pattern(struct emitter *emitter, const char *pattern, ...) __attribute__((format(printf, 2, 3)));

/* names.c: an identifier that is neither a keyword nor a macro nor one of the emitted code's own words. Ask for it
 * before unique_name. */
const char *c_name(struct arena *arena, const char *name);
/* The same for an argument, a variable or a value's member: also no function or size of the file, which begin with its
 * owner's prefix. */
const char *own_name(const struct emitter *emitter, const char *path);
/* Returns the last component of a path: "c" of "h1.c". */
const char *last_name(const char *path);
/* Returns the runtime's name of a storage: "RNN_F16". */
const char *storage_text(enum precision storage);
const char *kernel_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel);

/* equations.c */
/* The name of an imported file as it stands in comments and strings of C: without folders, and in plain characters. */
const char *shown_file(struct arena *arena, const struct source_file *file);

/* describe.c: shared by the comments in C and by the report. */
void describe_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                        const char *indent, struct text *out);
/* Writes the members `beside` and `within` of a descriptor: what regions cost that are no scans, and those that are. */
void write_costs(const struct schedule *schedule, struct text *out);
/* Returns the work of a region that is not done for each frame: "96 flops a sequence", or NULL. */
/* explain_threads.c: candidates of the cost model for a region, and what a frame takes in all. */
void explain_threads(const struct schedule *schedule, const struct region *region, struct text *out);
void explain_calls(const struct schedule *schedule, struct text *out);
/* Returns the storages of a region's weights, "f16, int8"; "f32" if it has none. */
const char *describe_storages(const struct region *region, struct arena *arena);
const char *describe_flops_once(const struct region *region, struct arena *arena);

/* expr.c: operands of kernels. */
const char *emit_number(struct arena *arena, double number);
/* Returns the address of the first unit of an access, in the kernel's variables: frame, column, streams. `column` NULL:
 * the first of the block. */
const char *access_address(struct emitter *emitter, const struct access *access, const char *column);
/* Returns the distance between the columns of an access. */
const char *access_stride(const struct emitter *emitter, const struct access *access);
/* Return the address of an edge's operand, and of a node's result, for a kernel of the region at hand. */
const char *edge_address(struct emitter *emitter, const struct edge *edge, const char *column);
const char *node_address(struct emitter *emitter, int node, const char *column);
/* Fills in an operation's pattern. `scalar`: one number instead of lanes. */
struct expression fill_pattern(const struct emitter *emitter, const char *pattern, const struct expression operands[],
                               bool scalar);

/* kernel.c, region.c, static.c, values.c, entry.c, header.c: the parts of the file, in its order. */
/* entry.c: writes the bytes of packed weights, states and work as constants, in plain C, where they are known. */
void emit_constant_sizes(struct emitter *emitter);
void emit_declarations(struct emitter *emitter);
void emit_packed_struct(struct emitter *emitter);
bool value_is_packed(const struct emitter *emitter, int id); /* a member of that struct */
/* True if the struct of packed weights has a number in front, without which it would be bytes alone, at any address. */
bool packed_begins_aligned(const struct emitter *emitter);
void emit_pack(struct emitter *emitter);
/* Writes the function that packs what only a backward call reads; returns false if there is no such thing. */
bool emit_pack_backward(struct emitter *emitter);
bool pack_draws(const struct emitter *emitter); /* true if packing needs the window: dropout on weights */
/* sizes.c */
void name_enumerators(struct emitter *emitter);
void emit_sizes(struct emitter *emitter);
/* Returns the name of the size with this path, or, if there is none, the number. */
const char *named_size(const struct emitter *emitter, const char *path, int size);
/* Returns a number of units or elements under the name that it has in the instance of a node. */
const char *node_size(const struct emitter *emitter, int id, long size);
/* Returns the elements of a value: "lm_V * 64". */
const char *value_size(const struct emitter *emitter, int id);
/* Returns one dimension of a parameter. */
const char *parameter_size(const struct emitter *emitter, int id, int dimension);
/* Returns the storage, rows and columns of a table that is kept in its storage: "RNN_F16, lm_V, 64". */
const char *table_text(const struct emitter *emitter, int id);
/* Returns the bytes of so many numbers. */
const char *size_in_bytes(const struct emitter *emitter, const char *size);
/* Returns the units of a kernel. */
const char *kernel_size(const struct emitter *emitter, const struct kernel *kernel);
/* Returns the columns of a batch at most, for a kernel whose accumulators have the name `rows`. */
const char *kernel_batch(const struct emitter *emitter, const struct kernel *kernel, const char *rows);
/* lines.c: appends text whose lines may be of any length. */
enum { LINE_MOST = 120 };
void put_lines(struct text *out, const char *text);
/* weights.c: --embed, and --weights. */
void emit_weights(struct emitter *emitter);
void emit_constants(struct emitter *emitter);
void emit_values(struct emitter *emitter);
/* Returns what the memory of values takes in rnn_real, as an expression of block, whole and columns. */
const char *values_numbers(struct emitter *emitter);
/* self_test.c */
void emit_self_test(struct emitter *emitter);
/* Returns the parameters that its function takes. */
unsigned emit_kernel(struct emitter *emitter, const struct region *region, const struct kernel *kernel);
/* rounding.c: writes the function that rounds the columns of a kernel whose weights are int8; returns the parameters
 * that it takes, 0 if there is none. */
unsigned emit_rounding(struct emitter *emitter, const struct region *region, const struct kernel *kernel);
/* Returns its name. */
const char *rounding_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel);
/* Write the members for the memory of rounded columns, and their layout. */
void write_rounded_members(struct emitter *emitter);
void write_rounded_layout(struct emitter *emitter);
/* Returns the address of an operand's rounded columns, from the first of the batch on. */
const char *rounded_address(struct emitter *emitter, const struct operand *operand, const char *first);
void emit_regions(struct emitter *emitter);
/* plan.c: true if threads share any of the regions of a call. */
bool plan_shares_regions(const struct emitter *emitter, const struct plan *plan);
/* threads.c: the parts of a loop over panels, which threads share if the region, which may be NULL, is shared. */
void write_panels_head(struct emitter *emitter, const struct region *region, const char *indent, const char *counter,
                       const char *panels);
const char *last_panels(struct emitter *emitter, const struct region *region, const char *panels);
/* Writes a call on the threads of `split`, or, if it has one, without a fork. each: what each thread has. */
void write_threads(struct emitter *emitter, const char *call, const char *each);
/* one_stream.c: true if a region has a function for a frame of one stream, lm_h1_scan_of_one; writes it. */
bool region_has_one_stream(const struct emitter *emitter, int region);
/* True if threads share this frame: its function takes a team. */
bool one_stream_is_shared(const struct emitter *emitter, int region);
void write_one_stream(struct emitter *emitter, int region);
void emit_entry_points(struct emitter *emitter);
/* entry.c: the calls that deal with parameters: _load, _save, _init. */
void emit_file_calls(struct emitter *emitter);
/* strides_kernel.c: calls a function of rnn/matrix.h for all elements of a shape; one number may stand for all. */
void emit_strided(struct emitter *emitter, const char *function, const struct shape *shape, const struct access *to,
                  const struct access *from, const char *from_address);
/* emit.c: has `write` write each of the networks of derivatives that there are, by an emitter of its own. */
void emit_beside(const struct emitter *emitter, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, void (*write)(struct emitter *));
/* emit.c: everything that the header declares. */
void emit_all_declarations(struct emitter *emitter, const struct emit_derivatives *derivatives,
                           const struct emit_options *options);
/* header.c: comments on inputs, outputs and targets. */
void emit_shapes(struct emitter *emitter);
void write_shape(struct emitter *emitter, int input, const char *role);
/* train.c: the code that --train or --vjp adds; the emitter is that of its network. */
void emit_training(struct emitter *emitter);
void emit_training_declarations(struct emitter *emitter);
void emit_training_descriptor(struct emitter *emitter);
/* descriptor.c */
void emit_descriptor(struct emitter *emitter, const struct emit_derivatives *derivatives);
/* Writes one line of a table of inputs. */
void write_input_tensor(struct emitter *emitter, const struct graph_input *input);
void emit_model_declaration(struct emitter *emitter);
/* Returns the initial value of a buffer as two arguments: an address, and 1 if it is one number for all units. Values
 * of sequences are those of `stream`. */
const char *initial_value(struct emitter *emitter, int id);
/* Returns "rnn_real", or the type of ids and labels. */
const char *input_type(const struct graph_input *input);
/* Returns the numbers in a stream's column of a gathered value: sums have two for each unit, see rnn/gather.h. */
const char *gathered_numbers(const struct emitter *emitter, int id);
/* Place of a sum over all frames: an address, and strides. */
struct place {
    const char *base; /* an expression for an address */
    struct view view;
    struct shape shape;
};
/* True for a value that is computed when its pass is over, and not for each block: ctc. */
static inline bool node_waits_for_all_frames(const struct node *node)
{
    return op_reads(node->op, 0) == READS_ALL_FRAMES;
}

#endif
