#include "base/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"

/* Far more than any program, and far less than a span's 32 bits can count: of a file, and of all files. */
enum { SOURCE_MAX_TOTAL = 4 * SOURCE_MOST_BYTES };

/* Makes room for a longer text. It doubles, so that many files cost no more than a few copies of the text. */
static void reserve(struct source *source, size_t bytes)
{
    if (bytes <= source->capacity)
        return;
    source->capacity = bytes > 2 * source->capacity ? bytes : 2 * source->capacity;
    source->room = arena_alloc(source->arena, source->capacity, 1);
    if (source->length)
        memcpy(source->room, source->data, source->length);
    source->data = source->room;
}

/* Appends a file to the text; returns its number. */
static int append(struct source *source, const char *name, const char *data, size_t length)
{
    struct arena *arena = source->arena;
    if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        length -= 3;
    }
    const size_t begin = source->file_count ? source->length + 1 : 0; /* behind a newline */
    struct source_file file = {.name = arena_copy_string(arena, name, strlen(name)),
                               .begin = (uint32_t)begin,
                               .end = (uint32_t)(begin + length),
                               .first_row = source->line_count};
    reserve(source, begin + length + 1);
    char *text = source->room;
    if (begin)
        text[begin - 1] = '\n';
    memcpy(text + begin, data, length);
    text[begin + length] = '\0';
    source->length = begin + length;
    ARENA_PUSH(arena, source->line_begin, source->line_count, source->line_capacity, file.begin);
    for (uint32_t i = file.begin; i < file.end; i++)
        if (text[i] == '\n')
            ARENA_PUSH(arena, source->line_begin, source->line_count, source->line_capacity, i + 1);
    ARENA_PUSH(arena, source->files, source->file_count, source->file_capacity, file);
    return source->file_count - 1;
}

struct source *source_from_memory(struct arena *arena, const char *name, const char *data, size_t length)
{
    if (length > SOURCE_MOST_BYTES)
        out_of_memory();
    struct source *source = ARENA_NEW(arena, struct source);
    source->arena = arena;
    append(source, name, data, length);
    source->name = source->files[0].name;
    return source;
}

static bool has_room(const struct source *source, size_t length, const char **error)
{
    if (source->length + length < SOURCE_MAX_TOTAL)
        return true;
    *error = "all files of the program together are larger than 64 MiB";
    return false;
}

int source_add_memory(struct source *source, const char *name, const char *data, size_t length, const char **error)
{
    for (int i = 1; i < source->file_count; i++)
        if (source->files[i].built_in && strcmp(source->files[i].name, name) == 0)
            return i;
    if (!has_room(source, length, error))
        return -1;
    const int file = append(source, name, data, length);
    source->files[file].built_in = true;
    return file;
}

static const char *read_all(FILE *file, struct text *text)
{
    char buffer[16 * 1024];
    size_t count;
    while ((count = fread(buffer, 1, sizeof buffer, file)) > 0) {
        text_append(text, buffer, count);
        if (text->length > SOURCE_MOST_BYTES)
            return "the file is larger than 16 MiB";
    }
    return ferror(file) ? strerror(errno) : NULL;
}

/* Opens and reads a file; returns the reason why that failed, or NULL. */
static const char *read_path(const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOMEM)
        out_of_memory();
    const char *reason = file ? read_all(file, text) : strerror(errno);
    if (file)
        fclose(file);
    return reason;
}

struct source *source_from_file(struct arena *arena, const char *path, const char **error)
{
    const bool is_standard_input = strcmp(path, "-") == 0;
    struct text text;
    text_init(&text, arena);
    const char *reason = is_standard_input ? read_all(stdin, &text) : read_path(path, &text);
    if (reason) {
        *error = is_standard_input ? arena_printf(arena, "cannot read standard input: %s", reason)
                                   : arena_printf(arena, "cannot read '%s': %s", path, reason);
        return NULL;
    }
    struct source *source =
        source_from_memory(arena, is_standard_input ? "<stdin>" : path, text.data ? text.data : "", text.length);
    struct stat status;
    if (!is_standard_input && stat(path, &status) == 0) {
        source->files[0].device = (uint64_t)status.st_dev;
        source->files[0].inode = (uint64_t)status.st_ino;
    }
    return source;
}

static int find_file(const struct source *source, const struct stat *status)
{
    for (int i = 0; i < source->file_count; i++)
        if (source->files[i].inode && source->files[i].inode == (uint64_t)status->st_ino &&
            source->files[i].device == (uint64_t)status->st_dev)
            return i;
    return -1;
}

int source_add_file(struct source *source, const char *path, const char **error)
{
    struct stat status;
    const char *reason = NULL;
    bool is_passed = false; /* over, as if there were no file */
    if (stat(path, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return SOURCE_MISSING;
        reason = strerror(errno);
        is_passed = errno == ELOOP;
    } else if (!S_ISREG(status.st_mode)) { /* reading a pipe might wait for ever */
        reason = "it is no regular file";
        is_passed = S_ISDIR(status.st_mode);
    } else if (find_file(source, &status) >= 0) {
        return find_file(source, &status);
    }
    struct arena *scratch = arena_new();
    struct text text;
    text_init(&text, scratch);
    int number = is_passed ? SOURCE_MISSING : -1;
    if (!reason)
        reason = read_path(path, &text);
    if (!reason && has_room(source, text.length, &reason)) {
        number = append(source, path, text.data ? text.data : "", text.length);
        source->files[number].device = (uint64_t)status.st_dev;
        source->files[number].inode = (uint64_t)status.st_ino;
    } else if (!is_passed || !*error) { /* of several that are passed over the first */
        *error = arena_printf(source->arena, "cannot read '%s': %s", path, reason);
    }
    arena_free(scratch);
    return number;
}

/* The last line that begins at or before the offset. */
static int find_row(const struct source *source, uint32_t offset)
{
    int low = 0, high = source->line_count; /* line_begin[low] <= offset < line_begin[high] */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (source->line_begin[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct source_file *source_file_at(const struct source *source, uint32_t offset)
{
    int file = source->file_count - 1;
    while (file > 0 && source->files[file].begin > offset)
        file--;
    return &source->files[file];
}

void source_locate(const struct source *source, uint32_t offset, int *line, int *column)
{
    const int row = find_row(source, offset);
    *line = row - source_file_at(source, offset)->first_row + 1;
    *column = (int)(offset - source->line_begin[row]) + 1;
}

const char *source_excerpt(struct arena *arena, const struct source *source, struct span span)
{
    char *text = arena_alloc(arena, SOURCE_EXCERPT_MOST + 4, 1);
    int length = 0;
    for (uint32_t i = span.begin; i < span.end && i < source->length; i++) {
        char c = source->data[i];
        if (c == '#') /* a comment */
            while (i + 1 < span.end && i + 1 < source->length && source->data[i + 1] != '\n')
                i++;
        if (c == '#' || isspace((unsigned char)c)) {
            if (length && text[length - 1] != ' ')
                text[length++] = ' ';
        } else {
            text[length++] = c;
        }
        if (length >= SOURCE_EXCERPT_MOST) {
            for (int k = 0; k < 3; k++)
                text[length++] = '.';
            break;
        }
    }
    while (length && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}
