#include "base/shape.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/text.h"

long shape_size(const struct shape *shape)
{
    long size = 1;
    for (int i = 0; i < shape->rank; i++)
        size *= shape->dim[i];
    return size;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *shape_text(struct arena *arena, const struct shape *shape)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "[");
    for (int i = 0; i < shape->rank; i++)
        text_printf(&text, i ? ", %d" : "%d", shape->dim[i]);
    text_puts(&text, "]");
    return text.data;
}

const char *time_name(enum value_time time)
{
    static const char *const names[] = {VALUE_TIMES(LIST_NAME)};
    return names[time];
}

bool time_has_streams(enum value_time time) { return time == TIME_SEQUENCE || time == TIME_FRAME; }
