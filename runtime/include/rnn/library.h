/* The part of the C library that kernels need. With RNN_FREESTANDING, which `rnnc --freestanding` defines, that is
 * memcpy, memmove and memset alone, which compilers call of their own accord; a freestanding C has headers for neither
 * them nor numbers. */
#ifndef RNN_LIBRARY_H
#define RNN_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef RNN_FREESTANDING
#ifdef __cplusplus
extern "C" {
#endif
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#define INFINITY __builtin_inff()
#define NAN      __builtin_nanf("")
#else
#define INFINITY ((float)(1e300 * 1e300))
#define NAN      (INFINITY * 0.0f)
#endif
#else
#include <math.h>
#include <string.h>
#endif

#endif
