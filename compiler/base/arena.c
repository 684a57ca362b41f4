#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf, program_invocation_short_name */
#endif
#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block is one calloc; small items are cut from the newest one, an item too large for that gets its own. */
struct block {
    struct block *next;
    size_t used, capacity; /* bytes of `data` */
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *blocks; /* the first one is the one being cut */
};

enum { BLOCK_SIZE = 64 * 1024, ALIGNMENT = alignof(max_align_t) };

_Noreturn void out_of_memory(void)
{
    fprintf(stderr, "%s: error: out of memory\n", program_invocation_short_name);
    exit(3);
}

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        out_of_memory();
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void arena_join(struct arena *arena, struct arena *other)
{
    struct block **end = &arena->blocks;
    while (*end)
        end = &(*end)->next;
    *end = other->blocks;
    free(other);
}

static struct block *new_block(size_t capacity)
{
    struct block *block = calloc(1, sizeof *block + capacity);
    if (!block)
        out_of_memory();
    block->capacity = capacity;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        out_of_memory();
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;

    struct block *block = arena->blocks;
    if (!block || block->capacity - block->used < bytes) {
        block = new_block(bytes > BLOCK_SIZE / 4 ? bytes : BLOCK_SIZE);
        /* A large item's block is full at once: it goes behind the block that is still being cut. */
        struct block **place = bytes > BLOCK_SIZE / 4 && arena->blocks ? &arena->blocks->next : &arena->blocks;
        block->next = *place;
        *place = block;
    }
    void *memory = block->data + block->used;
    block->used += bytes;
    return memory;
}

void *arena_grow(struct arena *arena, const void *items, size_t count, size_t size, size_t new_capacity)
{
    void *grown = arena_alloc(arena, new_capacity, size);
    if (count)
        memcpy(grown, items, count * size);
    return grown;
}

char *arena_copy_string(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *result = arena_vprintf(arena, format, args);
    va_end(args);
    return result;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char *text;
    int length = vasprintf(&text, format, args);
    if (length < 0)
        out_of_memory();
    char *result = arena_copy_string(arena, text, (size_t)length);
    free(text);
    return result;
}
