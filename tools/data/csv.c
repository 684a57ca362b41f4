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
    const char **names; /* of the columns, from the first line; NULL: none */
    int name_count, name_capacity;
    const char **wrong; /* of each column with a name: the error about its first field that is not a number, or NULL */
    double *numbers;
    int count, capacity;
    long rows;
    const char **error;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Finds the end of the field at `begin`: a comma that is not within quotes, or the end of the line. */
static const char *find_stop(const char *begin, const char *end)
{
    const char *stop = begin;
    while (stop < end && is_blank(*stop))
        stop++;
    bool quoted = stop < end && *stop == '"' && memchr(stop + 1, '"', (size_t)(end - stop - 1));
    for (bool inside = false; stop < end && (inside || *stop != ','); stop++)
        inside ^= quoted && *stop == '"';
    return stop;
}

/* Splits off the field at *next, without the blanks and quotes around it; false if it is not a number. */
static bool read_field(const char **next, const char *end, double *number, const char **field, int *length)
{
    const char *begin = *next, *stop = find_stop(begin, end);
    *next = stop;
    while (begin < stop && is_blank(*begin))
        begin++;
    while (stop > begin && is_blank(stop[-1]))
        stop--;
    if (stop - begin >= 2 && *begin == '"' && stop[-1] == '"') {
        begin++;
        stop--;
    }
    *field = begin;
    *length = (int)(stop - begin);
    char *after;
    *number = strtod(begin, &after); /* the text ends with a NUL, and no number goes past a comma, quote or newline */
    return begin < stop && after == stop;
}

/* True if some field begins like a number, so that the line is not one of names. */
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

/* Reads the names of the first line; some may be empty. */
static void read_names(struct reader *reader, const char *begin, const char *end)
{
    for (const char *next = begin;; next++) {
        double number;
        const char *field;
        int length;
        read_field(&next, end, &number, &field, &length);
        const char *name = arena_copy_string(reader->arena, field, (size_t)length);
        ARENA_PUSH(reader->arena, reader->names, reader->name_count, reader->name_capacity, name);
        if (next == end)
            break;
    }
    reader->wrong = ARENA_ARRAY(reader->arena, const char *, reader->name_count);
}

/* True if the line may be one of names: it is the first, some field is not empty, and none begins like a number. */
static bool can_be_names(const struct reader *reader, const char *begin, const char *end)
{
    bool empty = true;
    for (const char *next = begin; next < end; next++)
        empty &= is_blank(*next) || *next == ',';
    return reader->rows == 0 && !reader->names && !empty && !has_numbers(begin, end);
}

static const char *refuse_field(const struct reader *reader, int index, const char *what, const char *field, int length)
{
    return arena_printf(reader->arena, "'%s', line %d, field %d: '%.*s' %s", reader->path, reader->line, index,
                        length > 40 ? 40 : length, field, what);
}

/* Finds the fault of a field; NULL: none. */
static const char *find_fault(bool is_number, double number, const char *field, int length)
{
    if (is_number)
        return isinf(number) && isdigit((unsigned char)field[length - 1]) ? "is more than a number can hold" : NULL;
    if (memchr(field, ';', (size_t)length) || memchr(field, '\t', (size_t)length))
        return "is not a number; fields are separated by commas";
    return "is not a number";
}

/* Appends the numbers of one line. The first may be one of names; columns with names may hold something else, as dates,
 * as long as nothing asks for them. */
static bool read_line(struct reader *reader, const char *begin, const char *end)
{
    int fields = 0, before = reader->count;
    for (const char *next = begin;; next++) {
        double number;
        const char *field;
        int length;
        bool is_number = read_field(&next, end, &number, &field, &length);
        const char *fault = find_fault(is_number, number, field, length);
        if (!is_number && can_be_names(reader, begin, end)) {
            reader->count = before;
            read_names(reader, begin, end);
            return true;
        }
        if (fault && fields >= reader->name_count) {
            *reader->error = refuse_field(reader, fields + 1, fault, field, length);
            return false;
        }
        if (fault && !reader->wrong[fields])
            reader->wrong[fields] = refuse_field(reader, fields + 1, fault, field, length);
        fields++;
        ARENA_PUSH(reader->arena, reader->numbers, reader->count, reader->capacity, fault ? NAN : number);
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

/* True for a line that begins with #, unless a spreadsheet wrote that a value could not be computed. */
static bool is_comment(const char *begin, const char *stop)
{
    static const char *const values[] = {"#DIV/0!", "#N/A",   "#NAME?",  "#NULL!", "#NUM!",
                                         "#REF!",   "#CALC!", "#VALUE!", "#SPILL!"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t length = strlen(values[i]);
        if ((size_t)(stop - begin) >= length && memcmp(begin, values[i], length) == 0)
            return false;
    }
    return *begin == '#';
}

/* True if some column has numbers alone; a file without one is refused with the fault of its first column. */
static bool has_numeric_column(const struct reader *reader)
{
    bool numeric = !reader->names;
    for (int i = 0; i < reader->name_count; i++)
        numeric |= !reader->wrong[i];
    if (!numeric)
        *reader->error = reader->wrong[0];
    return numeric;
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
        if (begin < stop && !is_comment(begin, stop) && !read_line(&reader, begin, stop))
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
    if (!has_numeric_column(&reader))
        return false;
    *array = (struct array){.type = ARRAY_F64, .data = reader.numbers, .columns = reader.names, .wrong = reader.wrong};
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
