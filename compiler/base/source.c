#include "base/source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Far more than any program, and far less than a span's 32 bits can count. */
enum { SOURCE_MAX_LENGTH = 16 * 1024 * 1024 };

struct source *source_from_memory(struct arena *arena, const char *name, const char *data, size_t length)
{
    if (length > SOURCE_MAX_LENGTH)
        out_of_memory();
    if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        length -= 3;
    }
    struct source *source = ARENA_NEW(arena, struct source);
    source->name = arena_copy_string(arena, name, strlen(name));
    source->data = arena_copy_string(arena, data, length);
    source->length = length;

    int capacity = 0;
    ARENA_PUSH(arena, source->line_begin, source->line_count, capacity, 0);
    for (size_t i = 0; i < length; i++)
        if (source->data[i] == '\n')
            ARENA_PUSH(arena, source->line_begin, source->line_count, capacity, (uint32_t)(i + 1));
    return source;
}

static const char *read_all(FILE *file, struct text *text)
{
    char buffer[16 * 1024];
    size_t count;
    while ((count = fread(buffer, 1, sizeof buffer, file)) > 0) {
        text_append(text, buffer, count);
        if (text->length > SOURCE_MAX_LENGTH)
            return "the file is larger than 16 MiB";
    }
    return ferror(file) ? strerror(errno) : NULL;
}

struct source *source_from_file(struct arena *arena, const char *path, const char **error)
{
    bool is_standard_input = strcmp(path, "-") == 0;
    FILE *file = is_standard_input ? stdin : fopen(path, "rb");
    if (!file && errno == ENOMEM)
        out_of_memory();
    const char *reason = file ? NULL : strerror(errno);
    struct text text;
    text_init(&text, arena);
    if (file)
        reason = read_all(file, &text);
    if (file && !is_standard_input)
        fclose(file);
    if (reason) {
        *error = is_standard_input ? arena_printf(arena, "cannot read standard input: %s", reason)
                                   : arena_printf(arena, "cannot read '%s': %s", path, reason);
        return NULL;
    }
    return source_from_memory(arena, is_standard_input ? "<stdin>" : path, text.data ? text.data : "", text.length);
}

void source_locate(const struct source *source, uint32_t offset, int *line, int *column)
{
    int low = 0, high = source->line_count; /* line_begin[low] <= offset < line_begin[high] */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (source->line_begin[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *line = low + 1;
    *column = (int)(offset - source->line_begin[low]) + 1;
}
