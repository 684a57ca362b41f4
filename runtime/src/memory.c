#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rnn/model.h"

/* From this size on memory starts at a huge page (on x86 and arm64), so that sweeps over weights miss the TLB less. */
enum { HUGE_PAGE = 2 << 20 };

void *rnn_alloc(size_t size, size_t alignment)
{
    if (alignment & (alignment - 1))
        return NULL;
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    if (size >= HUGE_PAGE && alignment < HUGE_PAGE)
        alignment = HUGE_PAGE;
    if (size == 0)
        size = 1;

    void *memory;
    if (posix_memalign(&memory, alignment, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE)
        (void)madvise(memory, size, MADV_HUGEPAGE); /* a hint: without it the memory is only slower */
#endif
    return memset(memory, 0, size);
}

void rnn_free(void *memory) { free(memory); }
