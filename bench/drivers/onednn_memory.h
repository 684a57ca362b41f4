/* Memory of oneDNN, and the arguments of its primitives. What fails ends the program. */
#ifndef BENCH_ONEDNN_MEMORY_H
#define BENCH_ONEDNN_MEMORY_H

#include "dnnl.h"

enum { ARGUMENTS_MOST = 20 };

struct arguments {
    dnnl_exec_arg_t items[ARGUMENTS_MOST];
    int count;
};

extern dnnl_engine_t engine;
extern dnnl_stream_t stream;

void open_engine(void);
void check(dnnl_status_t status, const char *what);
dnnl_memory_desc_t describe(int rank, const dnnl_dims_t sizes, dnnl_format_tag_t tag);
dnnl_memory_t make_memory(const_dnnl_memory_desc_t desc, void *data); /* NULL: memory of its own */
void *data_of(dnnl_memory_t memory);
void reorder(dnnl_memory_t from, dnnl_memory_t to);

void add(struct arguments *arguments, int kind, dnnl_memory_t memory);
dnnl_memory_t find(const struct arguments *arguments, int kind); /* NULL: there is none */

#endif
