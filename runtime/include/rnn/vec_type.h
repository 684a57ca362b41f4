/* The type of lanes and its width; macros for the declarations of functions on it. */
#ifndef RNN_VEC_TYPE_H
#define RNN_VEC_TYPE_H

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "a network needs IEEE arithmetic: compile it with -fno-fast-math behind -ffast-math or -Ofast"
#endif
/* No macro shows clang's -fassociative-math and -funsafe-math-optimizations. */
#if defined(__clang__) && __clang_major__ >= 14
#pragma clang fp reassociate(off)
#endif

#include <stdint.h>

#include "rnn/real.h"

/* Some machines with AVX-512 execute vectors of 64 bytes as two halves: Zen 4, which compilers that do not know it take
 * for a Zen 3. A network that defines RNN_FEWER_LANES would leave many lanes of those empty. */
#if defined(RNN_FEWER_LANES) && defined(__AVX512VL__) && (defined(__znver3__) || defined(__znver4__))
#define RNN_HALF_VECTORS
#endif

#ifndef RNN_VECTOR_BYTES
#if defined(__AVX512F__) && !defined(RNN_HALF_VECTORS)
#define RNN_VECTOR_BYTES 64
#elif defined(__AVX__)
#define RNN_VECTOR_BYTES 32
#else
#define RNN_VECTOR_BYTES 16
#endif
#endif
#if RNN_VECTOR_BYTES < 16 || (RNN_VECTOR_BYTES & (RNN_VECTOR_BYTES - 1))
#error "RNN_VECTOR_BYTES has to be a power of two, 16 or more"
#endif

/* Kernels are inlined into their call: sizes become constants, sums stay in registers. Without optimisation that would
 * only multiply the code. */
#ifdef __OPTIMIZE__
#define RNN_INLINE static inline __attribute__((always_inline, unused))
#else
#define RNN_INLINE static inline __attribute__((unused))
#endif

/* A function that is not inlined, so that it has all registers to itself. */
#define RNN_OUTLINE static __attribute__((noinline, unused))

/* Unrolls the loop behind it, of `most` turns or fewer, a number that is constant after inlining, so that accumulators
 * in arrays become registers. RNN_UNROLL_PART: `count` turns at a time. RNN_LOOP: keeps gcc from writing out all turns
 * where their number is a small constant, which spills registers; clang does not. */
#define RNN_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define RNN_UNROLL(most)       RNN_PRAGMA(clang loop unroll(full))
#define RNN_UNROLL_PART(count) RNN_PRAGMA(clang loop unroll_count(count))
#define RNN_LOOP
#else
#define RNN_UNROLL(most)       RNN_PRAGMA(GCC unroll most)
#define RNN_UNROLL_PART(count) RNN_PRAGMA(GCC unroll count)
#define RNN_LOOP               RNN_PRAGMA(GCC unroll 1)
#endif

/* Lanes wider than the machine's registers only pass between functions that are inlined or static: no ABI is involved.
 */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef rnn_real rnn_vec __attribute__((vector_size(RNN_VECTOR_BYTES)));

#ifdef RNN_REAL_DOUBLE
typedef int64_t rnn_vec_int __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef uint64_t rnn_vec_bits __attribute__((vector_size(RNN_VECTOR_BYTES)));
#define RNN_SIGN_BIT (UINT64_C(1) << 63)
#else
typedef int32_t rnn_vec_int __attribute__((vector_size(RNN_VECTOR_BYTES)));
typedef uint32_t rnn_vec_bits __attribute__((vector_size(RNN_VECTOR_BYTES)));
#define RNN_SIGN_BIT (UINT32_C(1) << 31)
#endif

#define RNN_LANES ((int)(RNN_VECTOR_BYTES / sizeof(rnn_real)))
/* The least multiple of RNN_LANES that is n or more; a constant if n is one, of the type of n. */
#define RNN_PAD(n) (((n) + (RNN_LANES - 1)) / RNN_LANES * RNN_LANES)

/* Returns x in every lane. Subtracting 0 keeps -0 and costs nothing; adding 0 would do neither. */
RNN_INLINE rnn_vec rnn_vec_splat(rnn_real x) { return x - (rnn_vec){0}; }

#endif
