/* What the files that write kernels share: the variables of the function at hand. */
#ifndef RNNC_EMIT_KERNEL_H
#define RNNC_EMIT_KERNEL_H

#include "emit/emitter.h"

/* Of a kernel, for one frame of one stream; of one that does not run for each frame, once. */
struct operations {
    double adds, multiplies, multiply_adds;
    double calls;  /* of exp and the like */
    double others; /* comparisons, choices, what softmax and the like do */
    double weights;
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
    int before; /* the load of the same node before this one, in the same function or not */
};

/* ---- kernel_nodes.c ---- */

/* A name for a variable that holds a node's value, or that of a frame before or after. */
const char *fresh_local(struct writing *writing, int node, int delay);
/* From now on what the edge reads is in the variable `name`. */
void remember_load(struct writing *writing, const struct edge *edge, const char *name);
/* A variable for what an edge reads from memory; written where it is first needed. */
struct expression load_edge(struct writing *writing, const struct edge *edge);
/* An expression for a node: in a variable, or standing where its only reader is. */
void keep_expression(struct writing *writing, int id, struct expression expression);
/* A node of the kernel as a variable, or as an expression for its only reader. */
void write_node(struct writing *writing, int id);
/* A value that outlives the kernel goes to memory, after all that reads what it overwrites. */
void write_store(struct writing *writing, int id);
void write_stores(struct writing *writing);

/* operations.c */
void count_products(struct operations *operations, const struct kernel *kernel);
void count_node(struct operations *operations, const struct node *node);
/* Instead of count_node for a sum that takes in a product, which has been counted. */
void count_multiply_add(struct operations *operations, const struct node *sum);
/* "512 additions, 256 multiply-adds; 1024 bytes of weights" (as floats), or NULL where there is none. */
const char *describe_operations(const struct operations *operations, struct arena *arena);

/* ---- one file for each kind, or some ---- */

void write_elementwise_kernel(struct writing *writing);
void write_column_kernel(struct writing *writing);
void write_concat_kernel(struct writing *writing);
void write_embed_kernel(struct writing *writing);
void write_id_kernel(struct writing *writing);
void write_keep_kernel(struct writing *writing);
void write_over_time_kernel(struct writing *writing);
void write_panel_kernel(struct writing *writing);
void write_scan_kernel(struct writing *writing);
/* strides_kernel.c: products, parts and gradients of static values. */
void write_matrix_kernel(struct writing *writing);
void write_strides_kernel(struct writing *writing);

#endif
