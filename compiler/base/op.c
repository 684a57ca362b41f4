#include "base/op.h"

#include <stddef.h>
#include <string.h>

static const struct op_info table[OP_COUNT] = {
#define OP(id, name, class, shape, least, most, d1, d2, flops, emit)                                                  \
    {#id, name, OP_CLASS_##class, SHAPE_##shape, least, most, {d1, d2}, flops, emit},
#include "base/op.def"
#undef OP
};

const struct op_info *op_info(enum op op) { return &table[op]; }

enum op op_find(const char *name, int length)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (table[i].name && strlen(table[i].name) == (size_t)length && memcmp(table[i].name, name, (size_t)length) == 0)
            return (enum op)i;
    return OP_COUNT;
}
