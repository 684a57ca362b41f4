#include "failing_malloc.h"

#include <errno.h>
#include <stddef.h>

/* glibc's own names for them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

struct failing failing = {.next = 1};

static bool refuse(void)
{
    long number = failing.next++;
    bool refused = failing.fail_at && (failing.and_after ? number >= failing.fail_at : number == failing.fail_at);
    failing.failed |= refused;
    if (refused)
        errno = ENOMEM;
    return refused;
}

static void *count(void *memory)
{
    failing.alive += memory != NULL;
    return memory;
}

void *malloc(size_t size) { return refuse() ? NULL : count(__libc_malloc(size)); }
void *calloc(size_t items, size_t size) { return refuse() ? NULL : count(__libc_calloc(items, size)); }

void *realloc(void *memory, size_t size)
{
    if (refuse())
        return NULL;
    void *moved = __libc_realloc(memory, size);
    failing.alive += (moved != NULL) - (memory != NULL);
    return moved;
}

void free(void *memory)
{
    failing.alive -= memory != NULL;
    __libc_free(memory);
}
