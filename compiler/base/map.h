/* Maps from strings to pointers. Keys are kept, not copied; entries stay in the order in which they were put, so that
 * going through a map never depends on hashes. */
#ifndef RNNC_BASE_MAP_H
#define RNNC_BASE_MAP_H

struct arena;

struct map_entry {
    const char *key;
    void *value;
};

struct map {
    struct arena *arena;
    struct map_entry *entries;
    int count, capacity;
    int *slots; /* 1 + index of an entry, 0: free; NULL while there are few entries */
    int slot_count;
};

void map_init(struct map *map, struct arena *arena);

/* The value last put under `key`, or NULL. */
void *map_get(const struct map *map, const char *key);

void map_put(struct map *map, const char *key, void *value);

#endif
