/* What the files that write kernels share: the variables of the function at hand. */
#ifndef RNNC_EMIT_KERNEL_H
#define RNNC_EMIT_KERNEL_H

#include "emit/emitter.h"

struct writing {
    struct emitter *emitter;
    const struct region *region;
    const struct kernel *kernel;
    struct unique names;   /* of the variables of the function */
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

void write_panel_kernel(struct writing *writing);
void write_scan_kernel(struct writing *writing);

#endif
