/* Tensors of ONNX's files: in the file or in another one beside it.
 * https://github.com/onnx/onnx/blob/main/docs/ExternalData.md */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/file.h"
#include "import/onnx_graph.h"
#include "rnn/weights.h"

/* TensorProto.DataType: those that are read, with the bytes of a number, and the names of others. */
enum { FLOAT = 1, INT32 = 6, INT64 = 7, BOOL = 9, FLOAT16 = 10, DOUBLE = 11, BFLOAT16 = 16 };

static const struct type {
    const char *name;
    size_t width; /* 0: not read */
} types[] = {
    [FLOAT] = {"float", 4},     [2] = {"uint8", 0},           [3] = {"int8", 0},        [4] = {"uint16", 0},
    [5] = {"int16", 0},         [INT32] = {"int32", 4},       [INT64] = {"int64", 8},   [8] = {"string", 0},
    [BOOL] = {"bool", 1},       [FLOAT16] = {"float16", 2},   [DOUBLE] = {"double", 8}, [12] = {"uint32", 0},
    [13] = {"uint64", 0},       [14] = {"complex64", 0},      [15] = {"complex128", 0}, [BFLOAT16] = {"bfloat16", 2},
    [17] = {"float8e4m3fn", 0}, [18] = {"float8e4m3fnuz", 0}, [19] = {"float8e5m2", 0}, [20] = {"float8e5m2fnuz", 0},
    [21] = {"uint4", 0},        [22] = {"int4", 0},           [23] = {"float4e2m1", 0},
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

static size_t width_of(int type) { return type > 0 && type < TYPE_COUNT ? types[type].width : 0; }

const char *onnx_type_text(struct arena *arena, int type)
{
    return type > 0 && type < TYPE_COUNT ? types[type].name : arena_printf(arena, "type %d", type);
}

bool onnx_is_whole(int type) { return type == INT32 || type == INT64; }
bool onnx_is_real(int type) { return type == FLOAT || type == DOUBLE; }
bool onnx_is_half(int type) { return type == FLOAT16 || type == BFLOAT16; }

/* Real numbers of fewer bits than double: digits of the significand, the exponent of the smallest one, and that of the
 * first power of two that is infinite. */
static const struct precision {
    int type, digits, least, infinite;
} precisions[] = {{FLOAT, 24, -149, 128}, {FLOAT16, 11, -24, 16}, {BFLOAT16, 8, -133, 128}};

bool onnx_can_round(int type) { return width_of(type) > 0; }

double onnx_round(int type, double number)
{
    if (type == BOOL)
        return fabs(number) > 0 || isnan(number);
    if (onnx_is_whole(type))
        return trunc(number);
    for (size_t i = 0; i < sizeof precisions / sizeof precisions[0]; i++) {
        const struct precision *precision = &precisions[i];
        int exponent;
        if (precision->type != type || !isfinite(number) || onnx_is_open(number))
            continue;
        frexp(number, &exponent);
        exponent = exponent - precision->digits > precision->least ? exponent - precision->digits : precision->least;
        const double rounded = ldexp(nearbyint(ldexp(number, -exponent)), exponent);
        return fabs(rounded) < ldexp(1, precision->infinite) ? rounded : copysign(INFINITY, number);
    }
    return number;
}

struct bytes {
    const unsigned char *data; /* NULL: the numbers are in fields of their own */
    size_t length;
};

static bool tensor_error(struct onnx_graph *graph, const char *what, const char *name, const char *problem,
                         const char **error)
{
    *error = arena_printf(graph->arena, "'%s': the %s '%s' %s", graph->path, what, name, problem);
    return false;
}

static const char *external(const Onnx__TensorProto *proto, const char *key)
{
    for (size_t i = 0; i < proto->n_external_data; i++)
        if (proto->external_data[i]->key && strcmp(proto->external_data[i]->key, key) == 0)
            return proto->external_data[i]->value;
    return NULL;
}

/* True where no part of a path leads out of the folder. */
static bool stays_inside(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (!part[2] || part[2] == '/'))
            return false;
    return *path && *path != '/';
}

static bool read_beside(struct onnx_graph *graph, const char *location, const struct text **content, const char **error)
{
    for (int i = 0; i < graph->file_count; i++)
        if (strcmp(graph->files[i].name, location) == 0) {
            *content = &graph->files[i].content;
            return true;
        }
    const char *slash = strrchr(graph->path, '/');
    struct onnx_file file = {.name = arena_printf(graph->arena, "%s", location)};
    if (!file_read(
            graph->arena,
            arena_printf(graph->arena, "%.*s%s", slash ? (int)(slash + 1 - graph->path) : 0, graph->path, location),
            &file.content, error))
        return false;
    ARENA_PUSH(graph->arena, graph->files, graph->file_count, graph->file_capacity, file);
    *content = &graph->files[graph->file_count - 1].content;
    return true;
}

/* A number of external data; `otherwise` where it is not there. */
static bool read_place(const Onnx__TensorProto *proto, const char *key, size_t otherwise, size_t *number)
{
    const char *text = external(proto, key);
    char *end = NULL;
    *number = otherwise;
    if (!text)
        return true;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* `size`: the tensor's bytes as its shape says, which external data without a length has. */
static bool find_bytes(struct onnx_graph *graph, const Onnx__TensorProto *proto, const char *what, size_t size,
                       struct bytes *bytes, const char **error)
{
    const char *name = proto->name ? proto->name : "";
    *bytes = (struct bytes){proto->has_raw_data ? proto->raw_data.data : NULL, proto->raw_data.len};
    if (!proto->data_location)
        return true;
    const char *location = external(proto, "location");
    const struct text *content;
    size_t offset, length;
    if (!location || !stays_inside(location))
        return tensor_error(graph, what, name, "has its numbers in another file, which has to be in the same folder",
                            error);
    if (!read_beside(graph, location, &content, error))
        return false;
    if (!read_place(proto, "offset", 0, &offset) || offset > content->length ||
        !read_place(proto, "length", size, &length) || length > content->length - offset)
        return tensor_error(graph, what, name,
                            arena_printf(graph->arena, "is not within '%.200s', which is shorter", location), error);
    *bytes = (struct bytes){(const unsigned char *)content->data + offset, length};
    return true;
}

/* How many numbers there are. */
static size_t count_numbers(const Onnx__TensorProto *proto, const struct bytes *bytes)
{
    const size_t width = width_of(proto->data_type);
    if (bytes->data)
        return bytes->length % width ? SIZE_MAX : bytes->length / width;
    switch (proto->data_type) {
    case FLOAT:
        return proto->n_float_data;
    case INT64:
        return proto->n_int64_data;
    case DOUBLE:
        return proto->n_double_data;
    default:
        return proto->n_int32_data;
    }
}

/* A number of two bytes, as the reader of weights files has it. */
static double read_half(int type, uint16_t bits)
{
    double number;
    const rnn_file_tensor one = {
        .dtype = type == FLOAT16 ? RNN_DTYPE_F16 : RNN_DTYPE_BF16, .elements = 1, .data = &bits};
    rnn_file_read_double(&one, &number);
    return number;
}

static double read_number(const Onnx__TensorProto *proto, const struct bytes *bytes, size_t i)
{
    const size_t width = width_of(proto->data_type);
    union {
        float f;
        double d;
        int32_t i32;
        int64_t i64;
        uint16_t bits;
        unsigned char byte;
    } one = {0};
    if (bytes->data)
        memcpy(&one, bytes->data + i * width, width);
    switch (proto->data_type) {
    case FLOAT:
        return (double)(bytes->data ? one.f : proto->float_data[i]);
    case INT32:
        return bytes->data ? one.i32 : proto->int32_data[i];
    case INT64:
        return (double)(bytes->data ? one.i64 : proto->int64_data[i]);
    case BOOL:
        return bytes->data ? one.byte : proto->int32_data[i];
    case FLOAT16:
    case BFLOAT16:
        return read_half(proto->data_type, bytes->data ? one.bits : (uint16_t)proto->int32_data[i]);
    default:
        return bytes->data ? one.d : proto->double_data[i];
    }
}

bool onnx_tensor(struct onnx_graph *graph, const Onnx__TensorProto *proto, const char *what, struct array *array,
                 const char **error)
{
    const char *name = proto->name ? arena_printf(graph->arena, "%s", proto->name) : "";
    long shape[ARRAY_MAX_RANK] = {0};
    bool fits = proto->n_dims <= ARRAY_MAX_RANK;
    struct bytes bytes;
    for (size_t i = 0; fits && i < proto->n_dims; i++) {
        shape[i] = (long)proto->dims[i];
        fits = shape[i] >= 0;
    }
    *array = (struct array){.name = name, .type = ARRAY_F32};
    if (!width_of(proto->data_type))
        return tensor_error(graph, what, name,
                            arena_printf(graph->arena,
                                         "is of %s: only float, double, float16, bfloat16, int32, int64 and bool are "
                                         "read",
                                         onnx_type_text(graph->arena, proto->data_type)),
                            error);
    if (!fits || !array_set_shape(array, (int)proto->n_dims, shape))
        return tensor_error(graph, what, name, "has a shape that cannot be: up to 4 dimensions are read", error);
    const size_t size = (size_t)array_size(array);
    if (!find_bytes(graph, proto, what, size * width_of(proto->data_type), &bytes, error))
        return false;
    if (count_numbers(proto, &bytes) != size)
        return tensor_error(
            graph, what, name,
            arena_printf(graph->arena, "has more or fewer numbers than %s has", array_shape_text(graph->arena, array)),
            error);
    array->data = ARENA_ARRAY(graph->arena, double, size + 1);
    for (size_t i = 0; i < size; i++)
        array->data[i] = read_number(proto, &bytes, i);
    return true;
}
