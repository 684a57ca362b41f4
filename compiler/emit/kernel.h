/* Declarations shared by the files that write kernels: the variables of the function at hand. */
#ifndef RNNC_EMIT_KERNEL_H
#define RNNC_EMIT_KERNEL_H

#include "emit/emitter.h"

/* Operations of a kernel for one frame of one stream; of a kernel that does not run for each frame, for one run. */
struct operations {
    double adds, multiplies, multiply_adds;
    double calls;        /* of exp and the like */
    double others;       /* comparisons, choices, operations of softmax and the like */
    double weight_bytes; /* of the weights that are read, as they are stored */
};

struct writing {
    struct emitter *emitter;
    const struct region *region;
    const struct kernel *kernel;
    struct unique names; /* of the variables of the function */
    struct operations operations;
    struct loaded *loaded; /* edges that are in variables already */
    int loaded_count, loaded_capacity;
    const char *column; /* the expression for the column at hand */
    const char *indent;
};

struct loaded {
    struct edge edge;
    const char *name;
    int before; /* index of the previous load of the same node, in this function or not */
};

/* ---- kernel_nodes.c ---- */

/* Returns a new name for a variable that holds a node's value, or that of a frame before or after. */
const char *fresh_local(struct writing *writing, int node, int delay);
/* Records that the edge's operand is in the variable `name` from now on. */
void remember_load(struct writing *writing, const struct edge *edge, const char *name);
/* Returns a variable for an edge's operand in memory, loaded when it is first needed. */
struct expression load_edge(struct writing *writing, const struct edge *edge);
/* Records an expression for a node: in a variable, or inline in its only reader. */
void keep_expression(struct writing *writing, int id, struct expression expression);
/* Writes a node of the kernel as a variable, or keeps it as an expression for its only reader. */
void write_node(struct writing *writing, int id);
/* Stores a value that outlives the kernel, after all reads of the value that it overwrites. */
void write_store(struct writing *writing, int id);
void write_stores(struct writing *writing);

/* operations.c */
void count_products(struct writing *writing);
void count_node(struct writing *writing, const struct node *node);
/* Replaces count_node for a sum with an inline product, which has been counted. */
void count_multiply_add(struct operations *operations, const struct node *sum);
/* Returns "512 additions, 256 multiply-adds; 1024 bytes of weights", or NULL if there are none. */
const char *describe_operations(const struct operations *operations, struct arena *arena);

/* ---- one file for each kind, or some ---- */

void write_elementwise_kernel(struct writing *writing);
void write_column_kernel(struct writing *writing);
void write_concat_kernel(struct writing *writing);
void write_embed_kernel(struct writing *writing);
void write_refine_kernel(struct writing *writing);
void write_id_kernel(struct writing *writing);
void write_keep_kernel(struct writing *writing);
void write_over_time_kernel(struct writing *writing);
void write_panel_kernel(struct writing *writing);
void write_scan_kernel(struct writing *writing);
/* strides_kernel.c: products, parts and gradients of static values. */
void write_matrix_kernel(struct writing *writing);
void write_strides_kernel(struct writing *writing);

#endif
