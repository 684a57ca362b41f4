#include "table/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rnn/weights.h"

enum { CODE_LIMIT = 0x110000 }; /* Unicode ends before it */

struct vocabulary vocabulary_build(struct arena *arena, const uint32_t *codes, size_t count, bool bytes)
{
    unsigned char *occurs = arena_alloc(arena, CODE_LIMIT, 1);
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        found += !occurs[codes[i]];
        occurs[codes[i]] = 1;
    }
    uint32_t *sorted = ARENA_ARRAY(arena, uint32_t, found + 1);
    found = 0;
    for (uint32_t code = 0; code < CODE_LIMIT; code++)
        if (occurs[code])
            sorted[found++] = code;
    return (struct vocabulary){bytes, found, sorted};
}

int32_t vocabulary_find(const struct vocabulary *vocabulary, uint32_t code)
{
    int begin = 0, end = vocabulary->count;
    while (begin < end) {
        int middle = begin + (end - begin) / 2;
        if (vocabulary->codes[middle] < code)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < vocabulary->count && vocabulary->codes[begin] == code ? begin : -1;
}

const char *vocabulary_print(struct arena *arena, const struct vocabulary *vocabulary)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, vocabulary->bytes ? "bytes" : "characters");
    for (int i = 0; i < vocabulary->count; i++)
        text_printf(&text, " %02x", (unsigned)vocabulary->codes[i]);
    return text.data;
}

bool vocabulary_parse(struct arena *arena, const char *text, struct vocabulary *vocabulary)
{
    size_t kind = strcspn(text, " ");
    *vocabulary = (struct vocabulary){.bytes = kind == 5 && strncmp(text, "bytes", kind) == 0};
    if (!vocabulary->bytes && !(kind == 10 && strncmp(text, "characters", kind) == 0))
        return false;
    uint32_t *codes = ARENA_ARRAY(arena, uint32_t, strlen(text) / 2 + 1), before = 0;
    for (text += kind; *text;) {
        char *end;
        unsigned long code = strtoul(text, &end, 16);
        bool ascends = vocabulary->count == 0 || code > before;
        if (*text != ' ' || end == text || code >= (vocabulary->bytes ? 256 : CODE_LIMIT) || !ascends)
            return false;
        codes[vocabulary->count++] = before = (uint32_t)code;
        text = end;
    }
    vocabulary->codes = codes;
    return vocabulary->count > 0;
}

const struct vocabulary *vocabulary_load(struct arena *arena, const char *path, const char **error)
{
    rnn_error reason;
    rnn_file *file = rnn_file_open(path, &reason);
    if (!file) {
        *error = arena_printf(arena, "%s", reason.text);
        return NULL;
    }
    const char *text = rnn_file_metadata(file, VOCABULARY_KEY);
    struct vocabulary *vocabulary = ARENA_NEW(arena, struct vocabulary);
    bool good = text && vocabulary_parse(arena, text, vocabulary);
    if (!text)
        *error = arena_printf(arena,
                              "'%s' has no vocabulary (\"%s\" in its metadata): it was not trained on a text by "
                              "rnn train",
                              path, VOCABULARY_KEY);
    else if (!good)
        *error = arena_printf(arena, "'%s': its vocabulary (\"%s\" in its metadata) is broken", path, VOCABULARY_KEY);
    rnn_file_close(file);
    return good ? vocabulary : NULL;
}
