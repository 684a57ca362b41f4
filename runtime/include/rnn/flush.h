/* Flushing of subnormal numbers to zero: a state that decays towards 0 would otherwise slow every operation on it by
 * two orders of magnitude. Arithmetic takes and gives 0 for them, and so do min, max, clip and relu on x86, whatever
 * the width of the vectors; operations that only choose or move numbers (where, abs, a sign, a concatenation) keep
 * them. An entry point of a network brackets its work with rnn_flush_state flush = rnn_flush_begin(); ...
 * rnn_flush_end(flush); The mode belongs to the calling thread. On machines without such a mode both do nothing. */
#ifndef RNN_FLUSH_H
#define RNN_FLUSH_H

#include <stdint.h>

#include "rnn/compiler.h"
#if defined(__SSE2__) && !defined(RNN_PLAIN_C)
#include <xmmintrin.h>
#endif

typedef unsigned rnn_flush_state;

#if defined(__SSE2__) && !defined(RNN_PLAIN_C)

/* MXCSR: flush-to-zero (results, bit 15) and denormals-are-zero (operands, bit 6). Reading it waits for all arithmetic
 * before, and what is computed from it makes all arithmetic behind wait: so it is read once, and its usual value (no
 * exception so far but an inexact result, and all masked) is guessed. */
enum { RNN_FLUSH = 0x8040, RNN_MXCSR_USUAL = 0x1fa0 };

RNN_HELPER rnn_flush_state rnn_flush_begin(void)
{
    const unsigned before = _mm_getcsr();
    if (__builtin_expect(before == RNN_MXCSR_USUAL, 1))
        _mm_setcsr(RNN_MXCSR_USUAL | RNN_FLUSH);
    else
        _mm_setcsr(before | RNN_FLUSH);
    return before;
}

/* Exceptions raised in between are forgotten. */
RNN_HELPER void rnn_flush_end(rnn_flush_state before) { _mm_setcsr(before); }

#elif defined(__aarch64__) && !defined(RNN_PLAIN_C)

/* FPCR.FZ, bit 24: operands and results. */
RNN_HELPER rnn_flush_state rnn_flush_begin(void)
{
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (UINT64_C(1) << 24)));
    return (unsigned)before;
}

RNN_HELPER void rnn_flush_end(rnn_flush_state before) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)before)); }

#else

RNN_HELPER rnn_flush_state rnn_flush_begin(void) { return 0; }
RNN_HELPER void rnn_flush_end(rnn_flush_state before) { (void)before; }

#endif

#endif
