#include "dtype.h"

#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights files are little-endian, and so must the machine be"
#endif

static const struct {
    const char *name;
    size_t size;
} table[] = {
    [RNN_DTYPE_F64] = {"F64", 8},   [RNN_DTYPE_F32] = {"F32", 4}, [RNN_DTYPE_F16] = {"F16", 2},
    [RNN_DTYPE_BF16] = {"BF16", 2}, [RNN_DTYPE_I64] = {"I64", 8}, [RNN_DTYPE_I32] = {"I32", 4},
    [RNN_DTYPE_I16] = {"I16", 2},   [RNN_DTYPE_I8] = {"I8", 1},   [RNN_DTYPE_U8] = {"U8", 1},
    [RNN_DTYPE_BOOL] = {"BOOL", 1},
};

const char *rnn_dtype_name(rnn_dtype dtype) { return table[dtype].name; }
size_t rnn_dtype_size(rnn_dtype dtype) { return table[dtype].size; }

bool rnn_dtype_find(const char *name, rnn_dtype *dtype)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, name) == 0) {
            *dtype = (rnn_dtype)i;
            return true;
        }
    return false;
}

const char *rnn_shape_text(char *text, int rank, const int64_t *shape)
{
    int used = snprintf(text, RNN_SHAPE_TEXT, "[");
    for (int i = 0; i < rank; i++) /* 8 dimensions of at most 19 digits: it fits */
        used += snprintf(text + used, (size_t)(RNN_SHAPE_TEXT - used), "%s%lld", i ? ", " : "", (long long)shape[i]);
    snprintf(text + used, (size_t)(RNN_SHAPE_TEXT - used), "]");
    return text;
}

bool rnn_shape_elements(int rank, const int64_t *shape, size_t element_size, size_t *elements)
{
    size_t product = 1, bytes;
    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(product, (uint64_t)shape[i], &product))
            return false;
    *elements = product;
    return !__builtin_mul_overflow(product, element_size, &bytes);
}

static double float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

/* Converts IEEE binary16: a normal number becomes a float by moving its fields and re-biasing the exponent (by 127 -
 * 15); a subnormal one is an integer times 2^-24. */
static double half_of_bits(uint32_t bits)
{
    uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 0)
        return (sign ? -1.0 : 1.0) * fraction * 0x1p-24;
    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000 | fraction << 13);
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* One loop for each type; data need not be aligned. */
#define READ(type, value)                                                                                              \
    for (size_t i = 0; i < tensor->elements; i++) {                                                                    \
        type x;                                                                                                        \
        memcpy(&x, data + i * sizeof x, sizeof x);                                                                     \
        out[i] = value;                                                                                                \
    }                                                                                                                  \
    return

void rnn_file_read_double(const rnn_file_tensor *tensor, double *out)
{
    const unsigned char *data = tensor->data;
    switch (tensor->dtype) {
    case RNN_DTYPE_F64:
        READ(double, x);
    case RNN_DTYPE_F32:
        READ(float, (double)x);
    case RNN_DTYPE_F16:
        READ(uint16_t, half_of_bits(x));
    case RNN_DTYPE_BF16:
        READ(uint16_t, float_of_bits((uint32_t)x << 16));
    case RNN_DTYPE_I64:
        READ(int64_t, (double)x);
    case RNN_DTYPE_I32:
        READ(int32_t, x);
    case RNN_DTYPE_I16:
        READ(int16_t, x);
    case RNN_DTYPE_I8:
        READ(int8_t, x);
    case RNN_DTYPE_U8:
        READ(uint8_t, x);
    case RNN_DTYPE_BOOL:
        READ(uint8_t, x != 0);
    }
}
