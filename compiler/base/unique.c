#include "base/unique.h"

#include <string.h>

#include "base/arena.h"

void unique_init(struct unique *unique, struct arena *arena)
{
    *unique = (struct unique){.arena = arena, .size = 64};
    unique->slots = ARENA_ARRAY(arena, struct unique_entry, unique->size);
}

static size_t hash_name(const char *name)
{
    size_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 ^ (unsigned char)*name;
    return hash;
}

/* The slot that holds `name`, or the free one where it belongs. */
static struct unique_entry *find_slot(struct unique *unique, const char *name)
{
    size_t slot = hash_name(name) & (unique->size - 1);
    while (unique->slots[slot].name && strcmp(unique->slots[slot].name, name) != 0)
        slot = (slot + 1) & (unique->size - 1);
    return &unique->slots[slot];
}

static void grow(struct unique *unique)
{
    const struct unique_entry *old = unique->slots;
    size_t size = unique->size;
    unique->size *= 2;
    unique->slots = ARENA_ARRAY(unique->arena, struct unique_entry, unique->size);
    for (size_t i = 0; i < size; i++)
        if (old[i].name)
            *find_slot(unique, old[i].name) = old[i];
}

/* Each stem remembers its last suffix, so that the names of a stem take time in proportion to their number. */
const char *unique_name(struct unique *unique, const char *stem)
{
    if (2 * unique->count >= unique->size)
        grow(unique);
    char *name = arena_copy_string(unique->arena, stem, strlen(stem));
    for (char *c = name; *c; c++)
        if (*c == '.')
            *c = '_';
    struct unique_entry *base = find_slot(unique, name), *slot = base;
    while (slot->name) {
        base->suffix++;
        slot = find_slot(unique, name = arena_printf(unique->arena, "%s_%d", base->name, base->suffix));
    }
    unique->count++;
    *slot = (struct unique_entry){name, 1};
    return name;
}
