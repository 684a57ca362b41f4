/* Columns as whole numbers, which rnn/stored_int8.h multiplies with weights of 8 bits, and the choice of instructions
 * for that.
 *
 * Each run of RNN_INT8_RUN numbers of a column is rounded to multiples of its step, the largest one's magnitude /
 * 32639: to 16 bits. A run lies in memory as its head and the numbers, in the form that the instructions want:
 *
 *   RNN_INT8_BYTES   VNNI and NEON's dot products multiply bytes: 16 bits are 256 * high + low, both signed, in planes
 *                    of their own, for two sums
 *   RNN_INT8_PAIRS   AVX-512 and SSE2 multiply and add pairs of 16 bits
 *   RNN_INT8_HALVES  AVX2 too, and makes 16 bits of half a vector of bytes as it loads them
 *   RNN_INT8_WORDS   NEON multiplies four words by one of four, and adds to 32 bits
 *
 * A lane of one number (RNN_PLAIN_C) multiplies weights with columns as they are. */
#ifndef RNN_STORED_QUANTISE_H
#define RNN_STORED_QUANTISE_H

#include "rnn/stored_round.h"

#define RNN_HAS_INT8 1
#if defined(RNN_PLAIN_C)
/* no instructions are chosen */
#elif defined(RNN_LANES_AVX512) && defined(__AVX512VNNI__)
#define RNN_INT8_BYTES
#define RNN_INT8_DOT(sum, w, q) (rnn_vec_bits) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(w), (__m512i)(q))
#elif defined(RNN_LANES_AVX) && defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define RNN_INT8_BYTES
#define RNN_INT8_DOT(sum, w, q) (rnn_vec_bits) _mm256_dpbusd_epi32((__m256i)(sum), (__m256i)(w), (__m256i)(q))
#elif defined(RNN_LANES_NEON) && defined(__ARM_FEATURE_DOTPROD)
#define RNN_INT8_BYTES
#define RNN_INT8_DOT(sum, w, q) (rnn_vec_bits) vdotq_s32((int32x4_t)(sum), (int8x16_t)(w), (int8x16_t)(q))
#elif defined(RNN_LANES_AVX512) && defined(__AVX512BW__)
#define RNN_INT8_PAIRS
#define RNN_INT8_DOT(sum, w, q) (sum) + (rnn_vec_bits)_mm512_madd_epi16((__m512i)(w), (__m512i)(q))
#elif defined(RNN_LANES_AVX) && defined(__AVX2__)
#define RNN_INT8_HALVES
#define RNN_INT8_DOT(sum, w, q) (sum) + (rnn_vec_bits)_mm256_madd_epi16((__m256i)(w), (__m256i)(q))
#elif defined(RNN_LANES_SSE)
#define RNN_INT8_PAIRS
#define RNN_INT8_DOT(sum, w, q) (sum) + (rnn_vec_bits)_mm_madd_epi16((__m128i)(w), (__m128i)(q))
#elif defined(RNN_LANES_NEON)
#define RNN_INT8_WORDS
#else
#undef RNN_HAS_INT8
#define RNN_HAS_INT8 0
#endif
#ifdef RNN_REAL_DOUBLE
#undef RNN_HAS_INT8
#define RNN_HAS_INT8 0
#endif

enum { RNN_INT8_RUN = 512, RNN_INT8_MOST = 32639 }; /* 127 * 32639 * 512 < 2^31, and 32639 = 256 * 127 + 127 */

#ifdef RNN_PLAIN_C
enum { RNN_INT8_EXCESS = 0 };
#endif

#if RNN_HAS_INT8 && !defined(RNN_PLAIN_C)

#ifdef RNN_INT8_BYTES
enum { RNN_INT8_PARTS = 2 }; /* sums of a row and a column: of high bytes and of low ones */
#else
enum { RNN_INT8_PARTS = 1 };
#endif
#if defined(RNN_LANES_NEON) || defined(RNN_INT8_HALVES)
enum { RNN_INT8_EXCESS = 0 }; /* of bytes over their weights */
#else
enum { RNN_INT8_EXCESS = 128 };
#endif

/* A run of a column as whole numbers: in front of them this, then 16 bits each, or the planes of low bytes and of high
 * bytes, `plane` bytes each. */
typedef struct {
    float step;
    uint32_t excess[RNN_INT8_PARTS]; /* that sums have: of high bytes and of low ones */
} rnn_int8_head;

enum { RNN_INT8_HEAD = 64 }; /* bytes in front of the numbers */

/* Bytes of a plane of a column of k numbers, and of a run: whole cache lines. */
#define RNN_INT8_PLANE(k)     (((int)(k) < (int)RNN_INT8_RUN ? (int)(k) + 63 : (int)RNN_INT8_RUN) / 64 * 64)
#define RNN_INT8_RUN_BYTES(k) (RNN_INT8_HEAD + 2 * RNN_INT8_PLANE(k))
/* Numbers (rnn_real) of a column of k numbers that is rounded. */
#define RNN_QUANTISED(k) (((k) + RNN_INT8_RUN - 1) / RNN_INT8_RUN * (RNN_INT8_RUN_BYTES(k) / (int)sizeof(rnn_real)))

/* Stores whole numbers i .. i + RNN_LANES - 1 of a run. */
RNN_INLINE void rnn_int8_store(unsigned char *numbers, const int plane, const int i, const rnn_vec_int whole)
{
#if defined(RNN_INT8_BYTES) && defined(RNN_LANES_AVX512) /* maskz: see rnn_f16_load */
    _mm_store_si128((__m128i *)(void *)(numbers + i), _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)whole));
    _mm_store_si128((__m128i *)(void *)(numbers + plane + i),
                    _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)((whole + 128) >> 8)));
#elif defined(RNN_INT8_BYTES)
    typedef int8_t bytes __attribute__((vector_size(RNN_LANES), may_alias));
    *(bytes *)(void *)(numbers + i) = __builtin_convertvector(whole, bytes);
    *(bytes *)(void *)(numbers + plane + i) = __builtin_convertvector((whole + 128) >> 8, bytes);
#else
    typedef int16_t words __attribute__((vector_size(RNN_LANES * 2), may_alias));
    (void)plane;
    *(words *)(void *)(numbers + 2 * i) = __builtin_convertvector(whole, words);
#endif
}

/* Returns the largest lane. */
RNN_INLINE int32_t rnn_int8_largest(rnn_vec_int v)
{
    typedef int32_t four __attribute__((vector_size(16)));
    union {
        rnn_vec_int whole;
        four parts[RNN_VECTOR_BYTES / 16];
    } u = {v};
    for (int step = RNN_VECTOR_BYTES / 32; step > 0; step /= 2)
        for (int i = 0; i < step; i++) {
            const four more = (four)(u.parts[i] > u.parts[i + step]);
            u.parts[i] = (more & u.parts[i]) | (~more & u.parts[i + step]);
        }
    const four last = u.parts[0];
    const int32_t a = last[0] > last[1] ? last[0] : last[1], b = last[2] > last[3] ? last[2] : last[3];
    return a > b ? a : b;
}

/* Rounds a run of `count` numbers of a column; behind them are zeros up to a multiple of 4. A run that holds NaN or
 * infinity has a step that is NaN. */
RNN_INLINE void rnn_quantise_run(unsigned char *run, const rnn_real *x, const int count, const int plane)
{
    const rnn_vec_int size = 0x7fffffff - (rnn_vec_int){0}; /* all bits but the sign */
    rnn_vec_int most = {0};
    for (int i = 0; i < count; i += RNN_LANES) {
        const rnn_vec v = i + RNN_LANES <= count ? rnn_vec_load_unaligned(x + i) : rnn_vec_load_part(x + i, count - i);
        const rnn_vec_int bits = (rnn_vec_int)v & size, more = (rnn_vec_int)(bits > most);
        most = (more & bits) | (~more & most);
    }
    const float largest = rnn_float_of_bits((uint32_t)rnn_int8_largest(most)); /* NaN is larger than infinity */
    const float limit = RNN_MAX(largest, 7.88860905e-31f);                     /* 2^-100 */
    rnn_int8_head *const head = (rnn_int8_head *)(void *)run;
    memset(head, 0, sizeof *head);
    head->step = limit / RNN_INT8_MOST;
    if (!(largest < INFINITY)) {
        head->step = NAN;
        memset(run + RNN_INT8_HEAD, 0, 2 * (size_t)plane);
        return;
    }
    const rnn_vec inverse = rnn_vec_splat(RNN_INT8_MOST / limit), magic = rnn_vec_splat(12582912.0f); /* 1.5 * 2^23 */
    rnn_vec_int sums[2] = {{0}, {0}};
    for (int i = 0; i < count; i += RNN_LANES) {
        const rnn_vec v = i + RNN_LANES <= count ? rnn_vec_load_unaligned(x + i) : rnn_vec_load_part(x + i, count - i);
        const rnn_vec_int whole = (rnn_vec_int)rnn_vec_madd(v, inverse, magic) - (rnn_vec_int)magic;
        rnn_int8_store(run + RNN_INT8_HEAD, plane, i, whole);
        sums[0] += RNN_INT8_PARTS == 2 ? (whole + 128) >> 8 : whole;
        sums[1] += (whole << 24) >> 24;
    }
    for (int part = 0; part < RNN_INT8_PARTS; part++) /* below 2^24, so exact */
        head->excess[part] =
            (uint32_t)(int32_t)rnn_vec_sum(__builtin_convertvector(sums[part], rnn_vec)) * RNN_INT8_EXCESS;
}

/* Rounds columns of k numbers; `quantised`: RNN_QUANTISED(k) numbers for each. */
RNN_OUTLINE void rnn_quantise(rnn_real *quantised, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                              const int columns)
{
    unsigned char *to = (unsigned char *)(void *)quantised;
    for (int c = 0; c < columns; c++)
        for (int i = 0; i < k; i += RNN_INT8_RUN, to += RNN_INT8_RUN_BYTES(k))
            rnn_quantise_run(to, x + c * x_stride + i, RNN_MIN(k - i, RNN_INT8_RUN), RNN_INT8_PLANE(k));
}

#else /* columns are read as they are */

#define RNN_QUANTISED(k) ((k)*0)

RNN_INLINE void rnn_quantise(rnn_real *quantised, const rnn_real *x, const ptrdiff_t x_stride, const int k,
                             const int columns)
{
    (void)quantised, (void)x, (void)x_stride, (void)k, (void)columns;
}

#endif

#endif
