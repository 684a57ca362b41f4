/* Arenas: memory that is given back all at once. One for each compilation, one for each stage's scratch.
 * A failed allocation ends the process with a message and exit status 3; no caller checks for NULL. */
#ifndef RNNC_BASE_ARENA_H
#define RNNC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is allowed */

/* Gives an arena all memory of another one, which ends. */
void arena_join(struct arena *arena, struct arena *other);

/* `count` items of `size` bytes, zeroed and aligned for any type; the product is checked for overflow. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A larger copy of an array, for ARENA_PUSH. */
void *arena_grow(struct arena *arena, const void *items, size_t count, size_t size, size_t new_capacity);

char *arena_copy_string(struct arena *arena, const char *text, size_t length); /* NUL-terminated */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Ends the process: "rnnc: error: out of memory", exit status 3. */
_Noreturn void out_of_memory(void);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), (size_t)(count), sizeof(type)))

/* Appends `item` to the growing array `items` of `count` items with room for `capacity` (both lvalues of type int). */
#define ARENA_PUSH(arena, items, count, capacity, item)                                                                \
    do {                                                                                                               \
        if ((count) == (capacity)) {                                                                                   \
            (capacity) = (capacity) ? 2 * (capacity) : 8;                                                              \
            (items) = arena_grow((arena), (items), (size_t)(count), sizeof *(items), (size_t)(capacity));              \
        }                                                                                                              \
        (items)[(count)++] = (item);                                                                                   \
    } while (0)

#endif
