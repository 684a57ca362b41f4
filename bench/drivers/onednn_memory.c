#include "onednn_memory.h"

#include <stddef.h>

#include "driver.h"

dnnl_engine_t engine;
dnnl_stream_t stream;

void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        fail(what);
}

dnnl_memory_desc_t describe(int rank, const dnnl_dims_t sizes, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_create_with_tag(&desc, rank, sizes, dnnl_f32, tag), "a memory descriptor");
    return desc;
}

dnnl_memory_t make_memory(const_dnnl_memory_desc_t desc, void *data)
{
    dnnl_memory_t memory;
    check(dnnl_memory_create(&memory, desc, engine, data ? data : allocate(dnnl_memory_desc_get_size(desc))), "memory");
    return memory;
}

void *data_of(dnnl_memory_t memory)
{
    void *data;
    check(dnnl_memory_get_data_handle(memory, &data), "the data of memory");
    return data;
}

void add(struct arguments *arguments, int kind, dnnl_memory_t memory)
{
    if (arguments->count == ARGUMENTS_MOST)
        fail("keeping arguments");
    arguments->items[arguments->count++] = (dnnl_exec_arg_t){kind, memory};
}

dnnl_memory_t find(const struct arguments *arguments, int kind)
{
    for (int i = 0; i < arguments->count; i++)
        if (arguments->items[i].arg == kind)
            return arguments->items[i].memory;
    return NULL;
}

void reorder(dnnl_memory_t from, dnnl_memory_t to)
{
    const_dnnl_memory_desc_t from_desc, to_desc;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    check(dnnl_memory_get_memory_desc(from, &from_desc), "a descriptor");
    check(dnnl_memory_get_memory_desc(to, &to_desc), "a descriptor");
    check(dnnl_reorder_primitive_desc_create(&desc, from_desc, engine, to_desc, engine, NULL), "a reorder");
    check(dnnl_primitive_create(&primitive, desc), "a reorder");
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    check(dnnl_primitive_execute(primitive, stream, 2, arguments), "a reorder");
    check(dnnl_stream_wait(stream), "waiting");
}

void open_engine(void)
{
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "the engine");
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "the stream");
}
