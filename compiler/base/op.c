#include "base/op.h"

#include <stddef.h>
#include <string.h>

#include "base/list.h"

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

enum { TRANSCENDENTAL_FLOPS = 15 }; /* of the cheapest one */

bool op_is_transcendental(enum op op)
{
    return op_info(op)->class == OP_CLASS_ELEMENTWISE && op_info(op)->flops >= TRANSCENDENTAL_FLOPS;
}

bool op_is_over_time(enum op op) { return op_kernel(op) == KERNEL_OVER_TIME; }

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

enum operand_reading op_reads(enum op op, int k)
{
    const enum operand_reading *reads = table[op].reads;
    for (k = k < OP_READINGS ? k : OP_READINGS - 1; k > 0 && reads[k] == READS_UNITS;)
        k--;
    return reads[k];
}

enum kernel_kind op_kernel(enum op op)
{
    static const enum kernel_kind by_class[] = {
        [OP_CLASS_LEAF] = KERNEL_NONE,     [OP_CLASS_ELEMENTWISE] = KERNEL_ELEMENTWISE,
        [OP_CLASS_COLUMN] = KERNEL_COLUMN, [OP_CLASS_PRODUCT] = KERNEL_NONE,
        [OP_CLASS_MOVE] = KERNEL_NONE,     [OP_CLASS_OVER_TIME] = KERNEL_OVER_TIME,
        [OP_CLASS_LOSS] = KERNEL_NONE};
    return table[op].kernel ? table[op].kernel : by_class[table[op].class];
}

const char *kernel_kind_name(enum kernel_kind kind)
{
    static const char *const names[] = {KERNEL_KINDS(LIST_NAME)};
    return names[kind];
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
