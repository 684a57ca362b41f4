/* Comma-separated numbers. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "data/file.h"

struct reader {
    struct arena *arena;
    const char *path;
    int line, columns;  /* columns of the first row; 0 before it */
    const char **names; /* that the first line gives the columns; NULL: none */
    int name_count, name_capacity;
    double *numbers;
    int count, capacity;
    long rows;
    const char **error;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Splits off the field at *next, without the blanks around it; false if it is not a number. */
static bool read_field(const char **next, const char *end, double *number, const char **field, int *length)
{
    const char *begin = *next, *stop = begin;
    while (stop < end && *stop != ',')
        stop++;
    *next = stop;
    while (begin < stop && is_blank(*begin))
        begin++;
    while (stop > begin && is_blank(stop[-1]))
        stop--;
    *field = begin;
    *length = (int)(stop - begin);
    char *after;
    *number = strtod(begin, &after); /* the text ends with a NUL, and no number goes past a comma or a newline */
    return begin < stop && after == stop;
}

/* Whether some field begins like a number, so that the line is not one of names. */
static bool has_numbers(const char *begin, const char *end)
{
    for (const char *next = begin;; next++) {
        double number;
        const char *field;
        char *after;
        int length;
        read_field(&next, end, &number, &field, &length);
        strtod(field, &after);
        if (length > 0 && after > field && after <= field + length && !isalpha((unsigned char)*field))
            return true;
        if (next == end)
            return false;
    }
}

/* The names of the first line; quotes around them, as some spreadsheets put there, are no part of them. */
static void read_names(struct reader *reader, const char *begin, const char *end)
{
    for (const char *next = begin;; next++) {
        double number;
        const char *field;
        int length;
        read_field(&next, end, &number, &field, &length);
        bool quoted = length >= 2 && field[0] == '"' && field[length - 1] == '"';
        const char *name = arena_copy_string(reader->arena, field + quoted, (size_t)(length - 2 * quoted));
        ARENA_PUSH(reader->arena, reader->names, reader->name_count, reader->name_capacity, name);
        if (next == end)
            return;
    }
}

/* Appends the numbers of one line. The first may be one of names. */
static bool read_line(struct reader *reader, const char *begin, const char *end)
{
    int fields = 0, before = reader->count;
    for (const char *next = begin;; next++) {
        double number;
        const char *field;
        int length;
        fields++;
        if (!read_field(&next, end, &number, &field, &length)) {
            reader->count = before;
            if (reader->rows == 0 && !reader->names && length > 0 && !has_numbers(begin, end)) {
                read_names(reader, begin, end);
                return true;
            }
            const char *hint =
                length > 0 && memchr(field, ';', (size_t)length) ? "; fields are separated by commas" : "";
            *reader->error = arena_printf(reader->arena, "'%s', line %d, field %d: '%.*s' is not a number%s",
                                          reader->path, reader->line, fields, length > 40 ? 40 : length, field, hint);
            return false;
        }
        if (isinf(number) && isdigit((unsigned char)field[length - 1])) {
            *reader->error = arena_printf(reader->arena, "'%s', line %d, field %d: '%.*s' is more than a number can hold",
                                          reader->path, reader->line, fields, length > 40 ? 40 : length, field);
            return false;
        }
        ARENA_PUSH(reader->arena, reader->numbers, reader->count, reader->capacity, number);
        if (next == end)
            break;
    }
    if (reader->columns && fields != reader->columns) {
        *reader->error = arena_printf(reader->arena, "'%s', line %d: %d fields, but the lines before it have %d",
                                      reader->path, reader->line, fields, reader->columns);
        return false;
    }
    if (reader->names && fields != reader->name_count) {
        *reader->error = arena_printf(reader->arena, "'%s', line %d: %d field%s, but the first line has %d name%s",
                                      reader->path, reader->line, fields, fields == 1 ? "" : "s", reader->name_count,
                                      reader->name_count == 1 ? "" : "s");
        return false;
    }
    reader->columns = fields;
    reader->rows++;
    return true;
}

bool csv_read(struct arena *arena, const char *path, struct array *array, const char **error)
{
    struct text text;
    if (!file_read(arena, path, &text, error))
        return false;
    struct reader reader = {.arena = arena, .path = path, .error = error};
    const char *next = text.data, *end = text.data + text.length;
    if (text.length >= 2 && (memcmp(next, "\xff\xfe", 2) == 0 || memcmp(next, "\xfe\xff", 2) == 0)) {
        *error = arena_printf(arena, "'%s' is in UTF-16: save it as UTF-8", path);
        return false;
    }
    if (text.length >= 3 && memcmp(next, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        next += 3;
    while (next < end) {
        const char *stop = memchr(next, '\n', (size_t)(end - next));
        stop = stop ? stop : end;
        reader.line++;
        const char *begin = next;
        while (begin < stop && is_blank(*begin))
            begin++;
        if (begin < stop && *begin != '#' && !read_line(&reader, begin, stop))
            return false;
        next = stop < end ? stop + 1 : end;
    }
    if (reader.rows == 0) {
        *error = arena_printf(arena,
                              "'%s' holds no numbers; a .npy or .safetensors file can hold rows that have none, such "
                              "as those of no labels",
                              path);
        return false;
    }
    *array = (struct array){.type = ARRAY_F64, .data = reader.numbers, .columns = reader.names};
    return array_set_shape(array, 2, (const long[]){reader.rows, reader.columns});
}

bool csv_write(struct arena *arena, const char *path, const struct array *array, const char **error)
{
    long rows = array->rank ? array->shape[0] : 1;
    long columns = rows ? array_size(array) / rows : 0;
    int digits = array->type == ARRAY_F32 ? 9 : 17; /* enough to read the same number back */
    struct text text;
    text_init(&text, arena);
    for (long r = 0; r < rows; r++) {
        for (long c = 0; c < columns; c++)
            text_printf(&text, c ? ",%.*g" : "%.*g", digits, array->data[r * columns + c]);
        text_puts(&text, "\n");
    }
    return file_write(arena, path, text.data, text.length, error);
}
