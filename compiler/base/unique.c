#include "base/unique.h"

#include <string.h>

#include "base/arena.h"

void unique_init(struct unique *unique, struct arena *arena)
{
    *unique = (struct unique){.arena = arena, .size = 64};
    unique->slots = ARENA_ARRAY(arena, const char *, unique->size);
}

static size_t hash_name(const char *name)
{
    size_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 ^ (unsigned char)*name;
    return hash;
}

/* The slot that holds `name`, or the free one where it belongs. */
static const char **find_slot(struct unique *unique, const char *name)
{
    size_t slot = hash_name(name) & (unique->size - 1);
    while (unique->slots[slot] && strcmp(unique->slots[slot], name) != 0)
        slot = (slot + 1) & (unique->size - 1);
    return &unique->slots[slot];
}

static void grow(struct unique *unique)
{
    const char **old = unique->slots;
    size_t size = unique->size;
    unique->size *= 2;
    unique->slots = ARENA_ARRAY(unique->arena, const char *, unique->size);
    for (size_t i = 0; i < size; i++)
        if (old[i])
            *find_slot(unique, old[i]) = old[i];
}

const char *unique_name(struct unique *unique, const char *stem)
{
    if (2 * unique->count >= unique->size)
        grow(unique);
    char *name = arena_copy_string(unique->arena, stem, strlen(stem));
    for (char *c = name; *c; c++)
        if (*c == '.')
            *c = '_';
    const char **slot = find_slot(unique, name), *base = name;
    for (int k = 2; *slot; k++)
        slot = find_slot(unique, name = arena_printf(unique->arena, "%s_%d", base, k));
    unique->count++;
    return *slot = name;
}
