#include "base/op.h"

#include <stddef.h>
#include <string.h>

static const struct op_info table[OP_COUNT] = {
#define OP(id_, name_, class_, shape_, least_, most_, default1, default2, flops_, emit_, ...)                          \
    {.id = #id_,                                                                                                       \
     .name = name_,                                                                                                    \
     .class = OP_CLASS_##class_,                                                                                       \
     .shape = SHAPE_##shape_,                                                                                          \
     .least = least_,                                                                                                  \
     .most = most_,                                                                                                    \
     .defaults = {default1, default2},                                                                                 \
     .flops = flops_,                                                                                                  \
     .emit = emit_,                                                                                                    \
     .gradient = __VA_ARGS__},
#include "base/op.def"
#undef OP
};

const struct op_info *op_info(enum op op) { return &table[op]; }

bool op_is_over_time(enum op op) { return table[op].class == OP_CLASS_OVER_TIME || op == OP_ctc; }

enum value_time op_result_time(enum op op, enum value_time latest)
{
    switch (table[op].time) {
    case FOR_LOAD:
        return TIME_STATIC;
    case FOR_SEQUENCES:
        return TIME_SEQUENCE;
    case FOR_FRAMES:
        return TIME_FRAME;
    case FOR_CALL:
        return TIME_CALL;
    case WITH_OPERANDS:
    case AS_GIVEN:
        break;
    }
    return latest;
}

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
