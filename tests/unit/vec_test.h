/* For tests that are compiled once for each instruction set: whether this machine can run this one. */
#ifndef RNNC_TESTS_VEC_TEST_H
#define RNNC_TESTS_VEC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TEST_SKIPPED = 77 };

static inline int cpu_can_run(void)
{
#if defined(__AVX512DQ__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#elif defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 1;
#endif
}

#endif
