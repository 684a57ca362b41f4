/* Words that compilers spell in their own ways. What is neither gcc nor clang does without them.
 *
 * RNN_PLAIN_C, which `rnnc --plain-c` defines, asks for nothing beyond C99: lanes hold one number (rnn/vec_type.h), and
 * whatever gcc and clang are told besides is told to them alone. */
#ifndef RNN_COMPILER_H
#define RNN_COMPILER_H

#if defined(__GNUC__) || !defined(RNN_PLAIN_C)
#define RNN_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#define RNN_PRAGMA(text)   _Pragma(#text)
#define RNN_AHEAD(address) __builtin_prefetch(address)
#else
#define RNN_ATTRIBUTE(...)
#define RNN_PRAGMA(text)
#define RNN_AHEAD(address) ((void)(address))
#endif

/* Kernels are inlined into their call: sizes become constants, sums stay in registers. Without optimisation that would
 * only multiply the code. */
#ifdef __OPTIMIZE__
#define RNN_INLINE static inline RNN_ATTRIBUTE(always_inline, unused)
#else
#define RNN_INLINE static inline RNN_ATTRIBUTE(unused)
#endif

/* A function that is not inlined, so that it has all registers to itself. */
#define RNN_OUTLINE static RNN_ATTRIBUTE(noinline, unused)
/* A function that the compiler may inline or not. */
#define RNN_HELPER static inline RNN_ATTRIBUTE(unused)
/* Functions for streams that begin or end, kept out of line: they must not slow a call of one frame. */
#define RNN_SELDOM static RNN_ATTRIBUTE(noinline, cold, unused)

/* Unrolls the loop behind it, of `most` turns or fewer, a number that is constant after inlining, so that accumulators
 * in arrays become registers. RNN_UNROLL_PART: `count` turns at a time. RNN_LOOP: keeps gcc from writing out all turns
 * where their number is a small constant, which spills registers; clang does not. */
#ifdef __clang__
#define RNN_UNROLL(most)       RNN_PRAGMA(clang loop unroll(full))
#define RNN_UNROLL_PART(count) RNN_PRAGMA(clang loop unroll_count(count))
#define RNN_LOOP
#else
#define RNN_UNROLL(most)       RNN_PRAGMA(GCC unroll most)
#define RNN_UNROLL_PART(count) RNN_PRAGMA(GCC unroll count)
#define RNN_LOOP               RNN_PRAGMA(GCC unroll 1)
#endif

#endif
