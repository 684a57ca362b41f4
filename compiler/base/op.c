#include "base/op.h"

#include <stddef.h>
#include <string.h>

static const struct op_info table[OP_COUNT] = {
#define OP(id, name, class, shape, least, most, d1, d2, flops, emit, gradient)                                         \
    {#id, name, OP_CLASS_##class, SHAPE_##shape, least, most, {d1, d2}, flops, emit, gradient},
#include "base/op.def"
#undef OP
};

const struct op_info *op_info(enum op op) { return &table[op]; }

bool op_is_over_time(enum op op) { return table[op].class == OP_CLASS_OVER_TIME || op == OP_ctc; }

bool op_has_edges(enum op op)
{
    return op == OP_div || op == OP_exp || op == OP_log || op == OP_sqrt || op == OP_pow || op == OP_mod;
}

bool op_is_comparison(enum op op) { return op >= OP_lt && op <= OP_ne; }

enum op op_find(const char *name, int length)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (table[i].name && strlen(table[i].name) == (size_t)length &&
            memcmp(table[i].name, name, (size_t)length) == 0)
            return (enum op)i;
    return OP_COUNT;
}

enum op op_find_id(const char *id, int length)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (strlen(table[i].id) == (size_t)length && memcmp(table[i].id, id, (size_t)length) == 0)
            return (enum op)i;
    return OP_COUNT;
}
