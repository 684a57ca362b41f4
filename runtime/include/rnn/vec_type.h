/* The type of lanes and its width. */
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

#include "rnn/compiler.h"
#include "rnn/real.h"

#ifdef RNN_PLAIN_C

/* Lanes of one number, for C without vectors. */
#ifdef RNN_REAL_DOUBLE
#define RNN_VECTOR_BYTES 8
#define RNN_SIGN_BIT     (UINT64_C(1) << 63)
typedef int64_t rnn_vec_int;
typedef uint64_t rnn_vec_bits;
#else
#define RNN_VECTOR_BYTES 4
#define RNN_SIGN_BIT     (UINT32_C(1) << 31)
typedef int32_t rnn_vec_int;
typedef uint32_t rnn_vec_bits;
#endif
typedef rnn_real rnn_vec;
#define RNN_LANE(v, i) (v) /* one of the lanes, which may be assigned to */

#else

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

#define RNN_LANE(v, i) (v)[i] /* one of the lanes, which may be assigned to */

#endif

#define RNN_LANES ((int)(RNN_VECTOR_BYTES / sizeof(rnn_real)))
/* The least multiple of RNN_LANES that is n or more; a constant if n is one, of the type of n. */
#define RNN_PAD(n) (((n) + (RNN_LANES - 1)) / RNN_LANES * RNN_LANES)

/* Of memory that holds lanes. Those of one number ask for no more than their type; the attribute could take from it. */
#ifdef RNN_PLAIN_C
#define RNN_ALIGNED
#else
#define RNN_ALIGNED RNN_ATTRIBUTE(aligned(RNN_VECTOR_BYTES))
#endif

/* Returns x in every lane. Subtracting 0 keeps -0 and costs nothing; adding 0 would do neither. */
RNN_INLINE rnn_vec rnn_vec_splat(rnn_real x) { return x - (rnn_vec){0}; }

#endif
