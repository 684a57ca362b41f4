#include "base/map.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

enum { FEW = 8 }; /* entries that are searched one after the other */

void map_init(struct map *map, struct arena *arena)
{
    memset(map, 0, sizeof *map);
    map->arena = arena;
}

/* FNV-1a. */
static uint32_t hash(const char *key)
{
    uint32_t h = 2166136261u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 16777619u;
    return h;
}

/* The slot that holds `key`, or the free one where it belongs. */
static int *find_slot(const struct map *map, const char *key)
{
    uint32_t mask = (uint32_t)map->slot_count - 1;
    for (uint32_t i = hash(key) & mask;; i = (i + 1) & mask) {
        int *slot = &map->slots[i];
        if (*slot == 0 || strcmp(map->entries[*slot - 1].key, key) == 0)
            return slot;
    }
}

static struct map_entry *find(const struct map *map, const char *key)
{
    if (map->slots) {
        int slot = *find_slot(map, key);
        return slot ? &map->entries[slot - 1] : NULL;
    }
    for (int i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return &map->entries[i];
    return NULL;
}

/* At most half of the slots are taken. */
static void rehash(struct map *map)
{
    map->slot_count = map->slot_count ? 2 * map->slot_count : 4 * FEW;
    map->slots = ARENA_ARRAY(map->arena, int, map->slot_count);
    for (int i = 0; i < map->count; i++)
        *find_slot(map, map->entries[i].key) = i + 1;
}

void *map_get(const struct map *map, const char *key)
{
    struct map_entry *entry = find(map, key);
    return entry ? entry->value : NULL;
}

void map_put(struct map *map, const char *key, void *value)
{
    struct map_entry *entry = find(map, key);
    if (entry) {
        entry->value = value;
        return;
    }
    struct map_entry added = {key, value};
    ARENA_PUSH(map->arena, map->entries, map->count, map->capacity, added);
    if (map->slots)
        *find_slot(map, key) = map->count;
    if (map->count > FEW && 2 * map->count >= map->slot_count)
        rehash(map);
}
