/* The instruction set of a file that `rnnc --target=...` wrote, and the choice of one when a program runs.
 *
 * Such a file defines RNN_TARGET_X86_64_V3 or the like, and includes this one before all others. gcc then compiles for
 * that target without an option, whatever -march says. clang needs -march=..., as its pragma of that kind does not
 * reach parallel regions of OpenMP, and so does g++, which defines macros before it obeys pragmas. What the file is not
 * to be compiled for is an error here: less than the target is slow, more may be an illegal instruction where the
 * program runs. */
#ifndef RNN_TARGET_H
#define RNN_TARGET_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#if defined(RNN_TARGET_BASE)
#pragma GCC target("arch=x86-64")
#elif defined(RNN_TARGET_X86_64_V2)
#pragma GCC target("arch=x86-64-v2")
#elif defined(RNN_TARGET_X86_64_V3)
#pragma GCC target("arch=x86-64-v3")
#elif defined(RNN_TARGET_X86_64_V4)
#pragma GCC target("arch=x86-64-v4")
#endif
#endif

/* ---- checks ----
 *
 * They are declarations, since gcc obeys pragmas only when it compiles: in `gcc -MM` or -E, which #error would end, its
 * macros are those of its options. */
#ifdef __cplusplus
#define RNN_TARGET_WANTS(what) static_assert(false, what);
#else
#define RNN_TARGET_WANTS(what) _Static_assert(0, what);
#endif

/* Instructions that no level has and that compilers use unasked. */
#if defined(__SSE4A__) || defined(__FMA4__) || defined(__XOP__) || defined(__TBM__) || defined(__AVXVNNI__) ||         \
    defined(__AVX512VNNI__) || defined(__AVX512VBMI__) || defined(__AVX512BF16__) || defined(__AVX512FP16__)
#define RNN_BEYOND_LEVELS
#endif

#if defined(RNN_TARGET_BASE) && defined(__x86_64__) && (defined(__SSE3__) || defined(RNN_BEYOND_LEVELS))
RNN_TARGET_WANTS("this file is for all x86-64: compile it with -march=x86-64")
#endif
#if defined(RNN_TARGET_X86_64_V2) && (!defined(__SSE4_2__) || defined(__AVX__) || defined(RNN_BEYOND_LEVELS))
RNN_TARGET_WANTS("this file is for x86-64-v2: compile it with -march=x86-64-v2")
#endif
#if defined(RNN_TARGET_X86_64_V3) &&                                                                                   \
    (!defined(__AVX2__) || !defined(__FMA__) || defined(__AVX512F__) || defined(RNN_BEYOND_LEVELS))
RNN_TARGET_WANTS("this file is for x86-64-v3: compile it with -march=x86-64-v3")
#endif
#if defined(RNN_TARGET_X86_64_V4) && (!defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||     \
                                      !defined(__AVX512VL__) || defined(RNN_BEYOND_LEVELS))
RNN_TARGET_WANTS("this file is for x86-64-v4: compile it with -march=x86-64-v4")
#endif
#if defined(RNN_TARGET_AARCH64) && !defined(__aarch64__)
RNN_TARGET_WANTS("this file is for aarch64")
#endif

/* ---- the processor ----
 *
 * RNN_CPU_X86_64_V3   true where the processor and the system have all instructions of x86-64-v3; the others likewise.
 *                     It is found out when a program is loaded: the question costs some loads.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define RNN_CPU_X86_64_V2 __builtin_cpu_supports("x86-64-v2")
#define RNN_CPU_X86_64_V3 __builtin_cpu_supports("x86-64-v3")
#define RNN_CPU_X86_64_V4 __builtin_cpu_supports("x86-64-v4")
#elif defined(__x86_64__) /* processors that have these have F16C, LZCNT and MOVBE too */
#define RNN_CPU_X86_64_V2 (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
#define RNN_CPU_X86_64_V3                                                                                              \
    (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&               \
     __builtin_cpu_supports("bmi2"))
#define RNN_CPU_X86_64_V4                                                                                              \
    (RNN_CPU_X86_64_V3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&                   \
     __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
#endif

#endif
