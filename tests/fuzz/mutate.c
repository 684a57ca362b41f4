/* Mutations for fuzz_compiler that know tokens and lines, beside libFuzzer's own of bytes: programs stay programs more
 * often, and get deeper into the compiler. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

struct piece {
    const uint8_t *begin;
    size_t length;
};

enum { MAX_PIECES = 4096 };

struct pieces {
    struct piece piece[MAX_PIECES];
    int count;
};

static unsigned draw(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

static bool is_word(uint8_t byte) { return isalnum(byte) || byte == '_'; }

/* Returns the length of a word, or 1 for another byte. */
static size_t token_length(const uint8_t *data, size_t size)
{
    size_t length = 1;
    while (is_word(data[0]) && length < size && is_word(data[length]))
        length++;
    return length;
}

static size_t line_length(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    return end ? (size_t)(end - data) + 1 : size;
}

/* Cuts data into pieces; false if there are too many. */
static bool cut(struct pieces *pieces, const uint8_t *data, size_t size, size_t (*length)(const uint8_t *, size_t))
{
    pieces->count = 0;
    for (size_t at = 0; at < size;) {
        if (pieces->count == MAX_PIECES)
            return false;
        struct piece piece = {data + at, length(data + at, size - at)};
        pieces->piece[pieces->count++] = piece;
        at += piece.length;
    }
    return true;
}

/* Draws a piece of the same kind as `like`: words replace words. */
static struct piece draw_alike(const struct pieces *from, struct piece like, unsigned *state)
{
    struct piece piece = from->piece[draw(state, (unsigned)from->count)];
    for (int i = 0; i < 20 && is_word(*piece.begin) != is_word(*like.begin); i++)
        piece = from->piece[draw(state, (unsigned)from->count)];
    return piece;
}

static struct piece piece_of(const char *text) { return (struct piece){(const uint8_t *)text, strlen(text)}; }

static struct piece draw_word(unsigned *state)
{
    static const char *const words[] = {"0",    "1",      "2",    "3",      "4",     "100000",  "2000000000",
                                        "0.5",  "t",      "x",    "h",      "n",     "reverse", "stack",
                                        "init", "output", "loss", "target", "input", "param",   "const",
                                        "once", "svd",    "cp",   "index",  "labels"};
    return piece_of(words[draw(state, sizeof words / sizeof *words)]);
}

struct wrapping {
    const char *before, *behind;
};

static struct wrapping draw_wrapping(unsigned *state)
{
    static const struct wrapping wrappings[] = {{"", "[t-1]"},
                                                {"", "[t+1]"},
                                                {"", "[t-3]"},
                                                {"", "[0:2]"},
                                                {"", "[1]"},
                                                {"", " + x"},
                                                {"", " * h"},
                                                {"", " @ x"},
                                                {"", " - 1"},
                                                {"", " < 0.5"},
                                                {"-", ""},
                                                {"W @ ", ""},
                                                {"(", ")[t-1]"},
                                                {"(", ")[t+2]"},
                                                {"tanh(", ")"},
                                                {"sum(", ")"},
                                                {"softmax(", ")"},
                                                {"last(", ")"},
                                                {"first(", ")"},
                                                {"mean_over_time(", ")"},
                                                {"sum_over_time(", ")"},
                                                {"max_over_time(", ")"},
                                                {"concat(", ", x)"},
                                                {"where(x < 0, ", ", 1)"},
                                                {"transpose(", ")"},
                                                {"diag(", ") @ x"},
                                                {"dropout(", ", 0.5)"},
                                                {"max(", ", h)"},
                                                {"", ".c"},
                                                {"reverse ", ""},
                                                {"stack 2 ", ""},
                                                {"", " : svd(2)"},
                                                {"", " ~ orthogonal"},
                                                {"", " = 1"},
                                                {"", " once"}};
    return wrappings[draw(state, sizeof wrappings / sizeof *wrappings)];
}

enum change { REPLACE, REPLACE_BY_WORD, WRAP, LEAVE_OUT, REPEAT, MOVE };

/* Draws a change; those that keep a program well-formed come up more often. */
static enum change draw_change(unsigned *state)
{
    static const enum change changes[] = {REPLACE, REPLACE,   REPLACE, REPLACE, REPLACE_BY_WORD, WRAP, WRAP,
                                          WRAP,    LEAVE_OUT, REPEAT,  MOVE};
    return changes[draw(state, sizeof changes / sizeof *changes)];
}

/* Changes `pieces` in one place; up to four pieces are left out, repeated or moved. Returns the size of the text
 * written to `out`. */
static size_t change(const struct pieces *pieces, uint8_t *out, size_t room, unsigned *state)
{
    int count = pieces->count, at = (int)draw(state, (unsigned)count), run = 1 + (int)draw(state, 4);
    int place = (int)draw(state, (unsigned)count);
    enum change kind = draw_change(state);
    while (kind <= WRAP && at < count - 1 && !is_word(*pieces->piece[at].begin))
        at++;
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        struct piece part[6] = {pieces->piece[i]};
        int parts = 1;
        if (kind == REPLACE && i == at) {
            part[0] = draw_alike(pieces, pieces->piece[i], state);
        } else if (kind == REPLACE_BY_WORD && i == at) {
            part[0] = draw_word(state);
        } else if (kind == WRAP && i == at) {
            struct wrapping wrapping = draw_wrapping(state);
            part[0] = piece_of(wrapping.before);
            part[1] = pieces->piece[i];
            part[2] = piece_of(wrapping.behind);
            parts = 3;
        } else if ((kind == LEAVE_OUT || kind == MOVE) && i >= at && i < at + run) {
            parts = 0;
        }
        if ((kind == REPEAT || kind == MOVE) && i == place)
            for (int k = 0; k < run && at + k < count; k++)
                part[parts++] = pieces->piece[at + k];
        for (int k = 0; k < parts && part[k].length <= room - size; k++) {
            memcpy(out + size, part[k].begin, part[k].length);
            size += part[k].length;
        }
    }
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct pieces pieces;
    unsigned state = seed;
    unsigned way = draw(&state, 10);
    if (way == 0 || size == 0 || !cut(&pieces, data, size, way <= 2 ? line_length : token_length))
        return LLVMFuzzerMutate(data, size, max_size);
    uint8_t *out = malloc(max_size);
    FUZZ_CHECK(out);
    size = change(&pieces, out, max_size, &state);
    memcpy(data, out, size);
    free(out);
    return size ? size : LLVMFuzzerMutate(data, size, max_size);
}

/* Puts lines of another program among those of this one. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    static struct pieces pieces, others;
    unsigned state = seed;
    if (!cut(&pieces, data, size, line_length) || !cut(&others, other, other_size, line_length) || !pieces.count ||
        !others.count)
        return 0;
    int place = (int)draw(&state, (unsigned)pieces.count), at = (int)draw(&state, (unsigned)others.count);
    int run = 1 + (int)draw(&state, 3);
    size_t written = 0;
    for (int i = 0; i < pieces.count + run; i++) {
        bool inserted = i >= place && i < place + run;
        if (inserted && at + i - place >= others.count)
            continue;
        struct piece piece = inserted ? others.piece[at + i - place] : pieces.piece[i < place ? i : i - run];
        if (piece.length > max_size - written)
            break;
        memcpy(out + written, piece.begin, piece.length);
        written += piece.length;
    }
    return written;
}
