/* numpy's .npy files. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *   "\x93NUMPY", major and minor version (a byte each), length of the header (2 bytes little-endian in version 1, else
 * 4), the header: a Python dictionary with the keys descr, fortran_order and shape, padded with blanks and ended by a
 * newline, the elements. */
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "data/file.h"
#include "rnn/weights.h"

#define MAGIC "\x93NUMPY"
enum { MAGIC_LENGTH = 6, ALIGNMENT = 64 };

/* The element types that are read. Those of struct array come first, in its order, and are written too. */
static const struct {
    const char *descr;
    rnn_dtype dtype;
    size_t size;
    enum array_type type; /* type in memory */
} types[] = {
    {"<f4", RNN_DTYPE_F32, 4, ARRAY_F32}, {"<f8", RNN_DTYPE_F64, 8, ARRAY_F64}, {"<i4", RNN_DTYPE_I32, 4, ARRAY_I32},
    {"<i8", RNN_DTYPE_I64, 8, ARRAY_I64}, {"<f2", RNN_DTYPE_F16, 2, ARRAY_F32}, {"<i2", RNN_DTYPE_I16, 2, ARRAY_I32},
    {"|i1", RNN_DTYPE_I8, 1, ARRAY_I32},  {"|u1", RNN_DTYPE_U8, 1, ARRAY_I32},  {"|b1", RNN_DTYPE_BOOL, 1, ARRAY_I32},
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

/* The keys of the header, each given once. */
enum key { KEY_DESCR, KEY_ORDER, KEY_SHAPE, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {
    [KEY_DESCR] = "descr", [KEY_ORDER] = "fortran_order", [KEY_SHAPE] = "shape"};

struct header {
    int seen[KEY_COUNT]; /* how often */
    char descr[32];
    bool fortran_order;
    int rank;
    long shape[ARRAY_MAX_RANK];
};

static const char *skip_blanks(const char *next)
{
    while (isspace((unsigned char)*next))
        next++;
    return next;
}

/* Copies a quoted string; NULL if there is none or it does not fit. */
static const char *read_quoted(const char *next, char *out, size_t room)
{
    char quote = *next++;
    if (quote != '\'' && quote != '"')
        return NULL;
    const char *end = strchr(next, quote);
    if (!end || (size_t)(end - next) >= room)
        return NULL;
    memcpy(out, next, (size_t)(end - next));
    out[end - next] = '\0';
    return end + 1;
}

/* Reads a shape: (), (5,), (5, 3). */
static const char *read_shape(const char *next, struct header *header)
{
    if (*next != '(')
        return NULL;
    next = skip_blanks(next + 1);
    for (header->rank = 0; *next != ')'; header->rank++) {
        char *end;
        if (!isdigit((unsigned char)*next) || header->rank == ARRAY_MAX_RANK)
            return NULL;
        header->shape[header->rank] = strtol(next, &end, 10);
        next = skip_blanks(end);
        if (*next == ',')
            next = skip_blanks(next + 1);
        else if (*next != ')')
            return NULL;
    }
    return next + 1;
}

static const char *read_entry(const char *next, enum key key, struct header *header)
{
    if (key == KEY_DESCR)
        return read_quoted(next, header->descr, sizeof header->descr);
    if (key == KEY_SHAPE)
        return read_shape(next, header);
    header->fortran_order = strncmp(next, "True", 4) == 0;
    return header->fortran_order ? next + 4 : strncmp(next, "False", 5) == 0 ? next + 5 : NULL;
}

/* Parses a header: {'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), } */
static bool parse_header(const char *next, struct header *header)
{
    next = skip_blanks(next);
    if (*next != '{')
        return false;
    for (next = skip_blanks(next + 1); *next != '}';) {
        char name[32];
        int key = 0;
        if (!(next = read_quoted(next, name, sizeof name)) || *(next = skip_blanks(next)) != ':')
            return false;
        while (key < KEY_COUNT && strcmp(keys[key], name) != 0)
            key++;
        if (key == KEY_COUNT)
            return false;
        header->seen[key]++;
        if (!(next = read_entry(skip_blanks(next + 1), (enum key)key, header)))
            return false;
        next = skip_blanks(next);
        if (*next == ',')
            next = skip_blanks(next + 1);
        else if (*next != '}')
            return false;
    }
    return header->seen[KEY_DESCR] && header->seen[KEY_ORDER] && header->seen[KEY_SHAPE];
}

__attribute__((format(printf, 3, 4))) static bool fail(struct arena *arena, const char **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *error = arena_vprintf(arena, format, args);
    va_end(args);
    return false;
}

/* Reads the header; returns the place where the elements begin, or 0. */
static size_t read_header(struct arena *arena, const char *path, const struct text *text, struct header *header,
                          const char **error)
{
    const unsigned char *bytes = (const unsigned char *)text->data;
    if (text->length < MAGIC_LENGTH + 4 || memcmp(bytes, MAGIC, MAGIC_LENGTH) != 0) {
        fail(arena, error, "'%s' is not a .npy file", path);
        return 0;
    }
    int version = bytes[6];
    if (version < 1 || version > 3) {
        fail(arena, error, "'%s': version %d of the .npy format is not known; save it with numpy.save", path, version);
        return 0;
    }
    size_t begin = version == 1 ? 10 : 12;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1 && text->length >= begin)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (text->length < begin || length > text->length - begin) {
        fail(arena, error, "'%s' ends within its header", path);
        return 0;
    }
    if (!parse_header(arena_copy_string(arena, text->data + begin, length), header)) {
        fail(arena, error, "'%s': the header is not understood; ranks above %d and records are not read", path,
             ARRAY_MAX_RANK);
        return 0;
    }
    for (int key = 0; key < KEY_COUNT; key++)
        if (header->seen[key] > 1) {
            fail(arena, error, "'%s': the header has '%s' twice", path, keys[key]);
            return 0;
        }
    return begin + length;
}

static bool find_type(struct arena *arena, const char *path, const struct header *header, int *type, const char **error)
{
    for (*type = 0; *type < TYPE_COUNT; (*type)++)
        if (strcmp(header->descr, types[*type].descr) == 0)
            return true;
    const char *order = header->descr[0] == '>' ? "big-endian elements" : "elements";
    return fail(arena, error, "'%s' has %s of type '%s'; convert it with x.astype('<f4') or, for ids, x.astype('<i4')",
                path, order, header->descr);
}

/* Turns Fortran's order, in which the first index moves fastest, into C's. */
static double *turn_order(struct arena *arena, const struct array *array)
{
    long size = array_size(array), index[ARRAY_MAX_RANK] = {0};
    double *turned = ARENA_ARRAY(arena, double, size + 1);
    for (long i = 0; i < size; i++) {
        long place = 0;
        for (int axis = array->rank - 1; axis >= 0; axis--)
            place = place * array->shape[axis] + index[axis];
        turned[i] = array->data[place];
        for (int axis = array->rank - 1; axis >= 0 && ++index[axis] == array->shape[axis]; axis--)
            index[axis] = 0;
    }
    return turned;
}

bool npy_parse(struct arena *arena, const char *path, const struct text *text, struct array *array, const char **error)
{
    struct header header = {0};
    int type = 0;
    size_t begin = read_header(arena, path, text, &header, error);
    if (!begin || !find_type(arena, path, &header, &type, error))
        return false;
    *array = (struct array){.type = types[type].type};
    if (!array_set_shape(array, header.rank, header.shape))
        return fail(arena, error, "'%s': the shape is too large", path);
    size_t count = (size_t)array_size(array), size = types[type].size;
    if (text->length - begin != count * size)
        return fail(arena, error, "'%s' has %zu bytes of elements, but the shape %s of '%s' needs %zu", path,
                    text->length - begin, array_shape_text(arena, array), header.descr, count * size);
    array->data = ARENA_ARRAY(arena, double, count + 1);
    rnn_file_read_double(&(rnn_file_tensor){.dtype = types[type].dtype, .data = text->data + begin, .elements = count},
                         array->data);
    if (header.fortran_order && array->rank > 1)
        array->data = turn_order(arena, array);
    return true;
}

bool npy_read(struct arena *arena, const char *path, struct array *array, const char **error)
{
    struct text text;
    return file_read(arena, path, &text, error) && npy_parse(arena, path, &text, array, error);
}

static void append_element(struct text *text, double x, enum array_type type)
{
    float f32 = (float)x;
    int32_t i32 = type == ARRAY_I32 ? (int32_t)x : 0;
    int64_t i64 = type == ARRAY_I64 ? (int64_t)x : 0;
    const void *const forms[] = {[ARRAY_F32] = &f32, [ARRAY_F64] = &x, [ARRAY_I32] = &i32, [ARRAY_I64] = &i64};
    text_append(text, forms[type], types[type].size);
}

bool npy_write(struct arena *arena, const char *path, const struct array *array, const char **error)
{
    struct text header, text;
    text_init(&header, arena);
    text_printf(&header, "{'descr': '%s', 'fortran_order': False, 'shape': (", types[array->type].descr);
    for (int i = 0; i < array->rank; i++)
        text_printf(&header, array->rank == 1 ? "%ld," : i ? ", %ld" : "%ld", array->shape[i]);
    text_puts(&header, "), }");
    while ((MAGIC_LENGTH + 4 + header.length + 1) % ALIGNMENT)
        text_puts(&header, " ");
    text_puts(&header, "\n");

    text_init(&text, arena);
    text_append(&text, MAGIC "\1\0", MAGIC_LENGTH + 2);
    text_append(&text, (const char[]){(char)(header.length & 255), (char)(header.length >> 8)}, 2);
    text_append(&text, header.data, header.length);
    for (long i = 0; i < array_size(array); i++)
        append_element(&text, array->data[i], array->type);
    return file_write(arena, path, text.data, text.length, error);
}
